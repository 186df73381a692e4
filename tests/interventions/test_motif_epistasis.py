"""Interactions of motifs: four predictions of each pair, and the rows that stand behind them."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.interventions import motif_epistasis
from sklearn_deeplifft.networks import motif_pool
from sklearn_deeplifft.sequences import SequenceEncoder

WORDS = {"A": "GGATTA", "B": "CACGTG", "C": "TTTCCC"}
BACKGROUND = ["".join(row) for row in np.random.RandomState(0).choice(list("ACGT"), (12, 40))]
COUNTS = np.array([[0, 0, 0]] * 30 + [[1, 0, 0]] * 25 + [[0, 2, 0]] * 21 + [[1, 1, 0]] * 20)


def net(seed):
    torch.manual_seed(seed)
    return motif_pool(40, n_filters=6, width=5, n_hidden=7).double().eval()


def written(sequences, *edits):
    found = []
    for text in sequences:
        letters = list(text)
        for word, start in edits:
            letters[start : start + len(word)] = word
        found.append("".join(letters))
    return SequenceEncoder(dtype="float32").fit_transform(found)


def literal(network, first, second, starts):
    """E (n,) row by row, from four full passes in double precision."""
    one, other = (first, starts[0]), (second, starts[1])
    with torch.no_grad():
        f = [
            network(torch.tensor(written(BACKGROUND, *edits)).double())[:, 0].numpy()
            for edits in ([], [one], [other], [one, other])
        ]
    return f[1] - f[0], f[2] - f[0], f[3] - f[0], f[3] - f[2] - f[1] + f[0]


def test_matches_four_full_passes():
    nets = [net(0), net(1)]
    table = motif_epistasis(nets, BACKGROUND, WORDS, (5, 20), counts=COUNTS, task="regression")
    assert table[["first", "second"]].values.tolist() == [["A", "B"], ["A", "C"], ["B", "C"]]
    for row in table.itertuples():
        each = [literal(one, WORDS[row.first], WORDS[row.second], (5, 20)) for one in nets]
        first, second, both, E = np.mean(each, axis=0)
        got = [row.effect_first, row.effect_second, row.effect_both, row.epistasis]
        want = [v.mean() for v in (first, second, both, E)]
        np.testing.assert_allclose(got, want, atol=1e-12)
        np.testing.assert_allclose(row.standard_error, E.std(ddof=1) / 12**0.5, atol=1e-12)
        own = [one[3].mean() for one in each]
        np.testing.assert_allclose(row.network_sd, np.std(own, ddof=1), atol=1e-12)
        assert row.low <= row.epistasis <= row.high


def test_counts_say_what_stands_behind_a_pair():
    table = motif_epistasis(
        net(0), BACKGROUND, WORDS, (5, 20), pairs=[("B", "A"), ("A", "C")], counts=COUNTS,
        task="regression",
    )  # fmt: skip
    cells = table[["rows_neither", "rows_first", "rows_second", "rows_both"]].values.tolist()
    assert cells == [[30, 21, 25, 20], [51, 45, 0, 0]]
    assert table["flagged"].tolist() == [False, True]
    E = literal(net(0), WORDS["B"], WORDS["A"], (5, 20))[3].mean()
    assert table["epistasis"][0] == pytest.approx(E, abs=1e-12)


def test_data_are_searched_on_both_strands():
    pytest.importorskip("lightmotif", reason="counting motifs needs the extra sequences")
    data = ["A" * 20, "TTGGATTATT" + "A" * 10, "TTTAATCCTT" + "A" * 10, "GGATTACACGTGTTTTTTTT"]
    words = ["GGATTA", "CACGTG"]
    options = {"task": "regression", "p_value": 1e-3}
    table = motif_epistasis(net(0), BACKGROUND, words, (5, 20), data=data, **options)
    cells = table[["rows_neither", "rows_first", "rows_second", "rows_both"]].values.tolist()
    assert cells == [[1, 2, 0, 1]]
    rows = SequenceEncoder().fit_transform(data)
    again = motif_epistasis(net(0), BACKGROUND, words, (5, 20), data=rows, **options)
    assert again.equals(table)


def test_without_data_the_support_is_unknown_and_said_so():
    with pytest.warns(FeatureSelectionWarning, match="nothing says how many training sequences"):
        table = motif_epistasis(net(0), BACKGROUND, WORDS, (5, 20), task="regression")
    assert table["rows_both"].isna().all()
    assert table["low"].isna().all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"starts": (5, 8)}, "'A' at 5 is 6 letters long and overlaps 'B' at 8"),
        ({"starts": (5, 36)}, "runs|writes position 41"),
        ({"starts": 5}, "starts=5 must be two positions"),
        ({"starts": ("a", 5)}, "motif_epistasis: start='a' must be a position"),
        ({"starts": (5, 20.5)}, "motif_epistasis: start=20.5 must be a position"),
        ({"pairs": [("A", "Z")]}, "each pair is two names"),
        ({"pairs": []}, "pairs is empty"),
        ({"motifs": "GATA"}, "must be a mapping from names to motifs"),
        ({"motifs": ["GATA"]}, "make no pair"),
        ({"counts": COUNTS[:, :2]}, r"counts has shape \(96, 2\)"),
    ],
)
def test_refuses(settings, message):
    given = {"motifs": WORDS, "starts": (5, 20), "counts": COUNTS} | settings
    motifs, starts = given.pop("motifs"), given.pop("starts")
    with pytest.raises(ValueError, match=message):
        motif_epistasis(nn.Flatten(), BACKGROUND, motifs, starts, task="regression", **given)
