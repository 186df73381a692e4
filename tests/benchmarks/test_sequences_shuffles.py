"""The benchmark of shuffles: what can be reached, and that ours is."""

import pytest

from benchmarks.sequences.shuffles import WORDS, evenness, reachable


def test_reachable():
    assert [len(reachable(word)) for word in WORDS] == [48, 27]
    assert reachable("AAT") == {"AAT"}


@pytest.mark.slow
def test_evenness():
    pytest.importorskip("tangermeme", reason="the peer comes with the extra bench")
    found = evenness(2000)
    assert found["shuffle_reached"] == 1
    assert found["shuffle_p"] > 0.001
    assert found["shuffle_reached_tangermeme"] < 0.5
