"""Figure 1 and Figure 3: how well the top n motifs of each list predict on the test part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, balanced_accuracy_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.paper_deeplifft.l1 import Point, with_at_most
from benchmarks.paper_deeplifft.problems import Problem, Split
from benchmarks.paper_deeplifft.rankings import LONGEST, SETTINGS, TREES, Scores, top

#: List lengths of Figure 1; `figure1_wins` counts those up to `COUNTED`.
SIZES = (*range(1, 21), 30, LONGEST)
COUNTED = 20
#: List lengths of Figure 3.
SHORT_LISTS = (5, 10, 20, LONGEST)
LEARNERS = ("forest", "network")

Figures = dict[str, float]


class Question(NamedTuple):
    """One class against all others."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


Reading = Callable[[Question, Point], float]


def sizes_for(n_features: int, sizes: Sequence[int] = SIZES) -> tuple[int, ...]:
    """Those list lengths that the table can fill."""
    return tuple(n for n in sizes if n <= n_features)


def figure1(problem: Problem, ranked: Sequence[Mapping[str, Scores]], jobs: int) -> dict:
    """Average precision by list: each (splits, questions, sizes).

    A DeepLIFFT setting has two lists. Under its own name, by the signed score of the class: the
    paper's, whose top motifs of a class are those that speak for it. Under ``_ranking``, by the
    overall ranking, one list for all classes. L1 has a model for each length; ``l1_refitted`` is
    that model's columns without its penalty, ``l1_nested`` the order in which columns enter, one
    list for all lengths, as ours are. The metric is average precision, since one class
    against all others is a rare one and no threshold should matter.
    """
    sizes = sizes_for(problem.table.X.shape[1])
    asked = [(s, c) for s in range(len(problem.splits)) for c in problem.questions]
    curves = Parallel(jobs)(
        delayed(class_curves)(
            _question(problem, problem.splits[s], c),
            _lists(ranked[s], c),
            ranked[s]["l1"].paths[c],
            sizes,
        )
        for s, c in asked
    )
    shape = (len(problem.splits), len(problem.questions), len(sizes))
    return {name: np.array([curve[name] for curve in curves]).reshape(shape) for name in curves[0]}


def class_curves(
    question: Question,
    lists: Mapping[str, np.ndarray],
    path: Sequence[Point],
    sizes: Sequence[int],
) -> dict[str, list[float]]:
    """Average precision at each size: of every list, and of L1 with at most so many weights."""
    curves = {
        name: [refitted(question, columns[:n]) for n in sizes] for name, columns in lists.items()
    }
    points = [with_at_most(path, n) for n in sizes]
    return curves | {
        "l1": [l1_precision(question, point) for point in points],
        "l1_refitted": [l1_precision(question, point, (_refit,)) for point in points],
    }


