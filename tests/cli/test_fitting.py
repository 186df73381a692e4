"""Warnings become notes: ours by their type, without advice on what no command has."""

import warnings

import pytest

from sklearn_deeplifft import CheckpointWarning, FeatureSelectionWarning
from sklearn_deeplifft.cli._fitting import collected, note_of, notes_of

NEVER_RIGHT = FeatureSelectionWarning("no example of class 2 is right.", "Set score_on='all'.")
UNFIT = [
    CheckpointWarning("checkpoint a is foreign.", "Use another checkpoint_dir."),
    CheckpointWarning("checkpoint b is damaged."),
]


def warn_of_two_kinds():
    with collected() as found:
        warnings.warn(NEVER_RIGHT, stacklevel=1)
        warnings.warn("of another kind", RuntimeWarning, stacklevel=1)
        warnings.warn(NEVER_RIGHT, stacklevel=1)
    return found


def test_only_our_own_warnings_are_collected():
    with pytest.warns(RuntimeWarning, match="of another kind") as others:
        found = warn_of_two_kinds()
    assert found == [NEVER_RIGHT, NEVER_RIGHT]
    assert len(others) == 1
    assert note_of(found[0]) == "No example of class 2 is right."


@pytest.mark.parametrize(
    ("warned", "notes"),
    [
        ([], []),
        ([NEVER_RIGHT, NEVER_RIGHT], ["No example of class 2 is right."]),
        (
            [NEVER_RIGHT, *UNFIT],
            [
                "Checkpoint a is foreign. Use another --checkpoint-dir for another fit. So it is "
                "with 1 more.",
                "No example of class 2 is right.",
            ],
        ),
        (UNFIT[1:], ["Checkpoint b is damaged."]),
        ([FeatureSelectionWarning("Checkpoint is a column.")], ["Checkpoint is a column."]),
    ],
)
def test_checkpoints_are_told_once_and_by_their_type(warned, notes):
    assert notes_of(warned) == notes
