"""The table of the command line: options that all commands share, and errors that spell them."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_deeplifft.cli._read import load_table
from sklearn_deeplifft.cli._reading_options import NAMES, reading_of, reading_options
from tests.cli.conftest import classes_frame, run


def loaded(path: Path, target: str = "y", *arguments: str, **more):
    """The table that a command makes of these arguments."""
    command = click.Command("t", params=[], callback=lambda **options: options)
    for option in reversed(reading_options()):
        command = option(command)
    options = command.main(list(arguments), standalone_mode=False)
    reading, others = reading_of(options)
    assert not others
    return load_table(path, target, **reading, **more)


@pytest.fixture
def messy(tmp_path):
    path = tmp_path / "messy.csv"
    lines = ["age;price;first, name;country;y"]
    for i in range(40):
        age = "unknown" if i % 8 == 0 else str(20 + i % 30)
        lines.append(f"{age};{i},5;n{i % 3};{('DE', 'FR', 'NA')[i % 3]};{'ab'[i % 2]}")
    path.write_text("\n".join(lines))
    return path


def test_the_command_that_an_error_names_is_the_one_that_helps(messy):
    with pytest.raises(click.ClickException, match="--na NA if it means missing") as caught:
        loaded(messy)
    assert caught.value.exit_code == 2
    with pytest.raises(click.ClickException, match=r"age: most cells.*--na NA,unknown"):
        loaded(messy, "y", "--na", "NA")
    table = loaded(messy, "y", "--na", "NA,unknown")
    assert table.features == ["age", "price", "first, name", "country"]
    assert table.numbers["age"].isna().sum() == 5
    assert set(table.levels["country"]) == {"DE", "FR", "(missing)"}
    assert "age: 5 cells are not numbers ('unknown'), taken as missing." in table.notes


def test_na_may_be_given_twice_or_say_that_empty_cells_alone_are_missing(messy):
    assert loaded(messy, "y", "--na", "NA", "--na", "unknown").features[0] == "age"
    table = loaded(messy, "y", "--na", "", "--drop", "age")
    assert set(table.levels["country"]) == {"DE", "FR", "NA"}


def test_columns_to_drop_stand_in_one_list_or_in_several(messy):
    for given in (["--drop", "age,country"], ["--drop", "age", "--drop", "country"]):
        table = loaded(messy, "y", *given)
        assert table.features == ["price", "first, name"]
        assert "Left out, as asked for: age, country." in table.notes
    table = loaded(messy, "y", "--drop", "first, name", "--drop", "age,country")
    assert table.features == ["price"]


@pytest.mark.parametrize("command", ["rank", "gates", "whatif"])
def test_every_command_has_the_options(command):
    described = run(command, "--help").output
    for name in NAMES:
        assert f"--{name.replace('_', '-')} " in described


ESCAPED = b"a\x1b[2J,label\n" + b"".join(b"%d,u\n%d,v\n" % (i, 3 * i) for i in range(9)) + b"<3,u\n"


@pytest.mark.parametrize("command", ["rank", "gates", "whatif"])
@pytest.mark.parametrize(
    ("name", "content", "status", "said"),
    [
        ("empty.csv", b"", 2, "the file is empty"),
        ("header.csv", b"a,label\n", 1, "no rows under it"),
        ("one.csv", b"a,label\n1,2\n", 1, "the target 'label' is 2 in every row"),
        ("bytes.csv", bytes(range(256)) * 9, 2, "binary"),
        ("not.csv.gz", b"\x1f\x8b\x08a,b\n", 2, "damaged or cut short"),
        ("f.csv", b">seq\nACGT\n", 2, "this looks like FASTA"),
        ("x.csv", ESCAPED, 2, "a\\x1b[2J: most cells"),
    ],
)
def test_bad_files_are_one_line_and_no_results(tmp_path, command, name, content, status, said):
    path = tmp_path / name
    path.write_bytes(content)
    result = run(command, path, "--target", "label", "-o", tmp_path / "out")
    assert result.exit_code == status, result.output
    assert isinstance(result.exception, SystemExit)
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert said in errors[0]
    assert "\x1b" not in result.output
    assert not (tmp_path / "out").exists()


def test_a_folder_is_refused(tmp_path):
    assert run("rank", tmp_path, "--target", "y").exit_code == 2


def test_sparse_counts_are_made_dense_for_the_comparison(tmp_path):
    X = sparse.random(40, 5, 0.4, format="csr", random_state=0)
    parts = {"data": X.data, "indices": X.indices, "indptr": X.indptr, "shape": X.shape}
    np.savez(tmp_path / "t.npz", **parts, feature_names=list("abcde"), y=np.arange(40) % 2)
    table = loaded(tmp_path / "t.npz")
    np.testing.assert_array_equal(table.numbers.to_numpy(), X.toarray())
    assert table.features == list("abcde")


def test_names_apart_leave_cells_to_the_options(tmp_path):
    frame = classes_frame()[["signal", "label"]]
    frame.to_csv(tmp_path / "t.data", index=False, header=False, decimal=",", sep=";")
    (tmp_path / "names").write_text("signal")
    table = loaded(tmp_path / "t.data", "-1", attributes=tmp_path / "names")
    np.testing.assert_array_equal(table.numbers["signal"], frame["signal"])


def test_a_frame_keeps_the_names_that_files_give(tmp_path):
    pd.DataFrame({0: np.linspace(0, 1, 8), "y": list("ab") * 4}).rename(columns=str).to_parquet(
        tmp_path / "t.parquet"
    )
    assert loaded(tmp_path / "t.parquet").features == ["0"]


def test_a_separator_is_a_remedy_for_text_alone(tmp_path):
    np.savez(tmp_path / "t.npz", X=np.eye(4), y=[0, 1, 0, 1])
    with pytest.raises(click.ClickException, match="no column 'tf'; the only one is 'y'") as caught:
        loaded(tmp_path / "t.npz", "tf")
    assert "--sep" not in caught.value.message
    (tmp_path / "t.csv").write_text("a|b\n1|2\n")
    with pytest.raises(click.ClickException, match=r"--sep '\|'"):
        loaded(tmp_path / "t.csv", "b", "--sep", ",")
    with pytest.raises(click.ClickException, match=r"no column 'tf'; the only one is 'a\|b'"):
        loaded(tmp_path / "t.csv", "tf", "--sep", ",")
