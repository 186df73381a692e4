"""Agreement with a truth, against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.metrics import auc, precision_recall_curve, roc_auc_score

from sklearn_deeplifft.sequences import (
    cosine,
    localisation_aupr,
    localisation_auroc,
    simplex_angles,
)

RNG = np.random.default_rng(0)
N, L, K = 4, 30, 4
TRUTH = np.full((N, L, K), 0.25)
TRUTH[:, 5:9] = RNG.dirichlet(np.full(K, 0.2), size=(N, 4))
TRUTH[:, 20] = (1, 0, 0, 0)
SCORES = RNG.normal(size=(N, L, K)).round(1)
LETTERS = np.eye(K)[RNG.integers(K, size=(N, L))]


def informative(p):
    return 2 + sum(q * np.log2(q) for q in p if q > 0) > 0.1


def test_areas_of_each_sequence():
    at = [(i, n) for n in range(N) for i in range(L) if informative(TRUTH[n, i])]
    assert 0 < len(at) < N * L
    for letters in (LETTERS, None):
        roc = localisation_auroc(SCORES, TRUTH, letters)
        pr = localisation_aupr(SCORES, TRUTH, letters)
        for n in range(N):
            y = [informative(p) for p in TRUTH[n]]
            weights = np.ones((L, K)) if letters is None else letters[n]
            s = (SCORES[n] * weights).sum(axis=1)
            precision, recall, _ = precision_recall_curve(y, s)
            assert roc[n] == pytest.approx(roc_auc_score(y, s))
            assert pr[n] == pytest.approx(auc(recall, precision))


def test_positions_by_a_mask():
    mask = np.array([[informative(p) for p in row] for row in TRUTH])
    summed = SCORES.sum(axis=2)
    np.testing.assert_array_equal(
        localisation_auroc(summed, mask), localisation_auroc(SCORES, TRUTH)
    )
    assert localisation_auroc(np.zeros((N, L)), mask).tolist() == [0.5] * N
    mask[0], mask[1] = True, False
    assert np.isnan(localisation_auroc(summed, mask)).tolist() == [True, True, False, False]
    assert np.isnan(localisation_aupr(summed, mask)).tolist() == [True, True, False, False]


def test_cosine():
    for n, found in enumerate(cosine(SCORES, TRUTH)):
        truth = TRUTH[n] - 0.25
        dot = sum(s * p for s, p in zip(SCORES[n].ravel(), truth.ravel(), strict=True))
        assert found == pytest.approx(dot / np.sqrt((SCORES[n] ** 2).sum() * (truth**2).sum()))
    assert cosine(np.zeros((1, 2, 4)), np.eye(4)[None, :2]).tolist() == [0.0]


def test_correction_never_lowers_the_cosine_where_it_is_positive():
    corrected = SCORES - SCORES.mean(axis=2, keepdims=True)
    before, after = cosine(SCORES, TRUTH), cosine(corrected, TRUTH)
    assert (np.abs(after) >= np.abs(before)).all()


@pytest.mark.parametrize(
    ("g", "angle"),
    [
        ((1, 1, 1, 1), 90),
        ((-1, -1, -1, -1), -90),
        ((1, -1, 0, 0), 0),
        ((1, 0, 0, 0), 30),
        ((3, 1, 1, 1), 60),
        ((2, 2, -1, -1), 18.434948822922),
        ((0, 0, 0, 0), 0),
    ],
)
def test_angles(g, angle):
    assert simplex_angles(g) == pytest.approx(angle)
    assert simplex_angles(np.array(g) * 1e6) == pytest.approx(angle)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cosine(SCORES[0], TRUTH[0]), r"scores have the shape \(30, 4\)"),
        (lambda: cosine(SCORES, TRUTH[:2]), r"truth \(2, 30, 4\); both are \(n, L, K\)"),
        (lambda: localisation_auroc(SCORES, TRUTH[:2]), "of the same sequences"),
        (lambda: localisation_auroc(SCORES, TRUTH, TRUTH[:2]), r"letters \(2, 30, 4\)"),
        (lambda: cosine(SCORES + np.inf, TRUTH), "not finite"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
