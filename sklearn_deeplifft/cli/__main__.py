"""``python -m sklearn_deeplifft.cli``."""

from sklearn_deeplifft.cli._main import main

main(prog_name="python -m sklearn_deeplifft.cli")
