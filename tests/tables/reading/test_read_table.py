"""``read_table`` as a whole: options, libraries that are not there, what a selector takes of it."""

import sys

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_deeplifft import DeepLIFFTSelector, FeatureSelectionWarning
from sklearn_deeplifft.tables import TableReadError, read_table

N = 60
FRAME = pd.DataFrame(
    {
        "smoker": ["yes", "no", "no"] * (N // 3),
        "age": [*np.arange(30.5, 30.5 + N - 1), np.nan],
        "y": np.arange(N) % 2,
    }
)


@pytest.fixture
def path(tmp_path):
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


def test_without_a_target_everything_is_a_feature(path):
    table = read_table(path)
    assert table.features == ("smoker", "age", "y")
    assert table.y is table.target is table.task is None


def test_a_text_column_is_one_feature_of_a_selector(path):
    encoded = read_table(path, target="y").encoded()
    assert encoded.feature_names == ["smoker=no", "smoker=yes", "age"]
    assert encoded.feature_groups == ["smoker", "smoker", "age"]
    assert encoded.simplex_groups == [["smoker=no", "smoker=yes"]]
    assert encoded.X["age"].iloc[-1] == FRAME["age"].median()
    selector = DeepLIFFTSelector(
        DeepLIFFTSelector.default_estimator(
            n_networks=2, hidden_layer_sizes=(8,), max_epochs=2, path_steps=5
        ),
        feature_groups=encoded.feature_groups,
        simplex_groups=encoded.simplex_groups,
        random_state=0,
    ).fit(encoded.X, FRAME["y"])
    assert selector.ranking_[0] == selector.ranking_[1]
    assert sorted(set(selector.ranking_)) == [1, 2]


def test_sparse_counts_stay_sparse(tmp_path):
    X = sparse.random(N, 7, 0.3, format="csr", random_state=0)
    sparse.save_npz(tmp_path / "X.npz", X)
    with np.load(tmp_path / "X.npz") as parts:
        np.savez(tmp_path / "t.npz", **parts, y=np.arange(N) % 2)
    table = read_table(tmp_path / "t.npz", target="y", drop=["x3"])
    kept = [0, 1, 2, 4, 5, 6]
    assert table.features == tuple(f"x{i}" for i in kept)
    assert abs(table.X - X[:, kept]).max() == 0
    encoded = table.encoded()
    assert sparse.issparse(encoded.X)
    assert encoded.feature_groups == list(table.features)


@pytest.mark.parametrize("made", [sparse.csr_matrix, sparse.csc_matrix])
@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({(0, 1): np.nan, (3, 1): np.nan}, r"^values that are NaN in 1 column: x1 \(2\)\. Replace"),
        ({(0, 1): -np.inf, (3, 2): np.inf}, r"^infinite values in 2 columns: x1 \(1\), x2 \(1\)\."),
        (
            {(0, 1): np.nan, (2, 0): np.inf, (3, 1): np.nan},
            r"^infinite values in 1 column: x0 \(1\); values that are NaN in 1 column: x1 \(2\)\.",
        ),
    ],
)
def test_sparse_values_that_are_no_numbers_are_called_what_they_are(tmp_path, made, cells, message):
    X = np.eye(N, 4)
    for at, value in cells.items():
        X[at] = value
    sparse.save_npz(tmp_path / "X.npz", made(X))
    with np.load(tmp_path / "X.npz") as parts:
        np.savez(tmp_path / "t.npz", **parts, y=np.arange(N) % 2)
    with pytest.raises(ValueError, match=message):
        read_table(tmp_path / "t.npz", target="y")


def test_columns_left_out_unasked_are_a_warning(tmp_path):
    FRAME.assign(id=range(N)).to_csv(tmp_path / "t.csv", index=False)
    with pytest.warns(FeatureSelectionWarning, match="row numbers: id") as caught:
        read_table(tmp_path / "t.csv", target="y")
    assert caught[0].filename == __file__
    assert "id" not in read_table(tmp_path / "t.csv", target="y", drop=["id"]).features


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"decimal": ";"}, "a decimal mark is"),
        ({"thousands": "x"}, "what groups digits"),
        ({"decimal": ",", "thousands": ","}, "must differ"),
        ({"date_order": "ymd"}, "'dmy'"),
        ({"max_categories": 1}, "2 or more"),
        ({"sep": ""}, "sep is empty"),
        ({"na": "NA"}, "give a list"),
        ({"drop": "age"}, "give a list"),
        ({"encoding": "klingon"}, "Python does not know"),
        ({"encoding": "base64"}, "not an encoding of text"),
        ({"sheet": "a"}, "only workbooks"),
        ({"layer": "a"}, "only h5ad"),
        ({"drop": ["agee"]}, "did you mean 'age'"),
        ({"drop": ["y"]}, "is the target"),
        ({"target": "z"}, "the columns are smoker, age, y"),
    ],
)
def test_options_that_cannot_be_are_refused(path, options, said):
    with pytest.raises(TableReadError, match=said):
        read_table(path, **{"target": "y", **options})


@pytest.mark.parametrize(
    ("write", "module", "extra"),
    [
        (lambda path: FRAME.to_parquet(path), "pyarrow", "tables"),
        (lambda path: FRAME.to_feather(path), "pyarrow", "tables"),
        (lambda path: path.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(9)), "pyarrow", "tables"),
        (lambda path: FRAME.to_excel(path.with_suffix(".xlsx")), "openpyxl", "tables"),
        (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(9)), "anndata", "anndata"),
    ],
)
def test_a_library_that_is_not_there_is_named_with_its_extra(
    tmp_path, monkeypatch, write, module, extra
):
    write(tmp_path / "t")
    path = next(tmp_path.iterdir())
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"needs {module}.*sklearn-deeplifft\[{extra}\]"):
        read_table(path, target="y")


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_table(tmp_path / "none.csv")


