"""Versions, where the source is on the path and nothing was installed."""

import importlib.metadata
import json
import platform
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import sklearn_deeplifft
from sklearn_deeplifft import __version__, load
from sklearn_deeplifft._versions import source_digest, version_of
from sklearn_deeplifft.report._provenance import versions
from sklearn_deeplifft.saving._container import read_blocks
from tests.conftest import planted, quick

ROOT = Path(sklearn_deeplifft.__file__).parent


@pytest.fixture
def not_installed(monkeypatch):
    """No metadata of this package, as with its source on PYTHONPATH, nor of skorch."""
    found = importlib.metadata.Distribution.from_name

    def from_name(name):
        if name in ("sklearn-deeplifft", "skorch"):
            raise importlib.metadata.PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(importlib.metadata.Distribution, "from_name", from_name)


@pytest.mark.usefixtures("not_installed")
def test_versions_without_metadata():
    assert version_of("sklearn-deeplifft") == __version__
    assert version_of("skorch") == "unknown"
    assert version_of("numpy") == np.__version__  # torch names its build in one of the two alone
    assert versions()["sklearn-deeplifft"] == __version__
    assert versions()["skorch"] == "unknown"
    assert versions()["Python"] == platform.python_version()


@pytest.mark.usefixtures("not_installed")
def test_a_fit_is_kept_saved_and_reported_without_metadata(tmp_path, monkeypatch):
    monkeypatch.setattr("sklearn_deeplifft.report._sections.inline_svg", lambda draw, name: "")
    X, y, *_ = planted()
    selector = quick(memory=tmp_path / "memory", random_state=0)
    with warnings.catch_warnings(action="error"):
        selector.fit(X, y)
    selector.save(tmp_path / "saved")
    text, _ = read_blocks(tmp_path / "saved")
    assert json.loads(text)["versions"]["sklearn-deeplifft"] == __version__
    selector.report(tmp_path / "page.html", X, y)
    page = (tmp_path / "page.html").read_text()
    assert f"sklearn-deeplifft {__version__}" in page
    assert "skorch unknown" in page
    assert load(tmp_path / "saved").get_support().tolist() == selector.get_support().tolist()


def test_one_place_asks_for_metadata():
    asking = [
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if re.search(r"importlib[._]metadata", path.read_text())
    ]
    assert asking == ["_versions.py"]


def test_the_digest_of_the_source_follows_names_and_contents(tmp_path):
    folder = tmp_path / "package"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.py").write_bytes(b"x = 1")
    (folder / "inner" / "b.py").write_bytes(b"y = 2")
    first = source_digest(folder)
    (folder / "notes.txt").write_bytes(b"no code")
    assert source_digest(folder) == first
    (folder / "a.py").write_bytes(b"x = 2")
    second = source_digest(folder)
    (folder / "a.py").rename(folder / "inner" / "a.py")
    assert len({first, second, source_digest(folder)}) == 3
    assert source_digest() == source_digest(ROOT)
