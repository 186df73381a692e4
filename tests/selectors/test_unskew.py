"""Skewed columns: networks read their logarithms, and what is read of them stays exact."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.neural_network import MLPClassifier
from torch import nn

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
    load,
)
from sklearn_deeplifft.ensembles import _standardized_rows
from sklearn_deeplifft.interventions import (
    integrated_hessians,
    interaction_effects,
    set_to,
)
from sklearn_deeplifft.networks import Standardize
from sklearn_deeplifft.perturbation import _live_units
from sklearn_deeplifft.selectors._reading import Gauge, Reading, ReadingSettings
from sklearn_deeplifft.tables import Rows
from tests.selectors.test_auto_count import quietly

rng = np.random.default_rng(0)
Z = rng.standard_normal((160, 6))
X = np.exp(1.2 * Z)
y = (Z[:, 0] + Z[:, 1] + 0.3 * rng.standard_normal(160) > 0).astype(int)
QUICK = {"n_networks": 3, "max_epochs": 10, "path_steps": 40, "hidden_layer_sizes": (20,)}


def ensemble(**given) -> NetworkEnsembleClassifier:
    return NetworkEnsembleClassifier(random_state=0, **{**QUICK, **given})


def selector(**given) -> DeepLIFFTSelector:
    return DeepLIFFTSelector(ensemble(), step=None, random_state=0, **given)


def fronts(fitted) -> list:
    return [trained.standardize for trained in fitted._networks]


def test_every_network_reads_them_on_a_logarithmic_scale():
    fitted = ensemble().fit(X, y)
    assert all((front.sign == 1).all() for front in fronts(fitted))
    assert fitted.validation_score_ > ensemble(unskew=False).fit(X, y).validation_score_
    straight = ensemble(unskew=False).fit(X, y)
    assert all(front.straight for front in fronts(straight))
    same = ensemble(standardize=False).fit(Z, y)
    assert all(front is None or front.straight for front in fronts(same))


def test_what_is_not_skewed_is_trained_to_the_same_bits():
    one, other = (ensemble(unskew=on).fit(Z, y).predict_proba(Z) for on in (True, False))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("reference", ["mean", "zero"])
def test_terms_add_up_to_the_logits(reference):
    found = selector(reference=reference).fit(X, y)
    given = found.contributions(X[:20])
    logits = np.log(found.estimator_.predict_proba(X[:20]))
    z = given.bias + given.terms.sum(axis=-1)
    np.testing.assert_allclose(
        z - z.mean(axis=1, keepdims=True),
        logits - logits.mean(axis=1, keepdims=True),
        atol=1e-4,
    )


def test_terms_are_measured_from_the_mean_of_the_logarithms():
    found = selector().fit(X, y)
    [front, *_] = fronts(found.estimator_)
    middle = front.raw(torch.zeros(1, 6, dtype=torch.float64)).numpy()
    np.testing.assert_allclose(found.contributions(middle).terms, 0, atol=1e-6)
    assert np.abs(found.contributions(X.mean(axis=0)[None]).terms).max() > 1e-3


@pytest.mark.parametrize("kind", [DeepLIFFTSelector, ImportanceNeuronSelector, GIATransformer])
def test_each_selector_finds_what_is_spread_over_orders_of_magnitude(kind):
    wide = np.hstack([np.exp(3 * Z), np.exp(3 * rng.standard_normal((160, 10)))])
    found = quietly(
        kind(kind.default_estimator("classification", n_networks=6), random_state=0), wide, y
    )
    assert set(np.argsort(found.ranking_)[:2]) == {0, 1}


@pytest.mark.parametrize("layers", [(20,), (20, 10), ()])
def test_effects_are_those_of_whole_passes(layers):
    gia = GIATransformer(
        NetworkEnsembleClassifier(
            n_networks=3, hidden_layer_sizes=layers, gates=None, max_epochs=60
        ),
        interventions=[set_to(0, 2.5), set_to(3, 0.1)],
        scale="logit",
        random_state=0,
    ).fit(X, y)
    expected = []
    for column, value in ((0, 2.5), (3, 0.1)):
        moved = X.copy()
        moved[:, column] = value
        after, before = (np.log(gia.estimator_.predict_proba(rows)) for rows in (moved, X))
        change = after - before
        expected.append((change - change.mean(axis=1, keepdims=True)).mean(axis=0))
    found = gia.effects_
    found = found - found.mean(axis=-1, keepdims=True)
    np.testing.assert_allclose(np.reshape(found, (2, -1)), expected, atol=2e-4)


def ungated(layers, n_networks=2) -> NetworkEnsembleClassifier:
    return NetworkEnsembleClassifier(
        n_networks=n_networks,
        hidden_layer_sizes=layers,
        gates=None,
        max_epochs=30,
        random_state=0,
    )


def centred_logits(fitted, rows) -> np.ndarray:
    z = np.log(fitted.predict_proba(rows))
    return z - z.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("most_live", [0.0, 1.0])
def test_effects_of_many_moves_are_those_of_whole_passes(monkeypatch, most_live):
    """One after another, and by the units of each row that are on, for all moves at once."""
    monkeypatch.setattr(_live_units, "MOST_LIVE", most_live)
    networks = ungated((40, 20)).fit(X, y)
    moves = [(column, value) for column in (0, 1, 3) for value in np.geomspace(0.1, 5, 12)]
    gia = GIATransformer(
        networks, prefit=True, interventions=[set_to(*move) for move in moves], scale="logit"
    ).fit(X, y)
    expected = []
    for column, value in moves:
        moved = X.copy()
        moved[:, column] = value
        change = centred_logits(networks, moved) - centred_logits(networks, X)
        expected.append(change.mean(axis=0))
    np.testing.assert_allclose(gia.effects_.reshape(len(moves), -1), expected, atol=2e-4)


def test_interactions_are_those_of_whole_passes():
    fitted = ungated((20,)).fit(X, y)
    low, high = np.full(6, 0.5), np.full(6, 3.0)
    pairs = [(0, 1), (0, 5), (3, 4)]
    found = interaction_effects(
        fitted, X, pairs=pairs, levels=(low, high), reduce="mean", support=False
    )

    def answer(pair, *values):
        moved = X.copy()
        moved[:, pair] = values
        return centred_logits(fitted, moved).mean(axis=0)

    expected = [
        answer(pair, 3, 3) - answer(pair, 3, 0.5) - answer(pair, 0.5, 3) + answer(pair, 0.5, 0.5)
        for pair in pairs
    ]
    np.testing.assert_allclose(found.score, expected, atol=2e-4)
    # What a row holds beside what another holds: no level is written into it.
    swapped = interaction_effects(fitted, X[:2], pairs=[(0, 1)], reduce="mean", support=False)
    donors = X[[1, 0]]
    parts = []
    for own, from_ in ((0, 0), (1, 0), (0, 1), (1, 1)):
        moved = X[:2].copy()
        for column, taken in enumerate((own, from_)):
            if taken:
                moved[:, column] = donors[:, column]
        parts.append(centred_logits(fitted, moved))
    expected = (parts[3] - parts[1] - parts[2] + parts[0]).mean(axis=0)
    np.testing.assert_allclose(swapped.score[0], expected, atol=2e-4)


def test_integrated_hessians_add_up_to_the_answers():
    fitted = ungated((20,)).fit(X, y)
    found = integrated_hessians(fitted, X[:9], "mean", reduce=None)
    change = centred_logits(fitted, X[:9]) - centred_logits(fitted, X[:9].mean(axis=0)[None])
    np.testing.assert_allclose(found.score.sum(axis=(-1, -2)), change, atol=1e-5)


def test_slopes_are_per_deviation_of_the_logarithms():
    """Of a network without a hidden layer they are its weights, on any rows."""
    fitted = ungated((), n_networks=1).fit(X, y)
    [linear] = (m for m in fitted._networks[0].core.modules() if isinstance(m, nn.Linear))
    W = linear.weight.detach().numpy()
    for rows, label in ((X, y), (3 * X[:50], y[:50])):
        found = DeepLIFFTSelector(fitted, prefit=True, random_state=0).fit(rows, label)
        np.testing.assert_allclose(found.class_slopes_, W - W.mean(axis=0), rtol=1e-5)


def test_moments_as_read_are_those_of_what_networks_read():
    data = ensemble()._fit_data(np.hstack([X, 3 + 2 * Z]), y, None)
    read = Standardize.of(data.moments).exact(torch.from_numpy(data.rows.take(data.index)))
    np.testing.assert_allclose(read.mean(0), data.mean_as_read, atol=1e-12)
    np.testing.assert_allclose(read.std(0, correction=0), data.std_as_read, rtol=1e-12)


def test_compositions_stay_as_they_are():
    parts = np.exp(1.5 * rng.standard_normal((160, 3)))
    table = np.hstack([X[:, :2], parts / parts.sum(axis=1, keepdims=True)])
    found = selector(simplex_groups=[[2, 3, 4]]).fit(table, y)
    for front in fronts(found.estimator_):
        assert front.sign.tolist() == [1, 1, 0, 0, 0]
    fitted = ensemble().fit(table, y)
    with pytest.raises(ValueError, match=r"logarithmic scale.*unskew=False"):
        DeepLIFFTSelector(fitted, prefit=True, simplex_groups=[[2, 3, 4]]).fit(table, y)


def test_null_columns_beside_skewed_ones():
    one = DeepLIFFTSelector(ensemble(n_networks=6), n_features_to_select="auto", random_state=0)
    found = quietly(one, X, y)
    assert ((found.q_values_ >= 0) & (found.q_values_ <= 1)).all()
    for trained in found.estimator_._networks:
        front, own = trained.as_trained.standardize, trained.as_trained.null_columns
        assert own.knockoff_map is not None
        # Null columns are made of what the network reads, and have its mean and deviation.
        rows = np.arange(160)
        inputs = _reading(trained.as_trained).inputs(rows)
        null = inputs[:, 6:].double()
        assert len(front.sign) == 12
        np.testing.assert_allclose(null.mean(0), 0, atol=0.3)
        np.testing.assert_allclose(null.std(0), 1, atol=0.4)


def _reading(trained):
    gauge = Gauge(X.mean(axis=0), X.std(axis=0), np.zeros(6, dtype=bool))
    return Reading(trained, ReadingSettings("mean"), Rows(X), gauge, np.arange(6))


def words(n: int = 300, d: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Counts of words, most of them zero and some large; the first two tell the class."""
    draws = np.random.default_rng(5)
    counts = 1 + draws.poisson(draws.gamma(0.5, 8.0, size=(n, d)))
    found = counts * (draws.random((n, d)) < 0.3)
    return found.astype(float), ((found[:, 0] > 0) | (found[:, 1] > 0)).astype(int)


