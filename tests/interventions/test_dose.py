"""Doses of one column and what the network makes of them."""

import numpy as np
import pytest
from scipy import stats

from sklearn_deeplifft.interventions import dose_response, intervention_effects, set_to
from tests.conftest import relu_network
from tests.interventions._functions import EXACT, Function, counts, normal


def curve(f, X, column, doses=None, **options):
    return dose_response(Function(f), X, column, doses, **{**EXACT, **options})


SHAPES = {
    "linear": (lambda a, b: 3 * a + b, [0, 3, 6], 0.0),
    "saturating": (lambda a, b: a.clamp(max=1) + b, [0, 1, 1], -1.0),
    "cooperative": (lambda a, b: a**2 + b, [0, 1, 4], 2.0),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_saturation_is_negative_and_cooperativity_positive(shape):
    f, response, bend = SHAPES[shape]
    found = curve(f, counts(50, 2), 0, [0, 1, 2])
    np.testing.assert_allclose(found.response[:, 0], response, rtol=0, atol=1e-12)
    assert found.self_epistasis.item() == pytest.approx(bend, abs=1e-12)
    assert np.isnan(found.interval).all()


def test_unequal_steps_of_a_line_do_not_bend():
    found = curve(lambda a, b: 2 * a * b, normal(50, 2), 0, [4, 0, 1, -3, 1])
    assert found.doses.tolist() == [-3, 0, 1, 4]
    np.testing.assert_allclose(found.self_epistasis, 0, rtol=0, atol=1e-12)


def test_doses_are_effects_of_set_to_with_intervals_over_networks():
    nets, X = [relu_network(3, 6, 2, seed=s) for s in range(4)], counts(60, 3)
    found = dose_response(nets, X, 1, [0, 1, 2])
    each = intervention_effects(nets, X, [set_to(1, a) for a in (0, 1, 2)]).per_network
    relative = each - each[:, :1]
    np.testing.assert_allclose(found.response, relative.mean(axis=0), rtol=0, atol=1e-12)
    bend = relative[:, 2] - 2 * relative[:, 1]
    np.testing.assert_allclose(found.self_epistasis[0], bend.mean(axis=0), rtol=0, atol=1e-12)
    expected = stats.t.interval(0.95, 3, loc=bend.mean(axis=0), scale=stats.sem(bend, axis=0))
    np.testing.assert_allclose(found.self_epistasis_interval[:, 0], expected, rtol=0, atol=1e-12)
    frame = found.to_frame()
    assert frame["dose"].tolist() == [0, 0, 1, 1, 2, 2]
    np.testing.assert_array_equal(frame["response"], found.response.ravel())


def test_default_doses_are_counts_or_deciles():
    X = np.stack([np.repeat([0, 1, 2, 50], [60, 30, 109, 1]), np.arange(200) / 7], axis=1)
    assert curve(lambda a, b: a + b, X, 0).doses.tolist() == [0, 1, 2]
    deciles = curve(lambda a, b: a + b, X, 1).doses
    assert len(deciles) == 11
    assert set(deciles) <= set(X[:, 1])
    assert (deciles[0], deciles[-1]) == (X[0, 1], X[-1, 1])


@pytest.mark.parametrize("doses", [[1], [2, 2], []])
def test_one_dose_is_no_response(doses):
    with pytest.raises(ValueError, match=r"fewer than two different values"):
        curve(lambda a, b: a, counts(20, 2), 0, doses)
