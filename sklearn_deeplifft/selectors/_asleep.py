"""A selector from a file whose networks stay there until something asks for them.

Columns are selected without torch, which takes seconds to import and may not be installed where a
table is only reduced. Whatever needs more than the ranking turns the object into the selector that
was saved, once and for good.
"""

from __future__ import annotations

import sys
from typing import Any, Self

from sklearn.base import BaseEstimator, MetaEstimatorMixin

from sklearn_deeplifft.saving import Saved
from sklearn_deeplifft.selectors._cut import CUT
from sklearn_deeplifft.selectors._support import RankedFeatures

__all__ = ["asleep", "awake"]

OF_SCIKIT_LEARN = ("__", "_sklearn", "_metadata", "_repr", "_parameter")
"""Beginnings of names that scikit-learn and Python look for and need not find."""


class _Asleep(RankedFeatures, MetaEstimatorMixin, BaseEstimator):
    """The ranking of a selector, and the file with the rest."""

    _saved: Saved

    def __getattr__(self, name: str) -> Any:
        # Called for what is not in __dict__: networks, methods of the selector itself.
        saved = vars(self).get("_saved")
        fitted = name.endswith("_") and name not in (saved.fields if saved else ())
        if saved is None or fitted or name.startswith(OF_SCIKIT_LEARN):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(_wake(self), name)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # isinstance() asks for it
        home = sys.modules.get(_home_of(type(self).__name__))
        return type(self) if home is None else vars(home).get(type(self).__name__, type(self))

    def fit(self, *args: Any, **kwargs: Any) -> Self:
        # By name: scikit-learn asks whether an estimator has a fit before it transforms.
        return _wake(self).fit(*args, **kwargs)  # type: ignore[no-any-return]

    def _transform(self, X: Any) -> Any:
        return super()._transform(X) if self._simple() else _wake(self)._transform(X)

    def _simple(self) -> bool:
        """Whether rows are reduced, and nothing else is made of them."""
        own = vars(self)
        plain = own.get("output") in (None, "features") and own.get("pairs") is None
        return self._selects_inputs() and plain

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        simple = self._simple()
        get_names = super().get_feature_names_out if simple else _wake(self).get_feature_names_out
        return get_names(input_features)

    def set_params(self, **params: Any) -> Self:
        if not params.keys() <= CUT.keys():
            return _wake(self).set_params(**params)  # type: ignore[no-any-return]
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return _wake(self).get_params(deep)  # type: ignore[no-any-return]

    def get_metadata_routing(self) -> Any:
        return _wake(self).get_metadata_routing()

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        return repr(_wake(self))

    def __sklearn_clone__(self) -> Any:
        return _wake(self).__sklearn_clone__()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _wake(self).__reduce_ex__(protocol)


def asleep(saved: Saved, name: str) -> Any:
    """The selector of a file, with those of its attributes that need no torch."""
    found = type(name, (_Asleep,), {"__module__": __name__})()
    vars(found)["_saved"] = saved
    for attribute, value in saved.fields.items():
        if not saved.decoder.needs_torch(value):
            vars(found)[attribute] = saved.value(value)
    return found


def awake(saved: Saved, found: Any, kind: Any) -> Any:
    """Make ``found`` the selector or ensemble, of the class ``kind``, that was saved."""
    from sklearn_deeplifft.attribution import neutral_torch

    with neutral_torch():
        attributes = {name: saved.value(value) for name, value in saved.fields.items()}
    vars(found).pop("_saved", None)
    attributes |= vars(found)  # the cut may have been set meanwhile
    vars(found).clear()
    vars(found).update(attributes)
    object.__dict__["__class__"].__set__(found, kind)
    return found


def _wake(found: Any) -> Any:
    import importlib

    saved, name = vars(found)["_saved"], type(found).__name__
    return awake(saved, found, vars(importlib.import_module(_home_of(name)))[name])


def _home_of(name: str) -> str:
    from sklearn_deeplifft.saving import HOMES

    return HOMES[name]
