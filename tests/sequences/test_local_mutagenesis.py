"""Saturation mutagenesis by windows, against whole passes of every mutant."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft import networks
from sklearn_deeplifft.attribution import every_mutation
from sklearn_deeplifft.sequences import SequenceEncoder, mutagenesis
from sklearn_deeplifft.sequences._local_mutagenesis import mutations_within_reach
from sklearn_deeplifft.sequences._model_inputs import inputs_of
from tests.sequences._nets import NETS, K, L

TEXTS = ["".join(row) for row in np.random.RandomState(0).choice(list("ACGT"), (5, L))]
FLAT = SequenceEncoder(dtype="float64").fit_transform(TEXTS)
X = FLAT.reshape(-1, L, K).transpose(0, 2, 1)
WHOLE = {"2-d max-pool", "amax of two axes", "linear"}
"""Networks that are no layers along a sequence."""


def both(net, X, **options):
    """Changes by windows and by whole passes."""
    inputs = inputs_of(net, X, options)
    logits = options.get("scale", "logit") == "logit"
    return mutations_within_reach(net, inputs, logits=logits), every_mutation(*inputs[:2])


@pytest.mark.parametrize("name", NETS)
def test_windows_say_what_whole_passes_say(name):
    torch.manual_seed(1)
    net = NETS[name]().double().eval()
    near, whole = both(net, X)
    assert (near is None) == (name in WHOLE)
    if near is not None:
        torch.testing.assert_close(near, whole, rtol=0, atol=1e-11)
    assert mutagenesis(net, X, simplex=False).scores == pytest.approx(whole.numpy(), abs=1e-11)


@pytest.mark.parametrize("scale", ["logit", "output"])
def test_outputs_of_each_sequence_columns_and_a_final_softmax(scale):
    torch.manual_seed(0)
    net = nn.Sequential(networks.motif_pool(L, 3, n_filters=5, width=3), nn.Softmax(1)).double()
    net[0].norm.running_mean.normal_()
    modes = [part.training for part in net.modules()]
    near, whole = both(net, FLAT, output=np.array([0, 2, 1, 1, 0]), scale=scale)
    assert near is not None
    torch.testing.assert_close(near, whole, rtol=0, atol=1e-12)
    assert near[FLAT.reshape(-1, L, K) == 1].abs().max() == 0
    assert [part.training for part in net.modules()] == modes


def test_what_is_no_letter_is_run_whole():
    net = networks.motif_pool(L, n_filters=5, width=3).double().eval()
    soft = FLAT.copy()
    soft[0, :K] = 1 / K
    assert both(net, soft)[0] is None
    assert both(net, FLAT[:0])[0] is None
    assert mutagenesis(net, soft).scores.shape == (5, L, K)


def test_an_output_that_there_is_not_is_refused():
    net = networks.motif_pool(L, 2, n_filters=5, width=3).eval()
    with pytest.raises(ValueError, match="the network has 2 outputs"):
        mutagenesis(net, FLAT)
    with pytest.raises(ValueError, match="output= goes from 7 to 7"):
        mutagenesis(net, FLAT, output=7)
