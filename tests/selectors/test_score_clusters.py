"""Examples of a class by what recognised them: the clusters, their features, their members."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from torch import nn

from sklearn_deeplifft import DeepLIFFTSelector, GIATransformer, score_clusters
from sklearn_deeplifft.exceptions import FeatureSelectionWarning
from sklearn_deeplifft.selectors._clusters import name_of
from sklearn_deeplifft.sequences import SequenceEncoder, position_groups
from tests.conftest import quick

MOTIFS = ["GATA1", "SP1", "CTCF", "MYC"]


def either_motif(n: int = 90):
    """Class "on" has motif 0 in a third of its rows, motif 1 in two thirds of them."""
    rng = np.random.default_rng(0)
    X = rng.gamma(2.0, 0.3, (2 * n, 4))
    X[:, :2] = 0
    X[: n // 3, 0] = 3
    X[n // 3 : n, 1] = 3
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).double()
    with torch.no_grad():
        net[0].weight.copy_(torch.eye(4)[:3])
        net[0].bias.zero_()
        net[2].weight.copy_(torch.tensor([[-1.0, -1.0, 0.0], [1.0, 1.0, 0.1]]))
        net[2].bias.copy_(torch.tensor([1.5, -1.5]))
    y = np.where(np.arange(2 * n) < n, "on", "off")
    return X, y, net


def reading(network):
    return DeepLIFFTSelector(network, prefit=True, reference="zero")


@pytest.fixture(scope="module")
def read():
    X, y, network = either_motif()
    y = (y == "on").astype(int)
    return X, y, reading(network).fit(X, y)


@pytest.mark.parametrize("form", ["array", "csr", "frame"])
def test_ways_to_be_recognised_are_found(form):
    X, y, network = either_motif()
    labels = (y == "on").astype(int)
    table = {"array": X, "csr": sp.csr_matrix(X), "frame": pd.DataFrame(X, columns=MOTIFS)}[form]
    selector = reading(network).fit(table, labels)
    given = None if form == "frame" else MOTIFS
    found = score_clusters(selector, table, labels, 1, feature_names=given)
    assert found.n_clusters == 2
    assert found.sizes.tolist() == [60, 30]
    assert (found.n_of_class, found.n_correct) == (90, 90)
    np.testing.assert_array_equal(found.rows[found.clusters == 2], np.arange(30))
    np.testing.assert_allclose(found.scores, selector.increments(table, labels)[:90])
    assert set(found.enriched(k=2)["feature"]) == {"GATA1", "SP1"}


def test_the_table_is_means_within_and_elsewhere(read):
    X, y, selector = read
    found = score_clusters(selector, X, y, 1, n_clusters=2, feature_names=MOTIFS)
    table = found.enriched(k=None).set_index(["cluster", "feature"])
    scores, own = selector.increments(X, y)[:90], np.arange(90) >= 30
    for j, name in enumerate(MOTIFS):
        row = table.loc[(1, name)]
        inside, outside = scores[own, j], scores[~own, j]
        assert row["score"] == pytest.approx(inside.mean())
        assert row["score_elsewhere"] == pytest.approx(outside.mean())
        assert row["difference"] == pytest.approx(inside.mean() - outside.mean())
        side = np.sign(row["difference"])
        middle = (inside.mean() + outside.mean()) / 2
        assert row["share"] == pytest.approx((side * (inside - middle) > 0).mean())
        assert row["share_elsewhere"] == pytest.approx((side * (outside - middle) > 0).mean())
        assert row["value"] == pytest.approx(X[:90][own, j].mean())
        assert row["value_elsewhere"] == pytest.approx(X[:90][~own, j].mean())
    assert table.loc[(1, "SP1"), ["share", "share_elsewhere"]].tolist() == [1, 0]
    assert table.loc[(1, "GATA1"), "difference"] < 0 < table.loc[(2, "GATA1"), "difference"]
    sizes = found.enriched(k=None).groupby("cluster")["difference"].apply(lambda d: -d.abs())
    assert all(part.is_monotonic_increasing for _, part in sizes.groupby(level=0))


def test_terms_of_the_logit_can_be_clustered(read):
    X, y, selector = read
    found = score_clusters(selector, X, y, 1, scores="contributions", n_clusters=2)
    terms = selector.contributions(X[:90]).terms
    np.testing.assert_allclose(found.scores, (terms[:, 1] - terms[:, 0]) / 2)
    assert found.sizes.tolist() == [60, 30]


def test_wrong_examples_are_left_out(read):
    X, y, selector = read
    wrong = X.copy()
    wrong[[3, 40], :2] = 0
    found = score_clusters(selector, wrong, y, 1, n_clusters=2)
    assert (found.n_of_class, found.n_correct) == (90, 88)
    assert not {3, 40} & set(found.rows)


def test_members_and_their_bed(read, tmp_path):
    X, y, selector = read
    names = [f"chr{1 + i % 2}:{1000 - i}-{1200 - i}" for i in range(len(X))]
    found = score_clusters(selector, X, y, 1, names=names)
    members = found.members()
    assert members["cluster"].is_monotonic_increasing
    assert members["name"].tolist() == [names[row] for row in members["row"]]
    found.write_bed(tmp_path / "members.bed")
    lines = (tmp_path / "members.bed").read_text().splitlines()
    assert lines[0].split("\t") == ["chr1", "912", "1112", "cluster_1"]
    assert len(lines) == 90
    plain = score_clusters(selector, X, y, 1, n_clusters=2)
    with pytest.raises(ValueError, match=r"90 of 90 examples have names that are no regions: 0, 1"):
        plain.write_bed(tmp_path / "none.bed")
    assert not (tmp_path / "none.bed").exists()
    framed = pd.DataFrame(X, index=[f"gene{i}" for i in range(len(X))])
    assert score_clusters(selector, framed, y, 1, n_clusters=2).names[0] == "gene0"


def test_positions_of_sequences_are_features():
    """Of the class, half have GAT at the start and half have CCG at the end."""
    rng = np.random.default_rng(1)
    words = ["".join(letters) for letters in rng.choice(list("ACGT"), (60, 8))]
    words = ["GAT" + w[3:] for w in words[:20]] + [w[:5] + "CCG" for w in words[20:40]] + words[40:]
    X = SequenceEncoder(dtype="float32").set_output(transform="pandas").fit_transform(words)
    net = nn.Sequential(nn.Linear(32, 2), nn.ReLU(), nn.Linear(2, 2))
    weight = torch.zeros(2, 32)
    for unit, start, word in ((0, 0, "GAT"), (1, 5, "CCG")):
        for i, letter in enumerate(word):
            weight[unit, 4 * (start + i) + "ACGT".index(letter)] = 1
    with torch.no_grad():
        net[0].weight.copy_(weight)
        net[0].bias.fill_(-1.0)
        net[2].weight.copy_(torch.tensor([[-1.0, -1.0], [1.0, 1.0]]))
        net[2].bias.copy_(torch.tensor([1.2, -1.2]))
    y = (np.arange(60) < 40).astype(int)
    groups = position_groups(8)
    selector = DeepLIFFTSelector(net, prefit=True, feature_groups=groups, simplex_groups=groups)
    found = score_clusters(selector.fit(X, y), X, y, 1, n_clusters=2)
    assert found.scores.shape[1] == 8
    first, second = (set(part["feature"]) for _, part in found.enriched(k=6).groupby("cluster"))
    assert first == second == {"p0", "p1", "p2", "p5", "p6", "p7"}
    table = found.enriched(k=3)
    assert (table["difference"].abs() > 0.01).all()
    assert table["value"].isna().all()


def test_a_label_of_several():
    X, y, _ = either_motif(30)
    Y = np.column_stack([y == "on", X[:, 2] > 0.6]).astype(int)
    selector = quick(max_epochs=20, learning_rate=0.1).fit(X, Y)
    found = score_clusters(selector, X, Y, 0, n_clusters=2)
    kept = np.flatnonzero((Y[:, 0] == 1) & (selector.estimator_.predict(X)[:, 0] == 1))
    np.testing.assert_array_equal(found.rows, kept)
    np.testing.assert_allclose(found.scores, selector.increments(X, Y)[kept, 0], atol=1e-6)


def test_no_clusters_are_told(read, monkeypatch):
    X, y, selector = read
    cloud = np.random.default_rng(0).normal(size=(90, 4))
    monkeypatch.setattr(selector, "increments", lambda X, y: cloud)
    with pytest.warns(FeatureSelectionWarning, match="5 clusters of class 1 is 0.[012].: its ex"):
        score_clusters(selector, X, y, 1, n_clusters=5)


def test_equal_examples_do_not_part(read, monkeypatch):
    X, y, selector = read
    twice = np.repeat(np.eye(4)[:2], 45, axis=0)
    monkeypatch.setattr(selector, "increments", lambda X, y: twice)
    assert list(score_clusters(selector, X, y, 1).silhouettes.items()) == [(2, 1.0)]
    with pytest.raises(ValueError, match=r"not part into 3 clusters: too many are alike \(2 are"):
        score_clusters(selector, X, y, 1, n_clusters=3)


def test_a_draw_of_many_is_the_same_again(read):
    X, y, selector = read
    one, two = (score_clusters(selector, X, y, 1, max_examples=20) for _ in range(2))
    np.testing.assert_array_equal(one.rows, two.rows)
    assert len(one.rows) == 20
    assert one.n_correct == 90


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target_class": "x"}, r"target_class='x' is not a class of y; its classes are \[0, 1\]"),
        ({"n_clusters": 1}, 'must be an integer from 2 on, or "silhouette"'),
        ({"n_clusters": "gap"}, 'must be an integer from 2 on, or "silhouette"'),
        ({"scores": "x"}, r"scores='x' must be one of \['increments', 'contributions'\]"),
        ({"method": "single"}, r"method='single' must be one of \['ward', 'average', 'complete'\]"),
        ({"max_clusters": 1}, "max_clusters=1 must be an integer from 2 on"),
        ({"names": ["a"]}, "names has 1 entries and X has 180 rows"),
        ({"feature_names": ["a"]}, "feature_names has 1 entries and X has 4 columns"),
        ({"n_clusters": 91}, "90 of 90 examples of class 1 are classified correctly, and 91"),
    ],
)
def test_refusals(read, changes, message):
    X, y, selector = read
    with pytest.raises(ValueError, match=message):
        score_clusters(selector, X, y, **{"target_class": 1, **changes})


def test_selectors_without_scores_of_examples_are_refused(read):
    X, y, selector = read
    with pytest.raises(TypeError, match="which GIATransformer does not have; pass a fitted Deep"):
        score_clusters(GIATransformer(), X, y, 1)
    with pytest.raises(ValueError, match="k=0 must be a positive integer"):
        score_clusters(selector, X, y, 1, n_clusters=2).enriched(k=0)


def test_names_of_features_of_several_columns():
    assert name_of(["x3"]) == "x3"
    assert name_of(["p9=A", "p9=C", "p10=A"]) == "p9-p10"
    assert name_of(["colour_red", "colour_blue"]) == "colour"
    assert name_of(["a", "b"]) == "a, b"
