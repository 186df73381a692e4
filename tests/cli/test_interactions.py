"""`sklearn-deeplifft interactions`."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sklearn_deeplifft.cli._show_interactions import InteractionDisplay, draw_pairs
from tests.cli.conftest import run


@pytest.fixture
def crossed(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 2, (600, 4)), columns=["a", "b", "c", "d"])
    frame["colour"] = rng.choice(["red", "blue"], 600)
    frame["age"] = rng.normal(40, 10, 600).round(3)  # equal rows would be one observation
    frame["label"] = np.where(frame["a"] != frame["b"], "on", "off")
    path = tmp_path / "crossed.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.slow
def test_the_planted_pair_is_first_and_sure(crossed, tmp_path):
    given = ("--target", "label", "-o", tmp_path / "out", "--networks", "2", "--pairs", "5")
    done = run("interactions", crossed, *given)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "out" / "interactions.csv")
    assert len(table) == 5
    assert set(table.loc[0, ["first", "second"]]) == {"a", "b"}
    assert table.loc[0, "q_value"] < 1e-6
    assert table.loc[0, "gain"] > 0
    assert "1 pair has q <= 0.1" in " ".join(done.output.split())
    assert (tmp_path / "out" / "interactions.png").exists()


@pytest.mark.parametrize(
    ("q_values", "sure"),
    [
        ([0.3, 0.4], "No pair has q <= 0.1"),
        ([0.1, 0.4], "1 pair has q <= 0.1"),
        ([0.01, 0.02], "2 pairs have q <= 0.1"),
    ],
)
def test_the_figure_says_how_many_pairs_are_sure(monkeypatch, q_values, sure):
    monkeypatch.setattr(InteractionDisplay, "from_effects", lambda effects, **given: None)
    found = SimpleNamespace(
        table=SimpleNamespace(name="mine.csv"),
        effects=None,
        pairs=pd.DataFrame({"q_value": q_values}),
        at_chance=False,
    )
    assert draw_pairs(found).get_suptitle().splitlines() == [
        "mine.csv: interactions of pairs of features",
        f"{sure}; a size is above 0 for pairs that only add up as well",
    ]


def test_one_feature_makes_no_pair(crossed):
    done = run("interactions", crossed, "--target", "label", "--drop", "b,c,d,colour,age")
    assert done.exit_code == 2
    assert "makes no pair" in done.output


@pytest.mark.parametrize("pairs", ["0", "some"])
def test_numbers_of_pairs_are_whole(crossed, pairs):
    done = run("interactions", crossed, "--target", "label", "--pairs", pairs)
    assert done.exit_code == 2
    assert "--pairs" in done.output
