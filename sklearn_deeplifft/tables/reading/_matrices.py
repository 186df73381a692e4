"""Files that hold features as one matrix: npz of numpy and scipy, h5ad of anndata."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from sklearn_deeplifft._printable import named, printable, quoted
from sklearn_deeplifft.tables.reading._errors import Option, TableReadError, undamaged
from sklearn_deeplifft.tables.reading._notes import Note
from sklearn_deeplifft.tables.reading._raw import RawTable, header_names, require_distinct

__all__ = ["read_h5ad", "read_npz"]

CSR_PARTS = ("data", "indices", "indptr", "shape")
CSR = "csr"
NAMES = ("feature_names", "features", "columns", "names")


def read_npz(data: bytes) -> RawTable:
    """``X`` or the parts of a CSR matrix, ``feature_names``, and arrays with a value per row.

    Under other names, the only matrix of numbers is ``X``, and the only texts of the length of its
    rows are names. Nothing that is pickled is opened.
    """
    arrays = _arrays(data)
    key, X = _matrix(arrays)
    n, d = X.shape
    named_by = _key_of_names(arrays, n, d)
    notes = [Note("array", words=(key,))] if key not in ("X", CSR) else []
    if named_by is None:
        names = [f"x{i}" for i in range(d)]
        notes += [Note("generated names", words=(names[0], names[-1]))] if d else []
    else:
        names, unnamed = header_names(arrays[named_by].astype(str))
        notes += unnamed
    require_distinct(names)
    others = {
        name: pd.Series(array.reshape(-1)).infer_objects()
        for name, array in arrays.items()
        if name not in (key, named_by, *CSR_PARTS) and array.shape in ((n,), (n, 1))
    }
    return RawTable(pd.DataFrame(others, index=range(n)), tuple(notes), None, X, tuple(names))


def _key_of_names(arrays: dict[str, np.ndarray], n: int, d: int) -> str | None:
    """The array that names the columns.

    Raises
    ------
    TableReadError
        It does not name each of them.
    """
    for key in NAMES:
        if key in arrays and arrays[key].shape != (d,):
            raise TableReadError(
                f"{key} has shape {arrays[key].shape} and X {d:,} columns; give one name for each."
            )
        if key in arrays:
            return key
    texts = [key for key, array in arrays.items() if array.dtype.kind in "US"]
    fit = [key for key in texts if arrays[key].shape == (d,) and d != n]
    return fit[0] if len(fit) == 1 else None


def _arrays(data: bytes) -> dict[str, np.ndarray]:
    with (
        undamaged("an npz file"),
        np.load(io.BytesIO(data), allow_pickle=False) as archive,
    ):
        return {name: _array(archive, name) for name in archive.files}


def _array(archive: Any, name: str) -> np.ndarray:
    try:
        return np.asarray(archive[name])
    except ValueError as error:
        if "pickle" not in str(error):
            raise
        raise TableReadError(
            f"the array {quoted(name)} holds Python objects, which are never opened here; save "
            "text as numpy.array(values, dtype=str)."
        ) from error


def _matrix(arrays: dict[str, np.ndarray]) -> tuple[str, np.ndarray | sparse.csr_matrix]:
    """Name of the matrix of features, and the matrix."""
    if "X" not in arrays and all(part in arrays for part in CSR_PARTS):
        return CSR, _csr(arrays)
    matrices = [key for key, a in arrays.items() if a.ndim == 2 and a.dtype.kind in "biuf"]
    if "X" not in arrays and len(matrices) != 1:
        raise TableReadError(
            f"the arrays of the file are {named(arrays)}; it needs X, or the parts of a sparse "
            "matrix as scipy.sparse.save_npz writes them, beside feature_names and y."
        )
    key = "X" if "X" in arrays else matrices[0]
    X = arrays[key]
    if key not in matrices:
        raise TableReadError(
            f"X has shape {X.shape} and type {X.dtype}; it must be numbers, rows by columns."
        )
    return key, X


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
        raise TableReadError(f"the sparse matrix is damaged: {printable(error, 200)}.") from error
    return X.tocsr()


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
    import h5py

    # It warns of versions of the format, and of names that repeat.
    with undamaged("an h5ad file"), warnings.catch_warnings(action="ignore"):
        with h5py.File(io.BytesIO(data), "r") as file:
            if "obs" not in file or "var" not in file:
                raise TableReadError(
                    f"this is an HDF5 file that is not h5ad; it holds {named(file)}, not obs and "
                    "var. Save X, y and feature_names as .npz."
                )
        return anndata.io.read_h5ad(io.BytesIO(data))
