"""Arguments of another type than was meant: told in words, before anything is run."""

import numpy as np
import pytest
import torch

from sklearn_deeplifft.interventions import (
    add,
    dose_response,
    intervention_effects,
    pairwise_epistasis,
    quantile_shift,
    remove,
    set_to,
    swap,
)
from tests.conftest import relu_network

X = np.random.default_rng(0).poisson(1.0, size=(30, 4)).astype(float)
NET = relu_network(4, 5, 2)

MADE = {
    "remove(None)": (lambda: remove(None), "None is no column"),
    "remove(True)": (lambda: remove(True), "True is no column"),
    "remove(0.5)": (lambda: remove([0, 0.5]), "0.5 is no column"),
    "remove([None])": (lambda: remove([[None]]), "is no column"),
    "remove(array(1))": (lambda: remove(np.array(1)), r"array\(1\) is no column"),
    "set_to(0, 'a')": (lambda: set_to(0, "a"), "value must hold numbers"),
    "set_to(0, 10**400)": (lambda: set_to(0, 10**400), "value must hold numbers"),
    "set_to(0, 1j)": (lambda: set_to(0, 1j), "value must hold numbers"),
    "add(0, {})": (lambda: add(0, {}), "delta must hold numbers"),
    "add(low='a')": (lambda: add(0, 1, low="a"), "low, high must hold numbers"),
    "quantile_shift": (lambda: quantile_shift(0, [None]), "shift=.* must be one finite"),
    "swap(0, -1)": (lambda: swap(0, -1), r"an integer from 0 to 2\*\*32 - 1"),
    "swap(0, True)": (lambda: swap(0, True), "an integer from 0"),
    "swap(0, 2**32)": (lambda: swap(0, 2**32), "an integer from 0"),
}


@pytest.mark.parametrize(("make", "message"), MADE.values(), ids=MADE)
def test_interventions_are_made_of_columns_and_numbers(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("columns", [range(2), (j for j in range(2)), np.arange(2), {0, 1}])
def test_any_sequence_of_columns_will_do(columns):
    assert remove(columns).columns == (0, 1)


OPTIONS = {
    "scale": ["x", None, np.array([1, 2]), 3],
    "task": ["x", None, []],
    "dtype": ["double", 64, np.float64],
    "n_background": [0, 2.5, True, "x", None],
    "quantiles": [None, "x", 0.5, [2], [[0.5]], [np.nan]],
    "random_state": [-1, 2**32, "x", 0.5, []],
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_are_named(name):
    for value in OPTIONS[name]:
        with pytest.raises(ValueError, match=name):
            intervention_effects(NET, X, remove(0), **{name: value})
        if name != "quantiles":
            with pytest.raises(ValueError, match=name):
                pairwise_epistasis(NET, X, [remove(0), remove(1)], **{name: value})


WITHOUT_AXIS = [np.array(1), torch.tensor(1)]
"""Iterable by their type alone."""


@pytest.mark.parametrize(
    "pairs",
    [[(0,)], [(0, 1, 2)], [0], 3, [(0.5, 1)], [(True, 0)], ["a"], WITHOUT_AXIS, *WITHOUT_AXIS],
)
def test_a_pair_is_two_positions(pairs):
    with pytest.raises(ValueError, match="each pair is two positions"):
        pairwise_epistasis(NET, X, [remove(0), remove(1)], pairs=pairs)


@pytest.mark.parametrize("doses", ["x", [None], [1j], 10**400, [np.nan, 1], [0, np.inf], [1]])
def test_doses_are_finite_numbers(doses):
    with pytest.raises(ValueError, match="doses"):
        dose_response(NET, X, 0, doses)


@pytest.mark.parametrize("column", [None, 0.5, True, [0, 1], b"x", np.arange(2)])
def test_a_dose_is_given_to_one_column(column):
    with pytest.raises(ValueError, match="column"):
        dose_response(NET, X, column)


@pytest.mark.parametrize("interventions", [3, "remove", None, [3], *WITHOUT_AXIS])
def test_what_is_no_intervention_is_told(interventions):
    with pytest.raises(TypeError, match="intervention"):
        intervention_effects(NET, X, interventions)
