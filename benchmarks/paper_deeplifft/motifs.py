"""Truth, Table 1, Figures 4-6 and families: which motifs, and with what sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.preprocessing import StandardScaler

from benchmarks.paper_deeplifft.figures import Figures
from benchmarks.paper_deeplifft.problems import Problem, role
from benchmarks.paper_deeplifft.rankings import PEERS, SETTINGS, Scores, top
from sklearn_deeplifft.datasets import MotifCounts

#: The four whose family must come first; with the others of the seven, names lie or paralogues do.
FOUR = ("CTCFL", "FOXA1", "ELK1", "MYC")
LIKED = 20
Row = list[str]


def truth_figures(problem: Problem, ranked: Mapping[str, Scores]) -> Figures:
    """Average precision of each class's positive causal motifs by signed class score, and signs."""
    truth, figures = problem.truth, {}
    for method, scores in ranked.items():
        if method not in (*SETTINGS, *PEERS):
            continue
        suffix = "" if method == "default" else f"_{method}"
        precision = [_precision(own > 0, scores.signed[c]) for c, own in enumerate(truth.causal)]
        figures[f"auprc_class_truth{suffix}"] = float(np.mean(precision))
        by_family = [family_precision(truth, scores.signed[c], c) for c in range(len(truth.causal))]
        figures[f"auprc_class_families{suffix}"] = float(np.mean(by_family))
        figures[f"auprc_relevant{suffix}"] = _precision(truth.relevant, scores.overall)
        if method != "forest":  # has no signs
            negative = contrary_scores(truth, scores) < 0
            figures[f"contrary_sign_ok{suffix}"] = float(np.mean(negative))
    return figures


def family_precision(truth: MotifCounts, signed: np.ndarray, c: int) -> float:
    """Average precision of class `c` with a family counted once, by its best member.

    The near-copies of a motif share its sign but tell nothing beside it, so that a method that
    settles on one of them is right. The class's pairs are left out: alone they are not causal,
    but together they do speak for it.
    """
    single = truth.family < 0
    for k, *members in truth.pairs:
        single[members] &= k != c
    best = np.full(len(truth.representative), -np.inf)
    np.maximum.at(best, truth.family[truth.family >= 0], signed[truth.family >= 0])
    causal = truth.causal[c] > 0
    labels = np.concatenate([causal[truth.representative], causal[single]])
    return _precision(labels, np.concatenate([best, signed[single]]))


def truth_rows(problem: Problem, ranked: Mapping[str, Scores]) -> list[Row]:
    """By class: average precision of the causal motifs, by each method."""
    methods = [m for m in (*SETTINGS, *PEERS) if m in ranked]
    rows = [["class", "rows", *methods]]
    for c, own in enumerate(problem.truth.causal):
        found = [f"{_precision(own > 0, ranked[m].signed[c]):.3f}" for m in methods]
        rows.append([str(c), str(np.sum(problem.table.y == c)), *found])
    return rows


def contrary_scores(truth: MotifCounts, scores: Scores) -> np.ndarray:
    """Signed class score of each class's contrary motif: (K,)."""
    return scores.signed[np.arange(len(truth.contrary)), truth.contrary]


def liked_against(
    problem: Problem, ranked: Mapping[str, Scores], c: int, setting: str = "default"
) -> np.ndarray:
    """Motifs that the forest likes for class `c`, though they speak against it; best liked first.

    Known on the generator, where it is the contrary motif. Elsewhere: of the forest's top 20 for
    the class, one-versus-all, those that are more frequent in the class, so that the forest's
    reader would take them for its own, and whose class score in `setting` is negative.
    """
    if problem.truth is not None:
        return problem.truth.contrary[[c]]
    liked = top(ranked["forest"].by_class[c], LIKED)
    inside, outside = rates(problem, c)
    against = ranked[setting].signed[c, liked] < 0
    return liked[against & (inside[liked] > outside[liked])]


def joint_weights(problem: Problem) -> np.ndarray:
    """Weights of one-versus-all logistic regression on all motifs at once: (K, d).

    The arbiter of signs where there is no truth. Firmly penalised, as families are redundant.
    """
    X, y = (values[problem.splits[0].train] for values in (problem.table.X, problem.table.y))
    Z = StandardScaler().fit_transform(X)
    weights = np.zeros((len(problem.table.target_names), X.shape[1]))
    for c in range(len(weights)):
        weights[c] = LogisticRegression(C=0.01, max_iter=1000).fit(Z, y == c).coef_[0]
    return weights


