"""Progress goes to the log, to a bar where one is asked for, and nowhere else unless asked."""

import copy
import io
import logging
import pickle

import pytest
from sklearn.base import clone

from sklearn_deeplifft import NetworkEnsembleClassifier, Progress, ProgressBar
from sklearn_deeplifft.ensembles import reporter
from tests.conftest import planted

SMALL = {"n_networks": 2, "hidden_layer_sizes": (4,), "max_epochs": 1, "random_state": 0}


def at(done, total=3, stage="8 features"):
    return Progress(stage, done, total, 1.0, 2.0, epochs=5.0, loss=0.25)


@pytest.fixture
def bars(monkeypatch):
    """The bars that were opened; tqdm's own, on a stream of the test."""
    import tqdm.auto

    opened, original = [], tqdm.auto.tqdm

    def opening(**options):
        opened.append(original(**options, file=io.StringIO()))
        return opened[-1]

    monkeypatch.setattr(tqdm.auto, "tqdm", opening)
    return opened


def test_a_round_is_a_bar_which_goes_when_it_ends(bars):
    show = ProgressBar()
    for done in (1, 2):
        show(at(done))
    assert len(bars) == 1
    assert bars[0].n == 2
    assert bars[0].desc == "8 features"
    assert "loss 0.2500" in bars[0].postfix
    show(at(3))
    assert bars[0].disable  # closed
    show(at(1, stage="4 features"))
    show(at(2, total=5, stage="2 features"))
    assert len(bars) == 3


def test_it_is_copied_and_pickled_without_its_bar(bars):
    show = ProgressBar()
    show(at(1))
    for twin in (copy.deepcopy(show), pickle.loads(pickle.dumps(show))):
        assert repr(twin) == "ProgressBar()"
        assert twin._bar is None
    ensemble = clone(NetworkEnsembleClassifier(verbose=show))
    assert isinstance(ensemble.verbose, ProgressBar)


def test_a_fit_reports_to_the_bar_and_the_bits_are_the_same(bars):
    X, y = planted()
    shown = NetworkEnsembleClassifier(**SMALL, verbose=ProgressBar()).fit(X, y)
    silent = NetworkEnsembleClassifier(**SMALL).fit(X, y)
    assert [bar.total for bar in bars] == [2]
    assert (shown.predict_proba(X) == silent.predict_proba(X)).all()


def test_the_log_has_every_line_and_the_screen_only_what_was_asked_for(caplog, capsys):
    with caplog.at_level(logging.INFO, logger="sklearn_deeplifft"):
        reporter(0, "Name")(at(1))
    assert caplog.messages == [f"[Name] {at(1)}"]
    assert capsys.readouterr() == ("", "")
    reporter(1, "Name")(at(1))
    assert capsys.readouterr().out == f"[Name] {at(1)}\n"
    seen = []
    reporter(seen.append, "Name")(at(2))
    assert seen == [at(2)]
    assert capsys.readouterr() == ("", "")


def test_without_tqdm_it_says_how_to_get_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match="pip install tqdm"):
        ProgressBar()(at(1))
