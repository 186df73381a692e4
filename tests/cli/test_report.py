"""`report`: where the page goes, what stands on it, how it is made again."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import sys

import pandas as pd
import pytest

from sklearn_deeplifft.cli import _delivery
from tests.cli.conftest import QUICK, classes_frame, mixed_frame, run
from tests.report.conftest import NASTY, Page


@pytest.fixture(autouse=True)
def no_figures(monkeypatch):
    """Figures take most of the time, and are looked at with the page itself."""
    monkeypatch.setattr("sklearn_deeplifft.report._sections.inline_svg", lambda draw, name: "")


def report(*arguments):
    return run("report", *arguments, *QUICK)


def text_of(path):
    return " ".join(" ".join(Page(path.read_text(encoding="utf-8")).text).split())


@pytest.mark.slow
def test_a_folder_or_a_file(csv, tmp_path):
    done = report(csv, "--target", "label", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    page = tmp_path / "out" / "report.html"
    assert [path.name for path in page.parent.iterdir()] == ["report.html"]
    assert "balanced accuracy on rows held out" in done.stdout
    said = text_of(page)
    assert hashlib.sha256(csv.read_bytes()).hexdigest() in said
    # What the page says repeats it.
    again = said.split("To repeat it ")[1]
    words = shlex.split(again[: again.index('"use strict"')])
    assert words[:2] == ["sklearn-deeplifft", "report"]
    assert run(*words[1:-2], "-o", tmp_path / "again.HTML", "-q").exit_code == 0
    first, second = page.read_text(), (tmp_path / "again.HTML").read_text()
    assert first.replace(str(page.parent), "OUT") == second.replace(
        str(tmp_path / "again.HTML"), "OUT"
    )


@pytest.mark.slow
def test_dates_are_dates(tmp_path):
    file = tmp_path / "table.csv"
    frame = classes_frame()
    days = pd.to_timedelta(10 * frame["signal"].rank().astype(int), "D")
    frame.assign(signal=pd.Timestamp("2019-01-01") + days).to_csv(file, index=False)
    done = report(file, "--target", "label", "-o", tmp_path / "page.html")
    assert done.exit_code == 0, done.output
    said = text_of(tmp_path / "page.html").split("Change of the probability")[1]
    assert "signal 2019-01-11 " in said
    assert "signal 1.79" not in said


@pytest.mark.slow
def test_older_pages_stay_without_force(csv, tmp_path):
    file = tmp_path / "a.html"
    file.write_text("mine")
    assert report(csv, "--target", "label", "-o", file, "-q").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-2.html", "a.html", "table.csv"]
    assert file.read_text() == "mine"
    assert report(csv, "--target", "label", "-o", file, "-q", "--force").exit_code == 0
    assert file.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.slow
def test_texts_notes_and_nulls(tmp_path):
    frame = mixed_frame()
    frame.to_csv(tmp_path / "mixed.csv", index=False)
    done = report(
        *(tmp_path / "mixed.csv", "--target", "grade", "-o", tmp_path / "m.html", "--nulls"),
        *("--all-rows", "--json"),
    )
    assert done.exit_code == 0, done.output
    said = text_of(tmp_path / "m.html")
    assert "colour=blue" in said
    ranking = json.loads(done.stdout)["ranking"]
    assert len({row["feature"] for row in ranking}) == len(ranking)
    for row in ranking:  # as on the page, in the cells p and q of a feature's row
        p, q = (f"{row[name]:.2g}" for name in ("p_value", "q_value"))
        assert re.search(rf"{row['feature']}\b.* {re.escape(p)}\s+{re.escape(q)} ", said), row
    assert "Missing categories are a level of their own" in said
    assert "stand out from null ones" in said
    assert "Ranked on all 157 rows" in said


@pytest.mark.slow
def test_names_of_a_file_are_data(tmp_path):
    frame = classes_frame().set_axis([*NASTY[:4], "<b>label"], axis=1)
    name = "<img src=x>.csv"
    frame.to_csv(tmp_path / name, index=False)
    done = report(tmp_path / name, "--target", "<b>label", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.output
    tags = [tag for tag, _ in Page((tmp_path / "out" / "report.html").read_text()).tags]
    assert tags.count("script") == 1
    assert "img" not in tags
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.html"]


def test_a_missing_package_is_told_before_training(csv, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    done = report(csv, "--target", "label", "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert "sklearn-deeplifft[report]" in done.output
    assert "Training" not in done.output


@pytest.mark.slow
def test_an_error_while_writing_leaves_nothing_half_written(csv, tmp_path, monkeypatch):
    def broken(folder, writers, **_):
        raise OSError("no space left on device")

    monkeypatch.setattr(_delivery, "write_all", broken)
    done = report(csv, "--target", "label", "-o", tmp_path / "out.html")
    assert done.exit_code == 1
    assert "balanced accuracy on rows held out" in done.stdout  # what was found is not lost
    assert not (tmp_path / "out.html").exists()


def test_places_that_cannot_be_written_to(csv, tmp_path):
    (tmp_path / "file").write_text("")
    done = report(csv, "--target", "label", "-o", tmp_path / "file" / "a.html")
    assert done.exit_code == 1
    assert "is a file" in done.output
    (tmp_path / "report.html").mkdir()
    done = report(csv, "--target", "label", "-o", tmp_path, "--force")
    assert done.exit_code == 1
    assert "it is a folder" in done.output


@pytest.mark.slow
def test_rows_that_belong_together(tmp_path):
    frame = pd.concat([classes_frame(seed=seed).assign(donor=seed) for seed in range(12)])
    frame.iloc[::7].to_csv(tmp_path / "t.csv", index=False)
    given = (tmp_path / "t.csv", "--target", "label", "--row-groups", "donor")
    done = report(*given, "-o", tmp_path / "t.html")
    assert done.exit_code == 0, done.output
    assert "No donor is on both sides" in text_of(tmp_path / "t.html")
