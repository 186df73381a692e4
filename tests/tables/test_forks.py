"""Fit, fork, fit in the child."""

import os
import signal
import traceback

import numpy as np
import pytest
import torch

from sklearn_deeplifft import NetworkEnsembleClassifier
from tests.processes import elsewhere

X = np.random.default_rng(0).normal(size=(200, 5))
y = (X[:, 0] > 0).astype(int)


def fit():
    ensemble = NetworkEnsembleClassifier(n_networks=1, max_epochs=1, path_steps=5, random_state=0)
    return ensemble.fit(X, y).predict_proba(X)


def forked(work) -> int:
    """The exit code of a child that does this work."""
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a child that hangs would outlive its parents
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def forks_before_and_after_a_fit() -> list[int]:
    """The exit codes of two children of a process of two threads."""
    large = torch.ones(2_000_000)
    torch.set_num_threads(2)

    def before():
        assert torch.get_num_threads() == 2

    codes = [forked(before)]
    expected = fit()
    assert torch.get_num_threads() == 2
    large.exp()  # shared out between threads, where there are any

    def after():
        assert torch.get_num_threads() == 1
        large.exp()
        np.testing.assert_array_equal(fit(), expected)

    return [*codes, forked(after)]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_fits():
    """Without care the child waits for threads that it does not have, until the alarm ends it."""
    assert elsewhere(forks_before_and_after_a_fit) == [0, 0]


def forks_after_a_prediction(ensemble) -> int:
    """The exit code of a child that predicts, of a process that has fitted nothing."""
    torch.set_num_threads(2)
    large = torch.ones(2_000_000)
    expected = ensemble.predict_proba(X)
    large.exp()

    def after():
        large.exp()
        np.testing.assert_array_equal(ensemble.predict_proba(X), expected)

    return forked(after)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_predicts_with_what_was_fitted_elsewhere():
    ensemble = NetworkEnsembleClassifier(n_networks=1, max_epochs=1, path_steps=5, random_state=0)
    assert elsewhere(forks_after_a_prediction, ensemble.fit(X, y)) == 0
