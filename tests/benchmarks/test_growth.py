"""Exponents are those of what grows, costs those of a process, and tables as dense as they say."""

import numpy as np
import pytest

from benchmarks.common.count_tables import count_table
from benchmarks.common.in_process import Cost, cost_of, exponent
from benchmarks.growth import sizes
from benchmarks.growth.model import STEP, score_operations, steps, weights
from benchmarks.growth.tasks import prepare


def test_exponents():
    sizes = [10, 100, 1000]
    assert exponent(sizes, [3 * n**1.5 for n in sizes]) == pytest.approx(1.5)
    assert exponent(sizes, [7.0] * 3) == pytest.approx(0)


@pytest.mark.parametrize("density", [0.02, 0.2])
def test_tables_dense_and_sparse(density):
    dense, y = count_table(3_000, 60, 3, density)
    sparse, _ = count_table(3_000, 60, 3, density, sparse=True)
    assert dense.dtype == sparse.dtype == np.float32
    assert (dense != 0).mean() == pytest.approx(sparse.nnz / dense.size, abs=1e-6)
    own = np.stack([dense[y == k] for k in range(3)][0:1])[0]
    assert (own[:, :4] != 0).mean() > 2 * (own[:, 12:] != 0).mean()


@pytest.mark.slow
@pytest.mark.parametrize("store", ["dense", "sparse", "file"])
def test_scoring_counts_every_row(store):
    found = prepare("score", 300, 20, 3, n_networks=2, density=0.3, store=store)()
    assert [scores.overall.shape for scores in found] == [(20,), (20,)]
    assert all((scores.overall > 0).any() for scores in found)


def test_every_sweep_grows(monkeypatch):
    asked = []

    def cost(module, **task):
        asked.append(task)
        return Cost(float(task.get("n", 1)), 0.5)

    monkeypatch.setattr(sizes, "cost_of", cost)
    found = sizes.figures(quick=True)
    assert (found["exponent_n"], found["exponent_fit_n"]) == pytest.approx((1, 1))
    assert found["exponent_d"] == pytest.approx(0)
    assert "peak_gb_1m_sparse" in sizes.figures(quick=False)
    assert all(len(sweep.full) >= 3 for sweep in sizes.SWEEPS)


def test_operations_of_a_model_that_is_counted_by_hand():
    assert weights(10, 3, (4, 2)) == 10 * 4 + 4 * 2 + 2 * 3
    assert score_operations(5, 10, 3, hidden=(4,)) == 5 * (2 * 52 * 4 + STEP * 30)
    assert steps(1_280, 1_000) == 9 * 15  # all epochs
    assert steps(12_800, 1_000) == 90 * 12  # the first epoch in which 1,000 are reached
    assert steps(1_280_000, 1_000) == 1_000  # a part of one epoch


@pytest.mark.long
def test_cost_of_a_process():
    cost = cost_of("benchmarks.growth", what="score", n=200, d=20, n_classes=3)
    assert 0 < cost.seconds < 60
    assert 0.1 < cost.peak_gb < 4


@pytest.mark.long
def test_a_task_that_fails_is_an_error():
    with pytest.raises(RuntimeError, match="exit status 1"):
        cost_of("benchmarks.growth", what="score", n=-1)
