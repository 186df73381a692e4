"""Tables with a known answer, and one way to run the command."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.cli import main
from sklearn_deeplifft.selectors import _importance_neurons

QUICK = ("--networks", "1", "--counts", "1,2")


@pytest.fixture(autouse=True, scope="package")
def short_paths():
    """Train the default networks for a tenth as long: what they find is tested elsewhere."""
    own = DeepLIFFTSelector.default_estimator

    def default_estimator(task="classification", **changes):
        return own(task, **{"path_steps": 20, "max_epochs": 8, **changes})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DeepLIFFTSelector, "default_estimator", staticmethod(default_estimator))
        patch.setitem(_importance_neurons.OWN, "path_steps", 60)
        yield


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def classes_frame(n: int = 120, seed: int = 0) -> pd.DataFrame:
    """``signal`` alone tells three classes apart; three columns are noise."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 3
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=["noise a", "noise b", "noise c"])
    frame.insert(1, "signal", codes * 3 + rng.normal(size=n) * 0.4)
    return frame.assign(label=np.array(["low", "middle", "top"])[codes])


def mixed_frame(n: int = 160, seed: int = 0) -> pd.DataFrame:
    """Numbers, text, booleans, dates, names of rows, holes; ``colour`` decides the target."""
    rng = np.random.default_rng(seed)
    colour = rng.choice(["red", "green", "blue"], n).astype(object)
    frame = pd.DataFrame(
        {
            "sample": [f"s{i}" for i in range(n)],
            "colour": colour,
            "size": rng.normal(size=n),
            "smoker": rng.choice([True, False], n),
            "day": pd.date_range("2020-01-01", periods=n),
            "grade": np.where(colour == "red", "yes", "no").astype(object),
        }
    )
    frame.loc[:4, "size"] = np.nan
    frame.loc[5:14, "colour"] = None
    frame.loc[20:22, "grade"] = None
    return frame


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "table.csv"
    classes_frame().to_csv(path, index=False)
    return path
