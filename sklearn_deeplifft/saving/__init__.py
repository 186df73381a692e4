"""Floor 0: objects in files without pickles; nothing that is read is run."""

from sklearn_deeplifft.saving._files import opened
from sklearn_deeplifft.saving._registry import HOMES, class_of
from sklearn_deeplifft.saving._saved import SavableMixin, Saved, read_saved, write_object

__all__ = ["HOMES", "SavableMixin", "Saved", "class_of", "opened", "read_saved", "write_object"]
