"""The study of corrected gradients: its own arithmetic, and its quick form."""

import json

import numpy as np
import pytest

from benchmarks.gradient_correction.__main__ import main
from benchmarks.gradient_correction.correction import angles_of, beyond_identity, of_motifs
from benchmarks.gradient_correction.kinds import kind_of, positives
from benchmarks.gradient_correction.published import DATA
from sklearn_deeplifft.sequences import simplex_angles

FOLDER = DATA / "gradient_correction_weights"
needs_data = pytest.mark.skipif(not FOLDER.exists(), reason=f"no networks in {FOLDER}")


def test_kinds():
    assert kind_of("cnn_deep_exponential_2") == "deep_exp"
    assert kind_of("cnn_shallow_relu_3") == "shallow_relu"


def test_the_identity_holds_for_any_scores_and_not_for_other_corrections():
    rng = np.random.default_rng(0)
    truth = rng.dirichlet(np.full(4, 0.3), size=(3, 20))
    before = rng.normal(size=(3, 20, 4)) + 1
    np.testing.assert_allclose(angles_of(before), simplex_angles(before), atol=1e-9)
    after = before - before.mean(axis=2, keepdims=True)
    assert beyond_identity(before, after, truth) == 0
    assert beyond_identity(before, truth - 0.25, truth) > 0


@needs_data
def test_sequences_hold_motifs():
    X, truth = positives(5)
    letters = X.reshape(truth.shape)
    assert letters.shape == (5, 200, 4)
    assert (letters.sum(axis=2) == 1).all()
    at = of_motifs(truth)
    assert 0.1 < at.mean() < 0.6
    p = (letters * truth).sum(axis=2)
    assert p[at].mean() > 0.6
    np.testing.assert_allclose(p[~at], 0.25, atol=0.2)


@needs_data
@pytest.mark.long
@pytest.mark.slow
def test_quick_form(tmp_path, capsys):
    pytest.importorskip("tangermeme", reason="the peer comes with the extra bench")
    path = tmp_path / "figures.json"
    main(["--quick", "--parts", "correction", "exactness", "--json", str(path)])
    figures = json.loads(path.read_text())
    assert figures["cells_improved"] == figures["cells"] == 16
    assert figures["sequences_improved"] > 0.9
    assert figures["identity_violations"] == 0
    assert max(figures["deep_lift_error_relu"], figures["deep_lift_error_exp"]) < 1e-4
    assert figures["parity_tangermeme"] < 1e-6
    assert figures["parity_captum_ig"] < 1e-4
