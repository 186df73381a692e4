"""Warnings and interrupts hold what they say as values, through a pickle as well."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest

from sklearn_deeplifft import (
    CheckpointWarning,
    DeepLIFFTSelector,
    FeatureSelectionWarning,
    TrainingInterrupted,
)
from tests.conftest import quick


@pytest.mark.parametrize("kind", [FeatureSelectionWarning, CheckpointWarning])
@pytest.mark.parametrize(
    ("given", "text"), [(("It is.", "Do so."), "It is. Do so."), (("It is.",), "It is.")]
)
def test_a_warning_parts_what_is_found_from_what_to_do(kind, given, text):
    warning = kind(*given)
    for one in (warning, pickle.loads(pickle.dumps(warning))):
        assert str(one) == text
        assert (one.finding, one.remedy) == (*given, "")[:2]
    with pytest.warns(kind, match=text):
        warnings.warn(warning, stacklevel=1)


@pytest.mark.parametrize(
    ("folder", "text"),
    [
        (
            None,
            "interrupted: 3 of 4 networks were trained, and none is kept. Pass checkpoint_dir= to "
            "keep those that are finished.",
        ),
        (
            Path("kept"),
            "interrupted: 3 of 4 networks were trained and are kept in kept; the same call goes on "
            "from there.",
        ),
    ],
)
def test_an_interrupt_counts_what_is_kept(folder, text):
    interrupt = TrainingInterrupted(3, 4, folder)
    assert isinstance(interrupt, KeyboardInterrupt)
    for one in (interrupt, pickle.loads(pickle.dumps(interrupt))):
        assert (one.done, one.total, one.folder) == (3, 4, folder)
        assert str(one) == text


def _constant_column(X, y):
    quick().fit(np.column_stack([X, np.ones(len(X))]), y)


def _whole_numbers(X, y):
    DeepLIFFTSelector(step=None).fit(X[:60], np.arange(60))


def _in_vain(X, y):
    quick(smoothing=0.1).fit(X, y)


def _zeros_kept(X, y):
    quick(n_features_to_select=9).fit(np.column_stack([X, np.ones(len(X))]), y)


@pytest.mark.slow
@pytest.mark.parametrize("warned", [_constant_column, _whole_numbers, _in_vain, _zeros_kept])
def test_warnings_point_at_the_line_of_the_user(warned, table):
    with pytest.warns(FeatureSelectionWarning) as caught:
        warned(*table)
    assert {Path(one.filename).name for one in caught} == {Path(__file__).name}
