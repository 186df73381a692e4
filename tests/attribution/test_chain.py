import sys

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.common.measure import PeakMemory
from sklearn_deeplifft.attribution import ChainReader, NetworkReader, chain_of, reader_of
from tests.attribution._architectures import (
    BY_NAME,
    D,
    every_architecture,
    every_chain,
    plain,
    sequential,
)
from tests.attribution._comparisons import assert_form_is, assert_forms_equal, residual
from tests.onednn import needs_onednn, rows_asked_of_onednn
from tests.processes import elsewhere


def readers(module, dtype=torch.float64):
    return ChainReader(chain_of(module, dtype), dtype), NetworkReader(module, dtype=dtype)


@every_chain
def test_agrees_with_the_oracle(architecture):
    chain, _ = readers(architecture.module())
    assert_form_is(chain.form(architecture.rows()), architecture.forms())


@every_chain
def test_agrees_with_the_network_reader(architecture):
    chain, network = readers(architecture.module())
    X = architecture.rows()
    r = torch.linspace(-1, 2, architecture.n_inputs, dtype=torch.float64)
    assert_forms_equal(chain.form(X), network.form(X))
    assert_forms_equal(chain.form(X, r), network.form(X, r))
    torch.testing.assert_close(chain.logits(X), network.logits(X), rtol=0, atol=1e-12)


@every_chain
def test_sizes_are_those_of_its_rows_and_logits(architecture):
    chain, _ = readers(architecture.module())
    X = architecture.rows()
    assert (chain.n_inputs, chain.n_outputs) == (X.shape[1], chain.logits(X).shape[1])


@every_chain
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_residual_of_the_decomposition(architecture, dtype, bound):
    chain, _ = readers(architecture.module(dtype), dtype)
    form = chain.form(architecture.rows(), torch.ones(architecture.n_inputs, dtype=dtype))
    assert residual(form) <= bound
    assert {part.dtype for part in form[:4]} == {dtype}


@every_chain
def test_single_precision_agrees_with_double(architecture):
    single, _ = readers(architecture.module(torch.float32), torch.float32)
    assert_form_is(single.form(architecture.rows(150)), architecture.forms(150), atol=1e-4)


@every_chain
def test_batches_and_subsets_change_nothing(architecture):
    chain, _ = readers(architecture.module())
    X = architecture.rows()
    whole = chain.form(X)
    for rows in ([4], [8, 1, 5, 3, 0, 2, 7]):
        part = chain.form(X[rows])
        for got, expected in zip(part[:4], whole[:4], strict=True):
            torch.testing.assert_close(got, expected[rows], rtol=0, atol=1e-12)


@every_chain
def test_selected_rows_and_mapped_outputs_are_those_of_the_network_reader(architecture):
    def negatives(z):
        return (z[:, 0] < z[:, 0].median()).nonzero()[:, 0]

    def last_less_first(values, rows):
        assert rows is not None
        assert len(rows) == len(values)
        return values[:, -1:] - values[:, :1] * (rows + 1).view(-1, *[1] * (values.ndim - 1))

    X, r = architecture.rows(), torch.ones(architecture.n_inputs, dtype=torch.float64)
    left, right = [
        reader.form(X, r, negatives, last_less_first) for reader in readers(architecture.module())
    ]
    assert_forms_equal(left, right)
    assert left.rows.tolist() == right.rows.tolist()
    assert 0 < len(left.rows) < len(X)


@pytest.mark.parametrize(
    "keep",
    [
        pytest.param([2, 7, 2], id="a row twice"),
        pytest.param([8, 7, 6, 5, 4, 3, 2, 1, 0], id="all of them, reversed"),
    ],
)
def test_rows_may_be_selected_in_any_order(keep):
    X = plain()[1]
    for reader in readers(plain()[0]):
        form = reader.form(X, select=lambda z: torch.tensor(keep))
        assert form.rows.tolist() == keep
        torch.testing.assert_close(form.displacement, X[keep])
        torch.testing.assert_close(form.logits, reader.logits(X)[keep])


@needs_onednn
@pytest.mark.slow
def test_however_many_rows_are_selected_few_shapes_are_asked_of_onednn():
    single, _ = readers(plain()[0].float(), torch.float32)
    X = torch.randn(300, D, generator=torch.Generator().manual_seed(0))
    with rows_asked_of_onednn() as rows:
        whole = single.form(X, select=lambda z: torch.arange(300))
        for n in range(150, 300):
            form = single.form(X, select=lambda z, n=n: torch.arange(300 - n, 300))
            assert form.rows.tolist() == list(range(300 - n, 300))
            for got, expected in zip(form[:4], whole[:4], strict=True):
                torch.testing.assert_close(got, expected[300 - n :], rtol=0, atol=1e-5)
    assert 0 < len(rows) < 50


def megabytes_of_selections(numbers):
    """Private memory of linear forms of so many rows of a block, one after another."""
    net = nn.Sequential(nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 1))
    chain, _ = readers(net, torch.float32)
    X = torch.ones(max(numbers), 512)
    with rows_asked_of_onednn():
        chain.form(X, select=lambda z: torch.arange(len(z)))  # what is built at first use
        with PeakMemory() as peak:
            for n in numbers:
                chain.form(X, select=lambda z, n=n: torch.arange(n))
    return peak.megabytes


@needs_onednn
@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="private memory is read from /proc")
def test_memory_does_not_grow_with_each_number_of_rows():
    """The rows that a network is right about are another number in nearly every block."""
    assert elsewhere(megabytes_of_selections, range(3_000, 3_200)) < 100


PRELU_AT_ZERO = pytest.mark.xfail(
    strict=True,
    reason="defect of torch 2.13: at exactly 0 the forward-mode derivative of prelu is 1, the "
    "reverse-mode one its slope, so NetworkReader's bias does not complete its coefficients",
)


