"""Sequences with planted motifs: what is drawn, and what is said of it."""

import numpy as np
import pytest

from sklearn_deeplifft.datasets import make_billboard_sequences

CORE = {
    "GATA": [[0, 9, 0, 9], [0, 0, 0, 0], [9, 0, 0, 0], [0, 0, 9, 0]],
    "soft": [[3, 1], [1, 1], [1, 1], [1, 3]],
}
OTHER = {"CCC": [[0, 0, 0], [1, 1, 1], [0, 0, 0], [0, 0, 0]]}
DATA = make_billboard_sequences(CORE, OTHER, 400, 60, random_state=0)


def probabilities(number, strand):
    matrix = np.array([*CORE.values(), *OTHER.values()][number], dtype=float)
    matrix /= matrix.sum(0)
    return matrix if strand == 1 else matrix[::-1, ::-1]


def test_shapes_and_classes():
    assert DATA.X.shape == (400, 240)
    assert DATA.X.dtype == np.uint8
    assert DATA.truth.shape == (400, 4, 60)
    assert (DATA.X.reshape(400, 60, 4).sum(-1) == 1).all()
    assert np.bincount(DATA.y).tolist() == [200, 200]
    assert DATA.names == ["GATA", "soft", "CCC"]
    np.testing.assert_allclose(DATA.truth.sum(1), 1, atol=1e-6)


def test_sites_say_where_the_truth_is_not_uniform():
    for row in range(0, 400, 7):
        model = np.full((4, 60), 0.25)
        for _, number, start, strand in DATA.sites[DATA.sites[:, 0] == row]:
            p = probabilities(number, strand)
            part = model[:, start : start + p.shape[1]]
            assert (part == 0.25).all()  # no two motifs overlap
            part[:] = p
        np.testing.assert_allclose(DATA.truth[row], model, atol=1e-6)


def test_letters_are_drawn_from_the_truth():
    codes = DATA.X.reshape(400, 60, 4).argmax(-1)
    p = np.take_along_axis(DATA.truth, codes[:, None], 1)[:, 0]
    assert (p > 0).all()
    uniform = (DATA.truth == 0.25).all(1)
    share = np.bincount(codes[uniform], minlength=4) / uniform.sum()
    np.testing.assert_allclose(share, 0.25, atol=0.02)
    assert DATA.sequences[3] == "".join("ACGT"[code] for code in codes[3])


def test_only_the_second_class_has_background_motifs():
    of_class = DATA.y[DATA.sites[:, 0]]
    assert set(DATA.sites[of_class == 1, 1]) == {0, 1}
    assert set(DATA.sites[of_class == 0, 1]) == {0, 1, 2}
    assert set(DATA.sites[:, 3]) == {1, -1}
    counts = np.bincount(np.bincount(DATA.sites[:, 0]), minlength=8) / 400
    np.testing.assert_allclose(counts[3:], [0.5, 0.25, 0.17, 0.05, 0.03], atol=0.06)
    assert not counts[:3].any()


def test_the_same_seed_draws_the_same_and_classes_may_stay_apart():
    again = make_billboard_sequences(CORE, OTHER, 400, 60, random_state=0)
    assert all(np.array_equal(a, b) for a, b in zip(DATA[:4], again[:4], strict=True))
    ordered = make_billboard_sequences(CORE, OTHER, 5, 60, shuffle=False, random_state=0)
    assert ordered.y.tolist() == [1, 1, 0, 0, 0]


BAD = {
    "three rows": ({"m": np.ones((3, 5))}, {}, r"'m' has shape \(3, 5\); a motif has four rows"),
    "negative": ({"m": -np.ones((4, 5))}, {}, "holds a negative or infinite number or NaN"),
    "empty column": ({"m": np.eye(4)[:, [0, 1]] * [1, 0]}, {}, "no letter at position 1"),
    "no motif": ({}, {}, "core holds no motif"),
    "too long": (CORE, {"length": 6}, "length=6 is too short for three motifs of core"),
    "too few": (CORE, {"n_samples": 1}, "n_samples=1 is no whole number of 2 or more"),
    "no number": (CORE, {"length": 6.5}, "length=6.5 is no whole number"),
}


@pytest.mark.parametrize(("core", "changes", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_refused(core, changes, message):
    with pytest.raises(ValueError, match=message):
        make_billboard_sequences(core, OTHER, **changes)
