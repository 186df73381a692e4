"""Outcome of a case: right, refused in our words, or one of the kinds of fault."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import linecache
import os
import signal
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
import sklearn
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning

import sklearn_deeplifft
from benchmarks.fuzz.cases import Case, drawn_case
from benchmarks.fuzz.state import changed, left_on, state_of_process
from sklearn_deeplifft.exceptions import FeatureSelectionWarning

__all__ = ["FAULTS", "Outcome", "outcome_of", "outcome_of_seed", "prepare"]

FAULTS = (
    "foreign",
    "silent NaN",
    "warning",
    "global state",
    "left behind",
    "wrong",
    "hang",
    "harness",
)
"""Kinds of outcomes that must not be; "crash" is a process that died."""

KNOWN_WARNINGS = (FeatureSelectionWarning, DataConversionWarning, ConvergenceWarning)

HOMES = tuple(str(Path(module.__file__).parent) for module in (sklearn_deeplifft, sklearn))

SECONDS = 20

MAY_BE_NAN = {
    *("validation_scores_", "validation_score_", "validation_score_interval_"),
    *("out_of_fold_score_", "out_of_fold_interval_", "chance_p_value_"),
    *("importances_std_", "importances_interval_", "ranks_std_"),
    *("effects_std_", "effects_interval_", "effects_se_"),
    *("intervention_effects_", "interval", "network_std", "standard_errors", "support"),
    *("exit_penalties_", "off_manifold", "self_epistasis_interval", "doses"),
}
"""Numbers that are documented to be NaN where there is one network or one row, or no held-out."""


class Outcome(NamedTuple):
    """Kind of the outcome, and what tells it."""

    kind: str
    detail: str = ""


def prepare(folder: str) -> None:
    """Make a fresh process ready: one thread, and a folder that calls may write to."""
    os.chdir(folder)
    torch.set_num_threads(1)


def outcome_of_seed(seed: int) -> list[Outcome]:
    """Outcomes of the case of a seed."""
    try:
        return outcome_of(drawn_case(seed))
    except Exception:
        return [Outcome("harness", traceback.format_exc(limit=-3).replace("\n", " | "))]


class TooLong(BaseException):
    """A call that does not end."""


def outcome_of(case: Case) -> list[Outcome]:
    """Run a case: every fault that shows, or one outcome, "right" or "refused"."""
    found: list[Outcome] = []
    before, own = state_of_process(), left_on(case.estimator)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        fitted, outcome = _tried(lambda: case.estimator.fit(case.X, case.y, **case.given))
        found.append(outcome)
        if outcome.kind in ("refused", "foreign", "hang"):
            left = changed(own, left_on(case.estimator))
            if left:
                found.append(Outcome("left behind", f"fit: {left}"))
        else:
            found += [Outcome(k, f"fit: {d}") for k, d in _checked(fitted)]
            found += _beside_plain(case, fitted)
            for call in case.calls:
                value, outcome = _tried(lambda call=call: call(fitted, case.rows, case.y))
                found.append(outcome._replace(detail=f"call: {outcome.detail}"))
                if outcome.kind == "right":
                    found += [Outcome("silent NaN", f"call: {d}") for d in _not_finite(value, "")]
    found += [Outcome("warning", text) for text in _foreign_warnings(said)]
    found += [
        Outcome("global state", name)
        for name in changed(before, state_of_process())
        if not (name == "numpy generator" and _draws_globally(case.estimator))
    ]
    faults = [one for one in found if one.kind in FAULTS]
    return faults or found[:1]


def _beside_plain(case: Case, fitted: Any) -> list[Outcome]:
    """Compare with a fit on the same values as a plain array, bit for bit."""
    if case.plain is None or not isinstance(fitted.random_state, int):
        return []
    twin, outcome = _tried(lambda: clone(fitted).fit(case.plain, case.y, **case.given))
    if outcome.kind != "right":  # names that only a frame has, say
        return []
    name = "importances_per_network_" if hasattr(fitted, "ranking_") else "validation_scores_"
    same = np.array_equal(getattr(twin, name), getattr(fitted, name), equal_nan=True)
    return [] if same else [Outcome("wrong", f"another {name} than of the plain array")]


def _draws_globally(estimator: Any) -> bool:
    """Whether scikit-learn's rule for ``random_state`` asks for numpy's global generator."""
    return estimator.random_state is None


def _tried(call: Any) -> tuple[Any, Outcome]:
    try:
        with _limited(), contextlib.redirect_stdout(io.StringIO()):
            return call(), Outcome("right")
    except TooLong:
        return None, Outcome("hang", f"more than {SECONDS} s")
    except Exception as error:
        return None, _of_error(error)


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _of_error(error: Exception) -> Outcome:
    """An error is ours if a ``raise`` of this package, or of scikit-learn, made it."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    line = linecache.getline(last.filename, last.lineno or 0).strip()
    text = (
        f"{type(error).__name__}: {str(error)[:160]!r} at {Path(last.filename).name}:{last.lineno}"
    )
    ours = last.filename.startswith(HOMES) and line.startswith("raise")
    known = isinstance(error, ValueError | TypeError | AttributeError | OSError)
    return Outcome("refused" if ours and known else "foreign", text)


def _foreign_warnings(said: Any) -> list[str]:
    foreign = (one for one in said if not _is_known(one))
    texts = (f"{w.category.__name__}: {str(w.message)[:120]} at {_place(w)}" for w in foreign)
    return list(dict.fromkeys(texts))


def _is_known(one: Any) -> bool:
    """A warning of ours, or of what scikit-learn itself says of a selection or of names."""
    told = one.category is UserWarning and one.filename.startswith(HOMES[1])
    return told or issubclass(one.category, KNOWN_WARNINGS)


def _place(at: Any) -> str:
    return f"{Path(at.filename).name}:{at.lineno}"


def _checked(fitted: Any) -> Iterator[Outcome]:
    """Faults in what must hold of any fitted estimator."""
    for name, value in vars(fitted).items():
        if name.endswith("_") and not name.startswith("_") and name not in MAY_BE_NAN:
            yield from (Outcome("silent NaN", d) for d in _not_finite(value, name))
    if hasattr(fitted, "ranking_"):
        d = len(fitted.ranking_)
        shares = fitted.importances_per_network_
        if shares.shape[-1:] != (d,) or fitted.class_importances_.shape[-1:] != (d,):
            yield Outcome("wrong", "shapes of importances")
        if fitted.ranking_.min() != 1 or fitted.ranking_.max() > d:
            yield Outcome("wrong", f"ranks {fitted.ranking_.tolist()}")


def _not_finite(value: Any, name: str) -> Iterator[str]:
    """Names of parts that hold NaN or infinity."""
    parts = dict(_parts(value))
    if name in MAY_BE_NAN:
        return
    for part, inner in parts.items():
        yield from _not_finite(inner, part or name)
    if not parts:
        values = value.data if sp.issparse(value) else value
        numeric = isinstance(values, np.ndarray | float | np.floating)
        if numeric and np.asarray(values).dtype.kind == "f" and not np.isfinite(values).all():
            yield name or type(value).__name__


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Named parts of a result that has some."""
    if isinstance(value, pd.DataFrame):
        yield from ((c, value[c].to_numpy()) for c in ("importance", "correlation") if c in value)
    elif dataclasses.is_dataclass(value):
        yield from ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
    elif hasattr(value, "_fields"):
        yield from value._asdict().items()
    elif isinstance(value, list | tuple):
        yield from ((f"part {i}", part) for i, part in enumerate(value))