@pytest.mark.parametrize(
    "activation",
    [
        pytest.param(nn.ReLU, id="ReLU"),
        pytest.param(lambda: nn.LeakyReLU(0.25), id="LeakyReLU"),
        pytest.param(nn.PReLU, id="PReLU", marks=PRELU_AT_ZERO),
        pytest.param(nn.ReLU6, id="ReLU6"),
        pytest.param(lambda: nn.Hardtanh(-2.0, 3.0), id="Hardtanh"),
    ],
)
def test_both_readers_take_the_same_side_of_a_kink(activation):
    module = sequential(activation)().double()
    rng = np.random.default_rng(2)
    for p in module.parameters():
        p.data.copy_(torch.as_tensor(rng.integers(-2, 3, tuple(p.shape))))
    X = torch.as_tensor(rng.integers(-2, 3, (40, D)), dtype=torch.float64)
    met = module[0](X)
    for kink in {"ReLU6": (0, 6), "Hardtanh": (-2, 3)}.get(type(module[1]).__name__, (0,)):
        assert (met == kink).any()
    chain, network = readers(module)
    assert_forms_equal(chain.form(X), network.form(X))


def test_zero_rows_give_empty_forms():
    chain, _ = readers(plain()[0])
    form = chain.form(plain()[1][:0])
    assert [part.shape for part in form[:4]] == [(0, 4), (0, 4, D), (0, 4), (0, D)]


def test_no_row_selected_gives_an_empty_form():
    chain, _ = readers(plain()[0])
    form = chain.form(plain()[1], select=lambda z: torch.arange(0))
    assert [part.shape for part in form[:4]] == [(0, 4), (0, 4, D), (0, 4), (0, D)]


def test_reference_is_cast_to_the_precision_of_the_reading():
    chain, network = readers(BY_NAME["mlp"].module(torch.float32), torch.float32)
    X, r = plain()[1].float(), torch.ones(D, dtype=torch.float64)
    assert network.form(X, r).displacement.dtype == torch.float32
    assert chain.form(X, r).displacement.dtype == torch.float32


def test_later_training_does_not_reach_the_reader():
    module, X = plain()
    chain, network = readers(module)
    before = chain.form(X)
    with torch.no_grad():
        for p in module.parameters():
            p.mul_(2)
    assert_forms_equal(chain.form(X), before, atol=0)
    assert_forms_equal(network.form(X), before)


# What is a chain


@every_architecture
def test_chains_are_recognised(architecture):
    if architecture.name == "Flatten of a matrix":
        return  # whether it is one depends on the rows; test_linear_form reads it
    assert (chain_of(architecture.module(), torch.float64) is not None) == architecture.is_chain


class Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


class Shouting(nn.Sequential):
    def forward(self, x):
        return 2 * super().forward(x)


def hooked(register: str, where: int | None):
    module = sequential(nn.ReLU)()
    getattr(module if where is None else module[where], register)(lambda *args: None)
    return module


UNUSUAL = {
    "subclass of Linear": lambda: nn.Sequential(Doubled(D, 3)),
    "subclass of Sequential": lambda: Shouting(nn.Linear(D, 3)),
    "forward hook": lambda: hooked("register_forward_hook", 1),
    "forward hook at the root": lambda: hooked("register_forward_hook", None),
    "forward pre-hook": lambda: hooked("register_forward_pre_hook", 2),
    "backward hook": lambda: hooked("register_full_backward_hook", 0),
    "tanh": sequential(nn.Tanh),
    "softmax inside": lambda: nn.Sequential(nn.Linear(D, 4), nn.Softmax(1), nn.Linear(4, 3)),
    "last stage not affine": lambda: nn.Sequential(nn.Linear(D, 3), nn.ReLU()),
    "no matrix": lambda: nn.Sequential(nn.BatchNorm1d(D)),
    "nothing": lambda: nn.Sequential(nn.Identity()),
    "empty": nn.Sequential,
    "partial Flatten": lambda: nn.Sequential(nn.Flatten(0), nn.Linear(D, 3)),
    "BatchNorm of the batch": lambda: nn.Sequential(
        nn.Linear(D, 4), nn.BatchNorm1d(4, track_running_stats=False), nn.Linear(4, 3)
    ),
}


@pytest.mark.parametrize("build", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_anything_unusual_is_left_to_the_general_reader(build):
    module = build()
    assert chain_of(module, torch.float64) is None
    assert isinstance(reader_of(module), NetworkReader)


def test_a_hook_that_changes_the_output_is_read():
    module, X = plain()
    expected = NetworkReader(module).form(X)
    module[1].register_forward_hook(lambda _module, _args, output: 2 * output)
    form = reader_of(module).form(X)
    torch.testing.assert_close(form.logits, module(X).detach())
    assert not torch.allclose(form.coefficients, expected.coefficients)


def test_reader_of_takes_the_chain_only_where_the_chain_answers_the_question():
    module, _ = plain("Softmax module")
    assert isinstance(reader_of(module), ChainReader)
    assert isinstance(reader_of(module, layer="1"), NetworkReader)
    assert isinstance(reader_of(module, secants=True), NetworkReader)
    assert isinstance(reader_of(module, drop_normalizer=False), NetworkReader)


def test_precision_is_the_modules_own_unless_asked_for():
    module = BY_NAME["mlp"].module(torch.float32)
    assert reader_of(module).dtype == torch.float32
    double = reader_of(module, dtype=torch.float64)
    assert double.form(plain()[1]).coefficients.dtype == torch.float64
    assert residual(double.form(plain()[1])) <= 1e-12
