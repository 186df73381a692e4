"""Networks of the user's own, and pipelines around them: right numbers, or refused by name."""

import numpy as np
import pandas as pd
import pytest
import skorch
import torch
import torch.nn.functional as F
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn

from sklearn_deeplifft.interventions import (
    add,
    intervention_effects,
    pairwise_epistasis,
    remove,
    set_to,
    swap,
)
from sklearn_deeplifft.networks import known_classes
from tests.attribution.test_ambient_state import AMBIENT
from tests.attribution.test_normalizers import BY_HAND, ONE, SEVERAL, TWO_SIDES
from tests.conftest import relu_network
from tests.interventions._functions import counts

D = 6
MOVES = [add(0, 1), remove(2), set_to([1, 3], [1, 2])]


class Headed(nn.Module):
    def __init__(self, core, head):
        super().__init__()
        self.core, self.head = core, head

    def forward(self, x):
        return self.head(self.core(x))


def core(n_outputs, dtype=torch.float64):
    return relu_network(D, 8, n_outputs, dtype=dtype)


def effects(net, X=None, moves=MOVES, **options):
    X = counts(40, D) if X is None else X
    options = {"task": "classification", "support": False} | options
    return intervention_effects(net, X, moves, **options).effects


# Probabilities


@pytest.mark.parametrize("scale", ["logit", "proba"])
@pytest.mark.parametrize("head", ONE.values(), ids=ONE.keys())
def test_one_probability_has_the_effects_of_its_logit(head, scale):
    expected = effects(core(1), scale=scale)
    np.testing.assert_allclose(effects(Headed(core(1), head), scale=scale), expected, atol=1e-6)


@pytest.mark.parametrize("head", SEVERAL.values(), ids=SEVERAL.keys())
@pytest.mark.parametrize("task", ["classification", "multilabel"])
def test_several_probabilities_have_the_effects_of_their_logits(head, task):
    expected = effects(core(4), task=task)
    np.testing.assert_allclose(effects(Headed(core(4), head), task=task), expected, atol=1e-6)


@pytest.mark.parametrize("join", TWO_SIDES.values(), ids=TWO_SIDES.keys())
def test_both_sides_of_a_sigmoid_have_the_effects_of_one_logit(join):
    net = Headed(core(1), lambda z: join(torch.sigmoid(z)))
    np.testing.assert_allclose(effects(net), effects(core(1)), atol=1e-6)


def test_a_regression_keeps_a_squeezed_sigmoid():
    net, X = Headed(core(1), lambda z: torch.sigmoid(z).squeeze(1)), counts(40, D)
    moved = X.copy()
    moved[:, 0] += 1
    with torch.no_grad():
        expected = (net(torch.tensor(moved)) - net(torch.tensor(X))).mean().item()
    assert effects(net, X, add(0, 1), task="regression")[0, 0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("width", "head"), BY_HAND.values(), ids=BY_HAND.keys())
def test_probabilities_made_by_hand_are_refused(width, head):
    task = "multilabel" if width == 3 else "classification"
    with pytest.raises(ValueError, match="look like probabilities"):
        effects(Headed(core(width), head), task=task)
    found = effects(Headed(core(width), head), task="regression")
    assert np.isfinite(found).all()


# Random and mixed


def test_a_random_network_is_refused():
    net = Headed(core(8), lambda h: F.dropout(h, 0.3)[:, :3])
    with pytest.raises(ValueError, match=r"random in evaluation mode.*training=self.training"):
        effects(net)
    with pytest.raises(ValueError, match=r"random in evaluation mode"):
        pairwise_epistasis(net, counts(40, D), [add(0, 1), add(1, 1)])


def test_rows_that_a_network_is_tried_on_are_spread_over_the_background():
    """Of a table sorted by the column that decides the first rows show nothing."""
    net = Headed(core(3), lambda z: torch.where(z[:, :1] > 0, F.dropout(z, 0.5), z))
    X = counts(200, D)
    with torch.no_grad():
        X = X[core(3)(torch.tensor(X))[:, 0].argsort().numpy()]
        assert core(3)(torch.tensor(X[:8]))[:, 0].max() < 0
    for rows in (X, X[::-1].copy()):
        with pytest.raises(ValueError, match=r"random in evaluation mode"):
            intervention_effects(net, rows, MOVES, support=False)
        with pytest.raises(ValueError, match=r"random in evaluation mode"):
            pairwise_epistasis(net, rows, [add(0, 1), add(1, 1)])


