"""Tables that are large in one direction: rows in a file, columns, classes."""

import numpy as np
import pytest

from benchmarks.common.measure import PeakMemory
from sklearn_deeplifft import DeepLIFFTSelector
from tests.processes import elsewhere

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning"),
]


def brief(**changes):
    settings = {"n_networks": 2, "max_epochs": 1, "max_steps": 5, "path_steps": 5}
    ensemble = DeepLIFFTSelector.default_estimator(**settings | changes)
    return DeepLIFFTSelector(ensemble, step=None, random_state=0)


def megabytes_of_a_mapped_table(path, n, d):
    """Private memory of a fit, and of scoring, beside a table in a file."""
    X = np.load(path, mmap_mode="r")
    y = np.arange(n) % 4
    brief(batch_size=64).fit(X[:500], y[:500])  # what is imported and built at first use
    with PeakMemory() as fitting:
        selector = brief(batch_size=4096).fit(X, y)
    with PeakMemory() as scoring:
        selector.importances(X, y)
    return fitting.megabytes, scoring.megabytes


def test_a_table_in_a_file_is_never_in_memory_as_a_whole(tmp_path):
    n, d = 150_000, 512
    table = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", np.float32, (n, d))
    rng = np.random.default_rng(0)
    for start in range(0, n, 10_000):
        table[start : start + 10_000] = rng.standard_normal((10_000, d), dtype=np.float32)
    del table
    fitting, scoring = elsewhere(megabytes_of_a_mapped_table, tmp_path / "X.npy", n, d)
    whole = n * d * 4 / 1e6
    assert fitting < 0.75 * whole
    assert scoring < 0.25 * whole


def test_20_000_columns_and_few_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 20_000)).astype(np.float32)
    y = np.arange(60) % 2
    X[:, 7] += 4 * y
    selector = brief(max_epochs=10, max_steps=40, path_steps=40).fit(X, y)
    assert selector.ranking_[7] < 200
    assert np.isfinite(selector.class_importances_).all()


def test_500_classes():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(500, 30)) * 3
    y = np.arange(3_000) % 500
    X = centres[y] + rng.normal(size=(3_000, 30))
    selector = brief(max_epochs=10, max_steps=100, path_steps=100).fit(X, y)
    assert selector.class_importances_.shape == (500, 30)
    assert selector.contributions(X[:3]).terms.shape == (3, 500, 30)
