"""One batched training: against a loop written out, and epoch by epoch against early stopping."""

import math
import threading
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from torch import nn

from sklearn_deeplifft.ensembles import _member_batches, _standardized_rows
from sklearn_deeplifft.ensembles._batched_training import train_batch
from sklearn_deeplifft.ensembles._member_batches import (
    Member,
    MemberBatches,
    MemberRows,
    epoch_shape,
)
from sklearn_deeplifft.ensembles._random_streams import RandomStream
from sklearn_deeplifft.ensembles._standardized_rows import StandardizedRows
from sklearn_deeplifft.ensembles._training import _member
from sklearn_deeplifft.exceptions import TrainingDivergedError
from sklearn_deeplifft.networks import NetworkSettings
from sklearn_deeplifft.tables import Rows, Scaling
from tests import oracles as o
from tests.ensembles._cases import (
    SETTINGS,
    alone,
    assert_alike,
    assigned,
    case,
    fill_kept,
    together,
)


def trained(data, settings, parts, halt=None):
    """Cores, traces and gates of ``train_together``."""
    rows = StandardizedRows(data.table, np.arange(data.problem.n_features), None)
    members = [_member(data.problem, settings, part) for part in parts]
    found = train_batch(members, rows, data.problem, settings, halt or threading.Event())
    return [m.core for m in members], *found


def standardized(data):
    mean, scale, *_ = data.table.moments
    X = data.table.rows.take(np.arange(data.table.rows.shape[0]))
    return torch.as_tensor((X - mean) / scale).float()


# Batches


@given(n=st.integers(1, 300), size=st.integers(1, 130))
def test_shape_of_an_epoch(n, size):
    batches = [min(size, n - start) for start in range(0, n, size)]
    assert epoch_shape(n, size) == (len(batches), math.ceil(batches[-1] / 32) * 32)
    assert epoch_shape(0, size) == (0, 0)


@pytest.mark.slow
@given(
    lengths=st.lists(st.integers(1, 70), min_size=1, max_size=4),
    size=st.integers(1, 50),
    shuffled=st.booleans(),
)
def test_every_row_once_in_the_order_of_its_network(lengths, size, shuffled):
    data = case(n=70, weight=np.linspace(1, 2, 70))
    table = StandardizedRows(data.table, np.arange(5), None)
    parts = [np.random.default_rng(j).permutation(70)[:n] for j, n in enumerate(lengths)]
    # Every other network has factors of its rows' weights.
    factors = [np.linspace(0.5, 1.5, len(p)) if j % 2 else None for j, p in enumerate(parts)]
    pairs = zip(parts, factors, strict=True)
    members = [Member(None, None, p, p[:0], training_factor=factor) for p, factor in pairs]
    streams = [RandomStream(j) for j in range(len(parts))] if shuffled else None
    loader = MemberBatches(MemberRows(table, members, "training"), size, streams)
    for epoch in range(2):
        seen = [[] for _ in parts]
        for batch in loader:
            assert batch.X.shape[1] % 32 == 0
            for j, count in enumerate(batch.counts):
                assert (batch.weight[j, count:] == 0).all()  # padding
                assert (batch.weight[j, :count] > 0).all()
                assert torch.isfinite(batch.X).all()
                seen[j].append((batch.X[j, :count], batch.y[j, :count], batch.weight[j, :count]))
        for j, part in enumerate(parts):
            order, turn = torch.from_numpy(part), torch.arange(len(part))
            if shuffled and len(part) > size:  # an epoch of one batch stays as it is
                own = RandomStream(j)
                for _ in range(epoch + 1):
                    turn = own.permutation(len(part))
                order = order[turn]
            X, y, weight = (torch.cat(p) for p in zip(*seen[j], strict=True))
            torch.testing.assert_close(X, standardized(data)[order], rtol=1e-6, atol=1e-6)
            assert torch.equal(y, data.table.targets[order])
            given = factors[j]
            factor = 1 if given is None else torch.from_numpy(given).float()[turn]
            assert torch.equal(weight, data.table.weight[order] * factor)


