import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sklearn_deeplifft.attribution import NetworkReader, reader_of, relative_residual
from tests import oracles as o
from tests.attribution._architectures import (
    ARCHITECTURES,
    BY_NAME,
    D,
    Headed,
    K,
    Net,
    every_architecture,
    plain,
    weights,
)
from tests.attribution._comparisons import (
    assert_form_is,
    assert_forms_equal,
    residual,
    stacked,
)

RETURN_LOGITS = [
    a for a in ARCHITECTURES if "softmax" not in a.name.lower() and "igmoid" not in a.name
]


def logits_of(module):
    """The bare module in evaluation mode, from numpy to numpy."""

    def f(rows):
        with torch.no_grad():
            return module(torch.tensor(rows)).reshape(len(rows), -1).numpy()

    return f


@every_architecture
def test_agrees_with_the_oracle(architecture):
    form = NetworkReader(architecture.module()).form(architecture.rows())
    assert_form_is(form, architecture.forms())
    np.testing.assert_array_equal(form.displacement, architecture.rows().flatten(1))
    assert form.rows is None


@pytest.mark.parametrize(
    "architecture",
    [pytest.param(a, id=a.name) for a in ARCHITECTURES],
)
def test_whatever_reader_is_chosen_agrees_with_the_oracle(architecture):
    assert_form_is(reader_of(architecture.module()).form(architecture.rows()), architecture.forms())


@pytest.mark.parametrize("architecture", RETURN_LOGITS, ids=lambda a: a.name)
def test_oracle_agrees_with_differences_of_the_bare_module(architecture):
    module, x = architecture.module(), architecture.rows()[0].numpy()
    f = logits_of(module)
    c = o.oracle_jacobian_by_differences(lambda rows: f(rows.reshape(-1, *architecture.shape)), x)
    np.testing.assert_allclose(architecture.forms()[0].c, c, rtol=0, atol=1e-9)
    np.testing.assert_allclose(architecture.forms()[0].z, f(x[None])[0], rtol=0, atol=1e-12)


@every_architecture
def test_rows_of_the_table_lie_in_different_cells(architecture):
    cells = {form.c.round(9).tobytes() for form in architecture.forms()}
    assert (len(cells) > 1) == architecture.kinks


def test_an_explicit_list_of_layers_gives_the_form_of_a_relu_network():
    module, X = plain()
    layers = [(*weights(m), o.relu) for m in module if isinstance(m, nn.Linear)]
    layers[-1] = (*layers[-1][:2], o.identity)
    expected = [o.oracle_linear_form(layers, x) for x in X.numpy()]
    assert_form_is(NetworkReader(module).form(X), expected)


@every_architecture
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_residual_of_the_decomposition(architecture, dtype, bound):
    form = NetworkReader(architecture.module(dtype)).form(architecture.rows())
    assert form.logits.dtype == form.coefficients.dtype == form.bias.dtype == dtype
    assert residual(form) <= bound


@every_architecture
def test_single_precision_reads_nearly_the_same(architecture):
    single = NetworkReader(architecture.module(torch.float32)).form(architecture.rows())
    z, c, b = stacked(architecture.forms())
    np.testing.assert_allclose(single.logits, z, rtol=0, atol=1e-4 * np.abs(z).max())
    np.testing.assert_allclose(single.coefficients, c, rtol=0, atol=1e-4 * np.abs(c).max())
    np.testing.assert_allclose(single.bias, b, rtol=0, atol=1e-4 * np.abs(z).max())


def test_single_precision_module_can_be_read_in_double():
    module = BY_NAME["residual sums"].module(torch.float32)
    X = BY_NAME["residual sums"].rows()
    form = NetworkReader(module, dtype=torch.float64).form(X.float())
    assert form.coefficients.dtype == torch.float64
    assert residual(form) <= 1e-12
    assert next(module.parameters()).dtype == torch.float32


@pytest.mark.slow
@every_architecture
def test_batches_and_subsets_change_nothing(architecture):
    reader, X = NetworkReader(architecture.module()), architecture.rows()
    whole = reader.form(X)
    for rows in ([4], [8, 1, 5, 3, 0, 2, 7], list(range(len(X)))):
        part = reader.form(X[rows])
        for got, expected in zip(part[:4], whole[:4], strict=True):
            torch.testing.assert_close(got, expected[rows], rtol=0, atol=1e-12)


def test_two_readings_are_equal_to_the_last_bit():
    module, X = plain("residual sums")
    first, second = NetworkReader(module).form(X), NetworkReader(module).form(X)
    assert all(torch.equal(a, b) for a, b in zip(first[:4], second[:4], strict=True))


def test_permuted_columns_permute_the_coefficients():
    module, X = plain("residual sums")
    order = torch.tensor([3, 0, 5, 1, 4, 2])

    class Permuted(nn.Module):
        def __init__(self):
            super().__init__()
            self.core = module

        def forward(self, x):
            return self.core(x[:, torch.argsort(order)])

    form, permuted = NetworkReader(module).form(X), NetworkReader(Permuted()).form(X[:, order])
    torch.testing.assert_close(permuted.coefficients, form.coefficients[:, :, order])
    torch.testing.assert_close(permuted.bias, form.bias)


