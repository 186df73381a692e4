"""The comparison of default ensembles: its truth, its intervals, and its quick form."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from benchmarks.common.intervals import held
from benchmarks.defaults import effects, lists
from benchmarks.defaults.__main__ import main
from benchmarks.defaults.ensembles import ENSEMBLES, READINGS, ensemble_for
from benchmarks.defaults.tables import Table
from sklearn_deeplifft import DeepLIFFTSelector
from tests.conftest import planted


def test_own_and_common_ensembles_are_those_of_the_selectors():
    for reading, kind in READINGS.items():
        for task in ("classification", "regression"):
            own = ensemble_for(reading, "own", task, n_jobs=None)
            assert own.get_params() == kind.default_estimator(task).get_params()
            common = ensemble_for(reading, "common", task, n_jobs=None)
            assert common.get_params() == DeepLIFFTSelector.default_estimator(task).get_params()


def test_effects_are_the_weights_that_a_large_table_shows():
    """Logistic regression knows nothing of how the table was made."""
    table, truth = effects.known_effects(12_000)
    model = LogisticRegression(C=1e4, max_iter=2000).fit(table.X, table.y)
    found = (model.coef_ - model.coef_.mean(axis=0)).T
    assert np.sqrt(np.mean((found - truth) ** 2)) < 0.2 * np.sqrt(np.mean(truth**2))
    # Of what is not zero the copies of a family say nothing beside their representative.
    copies = (table.family >= 0) & ~np.isin(np.arange(len(truth)), table.representative)
    assert not truth[copies].any()
    assert (np.sign(truth[table.contrary, range(3)]) == -1).all()


@pytest.mark.parametrize(("spread", "least", "most"), [(1.0, 0.9, 1.0), (0.0, 0.0, 0.0)])
def test_intervals_of_ensembles_are_counted(spread, least, most):
    rng = np.random.default_rng(0)
    values = 1 + spread * rng.normal(size=(200, 50))
    found = held(values, 10, np.ones(50) if spread else np.zeros(50))
    assert found.shape == (20, 50)
    assert least <= found.mean() <= most
    if spread:
        assert 0.88 <= held(values, 10).mean() <= 0.98


@pytest.mark.slow
def test_a_table_is_judged_on_the_best_features(monkeypatch):
    small = {"n_networks": 2, "hidden_layer_sizes": (8,), "max_epochs": 5, "n_jobs": 1}

    def quick(reading, ensemble, task, **changes):
        found = ensemble_for(reading, ensemble, task, **{**small, **changes})
        return found.set_params(path_steps=20) if found.gates is not None else found

    monkeypatch.setattr(lists, "ensemble_for", quick)
    monkeypatch.setattr(
        lists, "tables", lambda quick, data: [Table("t", *planted(n=120, d=12))] * 2
    )
    monkeypatch.setattr(lists, "COUNTS", (3,))
    figures = lists.quality(quick=True)
    cases = [f"{reading}_{ensemble}" for reading in READINGS for ensemble in ENSEMBLES]
    assert {f"accuracy_{case}_t_{name}_k3" for case in cases for name in lists.LEARNERS} <= set(
        figures
    )
    for case in cases:
        learners = [figures[f"accuracy_{case}_t_{name}_k3"] for name in lists.LEARNERS]
        assert figures[f"accuracy_{case}"] == pytest.approx(np.mean(learners))
        assert figures[f"seconds_{case}"] > 0
    for reading in READINGS:
        gain = figures[f"accuracy_{reading}_own"] - figures[f"accuracy_{reading}_common"]
        assert figures[f"gain_of_own_{reading}"] == pytest.approx(gain)
        assert figures[f"gain_of_own_{reading}_se"] == pytest.approx(0)


# Networks of three epochs have learned nothing yet.
@pytest.mark.filterwarnings("ignore:the networks predict:sklearn_deeplifft.FeatureSelectionWarning")
@pytest.mark.slow
def test_the_quick_form_prints_a_line_per_figure(monkeypatch, tmp_path, capsys):
    defaults = {kind: kind.default_estimator for kind in (*READINGS.values(), DeepLIFFTSelector)}

    def few(kind):
        def make(task="classification", **changes):
            small = {"hidden_layer_sizes": (8,), "max_epochs": 3}
            return defaults[kind](task, **{**small, "n_networks": 2, **changes})

        return make

    for kind in defaults:
        monkeypatch.setattr(kind, "default_estimator", staticmethod(few(kind)))
    main(["--quick", "--only", "effects", "--json", str(tmp_path / "figures.json")])
    printed = [line.split() for line in capsys.readouterr().out.splitlines()[:-1]]
    figures = {name: float(value) for name, value in printed}
    for ensemble in ENSEMBLES:
        assert figures[f"effect_error_{ensemble}"] > 0
        for name in ("motifs", "motifs_truth", "line"):
            assert 0 <= figures[f"coverage_{ensemble}_{name}"] <= 1
    assert (tmp_path / "figures.json").is_file()
