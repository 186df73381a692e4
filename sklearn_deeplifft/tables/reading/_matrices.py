"""Files that hold features as one matrix: npz of numpy and scipy, h5ad of anndata."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from sklearn_deeplifft.tables.reading._errors import Option, TableReadError
from sklearn_deeplifft.tables.reading._notes import Note
from sklearn_deeplifft.tables.reading._printable import named, quoted
from sklearn_deeplifft.tables.reading._raw import RawTable, header_names, require_distinct

__all__ = ["read_h5ad", "read_npz"]

CSR_PARTS = ("data", "indices", "indptr", "shape")
NAMES = ("feature_names", "features", "columns", "names")


def read_npz(data: bytes) -> RawTable:
    """``X`` or the parts of a CSR matrix, ``feature_names``, and arrays with a value per row.

    Nothing that is pickled is opened.
    """
    arrays = _arrays(data)
    X = _matrix(arrays)
    n, d = X.shape
    key = next((key for key in NAMES if key in arrays), None)
    notes: list[Note] = []
    if key is None:
        names = [f"x{i}" for i in range(d)]
        if d:
            notes.append(Note("generated names", words=(names[0], names[-1])))
    else:
        if arrays[key].shape != (d,):
            raise TableReadError(
                f"{key} has shape {arrays[key].shape} and X {d:,} columns; give one name for each."
            )
        names, unnamed = header_names(arrays[key].astype(str))
        notes += unnamed
    require_distinct(names)
    others = {
        name: _plain(array)
        for name, array in arrays.items()
        if name not in ("X", *CSR_PARTS, *NAMES) and array.shape in ((n,), (n, 1))
    }
    return RawTable(pd.DataFrame(others, index=range(n)), tuple(notes), None, X, tuple(names))


def _arrays(data: bytes) -> dict[str, np.ndarray]:
    arrays = {}
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            for name in archive.files:
                try:
                    arrays[name] = archive[name]
                except ValueError as error:
                    if "pickle" not in str(error):
                        raise
                    raise TableReadError(
                        f"the array {quoted(name)} holds Python objects, which are never opened "
                        "here; save text as numpy.array(values, dtype=str)."
                    ) from error
    except TableReadError:
        raise
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise TableReadError(f"this is a damaged npz file: {error}.") from error
    return arrays


def _matrix(arrays: dict[str, np.ndarray]) -> np.ndarray | sparse.csr_matrix:
    if "X" in arrays:
        X = arrays["X"]
    elif all(part in arrays for part in CSR_PARTS):
        return _csr(arrays)
    else:
        raise TableReadError(
            f"the arrays of the file are {named(arrays)}; it needs X, or the parts of a sparse "
            "matrix as scipy.sparse.save_npz writes them, beside feature_names and y."
        )
    if X.ndim != 2 or X.dtype.kind not in "biuf":
        raise TableReadError(
            f"X has shape {X.shape} and type {X.dtype}; it must be numbers, rows by columns."
        )
    return X


def _csr(arrays: dict[str, np.ndarray]) -> sparse.csr_matrix:
    kind = arrays.get("format", np.array("csr")).item()
    kind = kind.decode() if isinstance(kind, bytes) else kind
    if kind not in ("csr", "csc"):
        raise TableReadError(f"the sparse matrix is {quoted(kind)}; save it as CSR (.tocsr()).")
    made = sparse.csr_matrix if kind == "csr" else sparse.csc_matrix
    try:
        parts = arrays["data"], arrays["indices"], arrays["indptr"]
        X = made(parts, shape=tuple(arrays["shape"].tolist()))
        # Indices out of range would be read from foreign memory.
        X.check_format(full_check=True)
    except (ValueError, TypeError) as error:
        raise TableReadError(f"the sparse matrix is damaged: {error}.") from error
    return X.tocsr()


def _plain(array: np.ndarray) -> pd.Series:
    return pd.Series(array.reshape(-1)).infer_objects()


def read_h5ad(data: bytes, layer: str | None) -> RawTable:
    """``X`` or a layer of an annotated matrix, and its columns of ``obs``."""
    try:
        import anndata
    except ImportError as error:
        raise ImportError(
            "reading an h5ad file needs anndata, which is not installed; "
            "pip install 'sklearn-deeplifft[anndata]' brings it."
        ) from error
    found = _opened(anndata, data)
    if layer is not None and layer not in found.layers:
        raise TableReadError(
            f"no layer {quoted(layer)}; the layers are {named(found.layers)}."
            if len(found.layers)
            else f"no layer {quoted(layer)}; the file has X alone."
        )
    X = found.X if layer is None else found.layers[layer]
    if X is None:
        raise TableReadError(
            f"the file has no X; its layers are {named(found.layers)}.",
            "Name one, as in {}.",
            [Option("layer", next(iter(found.layers), "counts"))],
        )
    names, notes = header_names(found.var_names)
    require_distinct(names, "variables")
    obs = found.obs.reset_index(drop=True)
    obs = obs.set_axis(header_names(obs.columns)[0], axis=1)
    matrix = sparse.csr_matrix(X) if sparse.issparse(X) else np.asarray(X)
    return RawTable(obs, tuple(notes), None, matrix, tuple(names))


def _opened(anndata: Any, data: bytes) -> Any:
    import warnings

    import h5py

    try:
        with warnings.catch_warnings(), h5py.File(io.BytesIO(data), "r") as file:
            warnings.simplefilter("ignore")  # of versions of the format, and of names that repeat
            if "obs" not in file or "var" not in file:
                raise TableReadError(
                    f"this is an HDF5 file that is not h5ad; it holds {named(file)}, not obs and "
                    "var. Save X, y and feature_names as .npz."
                )
            return anndata.io.read_h5ad(io.BytesIO(data))
    except TableReadError:
        raise
    except Exception as error:  # anndata, h5py and zarr each have errors of their own
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise TableReadError(f"this is a damaged h5ad file: {first}") from error