def test_words_of_a_sparse_table_are_read_on_a_logarithmic_scale():
    """Their terms add up to the logits, and a dense table is read alike."""
    counts, topic = words()
    found = selector().fit(sp.csr_array(counts), topic)
    dense = selector().fit(counts, topic)
    for one, rows in ((found, sp.csr_array(counts[:20])), (dense, counts[:20])):
        assert one.estimator_.unskewed_.all()
        given = one.contributions(rows)
        z = given.bias + given.terms.sum(axis=-1)
        logits = np.log(one.estimator_.predict_proba(rows))
        np.testing.assert_allclose(
            z - z.mean(axis=1, keepdims=True),
            logits - logits.mean(axis=1, keepdims=True),
            atol=1e-4,
        )
    np.testing.assert_array_equal(dense.feature_importances_, found.feature_importances_)
    np.testing.assert_array_equal(dense.class_slopes_, found.class_slopes_)
    assert set(np.argsort(found.ranking_)[:2]) == {0, 1}


def test_moments_of_a_sparse_table_as_read():
    counts, topic = words()
    counts[:, :4] = counts[:, :4] > 0
    data = ensemble()._fit_data(sp.csr_array(counts), topic, None)
    assert data.moments.bent.tolist() == [False] * 4 + [True] * 8
    read = Standardize.of(data.moments).exact(torch.from_numpy(counts[np.sort(data.index)]))
    weight = data.training_weight[np.sort(data.index)]
    mean = np.average(read, axis=0, weights=weight)
    std = np.sqrt(np.average((read.numpy() - mean) ** 2, axis=0, weights=weight))
    np.testing.assert_allclose(data.mean_as_read, mean, atol=1e-12)
    np.testing.assert_allclose(data.std_as_read, std, rtol=1e-12)