def refitted(question: Question, columns: np.ndarray) -> float:
    """Average precision of logistic regression on some columns."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(question.X[:, columns], question.y)
    return _precision(question, model.decision_function(question.X_test[:, columns]))


def _as_it_is(question: Question, point: Point) -> float:
    return _precision(question, question.X_test @ point.coef)


def _refit(question: Question, point: Point) -> float:
    return refitted(question, np.flatnonzero(point.coef))


def l1_precision(
    question: Question, point: Point | None, readings: Sequence[Reading] = (_as_it_is, _refit)
) -> float:
    """Average precision of an L1 model: as it is or refitted without L1, whichever is better.

    The better one on test rows: L1 is given what no one could choose.
    """
    if point is None:
        return float(question.y_test.mean())
    return max(reading(question, point) for reading in readings)


def figure1_figures(key: str, curves: Mapping[str, np.ndarray]) -> Figures:
    """Flat numbers: cells (class, n up to 20), mean precision, and share of cells not below L1."""
    counted = {name: curve.mean(axis=0)[:, :COUNTED] for name, curve in curves.items()}
    figures: Figures = {f"figure1_cells_{key}": counted["l1"].size}
    for name, cells in counted.items():
        figures[f"figure1_auprc_{key}_{name}"] = cells.mean()
        if name != "l1":
            figures[f"figure1_wins_{key}_{name}"] = np.mean(cells >= counted["l1"] - 1e-12)
            figures[f"figure1_strict_wins_{key}_{name}"] = np.mean(cells > counted["l1"] + 1e-12)
    return {name: float(value) for name, value in figures.items()}


def figure3(problem: Problem, ranked: Sequence[Mapping[str, Scores]], jobs: int) -> dict:
    """Balanced accuracy by (learner, list): each (splits, sizes); list "all" (splits, 1)."""
    sizes = sizes_for(problem.table.X.shape[1], SHORT_LISTS)
    everything = np.arange(problem.table.X.shape[1])
    asked = []
    for s, split in enumerate(problem.splits):
        lists = {m: top(scores.overall, LONGEST) for m, scores in ranked[s].items()}
        cells = [(m, n, columns[:n]) for m, columns in lists.items() for n in sizes]
        for name, _, columns in [*cells, ("all", 0, everything)]:
            asked += [(learner, name, split, columns, s) for learner in LEARNERS]
    done = Parallel(jobs)(
        delayed(balanced_accuracy)(learner, _part(problem, split, columns), seed)
        for learner, _, split, columns, seed in asked
    )
    found: dict[tuple[str, str], list[float]] = {}
    for (learner, name, *_), accuracy in zip(asked, done, strict=True):
        found.setdefault((learner, name), []).append(accuracy)
    return {pair: np.reshape(cells, (len(problem.splits), -1)) for pair, cells in found.items()}


def balanced_accuracy(learner: str, part: Question, seed: int) -> float:
    """Of a forest or a network on the test part, each class weighing the same.

    Balanced accuracy asks for the class that a row makes likelier than it was, so probabilities
    are divided by the class frequencies in training.
    """
    if learner == "forest":
        model = RandomForestClassifier(TREES, random_state=seed)
    else:
        model = make_pipeline(StandardScaler(), _network(len(part.y), seed))
    model.fit(part.X, part.y)
    likelier = model.predict_proba(part.X_test) / np.bincount(part.y)
    return float(balanced_accuracy_score(part.y_test, likelier.argmax(axis=1)))


def figure3_figures(key: str, cells: Mapping[tuple[str, str], np.ndarray]) -> Figures:
    """Flat numbers: mean over splits and list lengths."""
    return {
        f"figure3_{key}_{learner}_on_{name}": float(accuracy.mean())
        for (learner, name), accuracy in cells.items()
    }


def _network(n_rows: int, seed: int) -> MLPClassifier:
    """scikit-learn's default network; small tables need small batches to see many steps."""
    batch = min(200, max(16, n_rows // 20))
    patience = {"early_stopping": True, "validation_fraction": 0.2, "n_iter_no_change": 15}
    return MLPClassifier(batch_size=batch, max_iter=300, random_state=seed, **patience)


def _question(problem: Problem, split: Split, c: int) -> Question:
    X, y = problem.table.X, (problem.table.y == c).astype(int)
    return Question(X[split.train], y[split.train], X[split.test], y[split.test])


def _part(problem: Problem, split: Split, columns: np.ndarray) -> Question:
    X, y = problem.table.X[:, columns], problem.table.y
    return Question(X[split.train], y[split.train], X[split.test], y[split.test])


def _lists(ranked: Mapping[str, Scores], c: int) -> dict[str, np.ndarray]:
    lists = {m: top(s.by_class[c], LONGEST) for m, s in ranked.items() if m != "l1"}
    for m in SETTINGS:
        if m in ranked:
            lists[f"{m}_ranking"] = top(ranked[m].overall, LONGEST)
    return lists | {"l1_nested": top(ranked["l1"].by_class[c], LONGEST)}


def _precision(question: Question, decision: np.ndarray) -> float:
    return float(average_precision_score(question.y_test, decision))
