"""Tables of any shape, type, scale and container: a right answer or a clear refusal."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_deeplifft import DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector

SELECTORS = (DeepLIFFTSelector, ImportanceNeuronSelector, GIATransformer)

CONTAINERS = {
    "array": np.asarray,
    "fortran": np.asfortranarray,
    "frame": lambda X: pd.DataFrame(X, columns=[f"c{i}" for i in range(X.shape[1])]),
    "csr": sp.csr_array,
    "csc": sp.csc_array,
    "csr frame": lambda X: pd.DataFrame.sparse.from_spmatrix(
        sp.csr_matrix(X), columns=[f"c{i}" for i in range(X.shape[1])]
    ),
}

LABELS = {
    "numbers": lambda codes: codes,
    "gapped": lambda codes: codes * 7 - 3,
    "text": lambda codes: np.array(["", "b", "á"])[codes],
    "objects": lambda codes: np.array(["x", "y", "z"], dtype=object)[codes],
    "booleans": lambda codes: codes > 0,
}


def fitted(kind, X, y, **given):
    training = {"n_networks": 1, "max_epochs": 2, "patience": None}
    if kind is not GIATransformer:
        training["path_steps"] = 10
    selector = kind(kind.default_estimator(**training), random_state=0)
    if kind is DeepLIFFTSelector:
        selector.set_params(step=None)
    return selector.fit(X, y, **given)


@st.composite
def tables(draw):
    """Small tables of whole numbers, which every type and container holds exactly."""
    n, d = draw(st.integers(12, 30)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    X = rng.integers(-4, 5, size=(n, d)) * (rng.random((n, d)) < draw(st.sampled_from([0.3, 1.0])))
    if d > 1 and draw(st.booleans()):
        X[:, 0] = draw(st.integers(-2, 2))
    K = draw(st.integers(2, 3))
    return X.astype(float), np.arange(n) % K


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.exceptions.FeatureSelectionWarning")
@given(
    table=tables(),
    kind=st.sampled_from(SELECTORS),
    form=st.sampled_from(sorted(CONTAINERS)),
    labels=st.sampled_from(sorted(LABELS)),
    dtype=st.sampled_from([np.float64, np.float32, np.int8, np.int64, ">f4"]),
)
@settings(max_examples=8, deadline=None)
def test_neither_container_nor_type_nor_labels_matter(table, kind, form, labels, dtype):
    X, codes = table
    y = LABELS[labels](codes)
    sparse = form.startswith("cs")
    X = X.astype(np.float32 if sparse and dtype == ">f4" else dtype)  # which scipy does not know
    plain = fitted(kind, X, np.searchsorted(np.unique(y), y))
    found = fitted(kind, CONTAINERS[form](X), y)
    assert np.isfinite(found.feature_importances_).all()
    assert found.get_support().any()
    np.testing.assert_array_equal(found.feature_importances_, plain.feature_importances_)


def refusal(kind, X, y) -> str | None:
    """The error of a fit; None where there is none, and the answer is finite."""
    try:
        found = fitted(kind, X, y)
    except ValueError as error:
        return str(error)
    assert np.isfinite(found.feature_importances_).all()
    return None


@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.exceptions.FeatureSelectionWarning")
@pytest.mark.parametrize("kind", SELECTORS)
@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_extreme_scales_have_an_answer_or_a_refusal_by_name(kind, scale):
    X = np.random.default_rng(0).normal(size=(24, 3)) * [1, scale, 1]
    y = (X[:, 0] > 0).astype(int)
    said = refusal(kind, X, y)
    assert said is None or "column 1" in said


@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.exceptions.FeatureSelectionWarning")
@pytest.mark.parametrize("kind", SELECTORS)
def test_one_row_per_class(kind):
    X = np.random.default_rng(0).normal(size=(6, 3))
    said = refusal(kind, X, list("abcdef"))
    assert said is None or "class" in said


@pytest.mark.parametrize("kind", SELECTORS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("form", ["array", "csr", "frame", "csr frame"])
def test_what_is_not_finite_is_refused_by_its_column(kind, bad, form):
    X = np.random.default_rng(0).normal(size=(24, 3))
    X[5, 2] = bad
    with pytest.raises(ValueError, match="c2" if "frame" in form else "2"):
        fitted(kind, CONTAINERS[form](X), np.arange(24) % 2)


@pytest.mark.parametrize("kind", SELECTORS)
def test_columns_of_one_name_are_refused_or_told_apart(kind):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(24, 3)), columns=["a", "b", "a"])
    with pytest.raises(ValueError, match="'a'"):
        fitted(kind, X, np.arange(24) % 2)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.exceptions.FeatureSelectionWarning")
@given(
    table=tables(),
    kind=st.sampled_from([DeepLIFFTSelector, ImportanceNeuronSelector]),
    seed=st.integers(0, 100),
)
@settings(max_examples=5, deadline=None)
def test_rows_without_weight_do_not_matter(table, kind, seed):
    X, y = table
    rng = np.random.default_rng(seed)
    weight = np.concatenate([rng.integers(1, 4, size=len(X)), np.zeros(5)])
    X_more, y_more = np.vstack([X, rng.normal(size=(5, X.shape[1]))]), np.append(y, y[:5])
    expected = fitted(kind, X, y, sample_weight=weight[: len(X)]).feature_importances_
    found = fitted(kind, X_more, y_more, sample_weight=weight).feature_importances_
    np.testing.assert_array_equal(found, expected)
