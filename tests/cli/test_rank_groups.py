"""``rank --groups``: columns that are one feature, as a file says it."""

import numpy as np
import pandas as pd
import pytest

from sklearn_deeplifft.cli._families import by_groups
from sklearn_deeplifft.cli._rankers import by_score
from sklearn_deeplifft.tables import find_groups
from tests.cli.conftest import QUICK, classes_frame, mixed_frame, run


@pytest.fixture
def ranked(tmp_path):
    """Run ``rank`` on a frame with groups; the result, and its tables."""

    def made(frame, target, lines, *options):
        frame.to_csv(tmp_path / "table.csv", index=False)
        (tmp_path / "families.tsv").write_text("\n".join(lines), encoding="utf-8")
        given = ("--groups", tmp_path / "families.tsv", "-o", tmp_path / "out", *QUICK, *options)
        result = run("rank", tmp_path / "table.csv", "--target", target, *given)
        if result.exit_code:
            return result, None, None
        tables = (
            pd.read_csv(tmp_path / "out" / f"{name}.csv") for name in ("ranking", "comparison")
        )
        return result, *tables

    return made


@pytest.mark.slow
def test_columns_of_a_group_share_what_it_scores(ranked):
    lines = ["feature\tgroup", "noise a\tnoise", "noise b\tnoise", "elsewhere\tnoise"]
    result, ranking, comparison = ranked(classes_frame(), "label", lines)
    assert result.exit_code == 0, result.output
    assert list(ranking)[:5] == ["rank", "feature", "group", "importance", "std"]
    assert ranking.loc[0, ["feature", "group"]].tolist() == ["signal", "signal"]
    assert dict(zip(ranking["feature"], ranking["group"], strict=True)) == {
        "signal": "signal",
        "noise a": "noise",
        "noise b": "noise",
        "noise c": "noise c",
    }
    noise = ranking[ranking["group"] == "noise"]
    assert len(noise) == 2
    shared = noise.drop(columns="feature").filter(regex="^(?!slope_of_)")
    assert (shared.nunique(dropna=False) == 1).all()
    assert noise["slope_of_low"].nunique() == 2  # each column's own
    assert sorted(ranking["rank"].unique()) == [1, 2, 3]
    assert ranking.drop_duplicates("group")["importance"].sum() == pytest.approx(1)
    assert comparison["n_features"].tolist() == [*[1] * 4, *[2] * 4, 3]
    for listed in comparison["features"].dropna():
        assert ("noise a" in listed) == ("noise b" in listed)
    assert "In the file of groups, but not ranked: elsewhere." in result.output
    shown = result.output[result.output.index("Features, all 3") :]
    assert "noise a" not in shown
    assert "noise c" in shown


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--all-rows",)])
def test_the_levels_of_a_text_column_stay_together(ranked, options):
    """Each with those of the other columns of its group; other text columns have one each."""
    lines = ["colour,look", "size,look"]
    result, ranking, _ = ranked(mixed_frame(), "grade", lines, *options)
    assert result.exit_code == 0, result.output
    look = ranking[ranking["group"] == "look"]
    assert set(look["feature"]) == {"colour", "size"}
    assert look["rank"].tolist() == [1] * 2


@pytest.mark.slow
def test_regression_has_slopes_of_columns_and_none_of_groups(ranked):
    frame = classes_frame()
    frame["label"] = 2 * frame["signal"] - frame["noise a"]
    result, ranking, _ = ranked(frame, "label", ["signal\tboth", "noise a\tboth"])
    assert result.exit_code == 0, result.output
    slopes = ranking.set_index("feature")["slope_of_label"]
    assert slopes["signal"] > 0 > slopes["noise a"]
    (line,) = [line for line in result.output.splitlines() if " both " in line]
    assert line.split()[0] == "1"
    assert line.split()[-1] == "-"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["a\tx", "b\tx"], "names no column that is ranked, but a, b; the columns are noise a"),
        (["label\tx"], "names no column that is ranked, but label"),
        (["signal\tx", "noise a"], "families.tsv, line 2 has 1 cells"),
        ([], "names no feature"),
    ],
)
def test_files_that_make_no_sense_exit_with_one_line(ranked, lines, said):
    result, *_ = ranked(classes_frame(), "label", lines)
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_missing_file_exits_with_two(csv, tmp_path):
    result = run("rank", csv, "--target", "label", "--groups", tmp_path / "none.tsv")
    assert result.exit_code == 2
    assert "none.tsv" in result.output


def test_groups_come_where_their_best_columns_do():
    scores = np.array([5.0, 1.0, 4.0, 3.0, 2.0, 0.0])
    groups = find_groups([0, 1, 0, 0, 2, 1], None, 6)
    choose = by_groups(by_score(scores), groups)
    assert choose(1).tolist() == [0, 2, 3]
    assert choose(2).tolist() == [0, 2, 3, 4]
    assert choose(3).tolist() == [0, 1, 2, 3, 4, 5]
    alone = by_score(scores)
    assert by_groups(alone, find_groups(None, None, 6)) is alone
