"""What users get wrong, and edges at which nothing is there to run."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPRegressor

from sklearn_deeplifft.interventions import (
    add,
    dose_response,
    intervention_effects,
    pairwise_epistasis,
    remove,
    set_to,
    swap,
)
from tests.conftest import relu_network


@pytest.fixture(scope="module")
def model():
    X = pd.DataFrame(np.random.RandomState(0).poisson(1.0, size=(120, 3)), columns=list("abc"))
    y = np.where(X["a"] > X["b"], "p", "q")
    return LogisticRegression().fit(X, y), X


def test_columns_in_another_order_are_refused(model):
    fitted, X = model
    with pytest.raises(ValueError, match=r"column 'b' where the estimator was fitted on 'a'"):
        intervention_effects(fitted, X[["b", "a", "c"]], set_to("a", 1))


@pytest.mark.parametrize("several", [list, tuple])
def test_so_they_are_by_each_of_a_list(model, several):
    fitted, X = model
    networks = [MLPRegressor(random_state=0, max_iter=5000).fit(X, X["a"]) for _ in range(2)]
    unnamed = MLPRegressor(random_state=0, max_iter=5000).fit(X.to_numpy(), X["a"])
    for models in ([fitted], networks, [unnamed, networks[0]]):
        found = intervention_effects(several(models), X, set_to("a", 1))
        assert found.outputs == intervention_effects(models[0], X, set_to("a", 1)).outputs
        with pytest.raises(ValueError, match=r"column 'b' where the estimator was fitted on 'a'"):
            intervention_effects(several(models), X[["b", "a", "c"]], set_to("a", 1))


def test_a_black_box_is_not_asked_of_no_rows(model):
    fitted, X = model
    found = intervention_effects(fitted, X, remove("a"), background="without")
    assert (found.effects == 0).all()
    assert found.changed_share == 0
    curve = dose_response(fitted, X, "a", doses=[0, 1], background=X[X["a"] == 0])
    assert curve.response[1, 0] > 0


def test_outputs_are_plain(model):
    fitted, X = model
    assert intervention_effects(fitted, X, remove("a")).outputs == ("p", "q")
    assert type(intervention_effects(fitted, X, remove("a")).outputs[0]) is str


def test_positions_of_pairs(model):
    fitted, X = model
    with pytest.raises(ValueError, match=r"pairs holds \(0, 5\), but there are 2 interventions"):
        pairwise_epistasis(fitted, X, [add("a", 1), add("b", 1)], pairs=[(0, 5)])


def test_one_intervention_is_no_pair(model):
    fitted, X = model
    with pytest.raises(ValueError, match="at least two"):
        pairwise_epistasis(fitted, X, set_to("a", 1))


def test_unfitted_predictor(model):
    with pytest.raises(NotFittedError):
        intervention_effects(LogisticRegression(), model[1], remove("a"))


def test_swap_needs_a_seed():
    with pytest.raises(ValueError, match=r"random_state=None.*an integer"):
        swap("a", random_state=None)


def test_cells_stand_on_the_levels_that_rows_come_from():
    """From rows without either motif: two copies of both are not "neither"."""
    rng = np.random.RandomState(0)
    X = 1 + rng.randint(2, size=(200, 2)).astype(float)
    X[:50, 0], X[50:100, 1] = 0, 0
    y = rng.randint(2, size=200)
    fitted = LogisticRegression().fit(X, y)
    moves = [set_to(0, 1), set_to(1, 1)]
    found = pairwise_epistasis(fitted, X, moves, background=np.zeros((5, 2)))
    a, b = X.T
    expected = [
        ((a == 0) & (b == 0)).sum(),
        ((a == 1) & (b == 0)).sum(),
        ((a == 0) & (b == 1)).sum(),
        ((a == 1) & (b == 1)).sum(),
    ]
    assert found.cells[0].tolist() == expected
    assert expected[0] == 0
    assert found.flagged.all()


def test_a_background_in_another_order_is_refused(model):
    fitted, X = model
    with pytest.raises(ValueError, match=r"background has column 'b' where X has 'a'.*X\.columns"):
        intervention_effects(fitted, X, set_to("a", 1), background=X[["b", "a", "c"]])
    with pytest.raises(ValueError, match=r"background has column 'c' where X has 'a'"):
        pairwise_epistasis(
            fitted, X, [add("a", 1), add("b", 1)], background=X[["c", "b", "a"]].iloc[:9]
        )
    with pytest.raises(ValueError, match=r"background has column 'b' where X has 'a'"):
        dose_response(fitted, X, "a", doses=[0, 1], background=X[["b", "a", "c"]])


def test_a_background_is_compared_with_the_names_that_the_estimator_knows(model):
    fitted, X = model
    with pytest.raises(ValueError, match=r"background has column 'b' where X has 'a'"):
        intervention_effects(fitted, X.to_numpy(), set_to("a", 1), background=X[["b", "a", "c"]])


def test_a_background_in_the_order_of_the_columns_is_taken(model):
    fitted, X = model
    some = X.iloc[:30]
    found = intervention_effects(fitted, X, set_to("a", 1), background=some)
    by_position = intervention_effects(fitted, X, set_to("a", 1), background=some.to_numpy())
    np.testing.assert_array_equal(found.effects, by_position.effects)


def test_blocks_of_an_estimator_are_its_feature_groups(model):
    _, X = model
    wrapped = type("Grouped", (LogisticRegression,), {"feature_groups": [["a", "b"]]})().fit(
        X, np.where(X["a"] > X["b"], "p", "q")
    )
    with pytest.raises(ValueError, match="not the rest of its block"):
        intervention_effects(wrapped, X, set_to("a", 1))
    with pytest.raises(ValueError, match="not the rest of its block"):
        pairwise_epistasis(wrapped, X, [set_to("a", 1), set_to("c", 1)])


@pytest.mark.parametrize("dtype", ["float16", "double", "", "nn"])
def test_precisions_of_networks_are_single_and_double(dtype):
    net, X = relu_network(4, 6, 3), np.zeros((5, 4))
    with pytest.raises(ValueError, match=r"must be one of \['float32', 'float64'\], or None"):
        intervention_effects(net, X, set_to(0, 1), dtype=dtype, support=False)


def test_groups_are_those_given_before_those_of_the_estimator(model):
    """A predictor that says which columns are one feature is obeyed, unless told otherwise."""

    class Blocked(LogisticRegression):
        feature_groups = [[0, 1]]

    X, y = model[1], np.where(model[1]["a"] > 1, "p", "q")
    fitted = Blocked().fit(X, y)
    with pytest.raises(ValueError, match=r"writes 'a' but not the rest of its block, 'b'"):
        intervention_effects(fitted, X, set_to("a", 1))
    with pytest.raises(ValueError, match=r"writes 'a' but not the rest of its block, 'b'"):
        pairwise_epistasis(fitted, X, [set_to("a", 1), set_to("c", 1)])
    alone = intervention_effects(fitted, X, set_to("a", 1), feature_groups=[[1, 2]])
    assert alone.effects.any()


def test_a_list_of_estimators_holds_networks_and_is_not_empty(model):
    fitted, X = model
    with pytest.raises(ValueError, match="estimator is an empty list"):
        intervention_effects([], X, remove("a"))
    with pytest.raises(TypeError, match="must hold torch modules or fitted skorch nets only"):
        intervention_effects([fitted, fitted], X, remove("a"))


def test_networks_that_are_averaged_answer_the_same_question():
    nets, X = [relu_network(4, 6, k) for k in (2, 3)], np.eye(4)
    with pytest.raises(ValueError, match=r"networks have \[2, 3\] outputs"):
        intervention_effects(nets, X, remove(0), support=False)


def test_a_table_of_another_width_is_refused(model):
    fitted, X = model
    with pytest.raises(ValueError, match="X has 2 columns, but LogisticRegression was fitted on 3"):
        intervention_effects(fitted, X[["a", "b"]].to_numpy(), remove(0))


def test_text_needs_a_predictor_that_knows_its_columns():
    X = pd.DataFrame({"a": [0.0, 1, 2, 3], "city": ["x", "y", "x", "y"]})
    fitted = LogisticRegression().fit(np.arange(8).reshape(4, 2), [0, 1, 0, 1])
    with pytest.raises(ValueError, match="was fitted without column names"):
        intervention_effects(fitted, X, swap("city"))


def test_objects_that_are_numbers_are_no_text():
    X = pd.DataFrame({"a": np.array([0, 1, 2, 3], dtype=object), "b": [1.0, 0, 0, 1]})
    fitted = LogisticRegression().fit(X.astype(float), [0, 0, 1, 1])
    as_objects = intervention_effects(fitted, X, set_to("a", 3))
    as_numbers = intervention_effects(fitted, X.astype(float), set_to("a", 3))
    np.testing.assert_array_equal(as_objects.effects, as_numbers.effects)


def test_several_targets_have_probabilities_and_no_common_logits():
    X = np.random.RandomState(0).poisson(1.0, size=(60, 3)).astype(float)
    y = np.column_stack([X[:, 0] > 1, X[:, 1] > 0]).astype(int)
    fitted = KNeighborsClassifier().fit(X, y)
    with pytest.raises(ValueError, match="no common logit scale; pass scale='proba'"):
        intervention_effects(fitted, X, remove(0))


def test_nothing_is_matched_where_every_row_has_the_feature(model):
    fitted, X = model
    with pytest.raises(ValueError, match=r"background='matched', but no row is without"):
        intervention_effects(fitted, X + 1, remove("a"), background="matched")


def test_a_block_is_had_by_the_rows_at_its_level():
    X = np.column_stack([np.eye(3)[[0, 0, 0, 1, 2]], [0.0, 1, 2, 3, 4]])
    net = relu_network(4, 6, 3)
    first = set_to([0, 1, 2], [1, 0, 0])
    have = intervention_effects(net, X, first, background="with", support=False)
    assert have.n_background.tolist() == [3]
    assert not have.effects.any()
    lack = intervention_effects(net, X, first, background="without", support=False)
    assert lack.n_background.tolist() == [2]
    assert lack.effects.any()
