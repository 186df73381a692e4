"""Floor 0: objects in files without pickles; nothing that is read is run."""

from sklearn_deeplifft.saving._encode import OF_A_SEARCH
from sklearn_deeplifft.saving._registry import HOMES, class_of
from sklearn_deeplifft.saving._saved import (
    SavableMixin,
    Saved,
    own_parts,
    read_saved,
    write_object,
)

__all__ = [
    "HOMES",
    "OF_A_SEARCH",
    "SavableMixin",
    "Saved",
    "class_of",
    "own_parts",
    "read_saved",
    "write_object",
]
