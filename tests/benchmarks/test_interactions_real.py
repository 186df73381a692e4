"""Tables of the benchmarks of pairs hold what they say."""

import numpy as np
import pytest

from benchmarks.common.motif_tables import Table
from benchmarks.common.quality_tables import QualityTable
from benchmarks.interactions import null_pairs, pipeline, real


@pytest.mark.parametrize("kind", null_pairs.KINDS)
def test_mixed_truths_are_additive_ones_and_two_ands(kind, monkeypatch):
    monkeypatch.setattr(null_pairs, "N", 50)
    X, plain = null_pairs.table(kind, "regression", False, 3)
    same, mixed = null_pairs.table(kind, "regression", True, 3)
    np.testing.assert_array_equal(X, same)
    ands = sum(3.0 * (X[:, i] > 0) * (X[:, j] > 0) for i, j in null_pairs.PLANTED)
    np.testing.assert_allclose(mixed - plain, ands - ands.mean(), atol=1e-12)


def test_classes_that_no_sum_of_columns_says():
    X, y = pipeline.xor(np.random.RandomState(0))
    assert ((X[:, 0] != X[:, 1]) == y).mean() == pytest.approx(0.9, abs=0.03)
    X, y = pipeline.three(np.random.RandomState(0))
    assert abs(np.corrcoef(X.T, y)[-1, :-1]).max() < 0.1


def test_positions_of_splice_junctions_have_no_zero():
    table = QualityTable("splice", np.zeros((1, 240)), np.zeros(1))
    names = real.names_of(table, "splice")
    assert names[116:124] == ["-1A", "-1C", "-1G", "-1T", "+1A", "+1C", "+1G", "+1T"]
    motifs = Table("any", np.zeros((1, 1)), np.zeros(1), ("CTCF",), ("a",))
    assert real.names_of(motifs, "deepbind") == ["CTCF"]
