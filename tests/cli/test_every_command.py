"""What all commands do alike: examples in their help, JSON, exit status, completion."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from sklearn_deeplifft.cli import _demo, _runs, main
from sklearn_deeplifft.cli._completion import PROGRAM, SHELLS
from sklearn_deeplifft.cli._json import print_document, records
from sklearn_deeplifft.cli._settings import Training
from tests.cli.conftest import QUICK, classes_frame, run

TABLE_COMMANDS = ("rank", "gates", "whatif", "interactions", "report", "compare")
RESULTS = {
    "rank": {"ranking", "comparison", "score", "score_interval", "at_chance", "training"},
    "gates": {"ranking", "stability", "at_chance", "training"},
    "whatif": {"ranking", "effects", "doses", "at_chance", "training"},
    "interactions": {"pairs", "score", "at_chance", "training"},
    "report": {
        "ranking",
        "comparison",
        "doubts",
        "score",
        "score_interval",
        "at_chance",
        "training",
    },
    "compare": {"comparison", "folds"},
}
"""Keys of the JSON of each, beside those of all."""


@pytest.fixture
def quick(csv, tmp_path):
    """Run a command on a small table; compare by two folds."""

    def command(name, *more):
        folds = ("--folds", "2") if name == "compare" else ()
        out = ("-o", tmp_path / "out")
        return run(name, csv, "--target", "label", *out, *QUICK, *folds, *more)

    return command


# Help


@pytest.mark.parametrize("name", sorted(main.commands))
def test_help_has_examples_that_can_be_typed(name):
    said = run(name, "--help").output
    assert "Examples:\n" in said
    after = said.split("Examples:\n")[1].split("\n\n")[0]
    typed = [line.strip() for line in after.splitlines() if "$ sklearn-deeplifft" in line]
    assert typed or name == "completion"
    for line in typed:
        words = line.split(" > ")[0].removeprefix("$ sklearn-deeplifft ").split()
        assert words[0] == name
        given = {word for word in words if word.startswith("-") and word != "-1"}
        assert given <= {option for one in main.commands[name].params for option in one.opts}


# JSON


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLE_COMMANDS)
def test_json_is_all_of_standard_output(quick, name, tmp_path):
    done = quick(name, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert set(found) >= RESULTS[name] | {"name", "rows", "columns", "target", "task", "notes"}
    written = sorted(str(path) for path in (tmp_path / "out").iterdir())
    assert sorted(found["files"]) == written
    assert found["rows"] == 120
    if "ranking" in found:
        assert found["ranking"][0]["feature"] == "signal"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rank", "gates", "whatif", "interactions"])
def test_what_held_out_rows_decided_is_said_on_the_screen_and_in_json(quick, name):
    training = json.loads(quick(name, "--json", "-q").stdout)["training"]
    assert re.fullmatch(r"1 network of .*, kept where held-out loss was least.*\.", training)
    assert training in " ".join(quick(name).stdout.split())


def test_json_of_missing_numbers_and_strange_names(capsys):
    frame = pd.DataFrame({"a\x1b[2J": [1.5, np.nan], "b": ["\u202ex", None]})
    frame["n"] = np.array([1, 2])
    print_document({"rows": records(frame), "index": {3: np.nan}})
    said = capsys.readouterr().out
    assert json.loads(said) == {
        "rows": [
            {"a\x1b[2J": 1.5, "b": "\u202ex", "n": 1},
            {"a\x1b[2J": None, "b": None, "n": 2},
        ],
        "index": {"3": None},
    }
    assert said.isascii()
    assert "\x1b" not in said


@pytest.mark.slow
def test_json_of_the_demonstration_is_one_document(tmp_path, monkeypatch):
    monkeypatch.setattr(
        _demo, "TABLES", {"small": lambda: classes_frame().rename(columns={"label": "target"})}
    )
    monkeypatch.setattr(_runs, "Training", lambda: Training(networks=1, counts=(1,)))
    done = run("demo", "-o", tmp_path, "--json", "-q")
    assert done.exit_code == 0, done.output
    assert set(json.loads(done.stdout)) == {"small"}


# Exit status


@pytest.mark.parametrize("name", TABLE_COMMANDS)
def test_data_at_fault_end_with_1_and_one_line(csv, tmp_path, name):
    frame = pd.read_csv(csv)
    frame["label"] = "same"
    frame.to_csv(tmp_path / "one.csv", index=False)
    done = run(name, tmp_path / "one.csv", "--target", "label", "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", TABLE_COMMANDS)
@pytest.mark.parametrize(
    "wrong", [["--target", "lable"], [], ["--target", "label", "--networks", "0"], ["--what"]]
)
def test_what_is_typed_wrongly_ends_with_2(csv, tmp_path, name, wrong):
    assert run(name, csv, *wrong, "-o", tmp_path / "out").exit_code == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "wrong",
    [["no-such-command"], ["completion", "tcsh"], ["completion"], ["demo", "--target", "x"]],
)
def test_other_commands_typed_wrongly(wrong):
    assert run(*wrong).exit_code == 2


def test_an_interrupted_command_ends_with_130(monkeypatch, tmp_path):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(_demo, "TABLES", {"small": interrupted})
    monkeypatch.setattr(_runs, "read_samples", interrupted)
    (tmp_path / "a.fa").write_text(">a\nACGT\n")
    assert run("demo", "-o", tmp_path / "out").exit_code == 130
    assert run("motifs", tmp_path / "a.fa", "-o", tmp_path / "out").exit_code == 130


@pytest.mark.parametrize("more", [[], ["--against", "shuffles"]])
def test_motifs_of_no_dna_end_with_2(tmp_path, more):
    """As a table that is none does."""
    (tmp_path / "a.fa").write_text("no sequence")
    done = run("motifs", tmp_path / "a.fa", *more, "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1


# Where files go

OUTPUTS = [(name, "--output") for name in (*TABLE_COMMANDS, "motifs", "demo")]
OUTPUTS += [(name, "--checkpoint-dir") for name in (*TABLE_COMMANDS, "motifs")]


def refused(name, csv, option, place):
    """Standard error of a command that is given a place, which has to be refused."""
    given = {"demo": (), "motifs": (csv,)}.get(name, (csv, "--target", "label"))
    done = run(name, *given, option, place)
    assert done.exit_code == 2
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize(("name", "option"), OUTPUTS)
@pytest.mark.parametrize("file", ["out.csv", "x.pdf", "out.tar.gz"])
def test_a_file_in_the_place_of_a_folder_is_refused(csv, tmp_path, name, option, file):
    said = refused(name, csv, option, tmp_path / file)
    assert f"{file}' ends like a file" in said
    assert f"{file}{os.sep}' for a folder of that name" in said
    page = (name, option) == ("report", "--output")
    assert ("a browser prints the page to PDF" if page else "give the name of one") in said
    assert "is a file, and" in refused(name, csv, option, csv)
    assert "'-' is no folder; --json prints results." in refused(name, csv, option, "-")
    assert "an empty name is no folder" in refused(name, csv, option, "")
    assert "too long; give another folder." in refused(name, csv, option, tmp_path / ("a" * 300))
    assert list(tmp_path.iterdir()) == [csv]


@pytest.mark.parametrize("name", ["rank", "report"])
@pytest.mark.parametrize("folder", ["run-0.05", "results", "there.v2", f"new.v2{os.sep}", ".dot"])
def test_folders_may_have_any_name(csv, tmp_path, name, folder):
    (tmp_path / "there.v2").mkdir()
    done = run(name, csv, "--target", "no such column", "-o", f"{tmp_path}{os.sep}{folder}")
    assert "no column 'no such column'" in done.stderr


# Completion


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_are_those_of_the_program(shell):
    done = run("completion", shell)
    assert done.exit_code == 0
    assert PROGRAM in done.output
    assert f"_SKLEARN_DEEPLIFFT_COMPLETE={shell}_complete" in done.output


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_takes_its_script(shell, tmp_path):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    script.write_text(run("completion", shell).output)
    check = "--no-execute" if shell == "fish" else "-n"
    done = subprocess.run([program, check, script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


ASKED = {
    "bash": """eval "$(sklearn-deeplifft completion bash)"
