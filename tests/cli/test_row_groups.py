"""Rows that belong together: no side of a split, and no fold, has a part of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from sklearn_deeplifft import DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector
from sklearn_deeplifft.cli._learners import _standard_error, balanced_accuracy, judge
from sklearn_deeplifft.cli._parts import encode, split
from sklearn_deeplifft.cli._read import load_table
from sklearn_deeplifft.cli._row_groups import held_out_groups
from sklearn_deeplifft.cli._table import make_table
from sklearn_deeplifft.tables.reading import ReadOptions, TableReadError
from tests.cli.conftest import run


def mice_frame(n_mice: int = 24, n_each: int = 6, seed: int = 0) -> pd.DataFrame:
    """Rows of one mouse are nearly alike and have one class, which nothing but the mouse tells."""
    rng = np.random.default_rng(seed)
    mouse = np.repeat(np.arange(n_mice), n_each)
    of_mouse = rng.normal(size=(n_mice, 4))[mouse]
    values = of_mouse + 0.05 * rng.normal(size=of_mouse.shape)
    frame = pd.DataFrame(values, columns=list("pqrs"))
    names = np.array([f"{300 + i}" if i % 3 else f"50{i}A" for i in range(n_mice)], dtype=object)
    frame.insert(0, "mouse", names[mouse])
    return frame.assign(label=np.array(["case", "control"])[mouse % 2])


def mice_table(frame: pd.DataFrame | None = None, **options):
    frame = mice_frame() if frame is None else frame
    return make_table(
        frame, "label", name="mice", options=ReadOptions(row_groups="mouse", **options)
    )


@pytest.fixture(scope="module")
def mice(tmp_path_factory):
    path = tmp_path_factory.mktemp("mice") / "mice.csv"
    mice_frame().to_csv(path, index=False)
    return path


# Splits


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_on_both_sides_and_every_class_is(seed):
    table = mice_table()
    parts = split(table, seed)
    assert not set(parts.groups_train) & set(parts.groups_test)
    assert len(parts.groups_train) == len(parts.y_train)
    assert 0.2 < len(parts.y_test) / len(table.y) < 0.4
    for label in ("case", "control"):
        share = (parts.y_test == label).sum() / (table.y == label).sum()
        assert 0.2 < share < 0.4
    assert "mouse" not in parts.X_train


@pytest.mark.parametrize("n_groups", [2, 3, 5, 40])
@pytest.mark.parametrize("seed", range(3))
def test_groups_of_any_size_are_held_out_whole(n_groups, seed):
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(2 * n_groups), rng.integers(1, 31, 2 * n_groups)))
    classes = groups % 2
    held = held_out_groups(groups, classes, seed, 0.3)
    assert len(np.unique(np.column_stack([groups, held]), axis=0)) == 2 * n_groups
    for code in (0, 1):
        share = held[classes == code].mean()
        assert 0 < share < 1
        if n_groups > 10:
            assert share == pytest.approx(0.3, abs=0.06)


def test_a_rare_class_within_groups_of_others_is_on_both_sides():
    """Every group has rows of the common classes; two of thirty have the rare one as well."""
    groups = np.repeat(np.arange(30), 10)
    classes = np.tile(np.arange(10) % 2, 30)
    classes[[0, 10]] = 2
    for seed in range(5):
        held = held_out_groups(groups, classes, seed, 0.3)
        for code in range(3):
            assert 0 < held[classes == code].sum() < (classes == code).sum()


def test_without_groups_the_split_is_scikit_learns():
    table = make_table(mice_frame().drop(columns="mouse"), "label", name="mice")
    parts = split(table, 0)
    assert parts.groups_train is parts.groups_test is None
    assert parts.fit_parameters == {}


def test_a_quantity_is_split_by_groups_too():
    frame = mice_frame()
    frame["label"] = np.random.default_rng(0).normal(size=len(frame))
    table = mice_table(frame)
    parts = split(table, 1)
    assert table.task == "regression"
    assert not set(parts.groups_train) & set(parts.groups_test)


def test_classes_of_one_group_are_left_out_with_a_word():
    frame = mice_frame()
    frame.loc[frame["mouse"] == "301", "label"] = "lone"
    table = mice_table(frame)
    assert set(table.y) == {"case", "control"}
    assert len(table.groups) == len(table.y) == len(frame) - 6
    [said] = [note for note in table.notes if "lone" in note]
    assert said == "1 class whose rows are of a single mouse is left out (6 rows), such as 'lone'."


def test_a_class_for_each_group_is_refused():
    frame = mice_frame(n_mice=3).assign(label=lambda f: "of " + f["mouse"])
    with pytest.raises(ValueError, match=r"0 of 3 classes of 'label' have rows of two"):
        mice_table(frame)


def test_the_error_of_a_score_is_over_groups():
    """Twenty copies of a row say no more than one."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 3)), rng.integers(2, size=300)
    test, labels = rng.normal(size=(20, 3)), np.arange(20) % 2
    once = judge("classification", X, test, y, labels, 0, groups=np.arange(20))
    often = [np.repeat(part, 20, axis=0) for part in (test, labels)]
    together = judge("classification", X, often[0], y, often[1], 0, groups=np.repeat(range(20), 20))
    apart = judge("classification", X, often[0], y, often[1], 0)
    assert together.mean == pytest.approx(once.mean)
    assert together.standard_error == pytest.approx(once.standard_error)
    assert apart.standard_error < 0.4 * together.standard_error


