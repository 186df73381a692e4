"""Hidden units that begin with pairs of columns."""

import numpy as np
import pytest
import torch

from sklearn_deeplifft.ensembles._pair_units import STRENGTH, UNITS, in_turn, with_pair_units
from sklearn_deeplifft.networks import relu_mlp

PAIRS, EFFECTS = torch.tensor([[0, 3], [4, 1], [2, 5]]), torch.randn(3, 2)


def test_a_pair_adds_its_product_of_relus():
    core = relu_mlp(6, 2, (4 * UNITS,), dropout=0.3).eval()
    before = {name: value.clone() for name, value in core.state_dict().items()}
    begun = with_pair_units(core, PAIRS[:2], EFFECTS)
    with torch.no_grad():
        for name, value in core.state_dict().items():
            assert torch.equal(value, before[name])
        begun[-1].weight[:, 2 * UNITS :] = 0  # what the other units say
        z = torch.randn(50, 6)
        found = (begun(z) - begun[-1].bias).numpy()
    right = np.zeros((50, 2))
    for (i, j), effect in zip(PAIRS[:2].tolist(), EFFECTS.numpy(), strict=False):
        a, b = z[:, i].numpy(), z[:, j].numpy()
        unit = 2 * np.sign(a * b) * np.minimum(abs(a), abs(b))
        right += STRENGTH * unit[:, None] * effect
    np.testing.assert_allclose(found, right, rtol=1e-4, atol=1e-4)


def test_half_of_the_units_are_left_as_they_are_drawn():
    core = relu_mlp(6, 2, (4 * UNITS + 3,))
    begun = with_pair_units(core, PAIRS, EFFECTS)
    for layer in (0, -1):
        for name in ("weight", "bias"):
            one, other = (getattr(c[layer], name) for c in (core, begun))
            if layer == 0:
                assert not torch.equal(one[: 2 * UNITS], other[: 2 * UNITS])
                assert torch.equal(one[2 * UNITS :], other[2 * UNITS :])
            elif name == "weight":
                assert torch.equal(one[:, 2 * UNITS :], other[:, 2 * UNITS :])
            else:
                assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("n", "number", "right"), [(2, 0, [7, 5]), (2, 1, [3, 7]), (4, 1, [5, 3, 7])]
)
def test_networks_take_pairs_in_turn(n, number, right):
    assert in_turn([7, 5, 3], n, number) == right