@every_architecture
def test_reference_moves_mass_to_the_bias_alone(architecture):
    reader, X = NetworkReader(architecture.module()), architecture.rows()
    r = torch.linspace(-1, 2, architecture.n_inputs, dtype=torch.float64).view(architecture.shape)
    form = reader.form(X, r)
    expected = []
    for f, x in zip(architecture.forms(), X.numpy(), strict=True):
        expected.append(o.Form(f.z, f.c, o.oracle_terms(f, x, r.flatten().numpy())[1]))
    assert_form_is(form, expected)
    np.testing.assert_array_equal(form.displacement, (X - r).flatten(1))
    assert residual(form) <= 1e-10


def test_selected_rows_are_those_of_the_whole():
    module, X = plain("residual sums")
    reader = NetworkReader(module)
    whole = reader.form(X)
    part = reader.form(X, select=lambda z: z.argmax(1).bincount().argmax()[None] + 2)
    assert part.rows is not None
    assert len(part.logits) == 1
    for got, expected in zip(part[:4], whole[:4], strict=True):
        torch.testing.assert_close(got, expected[part.rows])


def test_outputs_may_be_mapped_before_they_are_kept():
    module, X = plain("residual sums")
    reader = NetworkReader(module)
    whole = reader.form(X)
    seen = []

    def first_less_last(values, rows):
        seen.append(rows)
        return values[:, :1] - values[:, -1:]

    mapped = reader.form(X, outputs=first_less_last)
    for got, expected in zip(mapped[:3], whole[:3], strict=True):
        torch.testing.assert_close(got, expected[:, :1] - expected[:, -1:])
    assert seen == [None, None, None]


def test_one_column_one_output_one_row():
    module = nn.Linear(1, 1).double()
    form = NetworkReader(module).form(torch.tensor([[2.0]]))
    assert form.coefficients.shape == (1, 1, 1)
    assert form.coefficients.item() == module.weight.item()
    assert form.bias.item() == pytest.approx(module.bias.item(), abs=1e-15)


def test_zero_rows_give_empty_forms():
    module, X = plain("residual sums")
    form = NetworkReader(module).form(X[:0])
    assert [part.shape for part in form[:4]] == [(0, K), (0, K, D), (0, K), (0, D)]


def test_zero_rows_with_a_reference_give_empty_forms():
    module, X = plain("residual sums")
    form = NetworkReader(module).form(X[:0], X[0])
    assert [part.shape for part in form[:4]] == [(0, K), (0, K, D), (0, K), (0, D)]


def test_integer_rows_are_read():
    module, _ = plain("residual sums")
    X = torch.arange(3 * D).reshape(3, D)
    assert_forms_equal(NetworkReader(module).form(X), NetworkReader(module).form(X.double()))


def test_output_that_ignores_the_input_has_zero_coefficients():
    class Constant(nn.Module):
        def __init__(self):
            super().__init__()
            self.value = nn.Parameter(torch.tensor([1.0, -2.0]))

        def forward(self, x):
            return self.value.expand(len(x), 2)

    form = NetworkReader(Constant()).form(torch.ones(3, D))
    assert not form.coefficients.any()
    assert form.bias.tolist() == [[1.0, -2.0]] * 3


def test_output_that_ignores_some_columns_has_zeros_there():
    class Partial(nn.Module):
        def forward(self, x):
            return torch.stack([2 * x[:, 0], torch.ones(len(x), dtype=x.dtype)], dim=1)

    form = NetworkReader(Partial(), dtype=torch.float64).form(torch.ones(2, 3))
    assert form.coefficients.tolist() == [[[2, 0, 0], [0, 0, 0]]] * 2


# A final normaliser


@pytest.mark.parametrize(
    "head",
    [nn.Softmax(dim=1), nn.LogSoftmax(dim=-1), lambda z: torch.softmax(z, 1), F.sigmoid],
    ids=["Softmax", "LogSoftmax", "inline softmax", "inline sigmoid"],
)
def test_final_normalizer_is_dropped(head):
    module, X = plain("residual sums")
    with_head = NetworkReader(Headed(module, head)).form(X)
    assert_forms_equal(with_head, NetworkReader(module).form(X), atol=0)


def test_a_normalizer_may_be_kept():
    module, X = plain("residual sums")
    reader = NetworkReader(Headed(module, nn.Softmax(dim=1)), drop_normalizer=False)
    torch.testing.assert_close(reader.logits(X), torch.softmax(NetworkReader(module).logits(X), 1))


def test_a_normalizer_that_is_not_last_stays():
    module, X = plain("residual sums")
    inside = NetworkReader(Headed(module, lambda z: 3 * torch.softmax(z, 1)))
    torch.testing.assert_close(inside.logits(X), 3 * NetworkReader(module).logits(X).softmax(1))


