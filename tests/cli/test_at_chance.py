"""Networks that learned nothing: the word is read before the ranking."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sklearn_deeplifft.cli._fitting import last_of_each
from sklearn_deeplifft.cli._progress import progress_for
from sklearn_deeplifft.cli._rank import rank_table
from sklearn_deeplifft.cli._settings import Training
from sklearn_deeplifft.cli._table import make_table
from sklearn_deeplifft.cli._whatif import answer_whatif
from tests.cli.conftest import classes_frame, run

SAID = "The networks predict no better than chance (balanced accuracy 0."
COMMANDS = {
    "rank": ("rank", "--networks", "3", "--counts", "1"),
    "rank all": ("rank", "--networks", "3", "--counts", "1", "--all-rows"),
    "gates": ("gates", "--networks", "5"),
    "whatif": ("whatif", "--networks", "5"),
}
LISTS = {
    "rank": "Features, all 4",
    "gates": "Features, all 4",
    "whatif": "Effects, all 4",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_noise_is_told_over_the_ranking_and_once(name, tmp_path):
    frame = classes_frame(240)
    frame["label"] = np.random.default_rng(0).permutation(frame["label"])
    frame.to_csv(tmp_path / "table.csv", index=False)
    command, *rest = COMMANDS[name]
    result = run(command, tmp_path / "table.csv", "--target", "label", "-o", tmp_path / "o", *rest)
    assert result.exit_code == 0, result.output
    text = " ".join(result.output.split())
    assert text.count(SAID) == 1
    assert text.index(SAID) < text.index(LISTS[command])
    assert "the ranking means nothing. " in text
    assert "More rows" not in text


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_rows_too_few_to_tell_from_chance_are_told_over_the_ranking(name, tmp_path):
    frame = classes_frame(24)
    frame["label"] = np.random.default_rng(0).permutation(frame["label"])
    frame.to_csv(tmp_path / "table.csv", index=False)
    command, *rest = COMMANDS[name]
    given = (tmp_path / "table.csv", "--target", "label", "-o", tmp_path / "o", *rest)
    text = " ".join(run(command, *given).output.split())
    said = "The rows held out are too few, or repeat each other too often, to tell the networks"
    assert text.count(said) == 1
    assert text.index(said) < text.index(LISTS[command])
    document = json.loads(run(command, *given, "--json", "--quiet").stdout)
    assert document["at_chance"] is None


@pytest.mark.slow
@pytest.mark.parametrize("answer", [rank_table, answer_whatif])
def test_what_is_drawn_knows_that_networks_are_at_chance(answer):
    frame = classes_frame(240)
    noise = frame.assign(label=np.random.default_rng(0).permutation(frame["label"]))
    found = [
        answer(make_table(cells, "label", name="t"), Training(networks=3), progress_for(quiet=True))
        for cells in (noise, frame)
    ]
    assert [one.at_chance for one in found] == [True, False]


def test_of_notes_that_differ_in_numbers_the_last_counts():
    notes = ["R2 -0.10 [-0.2, 1e-3].", "'x1' is.", "R2 0.30 [0.2, 0.4].", "'x2' is.", "'x1' is."]
    assert last_of_each(notes) == ["R2 0.30 [0.2, 0.4].", "'x1' is.", "'x2' is."]
