"""``score_on``: the rows that each network is scored on."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.ensembles import Rounds
from sklearn_deeplifft.selectors import _rows_scored
from sklearn_deeplifft.selectors._decomposition_scorer import DecompositionScorer
from sklearn_deeplifft.selectors._rows_scored import (
    require_known,
    rows_of_rounds,
    rows_to_score,
)
from sklearn_deeplifft.tables import encode_target
from tests.conftest import counted_trainings, planted, quick
from tests.ensembles.test_splits import data_of, splits_of


def scored(score_on="validation", data=None, **dealt) -> list[np.ndarray]:
    data = data_of() if data is None else data
    held_out = [split.validation for split in splits_of(data, **dealt)]
    return rows_to_score(score_on, data, held_out, len(held_out))


@pytest.mark.parametrize(("score_on", "n"), [("validation", 20), ("training", 80), ("all", 100)])
def test_rows_scored(score_on, n):
    assert {len(rows) for rows in scored(score_on)} == {n}
    for rows, split in zip(scored(score_on), splits_of(data_of()), strict=True):
        parts = {"validation": split.validation, "training": split.training}
        np.testing.assert_array_equal(rows, parts.get(score_on, np.arange(100)))


@pytest.mark.parametrize("score_on", ["validation", "training", "all"])
def test_where_nothing_is_held_out_all_rows_are_scored(score_on):
    assert {len(rows) for rows in scored(score_on, validation_fraction=0)} == {100}


def test_out_of_fold_scores_every_row_once():
    rows = scored("out_of_fold", n_networks=4, validation_fraction=0.25)
    assert [len(part) for part in rows] == [25] * 4
    assert sorted(np.concatenate(rows)) == list(range(100))


@pytest.mark.filterwarnings("ignore:the networks predict no better")  # after a single step
@pytest.mark.parametrize("max_steps", [None, 1])
def test_out_of_fold_deals_as_many_folds_as_networks(max_steps, monkeypatch):
    """Whole folds, also where networks train on a part of their rows."""
    dealt, train = [], Rounds.train

    def training(self, *args, **kwargs):
        dealt.append(self.held_out)
        return train(self, *args, **kwargs)

    monkeypatch.setattr(Rounds, "train", training)
    given = {"score_on": "out_of_fold", "max_epochs": 1, "max_steps": max_steps}
    quick(n_networks=4, validation_fraction=0.1, **given).fit(*planted())
    [held_out] = dealt
    assert [len(rows) for rows in held_out] == [30] * 4
    assert sorted(np.concatenate(held_out)) == list(range(120))
    with pytest.raises(ValueError, match="n_networks >= 2, got 1"):
        quick(n_networks=1, **given).fit(*planted())


def test_a_mask_limits_what_is_scored():
    mask = np.arange(100) < 50
    for score_on in ("validation", "training", "all"):
        for a, b in zip(scored(score_on, data_of(scored=mask)), scored(score_on), strict=True):
            np.testing.assert_array_equal(a, b[mask[b]])


def test_a_mask_that_leaves_nothing_held_out_scores_what_it_names():
    mask = np.arange(100) == 3
    for rows in scored(data=data_of(scored=mask)):
        assert rows.tolist() == [3]


# Networks that are fitted already


@pytest.mark.parametrize("score_on", ["validation", "all"])
def test_of_a_table_that_is_new_to_the_networks_every_row_is_scored(score_on):
    data = data_of(scored=np.arange(100) < 50)
    require_known(score_on, None, data)
    for rows in rows_to_score(score_on, data, None, 3):
        np.testing.assert_array_equal(rows, np.arange(50))


@pytest.mark.parametrize("score_on", ["training", "out_of_fold"])
def test_what_nobody_knows_of_a_new_table_is_refused(score_on):
    with pytest.raises(ValueError, match=f"score_on='{score_on}' asks which rows each network was"):
        require_known(score_on, None, data_of())


@pytest.mark.parametrize(("n_networks", "fraction"), [(4, 0.2), (6, 0.2), (5, 0)])
def test_out_of_fold_needs_folds_that_are_all_used_once(n_networks, fraction):
    data = data_of()
    splits = splits_of(data, n_networks=n_networks, validation_fraction=fraction)
    held_out = [split.validation for split in splits]
    with pytest.raises(ValueError, match=r"all rows, each once; .* n_networks = round\(1 / valid"):
        require_known("out_of_fold", held_out, data)
    require_known("out_of_fold", [split.validation for split in splits_of(data)], data)


RARE = np.where(np.arange(100) == 7, 2, np.arange(100) % 2)
SITES = np.arange(100) // 50


@pytest.mark.parametrize(
    ("y", "groups", "said"),
    [
        (RARE, None, r"1 row of 100 cannot be: without it .* see no row of class 2\. Leave such"),
        (np.array(["a", "b", "rare"])[RARE], SITES, r"50 rows of 100 .*no row of class 'rare'\. T"),
        (SITES, SITES, r"100 rows of 100 cannot be: .* classes 0, 1\. Take smaller groups, leave"),
        (np.eye(3, dtype=int)[RARE], None, "1 row of 100 .* no row with some combination of label"),
    ],
)
def test_rows_that_no_network_can_do_without_are_no_reason_for_other_folds(y, groups, said):
    data = data_of(groups=groups)
    data = replace(data, target=encode_target(y, "classification"))
    held_out = [split.validation for split in splits_of(data)]
    with pytest.raises(ValueError, match=f"holds every row out from one network, and {said}"):
        require_known("out_of_fold", held_out, data)
    with pytest.raises(ValueError, match=r"n_networks = round\(1 / valid"):  # folds are left over
        require_known("out_of_fold", held_out[:1], data)


def test_so_are_quantities_of_one_group():
    data = replace(
        data_of(groups=np.zeros(100, int)), target=encode_target(np.arange(100.0), "regression")
    )
    held_out = [split.validation for split in splits_of(data)]
    with pytest.raises(ValueError, match=r"100 rows of 100 cannot be: .* would see no row\."):
        require_known("out_of_fold", held_out, data)


def test_groups_that_meet_in_one_fold_are_no_reason_for_other_folds():
    """Of three groups any two share a class that the third lacks, and there are two folds."""
    data = data_of(n=6, groups=np.arange(6) // 2)
    codes = np.array([0, 1, 1, 2, 0, 2])
    data = replace(data, target=encode_target(codes, "classification"))
    held_out = [s.validation for s in splits_of(data, n_networks=2, validation_fraction=0.5)]
    with pytest.raises(ValueError, match=r"2 rows of 6 cannot be: .* of classes \d, \d\."):
        require_known("out_of_fold", held_out, data)


@pytest.mark.filterwarnings("ignore:the networks predict no better")  # after an epoch
def test_sites_that_hold_every_class_can_be_out_of_fold(monkeypatch):
    X, y = planted()
    quick(n_networks=2, score_on="out_of_fold", max_epochs=1).fit(X, y, groups=np.arange(120) % 2)
    said = "60 rows of 120 cannot be: without them a network would"
    with counted_trainings(monkeypatch) as calls, pytest.raises(ValueError, match=said):
        quick(n_networks=2, score_on="out_of_fold", max_epochs=1).fit(
            X, np.where(np.arange(120) == 3, 9, y), groups=np.arange(120) % 2
        )
    assert calls == []  # before hours of training, and not after them


def test_rounds_score_a_part_of_many_rows(monkeypatch):
    monkeypatch.setattr(_rows_scored, "ROWS_OF_ROUNDS", 60)
    monkeypatch.setattr(_rows_scored, "LEAST", 1)
    data = data_of(n=100, n_classes=4)
    rows = [np.arange(100), np.arange(100), np.arange(15)]
    first, second, few = rows_of_rounds(rows, [0, 1, 2], data)
    assert np.bincount(first % 4).tolist() == np.bincount(second % 4).tolist() == [5] * 4
    assert set(first) != set(second)
    assert few is rows[2]
    np.testing.assert_array_equal(rows_of_rounds(rows, [0, 1, 2], data)[0], first)


def test_rounds_score_rows_of_a_rare_class():
    """Of 30 rows of 100,000 six would be drawn by their share."""
    data = data_of(n=100_000)
    codes = np.zeros(100_000, int)
    codes[-30:] = 1
    data = replace(data, target=encode_target(codes, "classification"))
    for rows in rows_of_rounds([np.arange(100_000)] * 3, [0, 1, 2], data):
        assert len(rows) == 5_000 // 3
        assert (rows >= 99_970).sum() == 20


def test_no_network_of_many_is_scored_on_too_few_rows():
    data = data_of(n=1000)
    found = rows_of_rounds([np.arange(1000), np.arange(400)] * 20, range(40), data)
    assert [len(rows) for rows in found] == [500, 400] * 20


def test_the_first_round_scores_all_rows_and_later_ones_few(monkeypatch):
    monkeypatch.setattr(_rows_scored, "ROWS_OF_ROUNDS", 40)
    monkeypatch.setattr(_rows_scored, "LEAST", 1)
    scored, call = [], DecompositionScorer.__call__

    def counted(self, trained, index, columns):
        scored.append((len(columns), len(index)))
        return call(self, trained, index, columns)

    monkeypatch.setattr(DecompositionScorer, "__call__", counted)
    quick(n_networks=2, max_epochs=1, step=0.5, score_on="all").fit(*planted())
    first, later = scored[:2], scored[2:]
    assert first == [(8, 120)] * 2
    assert later
    assert {n for _, n in later} == {20}


@pytest.mark.slow
@pytest.mark.parametrize("max_steps", [20, 1000], ids=["trained on a part", "scored on a part"])
def test_rows_in_another_order_give_the_same_bits_where_a_part_is_drawn(max_steps):
    """Rows of 2 networks: 3,000, of which later rounds score 2,500 and 20 steps train on 640."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 8))
    y = (X[:, 0] + X[:, 1] + rng.normal(size=3000) > 0).astype(int)
    order = rng.permutation(3000)
    training = {"n_networks": 2, "path_steps": 20, "max_steps": max_steps, "batch_size": 32}
    ensemble = DeepLIFFTSelector.default_estimator("classification", max_epochs=2, **training)
    one, other = (
        DeepLIFFTSelector(ensemble, step=2, random_state=0).fit(X[at], y[at])
        for at in (np.arange(3000), order)
    )
    np.testing.assert_array_equal(one.importances_per_network_, other.importances_per_network_)