@pytest.mark.parametrize(
    ("net", "why"),
    [
        pytest.param(
            nn.Sequential(core(3), nn.BatchNorm1d(3, track_running_stats=False).double()),
            r"'1' \(BatchNorm1d\)",
            id="BatchNorm",
        ),
        pytest.param(Headed(core(3), lambda z: z.softmax(0)), "over the rows", id="softmax"),
        pytest.param(Headed(core(3), lambda z: z - z.mean(0)), "over the rows", id="centred"),
    ],
)
def test_rows_that_mix_are_refused(net, why):
    with pytest.raises(ValueError, match=rf"rest of its batch.*{why}"):
        effects(net)


# Steps


class Table(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.top = nn.Embedding(4, 3), core(3, torch.float32)

    def forward(self, x):
        return self.top(torch.cat([self.table(x[:, 0].long()), x[:, 3:]], 1))


def test_a_table_is_read_as_it_is():
    torch.manual_seed(0)
    net, X = Table(), counts(40, D).clip(0, 3)
    moved = X.copy()
    moved[:, 0] = 2
    with torch.no_grad():
        z, before = (net(torch.tensor(rows).float()).double() for rows in (moved, X))
    change = (z - before).numpy()
    expected = (change - change.mean(1, keepdims=True)).mean(0)
    np.testing.assert_allclose(effects(net, X, set_to(0, 2))[0], expected, atol=1e-6)


def test_a_step_off_the_table_is_explained():
    torch.manual_seed(0)
    with pytest.raises(ValueError, match=r"looks values up in a table \(nn.Embedding 'table'\)"):
        effects(Table(), counts(40, D).clip(0, 3), add(0, 1))


# Precision, memory and structure


class OwnPrecision(nn.Module):
    """Casts what comes in, and keeps a tensor that is no buffer."""

    def __init__(self):
        super().__init__()
        self.scale = torch.linspace(1, 2, D)
        self.core = core(3, torch.float32)

    def forward(self, x):
        return self.core(x.float() * self.scale)


def test_a_network_of_its_own_precision_is_read_in_any():
    single = effects(OwnPrecision())
    np.testing.assert_allclose(effects(OwnPrecision(), dtype="float64"), single, atol=1e-5)
    assert effects(OwnPrecision(), dtype="float64").any()


def test_a_pipeline_that_ends_in_a_network_of_single_precision():
    X = counts(80, D)
    y = (X[:, 0] > X[:, 1]).astype(np.int64)
    net = skorch.NeuralNetClassifier(
        lambda: nn.Sequential(core(2, torch.float32), nn.Softmax(1)),
        max_epochs=2,
        verbose=0,
        train_split=None,
        callbacks__print_log=None,
    )
    pipe = make_pipeline(StandardScaler(), net).fit(X.astype(np.float32), y)
    moved = X.copy()
    moved[:, 0] += 1
    z = [np.log(pipe.predict_proba(rows.astype(np.float32))) for rows in (moved, X)]
    change = z[0] - z[1]
    expected = (change - change.mean(1, keepdims=True)).mean(0)
    np.testing.assert_allclose(effects(pipe, X, add(0, 1))[0], expected, atol=1e-6)


@pytest.fixture
def mixed():
    rng = np.random.RandomState(0)
    X = pd.DataFrame({"colour": rng.choice(["red", "blue", "green"], 60), "size": rng.rand(60)})
    y = 2 * X["size"] + X["colour"].map({"red": 1.0, "blue": 3.0, "green": 10.0})
    front = make_column_transformer((OneHotEncoder(), ["colour"]), remainder="passthrough")
    return make_pipeline(front, LinearRegression()).fit(X, y), X, y


def test_a_pipeline_that_takes_text(mixed):
    pipe, X, _ = mixed
    found = intervention_effects(pipe, X, [add("size", 1), swap("colour"), remove("size")])
    assert found.effects[0, 0] == pytest.approx(2.0)
    assert found.effects[1, 0] == pytest.approx(0.0, abs=1e-9)  # donors are the same colours
    assert found.standard_errors[1, 0] > 0.1
    assert found.effects[2, 0] == pytest.approx(-2 * X["size"].mean())
    assert np.isnan(found.off_manifold).tolist() == [False, True, False]
    assert all(not partners for partners in found.partners)
    some = intervention_effects(pipe, X, add("size", 1), background=X[X["colour"] == "red"])
    assert some.effects[0, 0] == pytest.approx(2.0)
    pair = pairwise_epistasis(pipe, X, [add("size", 1), swap("colour")])
    assert pair.epistasis[0, 0] == pytest.approx(0.0, abs=1e-9)


def test_text_that_cannot_be_moved_is_refused(mixed):
    pipe, X, y = mixed
    with pytest.raises(ValueError, match=r"writes numbers into column 'colour', which holds text"):
        intervention_effects(pipe, X, set_to("colour", 1))
    strange = X.head(3).assign(colour="purple")
    with pytest.raises(ValueError, match=r"'colour' of background holds 'purple'"):
        intervention_effects(pipe, X, add("size", 1), background=strange)
    missing = X.assign(colour=X["colour"].where(X.index > 0))
    with pytest.raises(ValueError, match=r"'colour' of X holds .*is missing"):
        intervention_effects(pipe, missing, add("size", 1))
    with pytest.raises(ValueError, match=r"networks take numbers"):
        intervention_effects(relu_network(2, 3, 2), X, add("size", 1))
    assert len(y) == len(X)


@pytest.mark.parametrize("net", [core(3), Headed(core(3), torch.tanh)], ids=["chain", "whole"])
def test_backwards_and_read_only_rows(net):
    X = counts(40, D)
    expected = effects(net, X)
    frozen = X.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(effects(net, frozen), expected)
    np.testing.assert_allclose(effects(net, X[::-1]), expected, atol=1e-12)
    np.testing.assert_allclose(effects(net, X, background=X[::-1]), expected, atol=1e-12)
    flipped = np.ascontiguousarray(X[:, ::-1])[:, ::-1]
    np.testing.assert_array_equal(effects(net, flipped), expected)
    assert known_classes(net, X[::-1][:2], np.array([0, 1])).tolist() == [0, 1, 2]


def old_weight_norm(layer):
    with pytest.warns(FutureWarning, match="weight_norm"):
        return nn.utils.weight_norm(layer)


@pytest.mark.parametrize(
    "norm",
    [old_weight_norm, nn.utils.parametrizations.weight_norm, nn.utils.parametrizations.orthogonal],
    ids=["weight_norm", "parametrised", "orthogonal"],
)
def test_modules_that_cannot_be_copied(norm):
    torch.manual_seed(0)
    net = nn.Sequential(norm(nn.Linear(D, 8)), nn.ReLU(), nn.Linear(8, 3)).eval()
    X = counts(40, D)
    before = dict(vars(net[0]))
    twin = relu_network(D, 8, 3, dtype=torch.float32)
    with torch.no_grad():
        twin[0].weight.copy_(net[0].weight)
        twin[0].bias.copy_(net[0].bias)
        twin[2].load_state_dict(net[2].state_dict())
    np.testing.assert_allclose(effects(net, X), effects(twin, X), atol=1e-6)
    assert known_classes(net, X[:2], np.array([0, 1])).tolist() == [0, 1, 2]
    assert vars(net[0]).keys() == before.keys()
    assert all(vars(net[0])[name] is before[name] for name in before)


def test_a_predictor_that_fails_for_another_reason_says_so():
    class Broken(LogisticRegression):
        def predict_proba(self, X):
            raise RuntimeError("no such thing")

    X = counts(40, 3)
    fitted = Broken().fit(X, X[:, 0] > 1)
    with pytest.raises(RuntimeError, match="no such thing"):
        effects(fitted, X, add(0, 1))


@pytest.mark.parametrize("state", AMBIENT.values(), ids=AMBIENT.keys())
@pytest.mark.parametrize("net", [core(3, torch.float32), OwnPrecision()], ids=["chain", "whole"])
def test_effects_have_the_same_bits_in_every_state(net, state):
    X, moves = counts(40, D), [*MOVES, *(add(j, 0.1 * i + 0.1) for i in range(8) for j in range(D))]
    expected = intervention_effects(net, X, moves)
    pairs = pairwise_epistasis(net, X, moves[:3])
    with state():
        found = intervention_effects(net, X, moves)
        beside = pairwise_epistasis(net, X, moves[:3])
    np.testing.assert_array_equal(found.effects, expected.effects)
    np.testing.assert_array_equal(found.quantiles, expected.quantiles)
    np.testing.assert_array_equal(found.off_manifold, expected.off_manifold)
    np.testing.assert_array_equal(beside.epistasis, pairs.epistasis)
    np.testing.assert_array_equal(beside.standard_errors, pairs.standard_errors)
