"""The command as a whole: exit codes, files, what is printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_deeplifft import __version__
from sklearn_deeplifft.cli import _delivery, _demo
from tests.cli.conftest import QUICK, classes_frame, mixed_frame, run

FILES = {"ranking.csv", "comparison.csv", "features.png"}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rank")
    classes_frame().to_csv(folder / "table.csv", index=False)
    result = run("rank", folder / "table.csv", "--target", "label", "-o", folder / "out", *QUICK)
    assert result.exit_code == 0, result.output
    return folder, result


@pytest.mark.slow
def test_writes_three_files_and_leaves_nothing_else(done):
    folder, _ = done
    assert {path.name for path in (folder / "out").iterdir()} == FILES
    assert (folder / "out" / "features.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_ranking_has_a_signed_column_for_each_class(done):
    ranking = pd.read_csv(done[0] / "out" / "ranking.csv")
    assert list(ranking) == [
        *("rank", "feature", "importance", "std"),
        *("for_low", "for_middle", "for_top"),
        *("slope_of_low", "slope_of_middle", "slope_of_top"),
    ]
    assert ranking["rank"].tolist() == [1, 2, 3, 4]
    assert ranking["feature"][0] == "signal"
    assert ranking["importance"].sum() == pytest.approx(1, abs=1e-5)
    # The middle class needs no word: it is what the mean of the table looks like.
    for end in ("for_low", "for_top"):
        assert ranking[end].idxmax() == 0
        assert ranking[end][0] > 10 * ranking[end][1:].abs().max()
    # Both ends speak by the same column: a slope says which way.
    assert ranking.loc[0, "slope_of_low"] < -0.5
    assert ranking.loc[0, "slope_of_top"] > 0.5
    lines = {line.split()[0]: line for line in done[1].stdout.splitlines() if "signal" in line}
    assert lines["low"].index("-0.") < lines["low"].index("signal")
    assert lines["top"].split()[1].startswith("+0.")


def test_it_says_what_held_out_rows_decided(done):
    shown = " ".join(done[1].stdout.split())
    kept = "test the rankings. 1 network of 100 units, kept where held-out loss was least, reads "
    assert re.search(rf"{kept}(\d of 4|all 4) columns\. Features", shown)


def test_comparison_is_tidy(done):
    comparison = pd.read_csv(done[0] / "out" / "comparison.csv", keep_default_na=False)
    methods = ["DeepLIFFT", "L1 logistic", "random forest", "ANOVA F-test"]
    assert comparison["method"].tolist() == [*methods, *methods, "all features"]
    assert comparison["n_features"].tolist() == [1] * 4 + [2] * 4 + [4]
    assert (comparison["metric"] == "balanced accuracy").all()
    halves = (comparison["linear_score"] + comparison["forest_score"]) / 2
    np.testing.assert_allclose(comparison["score"], halves, rtol=1e-5)
    counted = comparison["features"][:8].str.split(";").map(len)
    assert counted.tolist() == [1] * 4 + [2] * 4
    assert comparison["features"][0] == "signal"
    assert comparison["score"][0] > 0.9


def test_prints_for_a_pipe_eighty_characters_wide(done):
    _, result = done
    assert "\x1b" not in result.output
    report = [line for line in result.stdout.splitlines() if not line.startswith("Wrote to")]
    assert max(map(len, report)) <= 80
    for expected in (
        "120 rows, 4 columns to rank, 3 classes of label",
        "84 training rows",
        "signal",
    ):
        assert expected in result.stdout


def test_progress_goes_to_standard_error(done):
    _, result = done
    assert "Training networks" in result.stderr
    assert "Training networks" not in result.stdout


@pytest.mark.slow
def test_same_seed_same_bytes_and_quiet_is_silent(done):
    folder, _ = done
    result = run(
        *("rank", folder / "table.csv", "--target", "label", "-o", folder / "again", "-q"), *QUICK
    )
    assert (result.exit_code, result.output) == (0, "")
    first, second = ((folder / name / "ranking.csv").read_bytes() for name in ("out", "again"))
    assert first == second


@pytest.mark.slow
def test_text_and_holes_in_a_compressed_tsv(tmp_path):
    path = tmp_path / "mixed.tsv.gz"
    mixed_frame().to_csv(path, sep="\t", index=False)
    result = run("rank", path, "--target", "grade", "-o", tmp_path / "out", *QUICK)
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    assert "3 rows without a value of grade are left out" in said
    assert "a different text in every row: sample." in said
    assert "Dates are read as days since 1970-01-01: day." in said
    assert "median of the training rows: size (5)." in said
    assert "Missing categories are a level of their own: colour (10)." in said
    ranking = pd.read_csv(tmp_path / "out" / "ranking.csv")
    assert set(ranking["feature"]) == {"colour", "size", "smoker", "day"}
    assert ranking["feature"][0] == "colour"
    by_name = ranking.set_index("feature")
    slopes = by_name[["slope_of_no", "slope_of_yes"]]
    assert by_name["for_yes"]["colour"] > 0.2
    assert slopes.loc["colour"].isna().all()  # one value more is another less
    assert slopes.loc[["size", "day"]].notna().all(axis=None)
    assert re.search(r"yes +\+-0\.\d+ colour", result.stdout)


@pytest.mark.slow
def test_parquet_keeps_types_and_drop_drops(tmp_path):
    path = tmp_path / "mixed.parquet"
    mixed_frame().to_parquet(path)
    result = run(
        *("rank", path, "--target", "grade", "--drop", "colour", "-o", tmp_path / "out", *QUICK),
        "--all-rows",
    )
    assert result.exit_code == 0, result.output
    assert "Dates are read as days since 1970-01-01: day." in result.stdout
    assert "Ranked on all 157 rows" in result.stdout
    ranking = pd.read_csv(tmp_path / "out" / "ranking.csv")
    assert set(ranking["feature"]) == {"size", "smoker", "day"}


@pytest.mark.slow
def test_regression_reports_slopes(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(120, 3)), columns=["up", "down", "none"])
    frame["y"] = frame["up"] - frame["down"] + rng.normal(size=120) * 0.1
    frame.to_csv(tmp_path / "numbers.csv", index=False)
    result = run("rank", tmp_path / "numbers.csv", "--target", "y", "-o", tmp_path / "out", *QUICK)
    assert result.exit_code == 0, result.output
    slope = pd.read_csv(tmp_path / "out" / "ranking.csv").set_index("feature")["slope_of_y"]
    assert slope["up"] > 0.4
    assert slope["down"] < -0.4
    assert abs(slope["none"]) < 0.2
    comparison = pd.read_csv(tmp_path / "out" / "comparison.csv")
    assert set(comparison["metric"]) == {"R squared"}
    assert "lasso" in set(comparison["method"])


@pytest.mark.slow
def test_demo_gives_each_table_its_folder(tmp_path, monkeypatch):
    tables = {"one": lambda: classes_frame().rename(columns={"label": "target"})}
    monkeypatch.setattr(_demo, "TABLES", tables)
    result = run("demo", "-o", tmp_path / "out", "-q")
    assert (result.exit_code, result.output) == (0, "")
    assert {path.name for path in (tmp_path / "out" / "one").iterdir()} == FILES


@pytest.mark.long
@pytest.mark.slow
def test_one_real_process_in_a_pipe(tmp_path):
    path = tmp_path / "mixed.tsv"
    mixed_frame(200).to_csv(path, sep="\t", index=False)
    script = Path(sys.executable).with_name("sklearn-deeplifft")
    done = subprocess.run(
        [script, "rank", path, "--target", "grade", "-o", tmp_path / "out", *QUICK],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert "Warning" not in done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES


def test_version_and_help():
    assert run("--version").output.strip().endswith(__version__)
    described = run("rank", "--help").output
    assert "ranking.csv" in described
    assert "standard deviation of importance over networks" in described


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--target", "labl"], "did you mean 'label'?"),
        (["--target", "label", "--drop", "Signal"], "did you mean 'signal'?"),
        (["--target", "label", "--drop", "label"], "is the target"),
        (["--target", "label", "--counts", "3,x"], "whole numbers separated by commas"),
        (["--target", "label", "--counts", "0"], "1 or more"),
        (["--target", "label", "--networks", "0"], "--networks"),
        ([], "--target"),
        (["--target", "label", "--sep", ";"], "--sep ','"),
    ],
)
def test_wrong_arguments_exit_with_two(csv, tmp_path, arguments, said):
    result = run("rank", csv, "-o", tmp_path / "out", *arguments)
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert not (tmp_path / "out").exists()


def test_a_missing_file_exits_with_two(tmp_path):
    result = run("rank", tmp_path / "none.csv", "--target", "y")
    assert result.exit_code == 2
    assert "does not exist" in result.output


SPOILED = {
    "one class": (lambda f: f.assign(label="a"), "the target 'label' is 'a' in every row"),
    "every row its own class": (
        lambda f: f.assign(label=f.index.map("id{}".format)),
        "no class of",
    ),
    "infinity": (lambda f: f.assign(signal=np.inf), "infinite values in 1 column: signal (120)"),
    "no target": (lambda f: f.assign(label=None), "no row has a value"),
    "only the target": (lambda f: f[["label"]], "no column is left"),
    "two rows": (lambda f: f[:2], "no class of"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_wrong_data_exits_with_one_line(tmp_path, name):
    spoil, said = SPOILED[name]
    spoil(classes_frame()).to_csv(tmp_path / "t.csv", index=False)
    result = run("rank", tmp_path / "t.csv", "--target", "label", "-o", tmp_path / "out", *QUICK)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert said in errors[0]
    assert not (tmp_path / "out").exists()


def test_regression_of_text_is_refused(csv, tmp_path):
    result = run("rank", csv, "--target", "label", "--task", "regression", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "needs numbers" in result.output


@pytest.mark.slow
def test_an_error_while_writing_leaves_older_results(csv, tmp_path, monkeypatch):
    def broken(outcome):
        def write(path):
            path.write_bytes(b"half")
            raise OSError("no space left on device")

        return write

    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "ranking.csv").write_text("older")
    monkeypatch.setattr(_delivery, "figure_writer", broken)
    result = run("rank", csv, "--target", "label", "-o", tmp_path / "out", "-q", *QUICK)
    assert result.exit_code == 1
    assert "Error: no space left" in result.output
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["ranking.csv"]
    assert (tmp_path / "out" / "ranking.csv").read_text() == "older"


def test_output_that_cannot_be_a_folder_is_refused_before_the_work(csv, tmp_path):
    (tmp_path / "file").write_text("")
    result = run("rank", csv, "--target", "label", "-o", tmp_path / "file" / "out")
    assert result.exit_code == 1
    assert "is a file" in result.output
    assert "Training" not in result.output


@pytest.mark.slow
def test_without_matplotlib_the_tables_are_still_written(csv, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = run("rank", csv, "--target", "label", "-o", tmp_path / "out", *QUICK)
    assert result.exit_code == 0, result.output
    assert "sklearn-deeplifft[plot]" in result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES - {"features.png"}
