import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

import sklearn_deeplifft.datasets as datasets
from sklearn_deeplifft.datasets import make_motif_counts

SMALL = {"n_features": 200, "n_classes": 4, "n_null_families": 4, "n_pairs": 4, "class_skew": 3}


@pytest.fixture(scope="module")
def table():
    return make_motif_counts((12000, 2000, 3000), **SMALL, flip_y=0.0, random_state=0)


def correlation(a, b):
    return float(np.corrcoef(a, b)[0, 1])


def entries(X):
    return X.toarray() if hasattr(X, "toarray") else X


def test_public_names():
    assert {"MotifCounts", "make_motif_counts"} <= set(datasets.__all__)
    assert all(hasattr(datasets, name) for name in datasets.__all__)


def test_shapes_and_types(table):
    n, d, K = 17000, 200, 4
    assert table.X.shape == (n, d)
    assert table.X.dtype == np.float32
    assert table.y.shape == (n,)
    assert table.y.dtype.kind == "i"
    assert table.causal.shape == (K, d)
    assert table.causal.dtype == np.int8
    assert table.family.shape == (d,)
    assert table.contrary.shape == table.host.shape == (K,)
    assert len(set(table.feature_names)) == d
    np.testing.assert_array_equal(table.X, np.round(table.X))
    assert table.X.min() == 0


def test_split_covers_the_rows_in_order(table):
    assert table.split == {
        "train": slice(0, 12000),
        "valid": slice(12000, 14000),
        "test": slice(14000, 17000),
    }
    assert make_motif_counts(100, **SMALL, random_state=0).split is None


@pytest.mark.parametrize("sparse", [False, True])
def test_same_seed_same_table(sparse):
    a, b = (make_motif_counts(500, **SMALL, sparse=sparse, random_state=0) for _ in range(2))
    np.testing.assert_array_equal(entries(a.X), entries(b.X))
    for field in ("y", "causal", "family", "representative", "contrary", "host", "pairs"):
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field))


def test_seeds_differ_and_an_instance_advances():
    rng = np.random.RandomState(0)
    first, second = (make_motif_counts(500, **SMALL, random_state=rng) for _ in range(2))
    seeded = make_motif_counts(500, **SMALL, random_state=0)
    other = make_motif_counts(500, **SMALL, random_state=1)
    np.testing.assert_array_equal(first.X, seeded.X)
    assert (first.X != second.X).any()
    assert (seeded.X != other.X).any()


def test_global_generator_is_left_as_found():
    before = np.random.get_state()
    make_motif_counts(100, **SMALL, random_state=0)
    after = np.random.get_state()
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


def test_none_draws_from_the_global_generator():
    before = np.random.get_state()
    try:
        a, b = (make_motif_counts(100, **SMALL) for _ in range(2))
        np.random.set_state(before)
        again = make_motif_counts(100, **SMALL, random_state=None)
    finally:
        np.random.set_state(before)
    assert (a.X != b.X).any()
    np.testing.assert_array_equal(a.X, again.X)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float64])
def test_dtype_changes_no_entry(dtype):
    X = make_motif_counts(300, **SMALL, dtype=dtype, random_state=0).X
    assert X.dtype == dtype
    np.testing.assert_array_equal(X, make_motif_counts(300, **SMALL, random_state=0).X)


def test_sparse_equals_dense():
    dense = make_motif_counts(700, **SMALL, random_state=3)
    sparse = make_motif_counts(700, **SMALL, sparse=True, random_state=3)
    assert sparse.X.format == "csr"
    assert sparse.X.dtype == dense.X.dtype
    assert sparse.X.nnz == np.count_nonzero(dense.X)
    np.testing.assert_array_equal(sparse.X.toarray(), dense.X)
    np.testing.assert_array_equal(sparse.y, dense.y)


@pytest.mark.parametrize("density", [0.02, 0.07, 0.3])
def test_density_is_the_one_asked_for(density):
    table = make_motif_counts(5000, n_features=512, density=density, sparse=True, random_state=0)
    assert table.X.nnz / np.prod(table.X.shape) == pytest.approx(density, rel=0.03)