def test_effects_on_words_are_those_of_whole_passes():
    counts, topic = words()
    moves = [(0, 0.0), (0, 9.0), (5, 2.0)]
    gia = GIATransformer(
        ungated((20,)), interventions=[set_to(*move) for move in moves], scale="logit"
    ).fit(sp.csr_array(counts), topic)
    expected = []
    for column, value in moves:
        moved = counts.copy()
        moved[:, column] = value
        expected.append(
            (centred_logits(gia.estimator_, moved) - centred_logits(gia.estimator_, counts)).mean(0)
        )
    np.testing.assert_allclose(gia.effects_.reshape(3, -1), expected, atol=2e-4)


def test_null_columns_beside_words():
    counts, topic = words()
    one = DeepLIFFTSelector(ensemble(n_networks=12), n_features_to_select="auto", random_state=0)
    found = [quietly(one, table, topic).q_values_ for table in (sp.csr_array(counts), counts)]
    np.testing.assert_allclose(*found)
    assert (found[0][:2] < 0.1).all()


class Module(nn.Module):
    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(n_features, 16), nn.ReLU(), nn.Linear(16, n_outputs))

    def forward(self, x):
        return self.layers(x)


def test_before_a_module_of_the_users_own():
    fitted = NetworkEnsembleClassifier(Module, n_networks=2, random_state=0).fit(X, y)
    assert not any(front.straight for front in fronts(fitted))


