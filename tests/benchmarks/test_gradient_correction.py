"""The quick forms of what the benchmark of gradient correction measures of networks."""

import pytest

from benchmarks.gradient_correction import gauge, networks, published

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not published.DATA.exists(), reason="../shared/data is not here"),
]


def test_the_published_networks_regauged():
    found = gauge.errors(n=8)
    assert found["gauge_output_error"] <= 1e-12
    assert found["gauge_gradient_error"] <= 1e-12
    assert found["gauge_output_error_plain_form"] > 0.1
    assert found["gauge_gradient_error_plain_form"] > 0.01


def test_the_published_networks_decomposed():
    assert max(gauge.decompositions(n=2).values()) <= 1e-4


@pytest.mark.long
def test_first_weights():
    found = networks.figures(quick=True, seeds=(0,))
    assert found["gauged_angle_sd"] <= 1e-3
    assert 0 < found["init_angle_sd_he"] < 90
