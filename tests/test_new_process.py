"""A new interpreter: what an import loads there, and that nothing warns at first use."""

import json
import subprocess
import sys
from typing import NamedTuple

import pytest

CODE = """
import json, sys
import sklearn_deeplifft
bare = sorted(sys.modules)
import sklearn_deeplifft.plotting, sklearn_deeplifft.cli
sklearn_deeplifft.DeepLIFFTSelector, sklearn_deeplifft.GIATransformer
whole = sorted(sys.modules)
import torch
from sklearn_deeplifft.attribution import NetworkReader
NetworkReader(torch.nn.Linear(2, 2)).form(torch.ones(1, 2))
print(json.dumps([bare, whole]))
"""


class Loaded(NamedTuple):
    """Names of modules."""

    bare: set[str]
    """After an import of the package."""
    whole: set[str]
    """After one of its figures, commands and selectors as well."""


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    """What a process loads in which every warning is an error; it reads a network as well."""
    command = [sys.executable, "-W", "error", "-c", CODE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return Loaded(*map(set, json.loads(done.stdout)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *("torch", "sklearn", "pandas", "numpy", "matplotlib", "captum", "shap", "polars", "click"),
        *("pytest", "hypothesis"),
    ],
)
def test_importing_the_package_does_not_import(name, loaded):
    assert "sklearn_deeplifft" in loaded.bare
    assert name not in loaded.bare


@pytest.mark.slow
@pytest.mark.parametrize("name", ["matplotlib", "dask", "distributed"])
def test_figures_commands_and_selectors_do_not_import(name, loaded):
    assert {"click", "joblib", "sklearn_deeplifft.ensembles._elsewhere"} <= loaded.whole
    assert name not in loaded.whole


FITS = """
import json, pickle, sys, tempfile
import numpy as np
from sklearn.base import clone
from sklearn_deeplifft import DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector, load
X = np.random.default_rng(0).normal(size=(60, 4))
y = (X[:, 0] > 0).astype(int)
for Selector in (DeepLIFFTSelector, ImportanceNeuronSelector, GIATransformer):
    few = Selector.default_estimator("classification", n_networks=2, max_epochs=2)
    selector = Selector(few, n_features_to_select=1, random_state=0).fit(X, y)
    selector.transform(X), selector.estimator_.predict(X), clone(selector)
    pickle.loads(pickle.dumps(selector))
    with tempfile.TemporaryDirectory() as folder:
        selector.save(f"{folder}/saved")
        load(f"{folder}/saved").estimator_.predict(X)
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.slow
def test_fits_do_not_import_the_compiler_of_torch():
    """It takes longer to import than a small table to rank, and 70 MB."""
    done = subprocess.run([sys.executable, "-c", FITS], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert {"torch.optim.adam", "sklearn_deeplifft.networks._adam"} <= loaded
    assert not {"torch._dynamo", "sympy", "torch.onnx"} & loaded
