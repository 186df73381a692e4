"""Warnings and interrupts hold what they say as values, through a pickle as well."""

import pickle
import warnings
from pathlib import Path

import pytest

from sklearn_deeplifft import CheckpointWarning, FeatureSelectionWarning, TrainingInterrupted


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
