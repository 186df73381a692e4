"""The published networks with the correction in their first layer, in double precision."""

import copy

import torch

from benchmarks.gradient_correction import published
from sklearn_deeplifft.attribution import NetworkReader, relative_residual, verify_piecewise_linear
from sklearn_deeplifft.networks import regauge_first_layer


def figures(quick=False, data=None):
    """All figures of this part: a flat dict."""
    found = errors(data, n=8 if quick else 200)
    return found | accuracy(data, n=100 if quick else 2000) | decompositions(data, n=2)


def errors(folder=None, *, n=200):
    """Largest differences, over the eight networks and `n` sequences.

    Of outputs, and of gradients from the corrected ones; beside them those of the plain form, which
    gives the mean back as one number a filter and knows nothing of the padding.
    """
    data = published.sequences(n, folder)
    X = torch.as_tensor(data.X).double()
    exact, plain = [], []
    for network in published.published_networks(folder).values():
        network = network.double()
        wanted = _answers(network, X, corrected=True)
        exact.append(_gaps(_answers(regauge_first_layer(network), X), wanted))
        plain.append(_gaps(_answers(_plain_form(network), X), wanted))
    names = ("output", "gradient")
    found = {}
    for i, name in enumerate(names):
        found[f"gauge_{name}_error"] = max(gap[i] for gap in exact)
        found[f"gauge_{name}_error_plain_form"] = max(gap[i] for gap in plain)
    return found


def accuracy(folder=None, *, n=2000):
    """Area under the ROC curve of each network on sequences drawn anew."""
    from sklearn.metrics import roc_auc_score

    data = published.sequences(n, folder)
    X = torch.as_tensor(data.X).float()
    found = {}
    for name, network in published.published_networks(folder).items():
        with torch.no_grad():
            z = torch.cat([network(part) for part in X.split(64)])[:, 0]
        found[f"auroc_{name}"] = float(roc_auc_score(data.y, z.numpy()))
    return found


def decompositions(folder=None, *, n=20):
    """Largest relative residual of ``z = b + c.x`` on each network, in its own single precision.

    Exponential first layers are read by the secant rule.
    """
    X = torch.as_tensor(published.sequences(n, folder).X).float()
    found = {}
    for name, network in published.published_networks(folder).items():
        reader = NetworkReader(network, secants="exponential" in name)
        verify_piecewise_linear(reader, X)
        form = reader.form(X)
        explained = (form.coefficients * form.displacement[:, None]).sum(-1)
        found[f"residual_{name}"] = relative_residual(form.logits, form.bias, explained)
    return found


def _answers(network, X, *, corrected=False):
    X = X.clone().requires_grad_()
    z = network(X)[:, 0]
    (g,) = torch.autograd.grad(z.sum(), X)
    g = g.view(len(X), -1, 4)
    return z.detach(), g - g.mean(-1, keepdim=True) if corrected else g


def _gaps(found, wanted):
    return tuple(float((a - b).abs().max()) for a, b in zip(found, wanted, strict=True))


@torch.no_grad()
def _plain_form(network):
    network = copy.deepcopy(network)
    mean = network.conv1.weight.mean(1, keepdim=True)
    network.conv1.weight -= mean
    network.conv1.bias += mean.sum((1, 2))
    return network