@pytest.mark.parametrize("held", [2**23, 0])
def test_rows_held_out_come_in_the_same_batches_every_epoch(monkeypatch, held):
    monkeypatch.setattr(_member_batches, "HELD", held)
    data = case(n=70)
    table = StandardizedRows(data.table, np.arange(5), None)
    parts = [np.arange(9), np.arange(10, 50), np.arange(50, 70)]
    members = [Member(None, None, p[:0], p, None, None, 2.0 * p) for p in parts]
    rows = MemberRows(table, members, "validation")
    loader, taken = MemberBatches(rows, 16), []
    monkeypatch.setattr(table, "take", lambda at, take=table.take: taken.append(at) or take(at))

    def seen():
        found = (
            [(b.X[j, : b.counts[j]], b.weight[j, : b.counts[j]]) for b in loader] for j in kept
        )
        return [[torch.cat(part) for part in zip(*own, strict=True)] for own in found]

    def same(first, second):
        pairs = zip(first, second, strict=True)
        return all(
            torch.equal(a, b) for one, other in pairs for a, b in zip(one, other, strict=True)
        )

    kept = [0, 1, 2]
    first, n = seen(), len(taken)
    for (X, weight), part in zip(first, parts, strict=True):
        assert torch.equal(weight, data.table.weight[part] * 2 * torch.from_numpy(part).float())
        torch.testing.assert_close(X, standardized(data)[part], rtol=1e-6, atol=1e-6)
    assert same(first, seen())
    assert (len(taken) == n) == bool(held)
    rows.keep([0, 2])
    kept = [0, 1]
    assert same(first[::2], seen())


@pytest.mark.parametrize("kind", ["dense", "sparse", "mapped"])
def test_rows_kept_whole_are_those_that_are_read(monkeypatch, tmp_path, kind):
    X = np.random.default_rng(0).poisson(0.3, (40, 6)).astype(np.float32)
    np.save(tmp_path / "x.npy", X)
    forms = {"dense": X, "sparse": csr_array(X), "mapped": np.load(tmp_path / "x.npy", "r")}
    rows = Rows(forms[kind])
    table = replace(case(n=40).table, rows=rows, moments=Scaling.straight(X.mean(0), X.std(0)))
    columns, at = np.array([4, 0, 2]), torch.tensor([[[3], [7]], [[39], [0]]])
    whole = StandardizedRows(table, columns, None)
    assert (whole.whole is None) == (kind == "mapped")
    assert whole.stored is None
    monkeypatch.setattr(_standardized_rows, "FILLED_BYTES", 0)
    filled = StandardizedRows(table, columns, None)  # batch by batch, of what a sparse table stores
    assert (filled.stored is None) == (kind != "sparse")
    monkeypatch.setattr(_standardized_rows, "TABLE_BYTES", 0)
    read = StandardizedRows(table, columns, None)
    assert read.whole is None
    assert torch.equal(whole.take(at)[0], read.take(at)[0])
    assert torch.equal(filled.take(at)[0], read.take(at)[0])


def test_of_a_few_columns_no_copy_of_the_table_is_made():
    X = np.ones((20_000, 100), dtype=np.float32)
    table = replace(case(n=40).table, rows=Rows(X), moments=Scaling.straight(X[0], X[0]))
    tracemalloc.start()
    try:
        kept = StandardizedRows(table, np.array([4, 2]), None)
        _, peak = tracemalloc.get_traced_memory()  # of NumPy, not of torch
    finally:
        tracemalloc.stop()
    assert kept.whole.shape == (20_000, 2)
    assert peak < X.nbytes / 10


# A loop written out


