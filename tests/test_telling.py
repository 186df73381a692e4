"""Warnings point at the user's line and are told once per fit, once per search."""

from __future__ import annotations

import inspect
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_deeplifft import DeepLIFFTSelector, FeatureSelectionWarning
from sklearn_deeplifft.exceptions import tell, withheld
from tests.conftest import quick

rng = np.random.default_rng(0)
X, y = rng.normal(size=(90, 4)), rng.integers(2, size=90)
AT_CHANCE = "no better than chance"


def selector(**params) -> DeepLIFFTSelector:
    return quick(max_epochs=3, n_networks=5, **params)


def pipeline():
    return make_pipeline(StandardScaler(), selector(n_features_to_select=2), LogisticRegression())


def told_by(call, action="default"):
    """Warnings of ours, and the line of the call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        line = inspect.currentframe().f_lineno + 1
        call()
    ours = [one for one in caught if isinstance(one.message, FeatureSelectionWarning)]
    return ours, line


def test_a_column_of_labels_is_told_at_the_line_of_the_call():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        line = inspect.currentframe().f_lineno + 1
        pipeline()[1:2].fit(X, y[:, None])
    found = [one for one in caught if one.category is DataConversionWarning]
    assert [(one.filename, one.lineno) for one in found] == [(__file__, line)]


def lines_of(call) -> int:
    return inspect.getsourcelines(call)[1]


CALLS = {
    "fit": lambda: selector().fit(X, y),
    "fit_transform": lambda: selector(n_features_to_select=2).fit_transform(X, y),
    "a clone": lambda: clone(selector()).fit(X, y),
    "set_output": lambda: (
        selector(n_features_to_select=2).set_output(transform="pandas").fit_transform(X, y)
    ),
    "a pipeline": lambda: pipeline().fit(X, y),
    "a search": lambda: GridSearchCV(
        pipeline(), {"deeplifftselector__n_features_to_select": [1, 2]}, cv=3
    ).fit(X, y),
    "cross-validation": lambda: cross_validate(pipeline(), X, y, cv=3),
    "cross-validation of searches": lambda: cross_validate(
        GridSearchCV(pipeline(), {"logisticregression__C": [1, 2]}, cv=2), X, y, cv=2
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("action", ["default", "always"])
def test_noise_is_told_once_at_the_line_of_the_user(name, action):
    found, _ = told_by(CALLS[name], action)
    [one] = found
    assert AT_CHANCE in str(one.message)
    assert one.filename == __file__
    first = lines_of(CALLS[name])
    assert first <= one.lineno <= first + 12


@pytest.mark.slow
def test_another_search_tells_again():
    search = GridSearchCV(selector(), {"n_features_to_select": [1, 2]}, cv=2, scoring=lambda *_: 0)
    for _ in range(2):
        found, _ = told_by(lambda: search.fit(X, y), "always")
        assert len(found) == 1


def test_each_fit_tells():
    once = selector()
    found, _ = told_by(lambda: [once.fit(X, y) for _ in range(3)], "always")
    assert len(found) == 3


def test_with_memory_as_without(tmp_path):
    """Also of the warnings that a fit gives on its way, which are kept beside it."""
    columns = np.column_stack([X, np.ones(len(X))])
    plain, _ = told_by(lambda: selector().fit(columns, y), "always")
    for _ in range(2):  # trained, then read
        kept, _ = told_by(lambda: selector(memory=tmp_path).fit(columns, y), "always")
        assert {str(one.message) for one in kept} == {str(one.message) for one in plain}
        assert {one.filename for one in kept} == {__file__}


def test_what_differs_in_words_is_told_in_a_search_too():
    columns = np.column_stack([X, np.ones(len(X))])
    search = GridSearchCV(selector(), {"n_features_to_select": [1]}, cv=2, scoring=lambda *_: 0)
    found, _ = told_by(lambda: search.fit(columns, y), "always")
    assert sorted("single value" in str(one.message) for one in found) == [False, True]


def test_what_is_withheld_is_told_at_the_end_also_of_an_error():
    def stumbling():
        with withheld() as told:
            tell(FeatureSelectionWarning("it is."))
            assert [str(one) for one in told] == ["it is."]
            raise KeyError

    def call():
        with pytest.raises(KeyError):
            stumbling()

    found, _ = told_by(call)
    assert [str(one.message) for one in found] == ["it is."]


@pytest.mark.long
@pytest.mark.slow
def test_workers_tell_on_their_own_and_do_not_fail(tmp_path):
    """A process of its own: the search's workers write to its standard error."""
    script = tmp_path / "script.py"
    script.write_text(
        "from sklearn.model_selection import GridSearchCV\n"
        "from tests.test_telling import X, selector, y\n"
        "if __name__ == '__main__':\n"
        "    grid = {'n_features_to_select': [1, 2]}\n"
        "    search = GridSearchCV(selector(), grid, cv=2, scoring=len_of, n_jobs=2)\n"
        "    search.fit(X, y)\n".replace("scoring=len_of", "scoring=lambda *_: 0")
    )
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, script], cwd=root, capture_output=True, text=True,
        env={"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "PATH": ""}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    mine = [line for line in done.stderr.splitlines() if line.startswith(f"{script}:6:")]
    assert len(mine) == 1  # of the fit on all rows; what the workers tell has their own lines
