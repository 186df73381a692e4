"""The shortest list that is as good as the best, up to what folds differ by."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

__all__ = ["one_standard_error"]


def one_standard_error(
    param: str, *, prefer: str = "smallest", scoring: str = "score"
) -> Callable[[Mapping[str, Any]], int]:
    """Choose the most parsimonious candidate of a search that is within one SE of the best.

    Parameters
    ----------
    param : str
        What parsimony is measured by, as in the grid: ``"selector__n_features_to_select"``.
    prefer : {"smallest", "largest"}, default="smallest"
        Which end of ``param`` is the parsimonious one; ``"largest"`` for a penalty.
    scoring : str, default="score"
        With several metrics, the one that counts: the name in ``mean_test_<scoring>``.

    Returns
    -------
    callable
        For ``refit=`` of ``GridSearchCV`` and its like. Of all candidates whose mean test score is
        at least the best one's less its standard error, the one with the smallest ``param``; of
        several such, the best scored, then the first. The standard error is the standard deviation
        over splits, divisor n - 1, over the root of their number, n: ``std_test_<scoring>``, whose
        divisor is n, over the root of n - 1. A single split has none, and only what scores as well
        as the best will do. Folds share rows, so it is a rule of thumb and no test. Scores are of
        scikit-learn's making, where greater is better. Candidates without a score (NaN) are left
        out; those of a grid without ``param`` may set the standard, and are chosen only if none
        with it comes up to it.

    Raises
    ------
    ValueError
        ``prefer`` is neither; or, when called, no candidate has a score, the search has no such
        parameter or metric, or its values cannot be ordered (None; counts among fractions).

    References
    ----------
    L. Breiman, J. Friedman, R. Olshen, C. Stone (1984), *Classification and Regression Trees*,
    section 3.4.3.

    Examples
    --------
    >>> from sklearn_deeplifft.model_selection import one_standard_error
    >>> results = {
    ...     "param_k": [2, 4, 8], "mean_test_score": [0.7, 0.88, 0.9],
    ...     "std_test_score": [0.1, 0.1, 0.06],
    ...     "split0_test_score": [0.6, 0.8, 0.9], "split1_test_score": [0.8, 0.96, 0.9],
    ... }
    >>> one_standard_error("k")(results)
    1
    """
    if prefer not in ("smallest", "largest"):
        raise ValueError(f"prefer={prefer!r} must be 'smallest' or 'largest'.")
    return _OneStandardError(param, prefer, scoring)


@dataclass(frozen=True)
class _OneStandardError:
    """A function with its settings, which can be cloned and pickled."""

    param: str
    prefer: str
    scoring: str

    def __call__(self, cv_results: Mapping[str, Any]) -> int:
        """Position of the candidate."""
        mean = np.asarray(_required(cv_results, f"mean_test_{self.scoring}"), dtype=np.float64)
        if np.isnan(mean).all():
            raise ValueError(
                f"every candidate's mean_test_{self.scoring} is NaN: all fits failed. Set "
                "error_score='raise' to see why."
            )
        std = np.asarray(cv_results[f"std_test_{self.scoring}"], dtype=np.float64)
        best = int(np.nanargmax(mean))
        # The search divides by n; splits are a sample, hence n - 1. One says nothing of others.
        n = _n_splits(cv_results, self.scoring)
        error = std[best] / np.sqrt(n - 1) if n > 1 else 0.0
        size = self._sizes(_required(cv_results, f"param_{self.param}"))
        with np.errstate(invalid="ignore"):
            good = np.flatnonzero((mean >= mean[best] - error) & ~np.isnan(size))
        if len(good) == 0:
            return best
        # The last key counts most; the sort is stable, so the first of equals comes first.
        return int(good[np.lexsort((-mean[good], size[good]))[0]])

    def _sizes(self, values: Any) -> np.ndarray:
        """The parameter of each candidate, smallest most parsimonious; NaN where it has none."""
        present = ~np.ma.getmaskarray(np.ma.asarray(values))
        given = [v for v, there in zip(np.ma.getdata(values), present, strict=True) if there]
        if strange := [v for v in given if not isinstance(v, Real) or v != v]:
            raise ValueError(
                f"{self.param} is {strange[0]!r} for one candidate; only numbers can be ordered."
            )
        kinds = {isinstance(v, Integral) for v in given}
        if len(kinds) > 1 and self.param.endswith("n_features_to_select"):
            raise ValueError(
                f"{self.param} mixes counts and fractions, {given}, which cannot be compared. Use "
                "one or the other."
            )
        sizes = np.full(len(present), np.nan)
        sizes[present] = [float(v) for v in given]
        return sizes if self.prefer == "smallest" else -sizes


def _required(cv_results: Mapping[str, Any], name: str) -> Any:
    if name not in cv_results:
        known = sorted(key for key in cv_results if key.startswith(name.partition("_")[0] + "_"))
        raise ValueError(f"the search has no {name}; it has {known}.")
    return cv_results[name]


def _n_splits(cv_results: Mapping[str, Any], scoring: str) -> int:
    pattern = re.compile(rf"split\d+_test_{re.escape(scoring)}")
    return sum(pattern.fullmatch(name) is not None for name in cv_results)