def written_out(data, settings, part, n_epochs):
    """Plain modules, torch's Adam, one batch after the other; every epoch's weights and losses."""
    h1, h2 = settings.hidden_layer_sizes
    X, y = standardized(data), data.table.targets
    with torch.random.fork_rng():
        torch.manual_seed(part.seed)
        net = nn.Sequential(nn.Linear(5, h1), nn.Linear(h1, h2), nn.Linear(h2, 3))
        stream = RandomStream(part.seed, torch.get_rng_state())
    adam = torch.optim.Adam(net.parameters(), settings.learning_rate, weight_decay=0.0)

    def penalty():
        return settings.l2 * sum(p.square().sum() for layer in net[:2] for p in layer.parameters())

    n, epochs = len(part.training), []
    for _ in range(n_epochs):
        order = part.training[stream.permutation(n).numpy()]
        e, m = np.zeros((n, h1), np.float32), np.ones((n, h1 + h2), np.float32)
        if settings.noise:
            stream.fill_normal(e)
        if settings.dropout:
            fill_kept(stream, m, settings.dropout)
        e, m = torch.from_numpy(e), torch.from_numpy(m)
        total = 0.0
        for start in range(0, n, settings.batch_size):
            rows = slice(start, start + settings.batch_size)
            a = net[0](X[order[rows]]).relu() + settings.noise * e[rows]
            b = net[1](a * m[rows, :h1]).relu() * m[rows, h1:]
            loss = nn.functional.cross_entropy(net[2](b), y[order[rows]])
            adam.zero_grad()
            (loss + penalty()).backward()
            adam.step()
            total += loss.item() * len(order[rows])
        with torch.no_grad():
            z = net[2](net[1](net[0](X[part.validation]).relu()).relu())
            valid = nn.functional.cross_entropy(z, y[part.validation]).item()
            monitored = valid + float(penalty())
        weights = [p.detach().clone() for p in net.parameters()]
        epochs.append((weights, total / n, valid, monitored))
    return epochs


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"dropout": 0.5, "noise": 0.3, "l2": 0.01},
        {"dropout": 0.3},
        {"noise": 0.5},
        {"l2": 0.05},
        {},
    ],
    ids=str,
)
def test_training_is_the_loop_written_out(changes):
    settings = replace(SETTINGS, **changes)
    data, parts = case(), assigned(3)
    cores, traces, _ = trained(data, settings, parts)
    for core, trace, part in zip(cores, traces, parts, strict=True):
        n = len(trace.train_loss)
        literal = written_out(data, settings, part, n)
        np.testing.assert_allclose(trace.train_loss, [e[1] for e in literal], atol=2e-5)
        np.testing.assert_allclose(trace.valid_loss, [e[2] for e in literal], atol=2e-5)
        monitored = [e[3] for e in literal]
        ended = o.oracle_early_stopping(monitored, settings.patience, settings.tolerance)
        assert (n, trace.best_epoch) == ended
        weights = [p for layer in core for p in layer.parameters()]
        for found, expected in zip(weights, literal[trace.best_epoch - 1][0], strict=True):
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_the_penalty_on_weights_counts_in_what_is_monitored():
    """Two choices that end in different epochs; else the test above would not see it."""
    settings = replace(SETTINGS, l2=0.05, patience=None, max_epochs=12)
    differ = 0
    for part in assigned(6):
        literal = written_out(case(), settings, part, 12)
        differ += np.argmin([e[2] for e in literal]) != np.argmin([e[3] for e in literal])
    assert differ


# Early stopping

HASTY = replace(SETTINGS, learning_rate=0.05, max_epochs=40)


@pytest.mark.slow
@pytest.mark.parametrize("patience", [1, 2, 5])
@pytest.mark.parametrize("tolerance", [0.0, 1e-4, 0.1])
def test_networks_stop_where_skorch_would_stop_them(patience, tolerance):
    settings = replace(HASTY, patience=patience, tolerance=tolerance)
    data, parts = case(), assigned(6)
    _, traces, _ = trained(data, settings, parts)
    for trace, found, part in zip(traces, together(data, settings, parts), parts, strict=True):
        expected = alone(data, settings, part)
        assert_alike(found, expected, data.table.rows.take(slice(None)), atol=1e-4)
        assert len(trace.valid_loss) == expected.epochs
        ended = o.oracle_early_stopping(trace.valid_loss, patience, tolerance)
        assert (expected.epochs, trace.best_epoch) == ended
    stops = {len(trace.valid_loss) for trace in traces}
    assert len(stops) > 1  # each has its own
    assert min(stops) < 40


