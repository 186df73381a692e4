"""The penalty on gates, driven by weights that move as a test says."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sklearn_deeplifft.networks import GateSettings
from sklearn_deeplifft.networks._penalty import GatePenalty, path_epochs
from tests import oracles as o

LR = 0.02
PLAIN, BLOCKS = (0, 1, 2, 3, 4), (0, 1, 1, 2, 0)
N, H, D = 3, 4, 5


class Walk:
    """Weights (and free gates) of N networks that drift at random, closed step by step."""

    def __init__(self, settings, *, n_epochs=6, per_epoch=5, seed=0, drift=0.02, n=N) -> None:
        rng = np.random.default_rng(seed)
        free, steps = not settings.tied, n_epochs * per_epoch
        self.settings, self.per_epoch, self.n_epochs = settings, per_epoch, n_epochs
        self.starts = [
            (rng.normal(size=(H, D)) / 3, rng.random(settings.n_features) if free else None)
            for _ in range(n)
        ]
        self.updates = [
            [
                (
                    rng.normal(scale=drift, size=(H, D)),
                    rng.normal(scale=drift, size=settings.n_features) if free else None,
                )
                for _ in range(steps)
            ]
            for _ in range(n)
        ]
        self.better = [{0} | set(rng.integers(0, n_epochs, size=2).tolist()) for _ in range(n)]
        self.penalty = GatePenalty(settings, n, LR, steps)
        self.W = torch.tensor(np.array([W for W, _ in self.starts]))
        self.g = torch.tensor(np.array([g for _, g in self.starts])) if free else None
        self.n_open: list[list[int]] = [[] for _ in range(n)]
        self.done: list[int | None] = [None] * n

    def run(self, leaves=()):
        """``leaves`` maps a network to the epoch, from 0, after which it leaves the others."""
        leaves, here = dict(leaves), list(range(len(self.starts)))
        for step in range(self.n_epochs * self.per_epoch):
            for at, i in enumerate(here):
                dW, dg = self.updates[i][step]
                self.W[at] += torch.from_numpy(dW)
                if self.g is not None:
                    self.g[at] += torch.from_numpy(dg)
            self.penalty.after_step(self.W, self.g)
            for at, i in enumerate(here):
                self.n_open[i].append(len(self._zeros(at)) - sum(self._zeros(at)))
            if (step + 1) % self.per_epoch == 0:
                here = self._end_epoch(step // self.per_epoch, here, leaves)
        return self

    def _end_epoch(self, epoch, here, leaves):
        better = np.array([epoch in self.better[i] for i in here])
        done = self.penalty.after_epoch(self.W, self.g, better)
        for i, over in zip(here, done, strict=True):
            if over and self.done[i] is None:
                self.done[i] = epoch
        kept = [at for at, i in enumerate(here) if leaves.get(i) != epoch]
        self.penalty.keep(np.array(kept))
        self.W = self.W[kept]
        self.g = None if self.g is None else self.g[kept]
        return [here[at] for at in kept]

    def _zeros(self, at):
        """Which features are shut, exactly."""
        where = np.array(self.settings.feature_of_column)
        if self.g is not None:
            return [bool(self.g[at, i] == 0) for i in range(self.settings.n_features)]
        columns = (self.W[at] == 0).all(0).numpy()
        return [bool(columns[where == i].all()) for i in range(self.settings.n_features)]

    def expected(self, i) -> o.Path:
        return o.oracle_path(
            self.starts[i],
            self.updates[i],
            self.settings.feature_of_column,
            lr=LR,
            start=self.settings.path_start,
            better=self.better[i],
            steps_per_epoch=self.per_epoch,
            free=self.g is not None,
        )


SETTINGS = [
    GateSettings(PLAIN),
    GateSettings(BLOCKS),
    GateSettings(PLAIN, tied=False),
    GateSettings(BLOCKS, tied=False),
    GateSettings(BLOCKS, path_start=0.4),
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_path_is_the_one_walked_by_hand(settings):
    walk = Walk(settings).run()
    for i in range(N):
        expected, found = walk.expected(i), walk.penalty.reading(i)
        np.testing.assert_allclose(found.exit, expected.exit, rtol=1e-6)
        np.testing.assert_allclose(found.path, expected.share, atol=1e-6)
        np.testing.assert_allclose(found.effective, expected.effective, atol=1e-6)
        np.testing.assert_allclose(found.gate, expected.gate, atol=1e-6)
        assert walk.n_open[i] == expected.n_open
    closed = sum(np.isfinite(walk.expected(i).exit).sum() for i in range(N))
    assert 0 < closed < N * settings.n_features  # the test sees both


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_what_has_closed_stays_closed(settings):
    """However hard the weights push afterwards."""
    walk = Walk(settings, n_epochs=10)
    for updates in walk.updates:
        for step, (dW, dg) in enumerate(updates):
            push = 0.0 if step < 47 else 50.0
            updates[step] = push * dW, None if dg is None else push * np.abs(dg)
    walk.run()
    for i, counts in enumerate(walk.n_open):
        assert (np.diff(counts) <= 0).all()
        assert counts[46] == counts[-1] == torch.isinf(walk.penalty.reading(i).exit).sum()
    assert min(counts[-1] for counts in walk.n_open) < settings.n_features


def test_with_a_fixed_penalty_gates_may_open_again():
    walk = Walk(GateSettings(PLAIN, penalty=0.9), drift=0.05, n_epochs=20).run()
    assert any((np.diff(counts) > 0).any() for counts in walk.n_open)
    for i in range(N):
        assert torch.isinf(walk.penalty.reading(i).exit).all()


def test_a_network_that_leaves_disturbs_no_other():
    every = Walk(GateSettings(BLOCKS, path_start=0.6)).run()
    left = Walk(GateSettings(BLOCKS, path_start=0.6)).run({0: 3})
    before = left.penalty.reading(0).exit
    for i in (1, 2):
        for a, b in zip(every.penalty.reading(i), left.penalty.reading(i), strict=True):
            assert torch.equal(a, b)
        assert max(e for e in b if e < np.inf) > max(e for e in before if e < np.inf)
    # What it said until then is kept.
    after = every.penalty.reading(0).exit
    assert torch.equal(before[before < np.inf], after[before < np.inf])


def test_shares_are_non_negative_and_sum_to_one():
    for settings in SETTINGS:
        walk = Walk(settings)
        walk.better = [{0}] * N
        walk.run()
        for i in range(N):
            path = walk.penalty.reading(i).path
            assert (path >= 0).all()
            assert path.sum().item() == pytest.approx(1, abs=1e-6)


def test_where_every_gate_has_closed_there_is_nothing_left_to_train_for():
    walk = Walk(GateSettings(PLAIN, path_start=0.9), drift=0, n_epochs=40)
    walk.better = [{0}] * N
    walk.run()
    for i in range(N):
        first = next(step for step, n in enumerate(walk.n_open[i]) if n == 0)
        assert walk.done[i] == first // walk.per_epoch
        assert walk.penalty.reading(i).path.sum().item() == pytest.approx(1, abs=1e-6)
    assert (walk.W == 0).all()


def test_the_penalty_rises_geometrically_to_one():
    penalty = GatePenalty(GateSettings(PLAIN, path_start=0.05), 1, LR, 10)
    W, found = torch.ones(1, H, D), []
    for _ in range(12):
        penalty.after_step(W, None)
        found.append(penalty.now())
    np.testing.assert_allclose(found[:10], 0.05 ** (1 - np.arange(1, 11) / 10))
    assert found[9:] == [1.0, 1.0, 1.0]


@given(
    c=st.floats(0.01, 1),
    lr=st.floats(1e-4, 0.1),
    h=st.integers(1, 40),
    m=st.integers(1, 8),
)
def test_one_step_lowers_every_gate_by_the_share_c_of_what_adam_can_move(c, lr, h, m):
    """In units of the largest step: neither width nor learning rate matters."""
    where = (0,) * m + (1,)
    penalty = GatePenalty(GateSettings(where, penalty=c), 1, lr, 10)
    W = torch.full((1, h, m + 1), 3 * lr, dtype=torch.float64)  # three such steps away from zero
    penalty.after_step(W, None)
    np.testing.assert_allclose(W, lr * (3 - c), rtol=1e-5)
    penalty.after_step(W.fill_(0.999 * c * lr), None)
    assert (W == 0).all()  # exactly


def test_without_a_penalty_gates_are_only_kept_from_falling_below_zero():
    penalty = GatePenalty(GateSettings(PLAIN, tied=False, penalty=0.0), 2, LR, 10)
    W, g = torch.randn(2, H, D), torch.tensor([[-1.0, 0, 1, 2, -0.1]] * 2)
    before = W.clone()
    penalty.after_step(W, g)
    assert torch.equal(W, before)
    assert torch.equal(g, torch.tensor([[0.0, 0, 1, 2, 0]] * 2))
    tied = GatePenalty(GateSettings(PLAIN, penalty=0.0), 2, LR, 10)
    tied.after_step(W, None)
    assert torch.equal(W, before)


def test_free_gates_shrink_and_the_weights_behind_them_stay():
    penalty = GatePenalty(GateSettings(PLAIN, tied=False, penalty=0.5), 1, LR, 10)
    W, g = torch.ones(1, H, D), torch.ones(1, D)
    penalty.after_step(W, g)
    assert (W == 1).all()
    e = math.sqrt(H)
    torch.testing.assert_close(g, torch.full((1, D), 1 - 0.5 * LR * math.sqrt(H) / e))


@pytest.mark.parametrize(
    ("settings", "max_epochs", "per_epoch", "epochs"),
    [
        (GateSettings(PLAIN, path_steps=500), 20, 10, 50),
        (GateSettings(PLAIN, path_steps=500), 20, 7, 72),
        (GateSettings(PLAIN, path_steps=500), 20, 100, 20),
        (GateSettings(PLAIN, path_steps=500), 20, 1000, 20),
        (GateSettings(PLAIN, path_steps=500, penalty=0.3), 20, 10, 20),
        (GateSettings(PLAIN, path_steps=500, penalty=0.0), 20, 1, 20),
    ],
)
def test_length_of_a_path(settings, max_epochs, per_epoch, epochs):
    assert path_epochs(settings, max_epochs, per_epoch) == epochs


@pytest.mark.parametrize("moved", [False, True])
def test_gates_after_an_epoch_are_those_of_the_weights(moved):
    """Norms that the last step left are taken, unless somebody has moved the weights since."""
    penalty = GatePenalty(GateSettings(tuple(range(6)), penalty=0.3), 2, 0.01, 10)
    W = torch.randn(2, 5, 6, generator=torch.Generator().manual_seed(0))
    penalty.after_step(W, None)
    if moved:
        W.mul_(torch.arange(6))
    penalty.after_epoch(W, None, np.ones(2, dtype=bool))
    for i in range(2):
        torch.testing.assert_close(penalty.reading(i).effective, W[i].norm(dim=0))
