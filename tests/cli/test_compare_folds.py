"""`compare`: every fold tests rankings of the others, and the means are those of the folds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sklearn_deeplifft.cli._figure import draw_comparison
from sklearn_deeplifft.cli._folds import _splits
from sklearn_deeplifft.cli._table import make_table
from tests.cli.conftest import QUICK, classes_frame, run


@pytest.mark.slow
def test_means_are_those_of_the_folds(csv, tmp_path):
    done = run(
        *("compare", csv, "--target", "label", "-o", tmp_path / "out", "--folds", "3", *QUICK),
        *("--selector", "rank", "--selector", "gates", "--selector", "whatif"),
    )
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "comparison.csv",
        "comparison.png",
        "folds.csv",
    ]
    folds = pd.read_csv(tmp_path / "out" / "folds.csv")
    found = pd.read_csv(tmp_path / "out" / "comparison.csv")
    assert set(folds["fold"]) == {0, 1, 2}
    ours = {"DeepLIFFT", "importance neurons", "global importance"}
    others = {"L1 logistic", "random forest", "ANOVA F-test"}
    assert set(found["method"]) == {*ours, *others, "all features"}
    for row in found.itertuples():
        own = folds[(folds["method"] == row.method) & (folds["n_features"] == row.n_features)]
        scores = own["score"].to_numpy()
        assert len(scores) == 3
        assert np.isclose(row.score, scores.mean(), atol=1e-5)
        assert np.isclose(row.standard_error, scores.std(ddof=1) / np.sqrt(3), atol=1e-5)
    # One column tells the classes apart, and every way finds it in every fold.
    one = folds[(folds["n_features"] == 1) & folds["method"].isin(ours)]
    assert set(one["features"]) == {"signal"}
    assert "Mean of 3 folds" in " ".join(done.stdout.split())


def splits(frame, n_folds, **options):
    return _splits(make_table(frame, "label", name="t", **options), n_folds, 0)


def test_every_row_tests_once():
    dealt, notes = splits(classes_frame(), 5)
    assert notes == []
    assert np.array_equal(np.sort(np.concatenate([test for _, test in dealt])), np.arange(120))
    for train, test in dealt:
        assert not set(train) & set(test)


def test_rare_classes_leave_fewer_folds():
    frame = classes_frame()
    frame = pd.concat([frame[frame["label"] != "top"], frame[frame["label"] == "top"][:4]])
    dealt, notes = splits(frame, 5)
    assert len(dealt) == 4
    assert notes == ["Only 4 folds: no more can have rows of every class."]


@pytest.mark.parametrize("classes", [True, False])
def test_few_groups_leave_fewer_folds_and_the_note_says_so(classes):
    frame = classes_frame()
    if not classes:
        frame["label"] = np.random.default_rng(0).normal(size=120)
    table = make_table(frame, "label", name="t")
    dealt, notes = _splits(replace(table, groups=np.arange(120) % 4), 5, 0)
    assert len(dealt) == 4
    assert notes == ["Only 4 folds: there are no more groups of rows."]


def test_few_rows_of_a_quantity_leave_fewer_folds_and_the_note_says_so():
    frame = classes_frame().assign(label=np.random.default_rng(0).normal(size=120))
    dealt, notes = splits(frame, 130)
    assert len(dealt) == 120
    assert notes == ["Only 120 folds: there are no more rows."]


def test_regressions_have_folds_too():
    frame = classes_frame().assign(label=np.random.default_rng(0).normal(size=120))
    dealt, notes = splits(frame, 4)
    assert (len(dealt), notes) == (4, [])


def test_the_figure_says_what_its_line_and_its_band_are():
    comparison = pd.DataFrame(
        {
            "method": ["DeepLIFFT"] * 2 + ["lasso"] * 2,
            "n_features": [3, 5] * 2,
            "score": [0.4, 0.5, 0.3, 0.4],
            "standard_error": [0.05] * 4,
            "metric": "R squared",
        }
    )
    (ax,) = draw_comparison(comparison, "mine.csv", 5).axes
    assert ax.collections  # the band
    assert ax.get_title(loc="left").splitlines() == [
        "mine.csv: mean of 5 folds",
        "band: one standard error over folds",
    ]


def test_a_single_count_has_a_bar_for_its_error_and_a_title_that_says_so():
    comparison = pd.DataFrame(
        {
            "method": ["DeepLIFFT", "lasso"],
            "n_features": [3, 3],
            "score": [0.4, 0.3],
            "standard_error": [0.05, 0.05],
            "metric": "R squared",
        }
    )
    (ax,) = draw_comparison(comparison, "mine.csv", 5).axes
    (bar,) = [one for one in ax.collections if hasattr(one, "get_segments")]
    np.testing.assert_allclose(bar.get_segments()[0], [[3, 0.35], [3, 0.45]])
    assert ax.get_title(loc="left").endswith("\nbar: one standard error over folds")
    (ax,) = draw_comparison(comparison.assign(standard_error=np.nan), "mine.csv", 5).axes
    assert ax.get_title(loc="left") == "mine.csv: mean of 5 folds"
