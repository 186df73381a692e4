"""Parameters of a selector that were set and change nothing here: a warning names them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sklearn_deeplifft.ensembles import defaults_of, differs
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.selectors._sources import Source

__all__ = ["warn_unused"]


def warn_unused(selector: Any, source: Source, kind: str) -> None:
    """Warn once of parameters that were set, which is to differ from the default, in vain.

    ``kind`` is that of the target.
    """
    given, defaults = selector.get_params(deep=False), defaults_of(selector)
    said: dict[str, str] = {}
    for name, why in _without_effect(given, source, kind):
        # To switch something off is never in vain.
        asked = given.get(name) is not None
        if asked and name not in said and differs(given[name], defaults[name]):
            said[name] = why
    if said:
        listed = "; ".join(f"{name}={given[name]!r} ({why})" for name, why in said.items())
        tell(FeatureSelectionWarning(f"without effect here: {listed}."))


ELIMINATION = ("step", "smoothing", "path_weight")
OF_CLASSES = ("class_balance", "importance_type")
ONE_CLASS = "target_class ranks by the scores of one class"


def _without_effect(given: dict[str, Any], source: Source, kind: str) -> Iterator[tuple[str, str]]:
    """Names and reasons; the first reason of a name counts."""
    if given["prefit"]:
        yield from _each(ELIMINATION, "prefit=True trains nothing, and elimination trains rounds")
        yield "memory", "prefit=True trains nothing that could be kept"
    if given.get("layer") is not None:
        yield from _each(ELIMINATION, "neurons of a layer are ranked in one pass")
    if "step" in given and given["step"] is None:
        yield from _each(ELIMINATION[1:], "step=None eliminates nothing")
    if given.get("target_class") is not None:
        yield from _each(("path_weight", "readout", *OF_CLASSES), ONE_CLASS)
    if source.on_path:
        yield "readout", "along a path effective gates are read"
    else:
        yield "path_weight", "the networks have no gates that a path would close"
    if kind == "regression":
        yield "scale", "a regression has no probabilities"
        yield from _each(OF_CLASSES, "a regression has no classes")


def _each(names: Iterable[str], reason: str) -> Iterator[tuple[str, str]]:
    return ((name, reason) for name in names)
