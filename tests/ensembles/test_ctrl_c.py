"""Ctrl-C in a process of its own: it ends as Python does, not by an abort of the system."""

import signal
import subprocess
import sys

import pytest

ENDLESS_FIT = """
import os
import numpy as np
from sklearn_deeplifft import NetworkEnsembleClassifier
from sklearn_deeplifft.ensembles import _batched_training
begin = _batched_training.EnsembleNet.train_step

def said(net, batch):  # when threads are within torch
    os.write(1, b"step\\n")
    return begin(net, batch)

_batched_training.EnsembleNet.train_step = said
X = np.random.default_rng(0).normal(size=(20_000, 200)).astype("float32")
y = (X[:, 0] > 0).astype(int)
ensemble = NetworkEnsembleClassifier(
    n_networks=20, n_jobs=2, batch_size=2048, max_epochs=10**6, patience=None, random_state=0
)
ensemble.fit(X, y)
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is another signal there")
@pytest.mark.parametrize("presses", [1, 3])
def test_ctrl_c_beside_threads_ends_the_process_as_python_does(presses):
    """An interpreter that shuts down beside a thread within torch is aborted by the system."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", ENDLESS_FIT], **pipes) as process:
        try:
            for _ in range(6):
                assert process.stdout.readline() == "step\n", process.stderr.read()
            for _ in range(presses):
                process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode in (1, 130, -signal.SIGINT)
    assert "interrupted: 0 of 20 networks were trained, and none is kept." in said
    assert "terminate called" not in said
