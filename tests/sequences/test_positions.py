"""Columns of positions."""

import pytest

from sklearn_deeplifft.sequences import position_groups


def test_windows_cover_every_column_once():
    groups = position_groups(11, K=3, window=4)
    assert [len(group) for group in groups] == [12, 12, 9]
    assert sorted(column for group in groups for column in group) == list(range(33))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((0,), "L=0; pass a whole number of at least 1"),
        ((2.0,), "L=2.0"),
        ((True,), "L=True"),
        ((4, "x"), "K='x'"),
        ((4, 4, 5), "window=5 is longer than the sequences"),
    ],
)
def test_refusals(args, message):
    with pytest.raises(ValueError, match=message):
        position_groups(*args)
