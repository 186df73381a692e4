"""Progress counts what really happens, and stays off standard output."""

from __future__ import annotations

import io
from contextlib import contextmanager

import pytest
import torch
from rich.console import Console

from sklearn_deeplifft import DeepLIFFTSelector, Progress
from sklearn_deeplifft.cli._progress import Lines, Live, calls_per_network, progress_for
from sklearn_deeplifft.cli._rank import rank_table
from sklearn_deeplifft.cli._settings import Training
from sklearn_deeplifft.cli._table import make_table
from sklearn_deeplifft.ranking import n_trainings
from tests.cli.conftest import classes_frame
from tests.conftest import planted


# Two epochs teach a network little: not every class, and mostly nothing.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:no scored example")
@pytest.mark.filterwarnings(
    "ignore:the networks predict no better:sklearn_deeplifft.FeatureSelectionWarning"
)
@pytest.mark.parametrize("d", [1, 2, 8])
def test_networks_are_counted_and_nothing_is_printed(capsys, d):
    X, y = planted(d=8)
    calls = []
    ensemble = DeepLIFFTSelector.default_estimator(
        n_networks=2, max_epochs=2, hidden_layer_sizes=(4,)
    )
    report = calls_per_network(lambda: calls.append(1))
    selector = DeepLIFFTSelector(ensemble, random_state=0, verbose=report).fit(X[:, :d], y)
    assert len(calls) == 2 * n_trainings(d, selector.step) == 2 * max(selector.n_rounds_ - 1, 1)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("done", "networks"),
    [
        ([1, 2, 3, 1, 2, 3], 6),  # two rounds, one network at a time
        ([3, 3, 3], 9),  # three rounds, each trained at once
        ([1, 3, 2, 3], 6),  # two rounds in unequal parts
    ],
)
def test_reports_of_several_networks_count_them_all(done, networks):
    calls = []
    report = calls_per_network(lambda: calls.append(1))
    for n in done:
        report(Progress("4 of 8 features", n, 3, 62.0, 1.0, epochs=9))
        assert len(calls) % 3 == n % 3
    assert len(calls) == networks


def test_a_terminal_shows_steps_done(capsys):
    screen = io.StringIO()
    live = Live(Console(file=screen, force_terminal=True, width=80))
    with live.stage("Training", 2) as advance:
        advance()
        advance()
    assert "2/2" in screen.getvalue()
    assert capsys.readouterr().out == ""


def test_elsewhere_a_line_for_each_stage(capsys):
    with Lines().stage("Training", 2) as advance:
        advance()
    assert capsys.readouterr().err.startswith("Training (2) ... ")


def test_an_error_ends_the_line(capsys):
    with pytest.raises(RuntimeError), Lines().stage("Training", 2):
        raise RuntimeError
    assert capsys.readouterr().err.endswith("\n")


def test_quiet_is_silent(capsys):
    with progress_for(quiet=True).stage("Training", 2) as advance:
        advance()
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_every_step_is_announced_and_threads_are_given_back():
    stages = []

    class Counting:
        @contextmanager
        def stage(self, what, total):
            done = []
            yield lambda: done.append(1)
            stages.append((what, total, len(done)))

    before = torch.get_num_threads()
    table = make_table(classes_frame(60), "label", name="t")
    rank_table(table, Training(counts=(1, 2), networks=1), Counting())
    assert torch.get_num_threads() == before
    assert [what for what, _, _ in stages] == ["Training networks", "Comparing rankings"]
    assert all(total == done for _, total, done in stages)
