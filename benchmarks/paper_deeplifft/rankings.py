"""What each method makes of a training part: an order for each class, and one for all.

============  =====================================================  ======
name          meaning                                                shape
============  =====================================================  ======
``X``         hits of the training rows                              (n, d)
``y``         classes, 0 to K - 1                                    (n,)
``by_class``  what orders the motifs for a class, largest first      (K, d)
``signed``    the same, below zero where it speaks against           (K, d)
``overall``   what orders the motifs for all classes, largest first  (d,)
============  =====================================================  ======

A random forest knows no sign, so its ``signed`` is its ``by_class``. The paper reads the top
motifs of a class from signed class scores, so for DeepLIFFT the two are one as well.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import f_classif

from benchmarks.paper_deeplifft.l1 import Point, l1_path, order_of_entry
from benchmarks.paper_deeplifft.problems import Problem
from sklearn_deeplifft import DeepLIFFTSelector

#: Our settings. ``zero`` is the default but for the reference, to tell what that alone does.
SETTINGS = {
    "default": {},
    "zero": {"reference": "zero"},
    "paper": DeepLIFFTSelector.paper_parameters(),
}
PEERS = ("forest", "anova", "l1")
METHODS = (*SETTINGS, *PEERS)
#: Asked for by ``--by-class``: elimination for each class by itself, K fits.
BY_CLASS = "target"
#: Of ``--selector default``: the default fitted on each class against all others, K fits.
ONE_AGAINST_ALL = "one_against_all"

TREES = 200
#: Longest list of motifs that is asked for.
LONGEST = 50


class Training(NamedTuple):
    """A training part."""

    X: np.ndarray
    y: np.ndarray
    n_classes: int
    groups: np.ndarray | None
    seed: int


class Scores(NamedTuple):
    """What a method says of the features."""

    by_class: np.ndarray
    signed: np.ndarray
    overall: np.ndarray
    seconds: float
    paths: tuple[tuple[Point, ...], ...] = ()
    """Of L1 alone: the models of growing size, one path a class."""


def training_part(problem: Problem, number: int) -> Training:
    """Training rows of one split; its number is the seed."""
    table, train = problem.table, problem.splits[number].train
    groups = None if table.groups is None else table.groups[train]
    return Training(table.X[train], table.y[train], len(table.target_names), groups, number)


def rank_all(problem: Problem, methods: Sequence[str], jobs: int) -> list[dict[str, Scores]]:
    """Scores by every method, for every split."""
    asked = [(s, method) for s in range(len(problem.splits)) for method in methods]
    parts = [training_part(problem, s) for s in range(len(problem.splits))]
    done = Parallel(jobs)(delayed(scores_by)(method, parts[s]) for s, method in asked)
    found: list[dict[str, Scores]] = [{} for _ in problem.splits]
    for (s, method), scores in zip(asked, done, strict=True):
        found[s][method] = scores
    return found


def scores_by(method: str, part: Training) -> Scores:
    """Scores by one method, with the seconds it took."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        # A motif may be absent from a training part; every method scores it zero.
        warnings.filterwarnings("ignore", message=".*holds? a single value")
        if method in SETTINGS:
            scores = deeplifft_scores(part, SETTINGS[method])
        else:
            named = {"forest": forest_scores, "anova": anova_scores, "l1": l1_scores}
            named |= {BY_CLASS: deeplifft_by_class, ONE_AGAINST_ALL: deeplifft_one_against_all}
            scores = named[method](part)
    return scores._replace(seconds=time.perf_counter() - start)


def deeplifft_scores(part: Training, settings: dict) -> Scores:
    """Signed class scores, and the overall ranking."""
    selector = _fitted(part, settings)
    signed = selector.class_importances_
    return Scores(signed, signed, -selector.ranking_.astype(float), 0.0)


def deeplifft_by_class(part: Training) -> Scores:
    """One default selector a class, which eliminates by that class's score."""
    settings = SETTINGS["default"]
    found = [_fitted(part, {**settings, "target_class": c}) for c in range(part.n_classes)]
    order = -np.array([selector.ranking_ for selector in found], dtype=float)
    return Scores(order, order, _in_turn(order), 0.0)


def deeplifft_one_against_all(part: Training) -> Scores:
    """The ranking of one default selector a class, which sees that class and "not that class".

    Of two classes one fit tells all.
    """
    asked = [1] if part.n_classes == 2 else range(part.n_classes)
    questions = [part._replace(y=(part.y == c).astype(np.int64)) for c in asked]
    found = [_fitted(question, SETTINGS["default"]).ranking_ for question in questions]
    order = -np.array(found * (part.n_classes // len(found)), dtype=float)
    return Scores(order, order, _in_turn(order), 0.0)


def forest_scores(part: Training) -> Scores:
    """Impurity importances: one-versus-all for each class, and of all classes at once."""
    overall = _forest(part.X, part.y, part.seed)
    if part.n_classes == 2:
        by_class = np.stack([overall, overall])
    else:
        found = [_forest(part.X, part.y == c, part.seed) for c in range(part.n_classes)]
        by_class = np.stack(found)
    return Scores(by_class, by_class, overall, 0.0)


def anova_scores(part: Training) -> Scores:
    """F statistics, signed by the difference of means."""
    X, y = part.X, part.y
    own = [y == c for c in range(part.n_classes)]
    by_class = np.stack([_f_statistic(X, mine) for mine in own])
    sign = np.stack([np.sign(X[mine].mean(0) - X[~mine].mean(0)) for mine in own])
    return Scores(by_class, sign * by_class, _f_statistic(X, y), 0.0)


def l1_scores(part: Training) -> Scores:
    """Order of entry into one-versus-all L1 logistic regression; for all, classes in turn."""
    own = [(part.y == c).astype(int) for c in range(part.n_classes)]
    paths = tuple(l1_path(part.X, mine, LONGEST) for mine in own)
    signed = np.stack([order_of_entry(path, part.X.shape[1]) for path in paths])
    return Scores(np.abs(signed), signed, _in_turn(np.abs(signed)), 0.0, paths)


def top(score: np.ndarray, n: int) -> np.ndarray:
    """Columns of the `n` largest scores, best first; ties by column."""
    return np.argsort(-score, kind="stable")[:n]


def _fitted(part: Training, settings: dict) -> DeepLIFFTSelector:
    selector = DeepLIFFTSelector(**settings, random_state=part.seed)
    return selector.fit(part.X, part.y, groups=part.groups)


def _forest(X: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    forest = RandomForestClassifier(TREES, random_state=seed)
    return forest.fit(X, y).feature_importances_


def _f_statistic(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constant columns, which become zero below
        return np.nan_to_num(f_classif(X, y)[0], posinf=0.0)


def _in_turn(by_class: np.ndarray) -> np.ndarray:
    """Every class names its best motif, then every class its second, and so on: (d,)."""
    rank = np.argsort(np.argsort(-by_class, axis=1, kind="stable"), axis=1)
    return -np.min(rank + np.arange(len(rank))[:, None] / len(rank), axis=0)
