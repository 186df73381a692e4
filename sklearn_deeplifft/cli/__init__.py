"""Floor 7: the console script ``sklearn-deeplifft``."""

from sklearn_deeplifft.cli._main import main

__all__ = ["main"]
