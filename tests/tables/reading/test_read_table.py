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
