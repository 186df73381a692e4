"""Figures of motifs that interact: what they are computed from, and that they come out."""

import numpy as np
import pytest

from benchmarks.motif_interactions import __main__ as command
from benchmarks.motif_interactions import rules
from sklearn_deeplifft.sequences import Motif


def test_filters_are_of_the_motif_they_are_like():
    eye = np.eye(4)
    planted = {"first": eye[:, [1, 1, 2, 2, 0, 0]], "second": eye[:, [3, 3, 2, 1, 2, 1]]}
    assert rules._kind(Motif("f", 9 * eye[:, [0, 1, 1, 2, 2, 0, 0]]), planted) == "first"
    assert rules._kind(Motif("f", 9 * eye[:, [3, 2, 1, 2, 1]]), planted) == "second"
    assert rules._kind(Motif("f", np.full((4, 6), 5.0)), planted) == "other"
    assert rules._kind(None, planted) == "other"


@pytest.mark.long
def test_the_quick_form(tmp_path, capsys):
    command.main(["--quick", "--rows", "200", "--json", str(tmp_path / "f.json")])
    printed = capsys.readouterr().out
    assert "auc_and" in printed
    assert "flagged_empty_negatives" in printed