def rates(problem: Problem, c: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean hits of each motif in training rows of class `c`, and of the others: (d,) each."""
    train = problem.splits[0].train
    X, own = problem.table.X[train], problem.table.y[train] == c
    return X[own].mean(axis=0), X[~own].mean(axis=0)


def table1_rows(
    problem: Problem, ranked: Mapping[str, Scores], joint: np.ndarray, most: int = 3
) -> list[Row]:
    """By class: the motifs that the forest likes for the wrong class, with signed scores."""
    rows = [["class", "motif", "forest rank", "hits in class", "elsewhere", *SETTINGS, "joint"]]
    for c, name in enumerate(problem.table.target_names):
        inside, outside = rates(problem, c)
        forest = _rank(ranked["forest"].by_class[c])
        for j in liked_against(problem, ranked, c)[:most]:
            signed = [*(ranked[m].signed[c, j] for m in SETTINGS), joint[c, j]]
            numbers = [f"{inside[j]:.3f}", f"{outside[j]:.3f}", *(f"{x:+.4f}" for x in signed)]
            rows.append([name, problem.table.feature_names[j], str(forest[j]), *numbers])
    return rows


def table1_figures(problem: Problem, ranked: Mapping[str, Scores], joint: np.ndarray) -> Figures:
    """On the generator, how high the forest ranks the contrary motifs; elsewhere, by setting, how
    many motifs are liked for the wrong class, and the share where the joint model agrees."""
    classes = range(len(joint))
    if problem.truth is not None:
        ranks = [_rank(ranked["forest"].by_class[c])[problem.truth.contrary[c]] for c in classes]
        return {"table1_generator_forest_rank": float(np.median(ranks))}
    figures: Figures = {}
    for m in SETTINGS:
        found = [joint[c, j] for c in classes for j in liked_against(problem, ranked, c, m)]
        figures[f"table1_{problem.key}_motifs_{m}"] = float(len(found))
        if found:
            figures[f"table1_{problem.key}_agreed_{m}"] = float(np.mean(np.less(found, 0)))
    return figures


def top_rows(problem: Problem, scores: Scores, c: int, most: int) -> list[Row]:
    """The motifs that speak most for class `c` and the one most against, with signed scores."""
    inside, outside = rates(problem, c)
    rows = [["motif", "score", "hits in class", "elsewhere", "what it is"]]
    for j in [*top(scores.signed[c], most), int(np.argmin(scores.signed[c]))]:
        numbers = [f"{scores.signed[c, j]:+.4f}", f"{inside[j]:.3f}", f"{outside[j]:.3f}"]
        rows.append([problem.table.feature_names[j], *numbers, what_it_is(problem, int(j))])
    return rows


def what_it_is(problem: Problem, column: int) -> str:
    """Role on the generator, published coefficient or family elsewhere; empty where unknown."""
    if problem.truth is not None:
        return role(problem.truth, column)
    if problem.table.published is not None:
        coefficient = problem.table.published[column]
        return f"published {coefficient:+.3f}" if coefficient else "not published"
    return str(problem.table.families[column]) if problem.table.expected else ""


def published_shared(problem: Problem, ranked: Sequence[Mapping[str, Scores]]) -> Figures:
    """By method, the share of a published selection that as long an overall list holds."""
    chosen = np.flatnonzero(problem.table.published)
    return {
        method: float(
            np.mean([np.isin(top(s[method].overall, len(chosen)), chosen) for s in ranked])
        )
        for method in ranked[0]
    }


def leads(problem: Problem, score: np.ndarray, family: str, dimers: bool) -> bool:
    """Whether the first motif of a list is of a family, or a dimer with it where these count."""
    first = str(problem.table.families[np.argmax(score)])
    return first == family or (dimers and family in first.split("::"))


def family_shares(
    problem: Problem, ranked: Sequence[Mapping[str, Scores]], target: str, dimers: bool = False
) -> Figures:
    """Share of splits in which the expected family is first: by class score, and by the overall
    ranking under ``_ranking`` where there are two classes."""
    c = problem.table.target_names.index(target)
    expected = problem.table.expected[target]
    shares: Figures = {}
    for method in ranked[0]:
        lists = {method: [scores[method].signed[c] for scores in ranked]}
        if len(problem.table.target_names) == 2:
            lists[f"{method}_ranking"] = [scores[method].overall for scores in ranked]
        for name, found in lists.items():
            firsts = [leads(problem, score, expected, dimers) for score in found]
            shares[name] = float(np.mean(firsts))
    return shares


def family_figures(prefix: str, shares: Mapping[str, Figures]) -> Figures:
    """Of the four, how many have their family first in more than half of the splits.

    `shares` is, by factor, what `family_shares` gives. The default has no suffix.
    """
    four = [shares[factor] for factor in FOUR if factor in shares]
    figures: Figures = {}
    for name in four[0] if four else ():
        suffix = "" if name == "default" else f"_{name.removeprefix('default_')}"
        figures[f"{prefix}{suffix}"] = float(sum(share[name] > 0.5 for share in four))
        figures[f"{prefix}_share_of_splits{suffix}"] = float(np.mean([s[name] for s in four]))
    return figures


def _rank(score: np.ndarray) -> np.ndarray:
    rank = np.empty(len(score), dtype=int)
    rank[top(score, len(score))] = np.arange(1, len(score) + 1)
    return rank


def _precision(truth: np.ndarray, score: np.ndarray) -> float:
    return float(average_precision_score(truth, score))