def test_a_table_of_planted_motifs_only():
    table = make_motif_counts(300, **SMALL | {"n_features": 80}, random_state=0)
    assert table.X.shape == (300, 80)
    assert (table.relevant | (table.family >= 0)).all()


def test_members_of_a_family_are_near_copies(table):
    size = 4
    for f, column in enumerate(table.representative):
        members = np.flatnonzero(table.family == f)
        assert members.size == size
        assert column in members
        assert np.corrcoef(table.X[:, members].T).min() > 0.8


def test_family_members_carry_one_sign_and_null_families_none(table):
    n_private, n_classes = 3, 4
    for f in range(len(table.representative)):
        expected = np.zeros(n_classes)
        if f < n_private * n_classes:
            expected[f // n_private] = 1
        np.testing.assert_array_equal(
            table.causal[:, table.family == f], np.repeat(expected[:, None], 4, axis=1)
        )


def test_given_the_representative_near_copies_tell_nothing(table):
    """Where the representative has one hit, its copies are as frequent in all classes."""
    for f in range(12):
        one = table.X[:, table.representative[f]] == 1
        own = table.y[one] == f // 3
        for column in np.flatnonzero(table.family == f):
            if column != table.representative[f]:
                assert abs(correlation(table.X[one, column] > 0, own)) < 0.1


def test_private_motifs_are_enriched_in_their_class_alone(table):
    mean = np.stack([table.X[table.y == k].mean(axis=0) for k in range(4)])
    for f in range(12):
        own, rates = f // 3, mean[:, table.representative[f]]
        others = np.delete(rates, own)
        assert rates[own] > 2.5 * others.max()
        assert others.max() < 1.5 * others.min()


def test_pair_members_tell_nothing_alone_and_much_together(table):
    present = table.X > 0
    for c, i, j in table.pairs:
        member = table.y == c
        assert abs(correlation(present[:, i], member)) < 0.04
        assert abs(correlation(present[:, j], member)) < 0.04
        assert correlation(present[:, i] & present[:, j], member) > 0.3


def test_pair_members_are_as_frequent_as_asked_in_every_class():
    table = make_motif_counts(9000, **SMALL, pair_rate=0.4, flip_y=0.0, random_state=0)
    for _, i, j in table.pairs:
        for k in range(4):
            rows = table.y == k
            np.testing.assert_allclose((table.X[rows][:, [i, j]] > 0).mean(axis=0), 0.4, atol=0.04)


def test_contrary_motifs_count_against_their_class():
    """The planted sign, seen by a linear model that has all causal motifs."""
    table = make_motif_counts(8000, n_features=160, class_skew=3, random_state=0)
    columns = np.flatnonzero(table.causal.any(axis=0))
    model = LogisticRegression(max_iter=500).fit(table.X[:, columns], table.y)
    for k, (contrary, host) in enumerate(zip(table.contrary, table.host, strict=True)):
        at = model.coef_[k, columns == contrary].item()
        assert at < -0.3
        assert model.coef_[k, columns == host].item() > 0.3


def test_the_planted_log_ratios_are_those_of_the_best_linear_model(table):
    """Given the columns that the classes act on, logits are linear with the documented slopes."""
    columns = np.concatenate([table.representative[:12], table.contrary, table.host])
    model = LogisticRegression(C=100, max_iter=1000).fit(table.X[:, columns], table.y)
    own = np.concatenate([np.repeat(np.arange(4), 3), np.arange(4)])
    slopes = model.coef_[:, :16]
    others = [np.delete(slopes[:, j], k).mean() for j, k in enumerate(own)]
    planted = [*np.tile([2.5, 1.875, 1.25], 4), *np.repeat(np.log(0.35 / 0.65 / (0.7 / 0.3)), 4)]
    np.testing.assert_allclose(slopes[own, np.arange(16)] - others, planted, atol=0.35)


def test_contrary_motifs_look_like_their_class():
    """Enriched in the class that they speak against, and prized by a forest."""
    table = make_motif_counts(4000, class_skew=3, random_state=0)
    for k, column in enumerate(table.contrary):
        hits = table.X[:, column]
        assert hits[table.y == k].mean() > 1.15 * hits[table.y != k].mean()
    forest = RandomForestClassifier(60, max_depth=12, random_state=0).fit(table.X, table.y)
    rank = np.argsort(np.argsort(-forest.feature_importances_))
    assert np.median(rank[table.contrary]) < 0.1 * table.X.shape[1]


def test_relevant_is_causal_or_in_a_pair(table):
    expected = set(np.flatnonzero(table.causal.any(axis=0)))
    expected |= {column for _, *members in table.pairs for column in members}
    assert set(np.flatnonzero(table.relevant)) == expected
    assert not table.relevant[table.family >= 12].any()
    without_pairs = make_motif_counts(100, **SMALL | {"n_pairs": 0}, random_state=0)
    np.testing.assert_array_equal(without_pairs.relevant, without_pairs.causal.any(axis=0))


@pytest.mark.parametrize("class_skew", [1, 10, 1e4])
def test_every_class_is_in_every_part(class_skew):
    table = make_motif_counts((400, 20, 9), **SMALL | {"class_skew": class_skew}, random_state=0)
    for part in table.split.values():
        assert set(table.y[part]) == set(range(4))


def test_class_frequencies_are_geometric():
    count = np.bincount(make_motif_counts(40000, n_features=200, sparse=True, random_state=0).y)
    np.testing.assert_allclose(count[1:] / count[:-1], 10 ** (-1 / 7), rtol=0.02)


def test_label_noise_moves_labels_and_keeps_frequencies():
    clean = make_motif_counts((3000, 400, 400), **SMALL, flip_y=0.0, random_state=0)
    noisy = make_motif_counts((3000, 400, 400), **SMALL, flip_y=0.3, random_state=0)
    np.testing.assert_array_equal(clean.X, noisy.X)
    for part in clean.split.values():
        a, b = clean.y[part], noisy.y[part]
        np.testing.assert_array_equal(np.bincount(a), np.bincount(b))
        by_chance = 1 - np.sum((np.bincount(a) / len(a)) ** 2)
        assert np.mean(a != b) == pytest.approx(0.3 * by_chance, abs=0.06)


def test_two_classes_and_families_of_one():
    table = make_motif_counts(200, 40, 2, family_size=1, random_state=0)
    assert table.causal.shape == (2, 40)
    assert table.representative.shape == (2 * 3 + 8,)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_classes": 1}, r"n_classes=1 must be a whole number from 2 .*pass 2 or more"),
        ({"n_private": 0}, r"n_private=0 .*pass 1 or more"),
        ({"family_size": 2.5}, r"family_size=2.5 must be a whole number"),
        ({"n_pairs": -1}, r"n_pairs=-1 .*pass 0"),
        ({"effect": 0}, r"effect=0 .*try 2.5"),
        ({"density": 0}, r"density=0 .*try 0.07"),
        ({"density": float("nan")}, r"density=nan .*try 0.07"),
        ({"family_correlation": 1.2}, r"family_correlation=1.2 .*try 0.9"),
        ({"pair_rate": 0.6}, r"pair_rate=0.6 must be a number from 0.01 to 0.5"),
        ({"class_skew": 0.5}, r"class_skew=0.5 .*pass 1"),
        ({"flip_y": -0.1}, r"flip_y=-0.1 .*pass 0"),
        ({"n_features": 79}, r"n_features=79 cannot hold the 80 planted .*pass n_features=80"),
        ({"n_features": 99.5}, r"n_features=99.5 cannot hold"),
        ({"n_samples": 3}, r"n_samples=3 leaves a part with fewer rows than n_classes=4"),
        ({"n_samples": (50, 3, 50)}, r"n_samples=\(50, 3, 50\) leaves .*ask for more rows"),
        ({"n_samples": (50, 50)}, r"n_samples=\(50, 50\) must be .*pass for example 1000"),
        ({"n_samples": 10.5}, r"n_samples=10.5 must be"),
        ({"dtype": bool}, r"dtype=bool cannot hold \d+ hits.*pass a wider dtype"),
    ],
)
def test_errors_name_value_rule_and_remedy(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_motif_counts(**{"n_samples": 100, **SMALL, "random_state": 0} | parameters)
