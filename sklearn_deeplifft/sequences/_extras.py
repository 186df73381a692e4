"""Libraries that only some users need, imported where they are used."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["extra_module"]


def extra_module(name: str, purpose: str) -> Any:
    """Import a library of the extra ``sequences``.

    Parameters
    ----------
    name : str
        The module, such as ``"h5py"``.
    purpose : str
        What needs it, the subject of the error's sentence.

    Raises
    ------
    ImportError
        It is not installed; one line that names the extra.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs {name.partition('.')[0]}: "
            "pip install 'sklearn-deeplifft[sequences]' brings it."
        ) from error
