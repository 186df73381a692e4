"""Encoding against scikit-learn's own encoders, and values of extreme sizes."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

from sklearn_deeplifft.cli._counts import counts_within
from sklearn_deeplifft.cli._families import names_of_features
from sklearn_deeplifft.cli._parts import encode, split
from sklearn_deeplifft.cli._scale import in_usual_units, power_of_two, require_single_precision
from sklearn_deeplifft.cli._table import Table, make_table
from tests.cli.conftest import QUICK, classes_frame, mixed_frame, run


def made(numbers=None, levels=None, y=None, task="classification"):
    n = len(next(frame for frame in (numbers, levels) if frame is not None))
    numbers = pd.DataFrame(index=range(n)) if numbers is None else numbers
    levels = pd.DataFrame(index=range(n)) if levels is None else levels
    y = np.resize(["a", "b"], n) if y is None else y
    return Table("t", numbers, levels, y, "y", task, [], [*numbers, *levels])


def by_scikit_learn(table, train, test):
    """(train, test) of the column transformer that this package once used."""
    frame = pd.concat([table.numbers, table.levels], axis=1)
    encoder = ColumnTransformer(
        [
            ("n", SimpleImputer(strategy="median", keep_empty_features=True), list(table.numbers)),
            (
                "l",
                OneHotEncoder(
                    sparse_output=False,
                    handle_unknown="ignore",
                    feature_name_combiner=lambda column, level: f"{column}={level}",
                ),
                list(table.levels),
            ),
        ],
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    encoder.fit(frame.iloc[train])
    return encoder.transform(frame.iloc[train]), encoder.transform(frame.iloc[test])


@pytest.mark.parametrize("seed", range(3))
def test_columns_are_those_of_scikit_learn(seed):
    table = make_table(mixed_frame(seed=seed), "grade", name="t")
    table.numbers["hole"] = np.nan
    train, test = np.arange(0, 90), np.arange(90, len(table.y))
    table.levels.iloc[100, 0] = "purple"  # a level that no training row has
    found = encode(table, train, test)
    for ours, theirs in zip(
        (found.X_train, found.X_test), by_scikit_learn(table, train, test), strict=True
    ):
        assert list(ours) == list(theirs)
        np.testing.assert_array_equal(ours.to_numpy(), theirs.to_numpy())
    (block,) = found.blocks
    assert (found.X_train[block].sum(axis=1) == 1).all()
    assert found.X_test[block].iloc[10].sum() == 0


def test_two_columns_of_one_name_are_refused():
    table = made(pd.DataFrame({"a=x": np.arange(4.0)}), pd.DataFrame({"a": list("xyxy")}))
    with pytest.raises(ValueError, match="'a=x' would be the name of two columns"):
        encode(table, np.arange(4), np.arange(4))


def test_a_hundred_thousand_columns_take_seconds():
    rng = np.random.default_rng(0)
    names = [f"g{i}" for i in range(100_000)]
    table = made(pd.DataFrame(rng.normal(size=(12, 100_000)), columns=names))
    began = time.process_time()
    parts = split(table, 0)
    assert names_of_features(None, table, parts) == names
    assert time.process_time() - began < 5


# Extreme sizes


def test_power_of_two_is_exact():
    for size in (1e-300, 3.0, 8.0, 1e200, 1.7e308):
        values = np.array([size, -size / 3])
        unit = power_of_two(values)
        np.testing.assert_array_equal(values / unit * unit, values)
        assert 0.5 <= np.abs(values / unit).max() < 2
        assert np.log2(unit) % 1 == 0


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_targets_of_extreme_sizes_get_a_unit(size):
    y = np.arange(6.0) * size
    numbers = pd.DataFrame({"a": np.arange(6.0)})
    found, unit = in_usual_units(made(numbers, y=y, task="regression"))
    np.testing.assert_array_equal(found.y * unit, y)
    assert 0 < found.y.std() < 1
    same = made(numbers, y=np.arange(6.0), task="regression")
    assert in_usual_units(same) == (same, 1.0)
    labels = made(numbers)
    assert in_usual_units(labels) == (labels, 1.0)


def test_columns_beyond_single_precision_are_named():
    rng = np.random.default_rng(0)
    a, n = rng.normal(size=20), np.full(20, np.nan)
    fine = {"a": a, "zero": 0 * a, "hole": n, "large": a / np.abs(a).max() * 3.4e38, "b": a * 1e-37}
    require_single_precision(made(pd.DataFrame(fine)))
    large = pd.DataFrame({**fine, "big": np.append(a[:-1] * 0, 1e39), "bigger": a * 1e300})
    with pytest.raises(
        ValueError, match=r"beyond 3.4e\+38.* in 2 columns: big \(1\), bigger \(20\)"
    ):
        require_single_precision(made(large))
    small = pd.DataFrame({**fine, "tiny": np.append(0.0, a[1:] * 1e-200)})
    with pytest.raises(ValueError, match=r"below 1.2e-38.* in 1 column: tiny \(19\)"):
        require_single_precision(made(small))


@pytest.mark.parametrize("command", ["rank", "gates", "whatif"])
def test_a_column_of_1e39_is_refused_before_training(tmp_path, command):
    frame = classes_frame()
    frame["noise a"] *= 1e39
    frame.to_csv(tmp_path / "t.csv", index=False)
    result = run(command, tmp_path / "t.csv", "--target", "label", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "single precision, in 1 column: noise a (" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "Training" not in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_rank_writes_all_files_for_targets_of_any_size(tmp_path, size):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(120, 3)), columns=["up", "down", "none"])
    frame["y"] = (frame["up"] - frame["down"] + rng.normal(size=120) * 0.1) * size
    frame.to_csv(tmp_path / "t.csv", index=False)
    result = run("rank", tmp_path / "t.csv", "--target", "y", "-o", tmp_path / "out", *QUICK)
    assert result.exit_code == 0, result.output
    ranking = pd.read_csv(tmp_path / "out" / "ranking.csv").set_index("feature")
    assert ranking["slope_of_y"]["up"] > 0.4
    assert ranking["slope_of_y"]["down"] < -0.4
    comparison = pd.read_csv(tmp_path / "out" / "comparison.csv")
    assert comparison["score"].iloc[-1] > 0.8
    assert (comparison["standard_error"] < 1).all()
    assert (tmp_path / "out" / "features.png").exists()


# Counts


def test_counts_that_were_asked_for_are_all_that_is_compared():
    assert counts_within((7, 2, 2), 7) == [2]
    assert counts_within((7,), 7) == []
    assert counts_within(None, 2) == [1]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ("3,999", "has 4 features to rank, fewer than 999; give numbers from 1 to 4."),
        ("1000,5", "fewer than 1,000, 5;"),
    ],
)
def test_counts_above_the_number_of_features_are_refused(csv, tmp_path, counts, said):
    for command in ("rank", "gates", "whatif"):
        out = tmp_path / "out"
        result = run(command, csv, "--target", "label", "--counts", counts, "-o", out)
        assert result.exit_code == 2
        assert said in result.stderr
        assert "Training" not in result.output
        assert not out.exists()


@pytest.mark.slow
def test_all_features_are_a_count(csv, tmp_path):
    arguments = ("--target", "label", "--networks", "1", "--counts", "4", "-o", tmp_path / "out")
    result = run("rank", csv, *arguments)
    assert result.exit_code == 0, result.output
    comparison = pd.read_csv(tmp_path / "out" / "comparison.csv")
    assert comparison["method"].tolist() == ["all features"]
    assert (tmp_path / "out" / "features.png").exists()


def test_rows_of_a_group_are_on_one_side():
    table = made(pd.DataFrame({"x": np.arange(40.0)}))
    table = replace(table, groups=np.tile(np.arange(20), 2))
    parts = split(table, 0)
    assert len(parts.y_test) == 12
    assert not set(parts.X_train["x"] % 20) & set(parts.X_test["x"] % 20)
    np.testing.assert_array_equal(parts.groups_train, parts.X_train["x"] % 20)
    assert split(made(table.numbers), 0).groups_train is None
