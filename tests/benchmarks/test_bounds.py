"""`make bench` fails, and says which figure fell short."""

import json
import math
from pathlib import Path

import pytest

import benchmarks.__main__ as command
from benchmarks.common.bounds import read_bounds, shortfalls

BOUNDS = {"ratio": {"max": 2.0, "full": "<= 1"}, "share": {"min": 0.5, "max": 1.0}}


def test_figures_within_their_bounds():
    assert shortfalls({"ratio": 2.0, "share": 0.5, "other": 1e9}, BOUNDS) == []


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"ratio": 2.5, "share": 0.5}, "ratio is 2.5, and must be at most 2"),
        ({"ratio": 1, "share": 0.4}, "share is 0.4, and must be at least 0.5 and at most 1"),
        ({"ratio": 1, "share": 1.5}, "share is 1.5, and must be at least 0.5 and at most 1"),
        ({"ratio": math.nan, "share": 0.5}, "ratio is nan, and must be at most 2"),
        ({"share": 0.5}, "ratio is missing, and must be at most 2"),
    ],
)
def test_a_figure_that_falls_short(figures, said):
    assert [str(fault) for fault in shortfalls(figures, BOUNDS)] == [said]


def test_a_figure_whose_data_is_not_here():
    bounds = {"recall": {"min": 0.5, "optional": True}}
    assert shortfalls({}, bounds) == []
    assert len(shortfalls({"recall": 0.4}, bounds)) == 1


@pytest.mark.parametrize("bound", ["full = '<= 1'", "maximum = 1.0", "max = 1.0\nmni = 0.0"])
def test_a_bound_that_could_not_fail_is_refused(tmp_path, bound):
    path = tmp_path / "bounds.toml"
    path.write_text(f"[speed.ratio]\n{bound}\n")
    with pytest.raises(ValueError, match=r"speed\.ratio"):
        read_bounds(path)


def test_every_benchmark_is_run():
    folder = Path(command.__file__).parent
    folders = {path.parent.name for path in folder.glob("*/__main__.py")}
    assert set(read_bounds()) == folders


@pytest.fixture
def quick_forms(monkeypatch):
    """Stand for the benchmarks: what they write, and their statuses."""
    found = {}
    monkeypatch.setattr(command, "quick_figures", lambda name: found[name])
    monkeypatch.setattr(command, "read_bounds", lambda: {"speed": BOUNDS, "rows": {}})
    return found


def test_status_0_where_nothing_falls_short(quick_forms, capsys, tmp_path):
    quick_forms |= {"speed": ({"ratio": 1.0, "share": 0.6}, 0), "rows": ({"n": 3}, 0)}
    assert command.main(["--json", str(tmp_path / "all.json")]) == 0
    assert "all figures are within their bounds" in capsys.readouterr().out
    expected = {"speed.ratio": 1.0, "speed.share": 0.6, "rows.n": 3}
    assert json.loads((tmp_path / "all.json").read_text()) == expected


def test_status_1_and_the_names_where_some_do(quick_forms, capsys):
    quick_forms |= {"speed": ({"ratio": 3.0, "share": 0.6}, 0), "rows": ({}, 2)}
    assert command.main([]) == 1
    out = capsys.readouterr().out
    assert "FELL SHORT: speed: ratio is 3, and must be at most 2" in out
    assert "FELL SHORT: rows ended with status 2" in out
    assert out.endswith("2 fell short\n")


def test_some_by_name(quick_forms, capsys):
    quick_forms |= {"rows": ({}, 0)}
    assert command.main(["rows"]) == 0
    with pytest.raises(SystemExit):
        command.main(["sped"])
    assert "no benchmark is named sped" in capsys.readouterr().err