def test_a_pickle_is_never_opened(tmp_path):
    opened = tmp_path / "opened"

    class Trap:
        def __reduce__(self):
            return opened.touch, ()

    pd.to_pickle(Trap(), tmp_path / "t.pkl", compression="gzip")
    np.savez(tmp_path / "t.npz", X=np.zeros((3, 2)), y=np.array([Trap()] * 3, dtype=object))
    for name in ("t.pkl", "t.npz"):
        with pytest.raises(TableReadError, match="never opened"):
            read_table(tmp_path / name, target="y")
    assert not opened.exists()


# Rows that belong together


def mice(n_mice=6, n_each=5):
    """Rows of some mice; the last has no target."""
    mouse = np.repeat([f"{300 + i}" if i % 2 else f"50{i}A" for i in range(n_mice)], n_each)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"mouse": mouse, "protein": rng.normal(size=len(mouse))})
    frame["run"] = [f"{name}_{i % n_each + 1}" for i, name in enumerate(mouse)]
    return frame.assign(y=[*np.resize(["a", "b"], len(mouse) - 1), None])


def written(frame, folder):
    frame.to_csv(folder / "mice.csv", index=False)
    return folder / "mice.csv"


def test_the_column_of_groups_is_no_feature_and_goes_with_the_rows(tmp_path):
    with pytest.warns(FeatureSelectionWarning, match="run") as caught:
        table = read_table(written(mice(), tmp_path), target="y", row_groups="mouse")
    assert "row_groups" not in str(caught[0].message)
    assert table.features == ("protein",)
    assert table.row_groups == "mouse"
    assert table.groups.tolist() == mice()["mouse"][:-1].tolist()
    said = table.sentences()
    assert "Rows of one mouse are held out together; there are 6 of them." in said


def test_groups_that_nobody_named_are_proposed(tmp_path):
    path = written(mice(40, 3), tmp_path)
    with pytest.warns(FeatureSelectionWarning, match="row_groups='mouse'") as caught:
        table = read_table(path, target="y", max_categories=10)
    assert table.groups is None
    said = str(caught[0].message)
    assert "mouse: values repeat. If rows of one value belong together" in said
    assert "run: cells such as '500A_1' are a name and a number." in said
    assert "put the name, '500A', into a column of its own" in said


def test_groups_may_be_numbers_of_a_matrix_or_beside_one(tmp_path):
    X = np.arange(24.0).reshape(12, 2) % 7
    mouse, y = np.repeat([1, 2, 3], 4), np.arange(12) % 2
    names = {"feature_names": ["protein", "mouse"], "y": y}
    np.savez(tmp_path / "in.npz", X=np.column_stack([X[:, 0], mouse]), **names)
    inside = read_table(tmp_path / "in.npz", target="y", row_groups="mouse")
    assert inside.features == ("protein",)
    assert inside.X.shape == (12, 1)
    assert inside.groups.tolist() == [str(one) for one in mouse]
    as_csr = sparse.csr_matrix(np.column_stack([X[:, 0], mouse]))
    sparse.save_npz(tmp_path / "X.npz", as_csr)
    with np.load(tmp_path / "X.npz") as parts:
        np.savez(tmp_path / "csr.npz", **parts, **names)
    thin = read_table(tmp_path / "csr.npz", target="y", row_groups="mouse")
    assert thin.X.shape == (12, 1)
    assert thin.groups.tolist() == inside.groups.tolist()


@pytest.mark.parametrize(
    ("row_groups", "changes", "said"),
    [
        ("mause", {}, "no column 'mause'; did you mean 'mouse'?"),
        ("y", {}, "'y' is the target; it cannot say which rows belong together"),
        ("run", {}, "every row, so no rows belong together. Values such as '500A_1' are a name"),
        ("mouse", {"mouse": "one"}, "the same value in all rows; nothing could be held out"),
        ("mouse", {"mouse": ["NA", *["a", "b"] * 14, "c"]}, "1 row has no value"),
        ("protein", {}, "another value in every row, so no rows belong together. Name a column"),
    ],
)
def test_groups_that_cannot_be_held_out_are_refused(tmp_path, row_groups, changes, said):
    path = written(mice().assign(**changes), tmp_path)
    with pytest.raises(TableReadError) as caught:
        read_table(path, target="y", row_groups=row_groups)
    assert said in str(caught.value)


def test_a_column_of_groups_need_not_be_dropped_as_well(tmp_path):
    with pytest.raises(TableReadError, match="'mouse' says which rows belong together"):
        read_table(written(mice(), tmp_path), target="y", row_groups="mouse", drop=["mouse"])


def test_numbers_are_read_to_the_last_digit(tmp_path):
    """Training answers to the last digit: a table from a file ranks as the same frame does."""
    written = pd.DataFrame(np.random.default_rng(0).normal(size=(500, 3)), columns=list("abc"))
    written.to_csv(tmp_path / "t.csv", index=False)
    read = read_table(tmp_path / "t.csv").encoded().X
    np.testing.assert_array_equal(read.to_numpy(dtype=np.float64), written.to_numpy())
