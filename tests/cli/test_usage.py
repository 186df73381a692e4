"""Words too many, values that are missing, flags with a value: the error names the remedy."""

import os
import re

import pytest

from tests.cli.conftest import run

GIVEN = ("rank", "csv", "--target", "label")
JSON = "--json takes no value: it prints to standard output. Write '--json > FILE' to have that in"


@pytest.fixture
def said(csv, tmp_path, monkeypatch):
    """Last line of what a command that is typed wrongly says; ``csv`` stands for the table."""
    monkeypatch.chdir(tmp_path)

    def command(*typed):
        done = run(*(csv if word == "csv" else word for word in typed))
        assert done.exit_code == 2, done.output
        assert os.listdir(tmp_path) == [csv.name]
        return done.stderr.splitlines()[-1].removeprefix("Error: ")

    return command


@pytest.mark.parametrize(
    "typed",
    [
        (*GIVEN, "--json", "out.json"),
        (*GIVEN, "--json=out.json"),
        (*GIVEN, "--json", "out.json", "--quiet", "yes"),
        ("rank", "--json", "out.json", "csv", "--target", "label"),
        ("demo", "--json", "out.json"),
    ],
)
def test_json_goes_to_standard_output(said, typed):
    found = said(*typed)
    assert f"{JSON} a file; -o names the folder of the other files." in found
    assert found.startswith("--json" if "=" in typed[-1] else "got '")


@pytest.mark.parametrize("flag", ["--quiet", "-q", "--force", "--all-rows"])
def test_a_flag_takes_no_value(said, flag):
    rule = f"{flag} is a flag and takes no value."
    assert said(*GIVEN, flag, "yes") == f"got 'yes', one word too many. {rule}"
    if flag.startswith("--"):
        assert said(*GIVEN, f"{flag}=yes") == rule


@pytest.mark.parametrize(
    ("option", "value"),
    [("-o", "DIRECTORY"), ("--output", "DIRECTORY"), ("--networks", "N"), ("--drop", "COL,COL")],
)
def test_an_option_without_its_value(said, option, value):
    needs = f"{option} needs a value, {value}."
    assert said(*GIVEN, option) == needs
    # click would take the next option for the value, and make a folder of that name.
    for taken in ("--quiet", "--seed"):
        found = said(*GIVEN, option, taken)
        assert found == f"{needs} {taken} is an option; write {option}={taken} if it is meant."


@pytest.mark.parametrize(
    ("option", "remedy"),
    [
        ("--sheet", "quote one with spaces (--sheet 'a b')."),
        ("--drop", "quote one with spaces (--drop 'a b') or separate several by commas"),
        ("--counts", "or separate several by commas (--counts a,b)."),
    ],
)
def test_an_option_takes_one_word(said, option, remedy):
    found = said(*GIVEN, option, "a", "b")
    assert found.startswith(f"got 'b', one word too many. {option} takes one value: ")
    assert remedy in found


def test_features_are_repeated(said):
    found = said("whatif", *GIVEN[1:], "--feature", "a", "b")
    assert found.endswith("repeat it for several (--feature a --feature b).")


@pytest.mark.parametrize("option", ["--target", "--row-groups", "--groups", "--attributes"])
def test_what_names_columns_has_one_value(said, option):
    found = said("rank", "csv", option, "a", option, "b")
    assert found == f"{option} was given twice, as 'a' and as 'b'. Keep one."


def test_a_later_setting_changes_an_earlier_one(csv):
    done = run("rank", csv, "--target", "lable", "--seed", "1", "--seed", "2", "-o", "a", "-o", "b")
    assert "no column 'lable'; did you mean 'label'?" in done.stderr


def test_the_same_value_twice_is_no_matter(csv):
    done = run("rank", csv, "--target", "lable", "--target", "lable")
    assert "no column 'lable'; did you mean 'label'?" in done.stderr
    done = run("rank", csv, "--target", "lable", "--drop", "noise a", "--drop", "noise b")
    assert "no column 'lable'; did you mean 'label'?" in done.stderr


def test_what_is_forgotten(said):
    assert said("rank", "--target", "a") == "Missing argument 'TABLE'. It is the file to read."
    assert said("rank", "csv") == "Missing option '--target'. Name the column to predict."
    assert said("motifs") == "Missing argument 'FASTA...'. Give one FASTA file per class."
    assert run("completion").exit_code == 2


def test_a_name_with_spaces_is_quoted(said):
    found = said("rank", "my", "file.csv", "--target", "label")
    assert found == (
        "got 'file.csv', one word too many. There is one TABLE; quote a name with spaces: "
        "'my file.csv'."
    )
    assert said("demo", "x.csv") == "got 'x.csv', one word too many. demo takes options alone."


def test_commands_come_first(said, csv):
    assert said("--json", *GIVEN) == (
        "--json is an option of commands, and comes behind one: rank ... --json."
    )
    assert said("--feature", "a", *GIVEN).endswith("comes behind one: whatif ... --feature.")
    assert said("csv", *GIVEN[2:]).endswith(
        f"{csv.name}' is a file: name a command before it, such as rank."
    )
    # click 8.2 has it without quotes
    assert re.match(r"No such option( '--colour'\.|: --colour)", said("--colour", *GIVEN))
    assert said("rnk", *GIVEN[1:]).startswith("No such command 'rnk'.")


def test_what_was_asked_for_may_look_like_an_option(csv):
    done = run("rank", csv, "--target=--quiet")
    assert "no column '--quiet'" in done.stderr
    assert run("rank", csv, "x", "--help").exit_code == 0


def test_standard_input_is_no_table(said):
    found = said("rank", "-", "--target", "label")
    assert found.endswith(
        "'-' is standard input; a table is read from a file: save it as one first."
    )