COMP_WORDS=(sklearn-deeplifft whatif --scale l); COMP_CWORD=3
_sklearn_deeplifft_completion sklearn-deeplifft; echo "${COMPREPLY[@]}\"""",
    "fish": """sklearn-deeplifft completion fish | source
complete --do-complete "sklearn-deeplifft whatif --scale l\"""",
}
"""What a shell does at the tab key; zsh asks only where somebody types."""


@pytest.mark.slow
@pytest.mark.parametrize("shell", sorted(ASKED))
def test_a_shell_completes_by_its_script(shell):
    program, own = shutil.which(shell), Path(sys.executable).parent
    if program is None or not (own / PROGRAM).exists():
        pytest.skip(f"{shell} or {PROGRAM} is not installed")
    found = {**os.environ, "PATH": os.pathsep.join([str(own), os.environ["PATH"]])}
    done = subprocess.run(
        [program, "-c", ASKED[shell]], capture_output=True, text=True, check=False, env=found
    )
    assert (done.stdout.strip(), done.stderr) == ("logit", "")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("sklearn-deeplifft re", {"report"}),
        ("sklearn-deeplifft report --n", {"--networks", "--na", "--nulls"}),
        ("sklearn-deeplifft completion ", set(SHELLS)),
        ("sklearn-deeplifft whatif --scale ", {"logit", "proba"}),
    ],
)
def test_what_is_completed(words, offered):
    last = "" if words.endswith(" ") else words.split()[-1]
    asked = {
        "_SKLEARN_DEEPLIFFT_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - (last != "")),
    }
    done = CliRunner().invoke(main, [], prog_name=PROGRAM, env=asked)
    assert {line.split(",", 1)[1] for line in done.output.splitlines()} == offered


def test_click_is_told_the_variable_of_the_script():
    """The name that click makes of the program's is the one in the script."""
    made = f"_{PROGRAM}_COMPLETE".replace("-", "_").upper()
    assert made in run("completion", "bash").output
    assert isinstance(main, click.Group)
