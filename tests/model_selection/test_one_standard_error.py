"""Hand-made results of searches with known answers."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from sklearn_deeplifft.model_selection import one_standard_error


def results(k, splits, scoring="score", param="s__k"):
    """``splits`` (n_candidates, n_splits), as a search lays them out."""
    splits = np.asarray(splits, dtype=float)
    found = {f"split{i}_test_{scoring}": column for i, column in enumerate(splits.T)}
    mean, std = splits.mean(axis=1), splits.std(axis=1)
    return {
        **found,
        f"mean_test_{scoring}": mean,
        f"std_test_{scoring}": std,
        f"param_{param}": np.ma.masked_array(k, mask=[v is None for v in k], dtype=object),
    }


# The best, 8, has a mean of 0.90; its deviations of 0.2 make a standard error of
# sqrt(4 * 0.2**2 / 3) / sqrt(4) = 0.11547.
BEST = [0.7, 1.1, 0.7, 1.1]


@pytest.mark.parametrize(
    ("below", "expected"), [(0.1154, 0), (0.1156, 1), (0.0, 0)], ids=["within", "beyond", "level"]
)
def test_the_smallest_within_one_standard_error(below, expected):
    found = results([2, 8, 16], [[0.9 - below] * 4, BEST, [0.89] * 4])
    assert one_standard_error("s__k")(found) == expected


def test_the_error_is_that_of_the_best_and_shrinks_with_the_splits():
    """0.85 is within 0.115 of 0.9, and not within 0.2 / sqrt(19) = 0.0459 of 20 splits."""
    few = results([2, 8], [[0.85] * 4, BEST])
    many = results([2, 8], [[0.85] * 20, BEST * 5])
    assert one_standard_error("s__k")(few) == 0
    assert one_standard_error("s__k")(many) == 1
    # However uncertain the smaller one is.
    assert one_standard_error("s__k")(results([2, 8], [[0.0, 1.6], [0.9, 0.9]])) == 1


def test_a_single_split_has_no_error():
    """Nothing is known of other splits, so that only a score as good as the best will do."""
    assert one_standard_error("s__k")(results([2, 8], [[0.899], [0.9]])) == 1
    assert one_standard_error("s__k")(results([2, 8], [[0.9], [0.9]])) == 0


def test_order_of_candidates_does_not_matter():
    scores = {16: [0.89] * 4, 8: BEST, 4: [0.85] * 4, 2: [0.5] * 4}
    for order in ([2, 4, 8, 16], [16, 8, 4, 2], [8, 2, 16, 4]):
        found = results(order, [scores[k] for k in order])
        assert order[one_standard_error("s__k")(found)] == 4


def test_ties_go_to_the_best_score_then_to_the_first():
    found = results([4, 4, 4, 8], [[0.85] * 4, [0.88] * 4, [0.88] * 4, BEST])
    assert one_standard_error("s__k")(found) == 1


def test_the_largest_of_a_penalty():
    found = results([0.1, 1.0, 10.0, 100.0], [[0.88] * 4, BEST, [0.85] * 4, [0.2] * 4])
    assert one_standard_error("s__k", prefer="largest")(found) == 2
    assert one_standard_error("s__k")(found) == 0


def test_losses_are_negative():
    found = results([2, 8], [[-0.95] * 4, [-0.7, -1.1, -0.7, -1.1]])
    assert one_standard_error("s__k")(found) == 0
    found = results([2, 8], [[-1.05] * 4, [-0.7, -1.1, -0.7, -1.1]])
    assert one_standard_error("s__k")(found) == 1


def test_candidates_without_a_score_are_left_out():
    found = results([1, 2, 8, 16], [[np.nan] * 4, [0.85] * 4, BEST, [0.5, np.nan, 1, 1]])
    assert one_standard_error("s__k")(found) == 1
    with pytest.raises(ValueError, match=r"every candidate's mean_test_score is NaN.*error_score"):
        one_standard_error("s__k")(results([1, 2], [[np.nan] * 2, [1, np.nan]]))


def test_candidates_of_a_grid_without_the_parameter():
    # They may set the standard ...
    found = results([None, 2, 4], [BEST, [0.75] * 4, [0.85] * 4])
    assert one_standard_error("s__k")(found) == 2
    # ... and are chosen only if nothing comes up to it.
    found = results([None, 2, 4], [BEST, [0.75] * 4, [0.78] * 4])
    assert one_standard_error("s__k")(found) == 0


def test_one_of_several_metrics():
    found = {
        **results([2, 8], [[0.85] * 4, BEST], "recall"),
        **results([2, 8], [[0.5] * 4, [0.9] * 4], "recall_at_5"),
    }
    assert one_standard_error("s__k", scoring="recall")(found) == 0
    assert one_standard_error("s__k", scoring="recall_at_5")(found) == 1
    with pytest.raises(ValueError, match=r"no mean_test_score; it has .*'mean_test_recall'"):
        one_standard_error("s__k")(found)


@pytest.mark.parametrize("value", ["few", np.nan])
def test_what_cannot_be_ordered_is_refused(value):
    with pytest.raises(ValueError, match="only numbers can be ordered"):
        one_standard_error("s__k")(results([value, 2], [[1, 1], [1, 1]]))


def test_counts_among_fractions_are_refused():
    name, level = "s__n_features_to_select", [[1, 1], [1, 1]]
    with pytest.raises(ValueError, match="mixes counts and fractions"):
        one_standard_error(name)(results([0.5, 2], level, param=name))
    assert one_standard_error(name)(results([0.5, 0.25], level, param=name)) == 1
    # A penalty of 10 beside 0.1 is no count.
    assert one_standard_error("s__C")(results([0.1, 10], level, param="s__C")) == 0


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="prefer='least' must be 'smallest' or 'largest'"):
        one_standard_error("s__k", prefer="least")
    with pytest.raises(ValueError, match=r"no param_k; it has \['param_s__k'\]"):
        one_standard_error("k")(results([1, 2], [[1, 1], [1, 1]]))


@pytest.mark.slow
def test_it_refits_a_search():
    X, y = load_iris(return_X_y=True)
    pipeline = Pipeline([("s", SelectKBest(k=2)), ("m", LogisticRegression(max_iter=1000))])
    rule = one_standard_error("s__k", scoring="accuracy")
    search = GridSearchCV(
        pipeline,
        [{"s__k": [4, 3, 2, 1]}, {"m__C": [0.1, 1.0]}],
        scoring=["accuracy", "neg_log_loss"],
        refit=rule,
    ).fit(X, y)
    mean = search.cv_results_["mean_test_accuracy"]
    best = mean.argmax()
    limit = mean[best] - search.cv_results_["std_test_accuracy"][best] / np.sqrt(5 - 1)
    within = [k for k, m in zip([4, 3, 2, 1], mean[:4], strict=True) if m >= limit]
    assert search.best_params_["s__k"] == min(within)
    assert search.best_estimator_[0].get_support().sum() == min(within)
    assert pickle.loads(pickle.dumps(rule)) == rule
    clone(search).fit(X, y)


def test_it_refits_a_regression_with_lower_is_better():
    X, _ = load_iris(return_X_y=True)
    search = GridSearchCV(
        Ridge(),
        {"alpha": [0.01, 1.0, 1e6]},
        scoring="neg_root_mean_squared_error",
        refit=one_standard_error("alpha", prefer="largest"),
        cv=3,
    ).fit(X[:, :3], X[:, 3])
    assert search.best_params_["alpha"] in (0.01, 1.0)