# Commands


@pytest.mark.parametrize(
    ("command", "selector"),
    [
        ("rank", DeepLIFFTSelector),
        ("gates", ImportanceNeuronSelector),
        ("whatif", GIATransformer),
    ],
)
def test_every_command_fits_with_the_groups(mice, tmp_path, monkeypatch, command, selector):
    given = {}

    def fit(self: BaseEstimator, X, y, groups=None):
        given.update(X=X, y=y, groups=groups)
        raise ValueError("stop here")

    monkeypatch.setattr(selector, "fit", fit)
    options = ("--target", "label", "--row-groups", "mouse", "-o", tmp_path / "out")
    found = run(command, mice, *options, "--networks", "1")
    assert found.exit_code == 1, found.output
    assert list(given["X"]) == list("pqrs")
    table = load_table(mice, "label", row_groups="mouse")
    everything = np.arange(len(table.y))
    parts = split(table, 0) if command == "rank" else encode(table, everything, everything)
    np.testing.assert_array_equal(given["groups"], parts.groups_train)


def test_rows_of_known_mice_would_seem_to_be_known():
    """Nothing but the mouse tells the class."""
    scores = []
    for table in (mice_table(), make_table(mice_frame(), "label", name="m", drop=["mouse"])):
        parts = split(table, 0)
        rows = parts.X_train.to_numpy(), parts.X_test.to_numpy(), parts.y_train, parts.y_test
        scores.append(judge("classification", *rows, 0, groups=parts.groups_test).forest)
    assert scores[0] < 0.75
    assert scores[1] > 0.95


@pytest.mark.slow
@pytest.mark.long
def test_rank_says_that_no_mouse_is_on_both_sides(mice, tmp_path):
    options = ("--target", "label", "--row-groups", "mouse", "-o", tmp_path / "out")
    found = run("rank", mice, *options, "--networks", "1", "--counts", "1")
    assert found.exit_code == 0, found.output
    assert "No mouse is on both sides." in " ".join(found.output.split())


@pytest.mark.parametrize("command", ["rank", "gates", "whatif"])
def test_a_column_that_cannot_be_groups_exits_with_two(mice, tmp_path, command):
    options = ("--target", "label", "--row-groups", "p", "-o", tmp_path / "out")
    found = run(command, mice, *options)
    assert found.exit_code == 2
    assert "p has another value in every row, so no rows belong together." in found.output


def test_the_note_of_an_identifier_names_the_option(mice):
    table = load_table(mice, "label", max_categories=10)
    [said] = [note for note in table.notes if "--row-groups" in note]
    assert said.startswith("mouse: values repeat. If rows of one value belong together")
    with pytest.raises(TableReadError, match="no column 'mausi'"):
        make_table(mice_frame(), "label", name="m", options=ReadOptions(row_groups="mausi"))


def test_a_single_group_of_test_rows_has_no_standard_error():
    truth = np.array([0, 1, 0, 1, 1, 0])
    found = [np.array([0, 1, 1, 1, 1, 0])]
    args = (balanced_accuracy, truth, found)
    assert np.isnan(_standard_error(*args, np.zeros(6), 0))
    assert _standard_error(*args, np.array([0, 0, 0, 1, 1, 1]), 0) > 0
    assert _standard_error(*args, None, 0) > 0
    first = (balanced_accuracy, truth[:1], [found[0][:1]])
    assert np.isnan(_standard_error(*first, None, 0))


def test_the_error_of_few_groups_is_not_too_small(monkeypatch):
    """Of a mean over groups of one size it is the standard error of their means."""
    monkeypatch.setattr("sklearn_deeplifft.cli._learners.RESAMPLES", 20_000)
    found = np.repeat([0.2, 0.5, 0.9], 4)
    error = _standard_error(
        lambda truth, found: float(found.mean()),
        np.zeros(12),
        [found],
        np.repeat([0, 1, 2], 4),
        0,
    )
    assert error == pytest.approx(np.std([0.2, 0.5, 0.9], ddof=1) / 3**0.5, rel=0.02)
