"""Networks that learned nothing: the word is read before the ranking."""

from __future__ import annotations

import numpy as np
import pytest

from sklearn_deeplifft.cli._fitting import last_of_each
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


def test_of_notes_that_differ_in_numbers_the_last_counts():
    notes = ["R2 -0.10 [-0.2, 1e-3].", "'x1' is.", "R2 0.30 [0.2, 0.4].", "'x2' is.", "'x1' is."]
    assert last_of_each(notes) == ["R2 0.30 [0.2, 0.4].", "'x1' is.", "'x2' is."]
