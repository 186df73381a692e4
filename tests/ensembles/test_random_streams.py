"""Random numbers belong to a network's rows, whoever its neighbours are."""

from functools import partial
from statistics import NormalDist

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sklearn_deeplifft.ensembles import _random_streams as _streams
from sklearn_deeplifft.ensembles._random_streams import BatchDraws, RandomStream, write_kept
from tests.ensembles._cases import fill_kept

# 0.5 has a way of its own
CHANCES = (0.5, 0.3, 0.1, 1 / 3, 0.99)


def epoch(stream: RandomStream, n: int, width: int, p: float) -> tuple[np.ndarray, np.ndarray]:
    """All numbers of one epoch, drawn at once."""
    normal, kept = np.empty((2, n, width), np.float32)
    stream.fill_normal(normal)
    fill_kept(stream, kept, p)
    return normal, kept


def test_shuffling_goes_on_where_drawing_the_weights_ended():
    with torch.random.fork_rng():
        torch.manual_seed(5)
        torch.nn.Linear(3, 2)
        stream = RandomStream(5, torch.get_rng_state())
        for n in (1, 7, 100):
            assert torch.equal(stream.permutation(n), torch.randperm(n))


def test_shuffling_of_a_continued_network_begins_at_its_seed():
    with torch.random.fork_rng():
        torch.manual_seed(5)
        assert torch.equal(RandomStream(5).permutation(50), torch.randperm(50))


def test_global_generators_are_neither_read_nor_moved():
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    first = epoch(RandomStream(3), 20, 4, 0.5)
    torch.manual_seed(99)
    np.testing.assert_array_equal(first, epoch(RandomStream(3), 20, 4, 0.5))
    torch.set_rng_state(before[0])
    RandomStream(3).permutation(10)
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])


def test_noise_is_normal():
    x = np.sort(epoch(RandomStream(0), 4000, 25, 0.5)[0].ravel().astype(np.float64))
    assert x.mean() == pytest.approx(0, abs=4 / len(x) ** 0.5)
    assert x.var() == pytest.approx(1, abs=4 * (2 / len(x)) ** 0.5)
    assert (x**4).mean() == pytest.approx(3, abs=0.1)
    between = NormalDist().cdf
    steps = np.arange(1, len(x) + 1) / len(x)
    distance = np.abs(steps - [between(v) for v in x]).max()
    assert distance < 1.95 / len(x) ** 0.5  # Kolmogorov-Smirnov at 0.1 %


def test_quantiles_are_those_of_the_normal_distribution():
    """Literally, and with the variance that 65,536 of them lack made up for."""
    z = _streams._quantiles()
    at = [0, 1, 1000, 32767, 32768, 65535]
    literal = np.array([NormalDist().inv_cdf((i + 0.5) / 65536) for i in at])
    np.testing.assert_allclose(z[at], literal, rtol=2e-4)
    assert np.square(z, dtype=np.float64).mean() == pytest.approx(1, abs=1e-6)
    np.testing.assert_array_equal(z, -z[::-1])


@pytest.mark.parametrize("p", CHANCES)
def test_dropout_keeps_the_mean(p):
    kept = epoch(RandomStream(0), 2000, 30, p)[1]
    scale = np.float32(1 / (1 - p))
    assert set(np.unique(kept)) == {0, scale}
    n, said = kept.size, (kept == 0).mean()
    assert said == pytest.approx(p, abs=4 * (p * (1 - p) / n) ** 0.5 + 1 / 65536)
    by_unit = (kept == 0).mean(axis=0)  # no unit is favoured
    assert np.abs(by_unit - p).max() < 5 * (p * (1 - p) / 2000) ** 0.5


def test_no_dropout_and_nearly_only_dropout():
    assert (epoch(RandomStream(0), 50, 5, 0.0)[1] == 1).all()
    kept = epoch(RandomStream(0), 4000, 64, 1 - 1e-6)[1]
    assert np.isfinite(kept).all()
    assert 0 < (kept > 0).sum() < 40


def test_neither_kind_moves_the_other():
    both, one, other = RandomStream(8), RandomStream(8), RandomStream(8)
    x, y = epoch(both, 9, 5, 0.3)
    normal, kept = np.empty((2, 9, 5), np.float32)
    one.permutation(30)
    one.fill_normal(normal)
    fill_kept(other, kept, 0.3)
    np.testing.assert_array_equal(x, normal)
    np.testing.assert_array_equal(y, kept)


def test_noise_says_nothing_of_dropout():
    for p in (0.5, 0.3):
        x, y = (v.ravel() - v.mean() for v in epoch(RandomStream(0), 500, 40, p))
        assert abs(x @ y) / (x @ x * (y @ y)) ** 0.5 < 4 / len(x) ** 0.5


