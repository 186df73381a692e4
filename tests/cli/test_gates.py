"""The command ``gates``: its files against the selector itself, what is printed, how it ends."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from sklearn_deeplifft import ImportanceNeuronSelector, Progress, TrainingInterrupted
from sklearn_deeplifft.cli import _gates, _runs
from sklearn_deeplifft.cli._agreement import Agreement
from sklearn_deeplifft.cli._attributes import name_columns
from sklearn_deeplifft.cli._gates import GateOutcome
from sklearn_deeplifft.cli._progress import Live, progress_for
from sklearn_deeplifft.cli._settings import Training
from sklearn_deeplifft.cli._show_gates import show_gates
from sklearn_deeplifft.cli._table import Table, make_table
from tests.cli.conftest import classes_frame, mixed_frame, run

FILES = {"gates.csv", "ranking.csv"}
NUMBERS = [
    *("rank", "feature", "importance", "std", "low", "high"),
    *("mean_rank", "rank_std"),
]
OF_CLASSES = [f"{of}_{name}" for of in ("for", "slope_of") for name in ("low", "middle", "top")]
N = ("--networks", "2")
REPORTS = [
    Progress("4 features", 10, 30, 10.4, 65.0, epochs=500, loss=0.36),
    Progress("4 features", 30, 30, 29.0, 0.0, epochs=500, loss=0.35),
]


def gates(*arguments):
    return run("gates", *arguments)


def read(folder):
    return (pd.read_csv(folder / name) for name in ("gates.csv", "ranking.csv"))


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gates")
    classes_frame().to_csv(folder / "table.csv", index=False)
    result = gates(
        *(folder / "table.csv", "--target", "label", "-o", folder / "out"),
        *("--networks", "3", "--counts", "1"),
    )
    assert result.exit_code == 0, result.output
    return folder, result


@pytest.fixture
def bare(tmp_path):
    """A table without a header: the third column is the target, ``?`` a hole."""
    frame = classes_frame()[["noise a", "signal", "label", "noise b"]]
    frame.loc[:2, "noise a"] = None
    frame.to_csv(tmp_path / "table.data", header=False, index=False, na_rep=" ?")
    (tmp_path / "attributes").write_text("noise a, signal,noise b")
    return tmp_path


def from_bare(folder, target="2", *arguments):
    return gates(
        *(folder / "table.data", "--attributes", folder / "attributes", "--target", target),
        *("-o", folder / "out", *N, *arguments),
    )


# What is written


@pytest.mark.slow
def test_writes_two_files_and_leaves_nothing_else(done):
    assert {path.name for path in (done[0] / "out").iterdir()} == FILES


@pytest.mark.slow
def test_gates_are_those_of_the_selector(done):
    found, ranking = read(done[0] / "out")
    frame = classes_frame()
    X, y = frame.drop(columns="label"), frame["label"]
    ensemble = ImportanceNeuronSelector.default_estimator(n_networks=3)
    selector = ImportanceNeuronSelector(ensemble, random_state=0).fit(X, y)
    assert list(found) == list(X)
    np.testing.assert_allclose(found, selector.importances_per_network_, rtol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    slopes = ranking.set_index("feature").loc[list(X), OF_CLASSES[3:]]
    np.testing.assert_allclose(slopes, selector.class_slopes_.T, rtol=1e-4)
    assert slopes.loc["signal", "slope_of_low"] < 0 < slopes.loc["signal", "slope_of_top"]


def test_ranking_follows_from_the_gates(done):
    found, ranking = read(done[0] / "out")
    assert list(ranking) == [*NUMBERS, "frequency_1", *OF_CLASSES]
    assert ranking["rank"].tolist() == [1, 2, 3, 4]
    assert ranking["feature"][0] == "signal"
    found = found[ranking["feature"]]
    ranks = found.rank(axis=1, ascending=False)
    expected = {
        "importance": found.mean(),
        "std": found.std(ddof=1),
        "mean_rank": ranks.mean(),
        "rank_std": ranks.std(ddof=1),
        "frequency_1": (ranks == 1).mean(),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(ranking[name], values, rtol=1e-4, atol=1e-6, err_msg=name)
    assert (ranking["low"] <= ranking["importance"]).all()
    assert (ranking["importance"] <= ranking["high"]).all()
    assert (ranking.loc[0, ["for_low", "for_top"]].astype(float) > 0.2).all()


@pytest.mark.slow
def test_a_column_of_text_is_one_feature(tmp_path):
    mixed_frame().dropna(subset="colour").to_csv(tmp_path / "mixed.csv", index=False)
    result = gates(tmp_path / "mixed.csv", "--target", "grade", "-o", tmp_path / "out", *N)
    assert result.exit_code == 0, result.output
    found, ranking = read(tmp_path / "out")
    assert list(found) == ["colour", "size", "smoker", "day"]  # as in the file
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert ranking["feature"][0] == "colour"
    assert sorted(ranking["feature"]) == sorted(found)
    assert ranking["rank"].tolist() == [1, 2, 3, 4]
    assert ranking["frequency_3"].sum() == pytest.approx(3)
    said = " ".join(result.stdout.split())
    assert "147 rows, 4 columns to rank" in said
    assert "median of all rows: size (5)." in said


@pytest.mark.slow
def test_what_speaks_for_a_class_adds_up_over_the_values_of_a_text():
    rng = np.random.default_rng(0)
    codes = rng.integers(3, size=150)
    frame = pd.DataFrame({"u": np.array(["p", "q", "r"])[codes], "v": rng.normal(size=150)})
    y = np.array(["a", "b", "b"])[codes]
    X = pd.DataFrame({"v": frame["v"], **{f"u={c}": frame["u"] == c for c in "pqr"}}, dtype=float)
    ensemble = ImportanceNeuronSelector.default_estimator(n_networks=2)
    selector = ImportanceNeuronSelector(ensemble, random_state=0, feature_groups=["v", *"uuu"])
    expected = selector.fit(X, y).class_importances_[:, 1:].sum(axis=1)
    table = make_table(frame.assign(y=y), "y", name="t")
    found = _gates.train_gates(table, Training(networks=2), progress_for(quiet=True))
    ranking = found.ranking.set_index("feature")
    np.testing.assert_allclose(
        ranking.loc["u", ["for_a", "for_b"]].astype(float), expected, rtol=1e-6
    )
    slopes = ranking[["slope_of_a", "slope_of_b"]].astype(float)
    np.testing.assert_allclose(slopes.loc["v"], selector.class_slopes_[:, 0], rtol=1e-6)
    assert slopes.loc["u"].isna().all()  # one value more is another less


@pytest.mark.slow
def test_a_regression_has_no_columns_of_classes(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(120, 3)), columns=["up", "down", "none"])
    frame["y"] = frame["up"] * 2 - frame["down"]
    frame.to_csv(tmp_path / "t.csv", index=False)
    result = gates(tmp_path / "t.csv", "--target", "y", "-o", tmp_path / "out", *N)
    assert result.exit_code == 0, result.output
    _, ranking = read(tmp_path / "out")
    assert list(ranking) == [*NUMBERS, "frequency_1", "slope_of_y"]
    assert ranking["feature"].tolist() == ["up", "down", "none"]
    assert ranking["slope_of_y"][0] > 0.4 > -0.2 > ranking["slope_of_y"][1]


@pytest.mark.slow
def test_same_seed_same_bytes_and_quiet_is_silent(done):
    folder, _ = done
    arguments = ("--networks", "3", "--counts", "1", "-o", folder / "again", "-q")
    result = gates(folder / "table.csv", "--target", "label", *arguments)
    assert (result.exit_code, result.output) == (0, "")
    for name in FILES:
        assert (folder / "again" / name).read_bytes() == (folder / "out" / name).read_bytes()


# Settings


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_defaults_are_those_of_the_selector(task):
    found = _gates._selector(task, ["a"], Training()).get_params(deep=False)
    ensemble = found.pop("estimator")
    expected = ImportanceNeuronSelector.default_estimator(task, n_jobs=1)
    assert type(ensemble) is type(expected)
    assert ensemble.get_params() == expected.get_params()
    expected = ImportanceNeuronSelector(feature_groups=["a"], random_state=0).get_params(deep=False)
    assert found == {name: expected[name] for name in found}


@pytest.mark.parametrize(("asked", "n"), [(None, 100), (7, 7)])
def test_paper_means_all_of_the_paper(asked, n):
    found = _gates._selector("classification", ["a"], Training(networks=asked), paper=True)
    found = found.get_params()
    paper = ImportanceNeuronSelector(**ImportanceNeuronSelector.paper_parameters())
    expected = {
        **paper.get_params(),
        **{"estimator__n_networks": n, "estimator__n_jobs": 1},
        **{"feature_groups": ["a"], "random_state": 0},
    }
    assert (
        found.pop("estimator").get_params()
        == expected.pop("estimator").set_params(n_networks=n, n_jobs=1).get_params()
    )
    assert found == expected


def test_paper_runs(csv, tmp_path, monkeypatch):
    short = ImportanceNeuronSelector.paper_parameters()
    short["estimator"].set_params(max_epochs=30, learning_rate=0.01)
    monkeypatch.setattr(ImportanceNeuronSelector, "paper_parameters", staticmethod(lambda: short))
    result = gates(csv, "--target", "label", "--paper", *N, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    found, ranking = read(tmp_path / "out")
    assert found.shape == (2, 4)
    assert list(ranking)[-6:] == OF_CLASSES


def test_networks_with_every_gate_closed_are_told_once(monkeypatch):
    closing = {"gates": "free", "gate_initial": "uniform", "n_networks": 2, "path_steps": 50}
    closing["hidden_layer_sizes"] = (200, 100)
    closed = ImportanceNeuronSelector(
        ImportanceNeuronSelector.default_estimator(**closing), random_state=2
    )
    monkeypatch.setattr(_gates, "_selector", lambda *_, **__: closed)
    X = np.random.default_rng(0).normal(size=(60, 200))
    frame = pd.DataFrame(X).add_prefix("x").assign(label=np.where(X[:, 0] > 0, "a", "b"))
    table = make_table(frame, "label", name="noise")
    found = _gates.train_gates(table, Training(networks=2), progress_for(quiet=True))
    assert (found.gates == 0).to_numpy().all()
    [said] = [note for note in found.notes if "gate" in note or "feature through" in note]
    assert said.startswith("2 of 2 networks let no feature through; their importances are 0")


@pytest.mark.slow
def test_a_killed_run_goes_on_from_its_checkpoints(done):
    folder, _ = done
    kept = folder / "kept"
    arguments = (
        *(folder / "table.csv", "--target", "label", "-q", "--checkpoint-dir", kept),
        *("--networks", "3", "--counts", "1"),
    )
    assert gates(*arguments, "-o", folder / "first").exit_code == 0
    second = sorted(kept.glob("*.npz"))[1]
    second.unlink()
    before = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert gates(*arguments, "-o", folder / "second").exit_code == 0
    assert before == {path: path.stat().st_mtime_ns for path in kept.iterdir() if path != second}
    assert second.exists()
    for name in FILES:
        plain, first, again = (folder / f / name for f in ("out", "first", "second"))
        assert plain.read_bytes() == first.read_bytes() == again.read_bytes()


@pytest.mark.slow
def test_threads_change_no_byte(done):
    folder, _ = done
    result = gates(
        *(folder / "table.csv", "--target", "label", "-o", folder / "threads", "-q"),
        *("--networks", "3", "--counts", "1", "--jobs", "2"),
    )
    assert (result.exit_code, result.output) == (0, "")
    for name in FILES:
        assert (folder / "threads" / name).read_bytes() == (folder / "out" / name).read_bytes()


@pytest.mark.slow
def test_checkpoints_of_another_fit_are_told_once(csv, tmp_path):
    arguments = (csv, "--target", "label", *N, "--checkpoint-dir", tmp_path / "kept")
    assert gates(*arguments, "-q", "-o", tmp_path / "out").exit_code == 0
    result = gates(*arguments, "--seed", "1", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    assert said.count("is foreign") == 1
    assert "Use another --checkpoint-dir for another fit." in said
    assert "checkpoint_dir" not in said
    assert "So it is with 1 more." in said


# A table without a header


@pytest.mark.slow
def test_names_come_from_a_file(bare):
    result = from_bare(bare)
    assert result.exit_code == 0, result.output
    found, ranking = read(bare / "out")
    assert list(found) == ["noise a", "signal", "noise b"]
    assert ranking["feature"][0] == "signal"
    assert {"for_low", "for_middle", "for_top"} < set(ranking)
    assert "120 rows, 3 columns to rank, 3 classes of column 2" in result.stdout
    assert "noise a (3)" in result.stdout  # the holes are holes, not a text


@pytest.mark.parametrize("target", ["2", "-2", "kind"])
@pytest.mark.parametrize(
    "text", ["noise a\nsignal\nkind\nnoise b\n", 'noise a,signal,\r\n"kind", noise b\r\n']
)
def test_names_one_a_line_or_by_commas_may_hold_the_target(bare, target, text):
    (bare / "attributes").write_text(text, newline="")
    frame, name = name_columns(classes_frame().iloc[:, :4], bare / "attributes", target)
    assert name == "kind"
    assert list(frame) == ["noise a", "signal", "kind", "noise b"]


@pytest.mark.slow
def test_the_last_column_and_columns_to_leave_out(bare):
    result = from_bare(bare, "-1", "--drop", "noise a")
    assert result.exit_code == 0, result.output
    found, _ = read(bare / "out")
    # The third name is that of the column of words now.
    assert list(found) == ["signal", "noise b"]
    assert "numbers in column 3" in result.stdout


WRONG_NAMES = {
    "too few": ("noise a,signal", "2", "names 2 columns, and the table has 4; name the 3"),
    "twice": ("signal,signal,noise b", "2", "names 'signal' twice"),
    "no position": ("noise a,signal,noise b", "label", "0 to 3, or -1 for the last"),
    "beyond": ("noise a,signal,noise b", "4", "0 to 3, or -1 for the last"),
    "dropped": ("noise a,signal,noise b", "2", "no column 'noise'"),
}


@pytest.mark.parametrize("name", WRONG_NAMES)
def test_wrong_names_exit_with_two(bare, name):
    text, target, said = WRONG_NAMES[name]
    (bare / "attributes").write_text(text)
    result = from_bare(bare, target, *(["--drop", "noise"] if name == "dropped" else []))
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert not (bare / "out").exists()


def test_names_that_cannot_be_read_exit_with_two(bare):
    (bare / "attributes").write_bytes(b"\xff\xfe")
    result = from_bare(bare)
    assert result.exit_code == 2
    assert "not UTF-8" in result.output


def test_a_header_beside_the_file_of_names_is_seen(bare):
    frame = classes_frame()[["noise a", "signal", "label", "noise b"]]
    frame.to_csv(bare / "table.data", index=False)
    result = from_bare(bare)
    assert result.exit_code == 2
    assert "the first row of the table names its columns" in result.output


def test_another_separator_is_hinted_at(bare):
    (bare / "table.data").write_text("1/2/a/0\n3//4/b/0\n")
    result = from_bare(bare)
    assert result.exit_code == 2
    assert "--sep '/'" in result.output


def test_parquet_has_names(bare):
    classes_frame().to_parquet(bare / "t.parquet")
    result = gates(bare / "t.parquet", "--attributes", bare / "attributes", "--target", "-1")
    assert result.exit_code == 2
    assert "names its columns; leave out other names" in result.output


# Errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--target", "labl"], "did you mean 'label'?"),
        (["--target", "label", "--drop", "Signal"], "did you mean 'signal'?"),
        (["--target", "label", "--drop", "label"], "is the target"),
        (["--target", "label", "--networks", "0"], "--networks"),
        (["--target", "label", "--jobs", "0"], "give 1 or more, or -1"),
        (["--target", "label", "--counts", "3,999"], "has 4 features to rank, fewer than 999"),
        (["--target", "label", "--select", "5"], "No such option"),
        (["--target", "signal", "--paper"], "Leave --paper out"),
        (["--target", "label", "--attributes", "none"], "does not exist"),
        ([], "--target"),
    ],
)
def test_wrong_arguments_exit_with_two(csv, tmp_path, arguments, said):
    result = gates(csv, "-o", tmp_path / "out", *arguments)
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert not (tmp_path / "out").exists()


def test_a_file_where_checkpoints_belong_is_refused_before_training(csv, tmp_path):
    (tmp_path / "file").write_text("")
    result = gates(
        *(csv, "--target", "label", "-o", tmp_path / "out"),
        *("--checkpoint-dir", tmp_path / "file" / "kept"),
    )
    assert result.exit_code == 1
    assert "Use another --checkpoint-dir." in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_an_error_while_writing_leaves_older_results(csv, tmp_path, monkeypatch):
    def broken(frame):
        def write(path):
            path.write_bytes(b"half")
            if path.name == "ranking.csv":
                raise OSError("no space left on device")

        return write

    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "gates.csv").write_text("older")
    monkeypatch.setattr(_runs, "csv_writer", broken)
    result = gates(csv, "--target", "label", "-o", tmp_path / "out", "-q", *N)
    assert result.exit_code == 1
    assert "Error: no space left" in result.output
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["gates.csv"]
    assert (tmp_path / "out" / "gates.csv").read_text() == "older"


# Ctrl-C


@pytest.mark.parametrize(
    ("interrupt", "said"),
    [
        (
            TrainingInterrupted(40, 100, Path("d")),
            "Interrupted: 40 of 100 networks were trained and are kept in d; the same call goes on "
            "from there.\n",
        ),
        (
            TrainingInterrupted(0, 2),
            "Interrupted: 0 of 2 networks were trained, and none is kept. Pass --checkpoint-dir to "
            "keep those that are finished.\n",
        ),
        (KeyboardInterrupt(), "Interrupted: nothing was written.\n"),
    ],
)
def test_an_interrupt_says_what_is_kept(csv, tmp_path, monkeypatch, interrupt, said):
    def interrupted(self, X, y):
        raise interrupt

    monkeypatch.setattr(ImportanceNeuronSelector, "fit", interrupted)
    result = gates(csv, "--target", "label", "-o", tmp_path / "out", "-q")
    assert (result.exit_code, result.output) == (130, said)
    assert not (tmp_path / "out").exists()


ONE_AT_A_TIME = """
from sklearn_deeplifft.cli import main
from sklearn_deeplifft.ensembles import _chunks
from sklearn_deeplifft.selectors import _importance_neurons
_chunks.LARGEST_CHUNK = 1
_importance_neurons.OWN["path_steps"] = 60
main()
"""


@pytest.mark.long
@pytest.mark.slow
def test_ctrl_c_ends_a_real_process_of_two_threads(csv, tmp_path):
    with subprocess.Popen(
        [
            *(sys.executable, "-c", ONE_AT_A_TIME),
            *("gates", csv, "--target", "label", "-o", tmp_path / "out"),
            *("--networks", "100", "--jobs", "2", "--checkpoint-dir", tmp_path / "kept"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("network "):
                os.kill(process.pid, signal.SIGINT)
                break
        rest = process.stderr.read()
    assert process.returncode == 130, rest
    last = rest.splitlines()[-1]
    assert re.fullmatch(r"Interrupted: \d+ of 100 networks .* the same call goes on.*", last)
    assert "Traceback" not in rest
    assert len(list((tmp_path / "kept").glob("*.npz"))) > 0


# What is shown


def test_prints_for_a_pipe_eighty_characters_wide(done):
    folder, result = done
    assert "\x1b" not in result.output
    report = [line for line in result.stdout.splitlines() if not line.startswith("Wrote to")]
    assert max(map(len, report)) <= 80
    for expected in (
        "120 rows, 4 columns to rank, 3 classes of label",
        "3 networks; each held a fold of the 120 rows out.",
        "Features, all 4",
        "own first",
        "1 if all networks choose the same features",
        f"Wrote to {folder / 'out'}: gates.csv ranking.csv",
    ):
        assert expected in result.stdout
    assert re.search(r"\n   1   signal .* 100 %\n", result.stdout)
    assert "\nStability 1.00 at 1 feature\n" in result.stdout


def test_lines_of_progress_go_to_standard_error(done):
    _, result = done
    lines = result.stderr.splitlines()
    assert lines[0] == "Training networks (3)"
    assert lines[-1].startswith("network 3/3 on 4 features: ")
    assert "network" not in result.stdout.replace("networks", "").replace("network's", "")


def made_up(d=30, n=4, k=15, stability=0.5):
    names = [f"[red]a_rather_long_name_of_a_feature_{i}" for i in range(d)]
    shares = np.linspace(1, 0, d)
    table = pd.DataFrame({name: shares / d for name in [*NUMBERS, f"frequency_{k}"]})
    table = table.assign(rank=np.arange(d) + 1, feature=names)
    empty = pd.DataFrame(index=range(9))
    data = Table("made-up", empty, empty, np.resize(["a", "b"], 9), "kind", "classification")
    agreement = Agreement(n, [k], [stability], np.array([shares]))
    return GateOutcome(data, pd.DataFrame(np.ones((n, d))), table, agreement, ["x" * 999])


def printed(outcome):
    stream = io.StringIO()
    show_gates(Console(file=stream, width=80, markup=False, highlight=False), outcome)
    return stream.getvalue()


def test_thousands_of_features_stay_short():
    text = printed(made_up(d=5000, k=2500))
    assert len(text.splitlines()) < 50
    assert max(map(len, text.splitlines())) <= 80
    assert "the first 20 of 5,000" in text
    assert "Stability 0.50 at 2,500 features" in text
    assert "[red]a_rath" in text


@pytest.mark.parametrize(
    ("n", "k", "said"), [(1, 15, "A single network"), (4, 30, "Lists of all 30 features")]
)
def test_a_stability_that_is_not_known_says_why(n, k, said):
    text = printed(made_up(n=n, k=k, stability=np.nan))
    assert "Stability: not known" in text
    assert said in text
    assert "nan" not in text


@pytest.mark.slow
def test_one_network_is_enough(csv, tmp_path):
    result = gates(csv, "--target", "label", "--networks", "1", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "1 network; it held a fold of the 120 rows out." in result.stdout
    assert "Stability: not known" in result.stdout
    found, ranking = read(tmp_path / "out")
    assert len(found) == 1
    assert ranking[["std", "low", "high", "rank_std"]].isna().all(axis=None)
    assert "nan" not in result.stdout.lower()
    assert "One network has no interval." in " ".join(result.stdout.split())


def test_a_terminal_shows_the_networks_done_and_the_time_left(capsys):
    screen = io.StringIO()
    live = Live(Console(file=screen, force_terminal=True, width=100))
    with live.follow("Training networks", 30) as report:
        report(REPORTS[0])
        shown = screen.getvalue()
        report(REPORTS[1])
    assert "10/30" in shown
    assert re.search(r"0:01:0[45] left", shown)
    assert "30/30" in screen.getvalue()
    assert capsys.readouterr().out == ""


def test_quiet_follows_in_silence(capsys):
    with progress_for(quiet=True).follow("Training networks", 30) as report:
        report(REPORTS[0])
    assert capsys.readouterr() == ("", "")


def test_help_explains_the_files():
    described = gates("--help").output
    for expected in ("gates.csv", "mean_rank, rank_std", "95 % bootstrap interval", "--attributes"):
        assert expected in described