def test_in_a_regression():
    target = Z[:, 0] - Z[:, 1]
    scores = [
        NetworkEnsembleRegressor(random_state=0, unskew=on, **QUICK)
        .fit(X, target)
        .out_of_fold_score_
        for on in (True, False)
    ]
    assert scores[0] > scores[1]


def test_it_is_kept_in_files(tmp_path):
    found = selector().fit(X, y)
    found.save(tmp_path / "selector")
    for other in (load(tmp_path / "selector"), pickle.loads(pickle.dumps(found))):
        np.testing.assert_array_equal(
            other.contributions(X[:5]).terms, found.contributions(X[:5]).terms
        )
        np.testing.assert_array_equal(
            other.estimator_.predict_proba(X), found.estimator_.predict_proba(X)
        )


def test_before_scikit_learns_perceptron(tmp_path):
    mlp = MLPClassifier((20,), learning_rate_init=0.02, tol=1e-3, random_state=0)
    fitted = NetworkEnsembleClassifier(mlp, n_networks=1, random_state=0).fit(X, y)
    assert not any(front.straight for front in fronts(fitted))
    steps = [name for name, _ in fitted.estimators_[0].steps]
    assert steps == ["functiontransformer", "standardscaler", "mlpclassifier"]
    own = fitted.estimators_[0].predict_proba(X)
    np.testing.assert_allclose(fitted.predict_proba(X), own, atol=1e-6)
    found = DeepLIFFTSelector(fitted, prefit=True).fit(X, y)
    found.save(tmp_path / "selector")
    np.testing.assert_array_equal(
        load(tmp_path / "selector").contributions(X[:5]).terms, found.contributions(X[:5]).terms
    )


def test_scikit_learns_perceptron_reads_sparse_columns_as_they_are(tmp_path):
    """It would have to centre what is on a logarithmic scale, and fill the table."""
    counts, topic = words()
    mlp = MLPClassifier((20,), learning_rate_init=0.02, tol=1e-3, random_state=0)
    fitted = NetworkEnsembleClassifier(mlp, n_networks=1, random_state=0)
    fitted.fit(sp.csr_array(counts), topic)
    assert all(front.straight for front in fronts(fitted))
    own = fitted.estimators_[0].predict_proba(sp.csr_array(counts))
    np.testing.assert_allclose(fitted.predict_proba(sp.csr_array(counts)), own, atol=1e-6)


def test_it_is_said():
    found = selector().fit(np.hstack([X[:, :2], Z[:, 2:]]), y)
    assert found.estimator_.unskewed_.tolist() == [True, True, False, False, False, False]
    assert "2 of 6 columns are skewed, and read on a logarithmic scale." in " ".join(
        found.summary(width=300).split()
    )
    assert "logarithmic" not in selector().fit(Z, y).summary()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_where_rows_lie_changes_no_bit(dtype, tmp_path, monkeypatch):
    table = np.exp(rng.standard_normal((203, 37))).astype(dtype)
    label = table[:, 0] > 1
    np.save(tmp_path / "x.npy", table)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    found = [selector().fit(part, label) for part in (table, mapped)]
    found.append(DeepLIFFTSelector(ensemble(n_jobs=2), step=None, random_state=0).fit(table, label))
    monkeypatch.setattr(_standardized_rows, "TABLE_BYTES", 0)
    found.append(selector().fit(table, label))
    for other in found[1:]:
        np.testing.assert_array_equal(other.feature_importances_, found[0].feature_importances_)
        np.testing.assert_array_equal(
            other.estimator_.predict_proba(table), found[0].estimator_.predict_proba(table)
        )


def test_weights_are_repetitions():
    weight = rng.integers(0, 3, size=160)
    one = selector().fit(X, y, sample_weight=weight)
    other = selector().fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(one.feature_importances_, other.feature_importances_, rtol=1e-4)
