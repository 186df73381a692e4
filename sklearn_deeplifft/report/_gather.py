"""A fitted selector and the data of its fit, checked against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft._printable import quoted, shown
from sklearn_deeplifft.report._alone import Target
from sklearn_deeplifft.report._evidence import Evidence
from sklearn_deeplifft.report._features import features_of
from sklearn_deeplifft.selectors._digests import digests_of
from sklearn_deeplifft.selectors._support import RankedFeatures
from sklearn_deeplifft.tables import Rows, check_rows, plain_target

__all__ = ["gathered"]


def gathered(selector: Any, X: Any, y: Any, groups: Any) -> Evidence:
    """Take together what the parts of a report look at.

    Raises
    ------
    TypeError
        ``selector`` ranks no features.
    ValueError
        Neurons were ranked, or the data are not those of the fit.
    """
    if not isinstance(selector, RankedFeatures):
        raise TypeError(
            f"selector is of {type(selector).__name__}, and a report is of a fitted "
            "DeepLIFFTSelector, ImportanceNeuronSelector or GIATransformer. A fitted ensemble or "
            "network is ranked by DeepLIFFTSelector(ensemble, prefit=True).fit(X, y)."
        )
    check_is_fitted(selector, "ranking_")
    if selector.layer is not None:
        raise ValueError(
            f"layer={shown(selector.layer)} ranks neurons, and a report is of columns of X; fit "
            "without layer=."
        )
    checked = check_rows(selector, X, reset=False)
    rows = Rows(checked)
    if rows.shape[0] != selector._n_rows:
        raise ValueError(
            f"X has {rows.shape[0]:,} rows, and {selector._n_rows:,} were given to fit; give the X "
            "and y of the fit."
        )
    names = getattr(selector, "feature_names_in_", None)  # set where there were any
    if names is None:
        names = [f"x{i}" for i in range(rows.shape[1])]
    values = np.asarray(plain_target(y))
    if len(values) != rows.shape[0]:
        raise ValueError(
            f"y has {len(values):,} rows and X {rows.shape[0]:,}; give both as they were given to "
            "fit."
        )
    target = _target(selector, values, groups)
    _require_as_fitted(selector, checked, values)
    name = getattr(y, "name", None)
    return Evidence(
        selector=selector,
        X=X,
        rows=rows,
        names=[str(one) for one in names],
        features=features_of(selector, rows, [str(one) for one in names]),
        target=target,
        target_name="the target" if name is None else str(name),
    )


def _require_as_fitted(selector: Any, X: Any, y: np.ndarray) -> None:
    """Refuse another table of the same shape; what an older version has saved knows none."""
    fitted = getattr(selector, "_digests", None)
    if fitted is None:
        return
    for name, own, found in zip("Xy", fitted, digests_of(X, y), strict=True):
        if own != found:
            raise ValueError(
                f"{name} has the shape of the {name} that was given to fit, and other values (or "
                "its rows are in another order); give the X and y of the fit."
            )


def _target(selector: Any, y: np.ndarray, groups: Any) -> Target | None:
    """The only target; None if there are several."""
    y = y.ravel() if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1:
        return None
    codes = None if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    if "classes_" not in vars(selector):
        return Target(y.astype(np.float64), classification=False, groups=codes)
    labels = [str(label) for label in selector.classes_]
    place = {label: code for code, label in enumerate(labels)}
    texts = [str(value) for value in y]
    if strange := [text for text in texts if text not in place]:
        raise ValueError(
            f"y holds {quoted(strange[0])}, which is no class that fit has seen; give the y that "
            "was given to fit."
        )
    found = np.array([place[text] for text in texts])
    return Target(found, classification=True, labels=tuple(labels), groups=codes)
