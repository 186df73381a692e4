"""Figures of interactions."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from sklearn_deeplifft.interventions import interaction_effects
from sklearn_deeplifft.plotting import InteractionDisplay


@pytest.fixture(scope="module")
def model():
    X = np.random.default_rng(0).integers(0, 3, (200, 8)).astype(float)
    y = X[:, 0] * X[:, 5] + X[:, 1]
    return MLPRegressor(
        hidden_layer_sizes=(20,), random_state=0, learning_rate_init=0.02, tol=0.01
    ).fit(X, y), X


@pytest.fixture(scope="module")
def effects(model):
    return interaction_effects(*model)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("k", [1, 2, 3, 8, 60])
def test_map_holds_the_features_of_the_strongest_pairs(effects, k):
    display = InteractionDisplay.from_effects(effects, k=k)
    n = min(k, 8)
    assert display.im_.get_array().shape == (n, n)
    best = [effects.names[i] for i in effects.top(1).pairs[0]]
    if k > 1:
        assert set(best) <= set(display.names_)
    values = display.im_.get_array()
    for i, one in enumerate(display.names_):
        for j, other in enumerate(display.names_):
            at = effects.names.index(one), effects.names.index(other)
            if i != j:
                assert values[i, j] == effects.matrix()[0][at]


def test_features_that_meet_stand_side_by_side(effects):
    names = InteractionDisplay.from_effects(effects, k=8).names_
    first, second = (effects.names[i] for i in effects.top(1).pairs[0])
    assert abs(names.index(first) - names.index(second)) == 1


def test_bars_are_scores_of_the_strongest(effects):
    display = InteractionDisplay.from_effects(effects, kind="bars", k=5)
    found = [bar.get_width() for bar in display.bars_]
    np.testing.assert_array_equal(found, effects.top(5).score[:, 0])


def test_table_has_the_rows_of_each_cell(effects):
    display = InteractionDisplay.from_effects(effects, kind="table")
    neither, one, other, both = effects.top(1).cells[0]
    assert display.im_.get_array().tolist() == [[neither, other], [one, both]]
    assert len(display.ax_.texts) == 4


def test_from_estimator_asks_the_model(model, effects):
    display = InteractionDisplay.from_estimator(*model, k=3, reduce="mean")
    assert display.effects.reduce == "mean"
    assert display.im_.norm.vmin == -display.im_.norm.vmax


def test_own_axes_are_drawn_on(effects):
    _, ax = plt.subplots()
    assert InteractionDisplay(effects).plot(ax=ax).ax_ is ax


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"kind": "pie"}, "kind"),
        ({"k": 0}, "k=0"),
        ({"k": 1.5}, "k=1.5"),
        ({"output": 3}, "output"),
    ],
)
def test_odd_arguments(effects, changed, error):
    with pytest.raises(ValueError, match=error):
        InteractionDisplay.from_effects(effects, **changed)


def test_other_results_are_refused():
    with pytest.raises(TypeError, match="interaction_effects"):
        InteractionDisplay([[1.0]]).plot()


def test_a_table_needs_counts(model):
    effects = interaction_effects(*model, support=False)
    with pytest.raises(ValueError, match="support=True"):
        InteractionDisplay.from_effects(effects, kind="table")
