"""Dates are dates wherever a dose is shown, and days since 1970-01-01 where one is computed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sklearn_deeplifft.cli._dates import dated
from sklearn_deeplifft.cli._dose_figure import draw_doses
from sklearn_deeplifft.cli._progress import progress_for
from sklearn_deeplifft.cli._settings import Training
from sklearn_deeplifft.cli._table import make_table
from sklearn_deeplifft.cli._whatif import answer_whatif
from sklearn_deeplifft.selectors import _gia
from sklearn_deeplifft.tables.reading import date_texts
from tests.cli.test_whatif import printed

FIRST = pd.Timestamp("2019-01-01")


def dates_frame(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"day": FIRST + pd.to_timedelta(3 * rng.permutation(n), "D")})
    frame["size"] = rng.normal(size=n)
    return frame.assign(y=np.where(frame["day"] > "2019-04-01", "late", "early"))


@pytest.fixture(scope="module")
def answers():
    table = make_table(dates_frame(), "y", name="dates")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(_gia.OWN, "max_epochs", 5)
        return answer_whatif(
            table, Training(networks=2), progress_for(quiet=True), asked=["day", "size"]
        )


def test_a_table_knows_its_dates():
    assert make_table(dates_frame(), "y", name="dates").dates == {"day"}
    numbers = dates_frame().assign(day=range(60))
    assert make_table(numbers, "y", name="numbers").dates == set()


@pytest.mark.parametrize(
    ("days", "texts"),
    [
        ([17897.0, 18000.0], ["2019-01-01", "2019-04-14"]),
        ([17897.5, 18000.25], ["2019-01-01", "2019-04-14"]),
        ([17897.5, 17898.25], ["2019-01-01 12:00", "2019-01-02 06:00"]),
        ([-1.0], ["1969-12-31"]),
        ([1e12, 0.0], ["1e+12", "1970-01-01"]),
        ([], []),
    ],
)
def test_days_are_written_as_dates(days, texts):
    assert date_texts(days) == texts


def test_the_screen_shows_dates(answers):
    text = printed(answers)
    assert "2019-01-01" in text
    assert "17897" not in text
    assert "Doses of size" in text


def test_the_file_holds_dates_and_other_doses_as_they_are(answers):
    found = dated(answers.doses, answers.table.dates)
    days = found.query("feature == 'day'")["dose"]
    assert days.iloc[0] == "2019-01-01"
    sizes = [frame.query("feature == 'size'")["dose"].tolist() for frame in (found, answers.doses)]
    assert sizes[0] == sizes[1]
    assert isinstance(answers.doses["dose"].iloc[0], float)
    deeds = answers.doses.assign(dose="shift(day,+0.25)")
    assert (dated(deeds, ["day"])["dose"] == "shift(day,+0.25)").all()


def test_the_axis_shows_dates(answers):
    from matplotlib.dates import num2date

    figure = draw_doses(answers)
    day, size = figure.axes[:2]
    figure.canvas.draw()
    shown = " ".join(text.get_text() for text in day.get_xticklabels())
    assert "2019" in shown + day.xaxis.get_offset_text().get_text()
    assert "17" not in shown
    assert num2date(day.lines[0].get_xdata()[0]).date().isoformat() == "2019-01-01"
    assert float(size.get_xticklabels()[0].get_text().replace("\N{MINUS SIGN}", "-")) < 0