# Hidden layers


def hidden_net():
    torch.manual_seed(3)
    tail = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(8, 7), nn.ReLU(), nn.Linear(7, K))
    return nn.Sequential(nn.Linear(D, 8), tail).double(), tail.double()


@pytest.mark.parametrize("reference", [None, torch.linspace(0, 1, 8, dtype=torch.float64)])
def test_hidden_layer_equals_decomposing_the_tail(reference):
    module, tail = hidden_net()
    X = torch.as_tensor(np.random.default_rng(5).standard_normal((9, D)))
    reader = NetworkReader(module, layer="0")
    H = module[0](X).detach()
    assert_forms_equal(reader.form(X, reference), NetworkReader(tail).form(H, reference))
    torch.testing.assert_close(reader.hidden(X), H)
    torch.testing.assert_close(reader.logits(X), NetworkReader(module).logits(X))


def test_hidden_layer_agrees_with_the_oracle():
    module, tail = hidden_net()
    X = torch.as_tensor(np.random.default_rng(6).standard_normal((5, D)))
    expected = []
    for h in module[0](X).detach().numpy():
        cell = o.affine(o.relu(o.enter(h)), *weights(tail[1]))
        expected.append(o.leave(o.affine(o.relu(cell), *weights(tail[3])), h))
    assert_form_is(NetworkReader(module, layer="0").form(X), expected)


def test_hidden_layer_of_several_axes_is_flattened():
    architecture = BY_NAME["Conv1d + MaxPool1d"]
    form = NetworkReader(architecture.module(), layer="2").form(architecture.rows())
    assert form.coefficients.shape == (9, K, 15)
    assert residual(form) <= 1e-12


def test_the_last_layer_decomposes_into_itself():
    module, X = plain()
    form = NetworkReader(module, layer="4").form(X)
    assert torch.equal(form.coefficients, torch.eye(K, dtype=X.dtype).expand(9, K, K))
    torch.testing.assert_close(form.bias, torch.zeros_like(form.bias), rtol=0, atol=1e-15)


def test_without_a_layer_the_input_is_what_coefficients_multiply():
    module, X = plain("Conv1d + MaxPool1d")
    assert torch.equal(NetworkReader(module).hidden(X), X.flatten(1))


def test_unknown_layer_is_refused_with_the_names_there_are():
    module, _ = plain()
    with pytest.raises(ValueError, match=r"layer='9' is not a submodule.*'0', '1', '2', '3', '4'"):
        NetworkReader(module, layer="9")


def test_the_root_is_no_layer():
    with pytest.raises(ValueError, match="layer='' is not a submodule"):
        NetworkReader(plain()[0], layer="")


@pytest.mark.parametrize(("name", "count"), [("nonlin", 2), ("unused", 0)])
def test_layer_must_be_called_once(name, count):
    module = Net(nn.ReLU()).double()
    module.unused = nn.Linear(2, 2)
    with pytest.raises(ValueError, match=rf"layer='{name}' was called {count} times"):
        NetworkReader(module, layer=name).form(torch.ones(2, D))


def test_layer_must_return_a_tensor():
    class Pair(nn.Module):
        def forward(self, x):
            return x, x

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.pair = Pair()

        def forward(self, x):
            return self.pair(x)[0]

    with pytest.raises(TypeError, match=r"layer='pair' returns tuple; only layers that return one"):
        NetworkReader(Outer(), layer="pair").form(torch.ones(2, D))


# What a module may return


def test_module_must_return_a_tensor():
    reader = NetworkReader(Headed(plain()[0], lambda z: {"logits": z}))
    with pytest.raises(TypeError, match="the module returned dict; a decomposition needs one"):
        reader.form(plain()[1])


def test_module_must_return_a_matrix():
    reader = NetworkReader(Headed(plain()[0], lambda z: z[:, :, None]))
    with pytest.raises(ValueError, match=r"returned shape \(9, 4, 1\); logits must have shape"):
        reader.logits(plain()[1])


# The residual


def test_residual_is_relative_to_the_largest_part_of_its_row():
    z = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    b = torch.tensor([[-99.0, 0.0], [0.0, 0.0]])
    explained = torch.tensor([[100.0, 0.0], [0.0, 0.0]])
    assert relative_residual(z, b, explained) == 0
    assert relative_residual(z + 1, b, explained) == pytest.approx(1.0)
    z[0, 1] = 5
    assert relative_residual(z, b, explained) == pytest.approx(0.05)
    assert relative_residual(z[:0], b[:0], explained[:0]) == 0


def test_residual_shows_a_gradient_that_autograd_does_not_see():
    class Frozen(Net):
        def forward(self, x):
            with torch.no_grad():
                h = self.dense0(x).relu()
            return self.output(self.dense1(h))

    form = NetworkReader(Frozen(None).double()).form(plain()[1])
    assert residual(form) > 0.1
