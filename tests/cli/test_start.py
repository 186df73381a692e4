"""Begin and end of the command: what help costs, ways to call it, Ctrl-C, errors of one line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import click
import pytest
from click.testing import CliRunner

from sklearn_deeplifft import DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector
from sklearn_deeplifft.cli import _given, main
from sklearn_deeplifft.cli._errors import Commands
from sklearn_deeplifft.cli._reading_options import NAMES
from sklearn_deeplifft.ensembles import network_count
from tests.cli.conftest import QUICK, run

TRAINING = ("rank", "gates", "whatif", "interactions")
COMMANDS = (*TRAINING, "report", "compare")
HEAVY = {"torch", "sklearn", "pandas", "numpy", "scipy", "matplotlib", "rich"}
SHARED = {
    *(f"--{name.replace('_', '-')}" for name in NAMES),
    *("--target", "--task", "--attributes", "--groups", "--networks"),
    *(
        "--counts",
        "--jobs",
        "--checkpoint-dir",
        "--seed",
        "--output",
        "--force",
        "--quiet",
        "--json",
    ),
}
COST = """
import json, sys, time
from sklearn_deeplifft.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    print(json.dumps([end.code, time.process_time(), sorted(sys.modules)]))
"""


def python(*arguments, **settings):
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **settings)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        *([command, "--help"] for command in (*COMMANDS, "motifs", "demo")),
        ["completion", "bash"],
    ],
)
def test_help_takes_half_a_second_at_most_and_loads_nothing(arguments):
    done = python("-c", COST, *arguments)
    code, seconds, modules = json.loads(done.stdout.splitlines()[-1])
    assert code == 0
    assert not HEAVY & set(modules)
    assert seconds < 0.5


def test_wrong_arguments_are_refused_before_anything_is_loaded(csv):
    done = python("-c", COST, "rank", csv, "--target", "label", "--counts", "0")
    code, seconds, modules = json.loads(done.stdout.splitlines()[-1])
    assert code == 2
    assert not HEAVY & set(modules)
    assert seconds < 0.5


@pytest.mark.parametrize("module", ["sklearn_deeplifft", "sklearn_deeplifft.cli"])
def test_the_package_is_a_command(module):
    done = python("-m", module, "rank", "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: python -m {module} rank [OPTIONS] TABLE")


def test_commands_share_their_options():
    options = {
        name: {option for one in main.commands[name].params for option in one.opts}
        for name in COMMANDS
    }
    assert all(found >= SHARED for found in options.values())
    assert options["rank"] - SHARED == {"table", "-o", "-q", "--all-rows"}
    assert options["gates"] - SHARED == {"table", "-o", "-q", "--paper"}
    assert options["whatif"] - SHARED == {"table", "-o", "-q", "--feature", "--scale"}
    assert options["interactions"] - SHARED == {"table", "-o", "-q", "--pairs"}
    assert options["report"] - SHARED == {"table", "-o", "-q", "--all-rows", "--nulls"}
    assert options["compare"] - SHARED == {"table", "-o", "-q", "--folds", "--selector"}


@pytest.mark.parametrize(
    ("command", "selector"),
    [
        ("rank", DeepLIFFTSelector),
        ("gates", ImportanceNeuronSelector),
        ("whatif", GIATransformer),
        ("interactions", GIATransformer),
    ],
)
def test_help_names_the_default_of_the_class(command, selector):
    said = " ".join(run(command, "--help").output.split())
    assert f"[default: {network_count(selector.default_estimator(), 1)}" in said


# Ctrl-C


def at_work(monkeypatch, raised):
    def interrupted(*_, **__):
        raise raised

    monkeypatch.setattr(_given, "load_table", interrupted)


@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_is_one_message_from_the_first_moment_on(csv, tmp_path, monkeypatch, command):
    at_work(monkeypatch, KeyboardInterrupt())
    result = run(command, csv, "--target", "label", "-o", tmp_path / "out")
    assert (result.exit_code, result.output) == (130, "Interrupted: nothing was written.\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("where", ["click", "torch"])
def test_ctrl_c_while_modules_load_is_one_message(csv, tmp_path, where):
    (tmp_path / f"{where}.py").write_text("raise KeyboardInterrupt")
    search = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = python(
        *("-m", "sklearn_deeplifft", "rank", csv, "--target", "label", "-o", tmp_path / "out"),
        env={**os.environ, "PYTHONPATH": search},
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "Interrupted: nothing was written.\n"


@pytest.mark.slow
@pytest.mark.parametrize("command", TRAINING)
def test_ctrl_c_ends_a_real_process(csv, tmp_path, command):
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "sklearn_deeplifft", command, csv, "--target", "label"),
            *("--networks", "100", "-o", tmp_path / "out"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        first = process.stderr.read(20)
        assert first.startswith("Training networks")
        time.sleep(0.3)
        os.kill(process.pid, signal.SIGINT)
        rest = process.stderr.read()
    # Python ends by the signal itself where it came within text that is run as code, such as a
    # named tuple; a shell calls either 130.
    assert process.returncode in (130, -signal.SIGINT), rest
    assert rest.splitlines()[-1].startswith("Interrupted: ")
    assert (first + rest).count("Interrupted") == 1
    assert "Traceback" not in rest
    assert not (tmp_path / "out").exists()


# Errors


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (MemoryError(), "the machine has not enough memory for this. Leave columns out"),
        (MemoryError("Unable to allocate 7 TiB."), "for this (Unable to allocate 7 TiB). Leave"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory\nframe #0"),
            "can't allocate memory). Leave columns out",
        ),
        (RuntimeError("can't start new thread"), "can't start new thread). Leave"),
        (OverflowError("too large"), "too large"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (ValueError("no \x1b[2Jcolumn\n\tof that name"), r"no \x1b[2Jcolumn of that name"),
        (ValueError(""), "ValueError"),
    ],
)
def test_errors_of_data_and_machine_are_one_line(csv, monkeypatch, raised, said):
    at_work(monkeypatch, raised)
    result = run("rank", csv, "--target", "label")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Error: ")
    assert said in result.stderr
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize("raised", [RuntimeError("of ours"), KeyError("of ours")])
def test_faults_of_ours_keep_their_traceback(csv, monkeypatch, raised):
    at_work(monkeypatch, raised)
    assert run("rank", csv, "--target", "label").exception is raised


def test_a_reader_that_has_gone_is_no_error_of_ours(csv, monkeypatch):
    at_work(monkeypatch, BrokenPipeError(32, "Broken pipe"))
    result = run("rank", csv, "--target", "label")
    assert result.exit_code == 1
    assert result.output == ""


NAME = "\x1b[31mred\x1b[2J\x07" + "x" * 100_000


def test_names_of_the_command_line_are_printed_safely(csv):
    for arguments in (["--target", NAME], ["--target", "label", "--drop", NAME]):
        result = run("rank", csv, *arguments)
        assert result.exit_code == 2
        assert len(result.stderr) < 2000
        assert not {"\x1b", "\x07"} & set(result.stderr)
        assert "\\x1b[31mred" in result.stderr


def test_names_in_a_file_are_printed_safely(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f"{NAME},b\n1,2\n")
    result = run("rank", path, "--target", "c")
    assert result.exit_code != 0
    assert len(result.stderr) < 2000
    assert not {"\x1b", "\x07"} & set(result.stderr)


def test_messages_of_click_are_safe_wherever_they_are_raised():
    @click.group(cls=Commands)
    def group():
        """Say something."""

    @group.command()
    def said():
        raise click.BadParameter("\x1b[2J")

    for arguments in (["said"], ["--\x1b[2J"], ["\x1b[2J"]):
        result = CliRunner().invoke(group, arguments)
        assert result.exit_code == 2
        assert "\x1b" not in result.output


# Results that are there already


def written(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
def test_results_of_an_earlier_run_stay_unless_forced(csv, tmp_path):
    arguments = ("gates", csv, "--target", "label", "--networks", "2", "-o", tmp_path)
    (tmp_path / "ranking.csv").write_text("mine")
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert f"{tmp_path} holds results of an earlier run" in result.output
    assert f"Wrote to {tmp_path}: gates-2.csv ranking-2.csv" in result.output
    found = written(tmp_path)
    assert found["ranking.csv"] == b"mine"
    assert "gates.csv" not in found
    result = run(*arguments, "--force")
    assert f"Wrote to {tmp_path}: gates.csv ranking.csv" in result.output
    assert "which --force would replace" not in result.output
    forced = written(tmp_path)
    assert forced["ranking.csv"] == forced["ranking-2.csv"] == found["ranking-2.csv"]


def test_what_cannot_be_replaced_is_refused_before_the_work(csv, tmp_path):
    (tmp_path / "ranking.csv").mkdir()
    result = run("rank", csv, "--target", "label", "-o", tmp_path, "--force", *QUICK)
    assert result.exit_code == 1
    assert "ranking.csv: it is a folder" in result.output
    assert "Training" not in result.output
