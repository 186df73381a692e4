"""What composition alone tells of the classes, beside what motifs tell, on the same folds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.cli._fitting import collected, one_thread
from sklearn_deeplifft.cli._motif_table import Counted
from sklearn_deeplifft.cli._progress import Stages
from sklearn_deeplifft.sequences import KmerCounter

__all__ = ["Confounds", "compare_composition", "gc_content"]

OURS, GC, DINUCLEOTIDES = "motif counts", "GC content", "dinucleotides"
MARGIN = 0.02
"""AUROC by which motifs have to be ahead of composition to be more than composition."""

N_FOLDS = 5
N_NETWORKS = 2
"""Networks per fold: enough to say how far motifs come, at a fraction of the ranking's time."""


@dataclass(frozen=True)
class Confounds:
    """AUROC of what predicts the classes, the motifs first."""

    table: pd.DataFrame
    """features, auroc (mean over folds), std (over folds), confounds (True, False)."""

    @property
    def flagged(self) -> list[str]:
        """What of composition comes within `MARGIN` of the motifs."""
        return list(self.table["features"][self.table["confounds"]])

    @property
    def chance(self) -> bool:
        """Whether neither motifs nor composition tell the classes apart."""
        return bool((self.table["auroc"] <= 0.5 + MARGIN).all())

    @property
    def label(self) -> str:
        """The warning as a line of a figure, empty where there is none."""
        if not self.flagged:
            return ""
        if self.chance:
            return "motif counts tell the classes apart no better than chance"
        return "composition alone tells the classes apart about as well: no evidence of motifs"

    def line(self) -> str:
        """All of them in a line."""
        own = zip(self.table["features"], self.table["auroc"], strict=True)
        return "AUROC, cross-validated: " + ", ".join(f"{name} {x:.2f}" for name, x in own) + "."

    def warning(self) -> str | None:
        """Why the list may mean nothing, if it may."""
        if not self.flagged:
            return None
        if self.chance:
            return (
                "motif counts tell the classes apart no better than chance, nor does composition: "
                "the list says nothing of the classes. More sequences, or other motifs, may."
            )
        who = " and ".join(self.flagged)
        verb = "come" if len(self.flagged) > 1 else "comes"
        return (
            f"{who} alone {verb} within {MARGIN:g} of the motifs, or above: the classes differ in "
            "composition, and that a motif tells them apart is no evidence that it matters. Take "
            "a class of like composition, or compare with shuffles (--against shuffles)."
        )


def compare_composition(found: Counted, seed: int, progress: Stages) -> Confounds:
    """Cross-validate networks on motif counts, and logistic regressions on composition.

    Folds are the same for all; rows that belong together are in one fold. Of more than two classes
    AUROC is the mean over classes against the rest.
    """
    texts, y = found.samples.texts, found.table.y
    groups = found.table.groups
    folds = _folds(y, groups, seed)
    with (
        collected(),
        one_thread(),
        progress.stage("Comparing with composition", len(folds)) as advance,
    ):
        tables: dict[str, tuple[np.ndarray, Callable[[], Any]]] = {
            OURS: (found.table.numbers.to_numpy(), lambda: _networks(seed)),
            GC: (gc_content(texts)[:, None], _logistic),
            DINUCLEOTIDES: (_dinucleotides(texts), _logistic),
        }
        scores: dict[str, list[float]] = {name: [] for name in tables}
        for train, test in folds:
            for name, (X, model) in tables.items():
                given = {"groups": groups[train]} if name == OURS and groups is not None else {}
                fitted = model().fit(X[train], y[train], **given)
                scores[name].append(_auroc(y[test], fitted.predict_proba(X[test]), fitted.classes_))
            advance()
    return Confounds(_judged(scores))


def _judged(scores: dict[str, list[float]]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "features": list(scores),
            "auroc": [float(np.mean(own)) for own in scores.values()],
            "std": [float(np.std(own, ddof=1)) for own in scores.values()],
        }
    )
    near = frame["auroc"] >= frame["auroc"][0] - MARGIN
    return frame.assign(confounds=near & (frame["features"] != OURS))


def gc_content(texts: Sequence[bytes]) -> np.ndarray:
    """Share of G and C among the known letters of each sequence, (n,); a half where none is known.

    >>> gc_content([b"GGCA", b"NNAT", b"N"]).tolist()
    [0.75, 0.0, 0.5]
    """
    gc = np.array([text.count(b"G") + text.count(b"C") for text in texts])
    at = np.array([text.count(b"A") + text.count(b"T") for text in texts])
    known = gc + at
    return np.where(known > 0, gc / np.maximum(known, 1), 0.5)


def _dinucleotides(texts: Sequence[bytes]) -> np.ndarray:
    """Shares of the dinucleotides of both strands, (n, 10)."""
    counts = KmerCounter(2).fit_transform(texts).toarray().astype(np.float64)
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def _folds(
    y: np.ndarray, groups: np.ndarray | None, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    n = min(N_FOLDS, int(np.unique(y, return_counts=True)[1].min()))
    dealer = StratifiedKFold if groups is None else StratifiedGroupKFold
    return list(dealer(n, shuffle=True, random_state=seed).split(y, y, groups))


def _networks(seed: int) -> Any:
    return DeepLIFFTSelector.default_estimator(n_networks=N_NETWORKS, random_state=seed)


def _logistic() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def _auroc(y: np.ndarray, P: np.ndarray, classes: np.ndarray) -> float:
    if len(classes) == 2:
        return float(roc_auc_score(y == classes[1], P[:, 1]))
    return float(roc_auc_score(y, P, multi_class="ovr", labels=classes))