def validation_loss(data, core, part) -> float:
    with torch.no_grad():
        z = core.eval()(standardized(data)[part.validation])
    return nn.functional.cross_entropy(z, data.table.targets[part.validation]).item()


@pytest.mark.parametrize("patience", [None, 3])
def test_the_weights_that_are_kept(patience):
    """Those of the best epoch; without patience those of the last."""
    settings = replace(HASTY, patience=patience, max_epochs=15)
    data, parts = case(), assigned(4)
    cores, traces, _ = trained(data, settings, parts)
    for core, trace, part in zip(cores, traces, parts, strict=True):
        kept = trace.valid_loss[trace.best_epoch - 1]
        assert validation_loss(data, core, part) == pytest.approx(kept, abs=1e-5)
        if patience is None:
            assert trace.best_epoch == len(trace.valid_loss) == 15
        else:
            assert kept == pytest.approx(min(trace.valid_loss), rel=settings.tolerance)


@pytest.mark.parametrize("patience", [None, 3])
def test_rows_held_out_are_predicted_at_the_end_alone_where_they_decide_nothing(patience):
    data, settings = case(), replace(SETTINGS, patience=patience)
    cores, always, _ = trained(data, settings, assigned())
    same, sparing, _ = trained(data, replace(settings, always_watched=False), assigned())
    for core, other, trace, own in zip(cores, same, always, sparing, strict=True):
        for p, q in zip(core.parameters(), other.parameters(), strict=True):
            assert torch.equal(p, q)
        assert own.train_loss == trace.train_loss
        assert own.valid_loss == (trace.valid_loss[-1:] if patience is None else trace.valid_loss)


def test_networks_without_validation_beside_others():
    """They have nothing to stop for and keep their last epoch."""
    settings = replace(HASTY, max_epochs=12, patience=2)
    data, parts = case(), assigned(2)
    parts += [part._replace(validation=part.validation[:0]) for part in parts]
    cores, traces, _ = trained(data, settings, parts)
    for j in (2, 3):
        assert traces[j].valid_loss == []
        assert traces[j].best_epoch == len(traces[j].train_loss) == 12
        expected = alone(data, settings, parts[j])
        for a, b in zip(cores[j].parameters(), expected.core.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-4)
    for j in (0, 1):
        assert len(traces[j].valid_loss) == alone(data, settings, parts[j]).epochs


# Ends before the end


@pytest.mark.parametrize("patience", [None, 3])
def test_divergence_is_an_error_that_names_the_epoch(patience):
    settings = replace(SETTINGS, learning_rate=1e30, patience=patience)
    with pytest.raises(TrainingDivergedError, match=r"the loss became (nan|inf) in epoch \d"):
        trained(case(), settings, assigned())


def test_a_last_step_that_leaves_nothing_finite_is_an_error():
    """The loss of an epoch is known before its last step is taken."""
    settings = NetworkSettings(
        (7,), learning_rate=1e38, batch_size=128, max_epochs=1, patience=None
    )
    with pytest.raises(TrainingDivergedError, match="outputs are not finite"):
        together(case(), settings, assigned(held=0))


def test_a_halt_ends_it_within_a_batch():
    halt = threading.Event()
    halt.set()
    endless = replace(SETTINGS, max_epochs=10**9, patience=None)
    _, traces, _ = trained(case(), endless, assigned(), halt)
    assert all(trace.train_loss == [] for trace in traces)
    halt.clear()
    timer = threading.Timer(0.2, halt.set)
    timer.start()
    _, traces, _ = trained(case(), endless, assigned(), halt)
    timer.join()
    assert traces[0].train_loss
