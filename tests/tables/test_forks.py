"""Fit, fork, fit in the child."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os
import signal
import numpy as np
import torch
from sklearn_deeplifft import NetworkEnsembleClassifier

X = np.random.default_rng(0).normal(size=(200, 5))
y = (X[:, 0] > 0).astype(int)
large = torch.ones(2_000_000)

def fit():
    ensemble = NetworkEnsembleClassifier(n_networks=1, max_epochs=1, random_state=0)
    return ensemble.fit(X, y).predict_proba(X)

def forked(work):
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a child that hangs would outlive its parents
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def before():
    assert torch.get_num_threads() == 2

def after():
    assert torch.get_num_threads() == 1
    large.exp()  # shared out between threads, where there are any
    np.testing.assert_array_equal(fit(), expected)

torch.set_num_threads(2)
assert forked(before) == 0
expected = fit()
assert torch.get_num_threads() == 2
large.exp()
assert forked(after) == 0
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_fits():
    """Without care the child waits for threads that it does not have, and the time runs out."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], timeout=120, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