def test_seeds_and_epochs_differ():
    a, b = RandomStream(1), RandomStream(2)
    first, second, other = (epoch(s, 40, 8, 0.5) for s in (a, a, b))
    for numbers in zip(first, second, other, strict=True):
        x, y, z = (v.ravel() - v.mean() for v in numbers)
        for u, v in ((x, y), (x, z)):
            assert abs(u @ v) / (u @ u * (v @ v)) ** 0.5 < 0.25


@given(
    blocks=st.lists(st.integers(0, 9), min_size=1, max_size=6),
    width=st.integers(1, 70),
    p=st.sampled_from(CHANCES),
)
def test_rows_may_be_drawn_in_any_blocks(blocks, width, p):
    whole, parts = epoch(RandomStream(4), sum(blocks), width, p), RandomStream(4)
    drawn = [epoch(parts, n, width, p) for n in blocks]
    for k in (0, 1):
        np.testing.assert_array_equal(whole[k], np.concatenate([d[k] for d in drawn]))


def drawn(seeds, rows, size, widths, p, n_epochs=2):
    """What each network's rows get, batch by batch: lists of (rows, width)."""
    draws = BatchDraws([RandomStream(s) for s in seeds], *widths, p)
    found: list = [([], []) for _ in seeds]
    for _ in range(n_epochs):
        for start in range(0, max(rows), size):
            draws.start_batch(rows, start, size)
            both = (draws.normal(slice(None)), draws.kept(slice(None)))
            for numbers, at in zip(both, (0, 1), strict=True):
                assert torch.isfinite(numbers).all()
                for j, total in enumerate(rows):
                    own = numbers[j][: max(min(total - start, size), 0)]
                    found[j][at].append(own.numpy().copy())
    return [[np.concatenate(part) for part in network] for network in found]


@pytest.mark.slow
@given(
    rows=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    size=st.integers(1, 50),
    other=st.integers(1, 50),
    pool=st.sampled_from([1, 64, 500, 2**20]),
    widths=st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(any),
    p=st.sampled_from([0.5, 0.3]),
)
def test_neither_batches_nor_neighbours_nor_the_pool_matter(rows, size, other, pool, widths, p):
    alone = [drawn([j], [n], n, widths, p)[0] for j, n in enumerate(rows)]
    for j, n in enumerate(rows):
        stream = RandomStream(j)
        for at in (slice(0, n), slice(n, 2 * n)):
            for k, fill in enumerate((stream.fill_normal, partial(fill_kept, stream, p=p))):
                numbers = np.empty((n, widths[k]), np.float32)
                if widths[k]:
                    fill(numbers)
                np.testing.assert_array_equal(alone[j][k][at], numbers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_streams, "POOL_NUMBERS", pool)
        for batch in (size, other):
            found = drawn(range(len(rows)), rows, batch, widths, p)
            for one, right in zip(found, alone, strict=True):
                np.testing.assert_array_equal(one[0], right[0])
                np.testing.assert_array_equal(one[1], right[1])


def test_a_network_that_leaves_takes_its_numbers_along():
    """The others go on in their own, from the next epoch on."""
    draws = BatchDraws([RandomStream(0), RandomStream(1)], 3, 3, 0.5)
    draws.start_batch([6, 6], 0, 8)
    draws.streams[:] = draws.streams[1:]
    draws.start_batch([6], 0, 8)
    expected = drawn([1], [6], 8, (3, 3), 0.5)
    np.testing.assert_array_equal(draws.normal(slice(None))[0], expected[0][0][6:])
    np.testing.assert_array_equal(draws.kept(slice(1, 2))[0], expected[0][1][6:, 1:2])


@pytest.mark.parametrize("p", [0.5, 0.3])
def test_columns_beyond_those_for_dropout_are_zero(p):
    draws = [BatchDraws([RandomStream(0)], 0, 5, p, among) for among in (None, 8)]
    for start in (0, 6, 0):
        for one in draws:
            one.start_batch([9], start, 6)
        plain, among = (one.kept(slice(None)) for one in draws)
        assert torch.equal(among, torch.nn.functional.pad(plain, (0, 3)))


@pytest.mark.parametrize(
    ("p", "n_bytes"), [(0.5, 8), (0.3, 40), (0.25, 40), (0.0, 40), (0.1, 80), (0.001, 80)]
)
def test_a_chance_that_a_byte_meets_takes_one(p, n_bytes):
    """A row of 40 numbers takes whole words of 8 bytes."""
    raw = RandomStream(0).kept_bytes(3, 40, p)
    assert raw.shape == (3, n_bytes)
    if n_bytes == 40:
        kept = np.empty((3, 40), np.float32)
        write_kept(raw, kept, p)
        literal = [[0 if byte < round(256 * p) else 1 / (1 - p) for byte in row] for row in raw]
        np.testing.assert_array_equal(kept, np.float32(literal))
        assert abs(round(256 * p) / 256 - p) <= p / 200
