"""Selectors and ensembles from the files that their ``save`` has written."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from sklearn_deeplifft._printable import quoted, shown
from sklearn_deeplifft.exceptions import SavedFileError
from sklearn_deeplifft.saving import Saved, class_of, read_saved

__all__ = ["load"]

SELECTORS = ("DeepLIFFTSelector", "GIATransformer", "ImportanceNeuronSelector")
ENSEMBLES = ("NetworkEnsembleClassifier", "NetworkEnsembleRegressor")


def load(path: str | os.PathLike[str], modules: Mapping[str, Any] | None = None) -> Any:
    """Read a selector or an ensemble that its ``save`` has written.

    Every attribute has the bits that it had, and so has what is computed from it. Nothing of the
    file is run: it holds numbers, text and names of classes, and a class is one of a fixed list of
    this package, scikit-learn, skorch and torch, or of ``modules``. As long as torch has not been
    imported, a selector is read without it: `transform`, `get_support`, attributes and tables
    work; what asks for the networks imports torch.

    Parameters
    ----------
    path : path-like
    modules : mapping of str to class or function, default=None
        Those of your own that the file refers to, by name: ``{"MyNetwork": MyNetwork}``. Of a
        network of your own the file holds weights and settings; its code comes from here.

    Returns
    -------
    DeepLIFFTSelector, ImportanceNeuronSelector, GIATransformer, NetworkEnsembleClassifier or \
NetworkEnsembleRegressor

    Raises
    ------
    SavedFileError
        The file is foreign, truncated, changed, or of a newer version; or it refers to a class
        that ``modules`` lacks, which is named.
    FileNotFoundError, OSError
        There is no such file, or the path is a folder, a pipe or a device.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_deeplifft import NetworkEnsembleClassifier, load
    >>> X, y = load_iris(return_X_y=True)
    >>> ensemble = NetworkEnsembleClassifier(n_networks=2, random_state=0).fit(X, y)
    >>> path = Path(tempfile.mkdtemp(), "iris.safetensors")
    >>> ensemble.save(path)
    >>> bool((load(path).predict_proba(X) == ensemble.predict_proba(X)).all())
    True
    """
    saved = read_saved(path, _checked(modules))
    name = _estimator_of(saved)
    from sklearn_deeplifft.selectors._asleep import asleep, awake

    if name in SELECTORS and "torch" not in sys.modules:
        return asleep(saved, name)
    kind = class_of(saved.kind)
    return awake(saved, kind.__new__(kind), kind)


def _checked(modules: Mapping[str, Any] | None) -> dict[str, Any]:
    if modules is None:
        return {}
    if not isinstance(modules, Mapping) or not all(callable(v) for v in modules.values()):
        raise TypeError(
            f"modules={shown(modules)} must map names to the classes or functions of your own "
            "networks: {'MyNetwork': MyNetwork}."
        )
    return dict(modules)


def _estimator_of(saved: Saved) -> str:
    package, _, name = saved.kind.partition(":")
    if package != "sklearn_deeplifft" or name not in SELECTORS + ENSEMBLES:
        what = f"a {quoted(saved.kind)}" if saved.kind else "no object"
        raise SavedFileError(
            f"{quoted(os.fspath(saved.path), 400)} holds {what}, and load reads selectors and "
            "ensembles of sklearn_deeplifft."
        )
    return name
