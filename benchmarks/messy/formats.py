"""Files that are no text, under right and wrong suffixes, and files that are no tables."""

from __future__ import annotations

import io
import json
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from benchmarks.messy.case import Case
from benchmarks.messy.made import AGE, COLOUR, N, Y, holed, text_file

__all__ = ["CASES"]

X = {"age": AGE, "colour": COLOUR}
MOTIFS = ["GATA1", "CTCF", "YY1"]
COUNTS = np.random.default_rng(1).poisson(0.4, (N, len(MOTIFS)))
AS_COUNTS = {name: COUNTS[:, i].tolist() for i, name in enumerate(MOTIFS)}


def frame() -> pd.DataFrame:
    """The clean table."""
    return pd.DataFrame({**X, "y": Y})


def _zstd(path: Path) -> None:
    import pyarrow

    text_file({**X, "y": Y})(path)
    data = path.read_bytes()
    with pyarrow.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(data)


def _json_lines(path: Path) -> None:
    rows = frame().to_dict("records")
    path.write_text("\n".join(json.dumps(row) for row in rows))


def _workbook(sheets: dict[str, pd.DataFrame]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with pd.ExcelWriter(path, engine="openpyxl") as book:
            for name, cells in sheets.items():
                cells.to_excel(book, sheet_name=name, index=False)

    return write


def _npz(**changes: Any) -> Callable[[Path], None]:
    arrays = {"X": COUNTS, "feature_names": np.array(MOTIFS), "y": np.array(Y), **changes}
    kept = {name: array for name, array in arrays.items() if array is not None}

    def write(path: Path) -> None:
        with path.open("wb") as file:
            np.savez_compressed(file, **kept)

    return write


def _sparse(path: Path) -> None:
    X = sparse.csr_matrix(COUNTS)
    parts = {"data": X.data, "indices": X.indices, "indptr": X.indptr, "shape": X.shape}
    _npz(X=None, format=np.array(b"csr"), **parts)(path)


def _outside(path: Path) -> None:
    X = sparse.csr_matrix(COUNTS)
    parts = {"data": X.data, "indices": X.indices + 7, "indptr": X.indptr, "shape": X.shape}
    _npz(X=None, **parts)(path)


def _h5ad(path: Path) -> None:
    import anndata

    # anndata writes texts of numpy alone, and pandas warns of the option that makes them.
    with (
        warnings.catch_warnings(action="ignore"),
        pd.option_context("future.infer_string", False),
    ):
        obs = pd.DataFrame(
            {"cell": np.array(Y, dtype=object), "batch": np.arange(N) % 3},
            index=np.array([f"c{i}" for i in range(N)], dtype=object),
        )
        var = pd.DataFrame(index=np.array(MOTIFS, dtype=object))
        data = anndata.AnnData(sparse.csr_matrix(np.log1p(COUNTS)), obs, var)
        data.layers["counts"] = sparse.csr_matrix(COUNTS.astype(float))
        data.write_h5ad(path)


def _twice(path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table([AGE, AGE, Y], ["age", "age", "y"]), path)


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.csv", "a,y\n1,2\n")


def _refused(
    name: str, data: bytes | Callable[[Path], object], *refused: str, file: str = "t.csv"
) -> Case:
    write = (lambda path: path.write_bytes(data)) if isinstance(data, bytes) else data
    return Case(name, file, write, refused=refused)


def _read(name: str, file: str, write: Callable[[Path], object], **more: Any) -> Case:
    return Case(name, file, write, X, Y, **more)


CODED = io.BytesIO()
pickle.dump(frame(), CODED)

CASES = [
    _read("parquet", "t.parquet", lambda path: frame().to_parquet(path)),
    _read("parquet under the name of commas", "t.csv", lambda path: frame().to_parquet(path)),
    _read(
        "parquet with names of rows",
        "t.parquet",
        lambda path: frame().set_axis([f"r{i}" for i in range(N)]).to_parquet(path),
        left_out={"row names": "identifier"},
    ),
    Case(
        "dates and unknown in a workbook",
        "t.xlsx",
        _workbook(
            {
                "Sheet1": pd.DataFrame(
                    {
                        "day": [
                            "unknown" if i % 3 == 0 else pd.Timestamp(i, unit="D") for i in range(N)
                        ],
                        "y": Y,
                    }
                )
            }
        ),
        {"day": holed([float(i) for i in range(N)], 3)},
        Y,
        said=["('unknown'), taken as missing"],
    ),
    Case(
        "texts as bytes in parquet",
        "t.parquet",
        lambda path: pd.DataFrame(
            {"age": AGE, "colour": [c.encode() for c in COLOUR], "y": [v.encode() for v in Y]}
        ).to_parquet(path),
        X,
        Y,
    ),
    Case(
        "classes of which one is called nan",
        "t.parquet",
        lambda path: pd.DataFrame(
            {"age": AGE, "y": pd.Categorical(["nan" if i % 4 == 0 else v for i, v in enumerate(Y)])}
        ).to_parquet(path),
        refused=["the target y is 'nan' in 15 rows"],
    ),
    _refused(
        "parquet with two columns of one name",
        _twice,
        "several columns are named 'age' (1 and 2)",
        file="t.parquet",
    ),
    _read("feather", "t.feather", lambda path: frame().to_feather(path)),
    _read("zstandard", "t.csv.zst", _zstd),
    _read("JSON lines", "t.jsonl", _json_lines),
    _read("JSON records", "t.json", lambda path: frame().to_json(path, orient="records")),
    _read("a workbook", "t.xlsx", _workbook({"Sheet1": frame()})),
    _read(
        "a workbook with a word of explanation",
        "t.xlsx",
        _workbook({"read me": pd.DataFrame({"a": ["see below"]}), "data": frame()}),
        said=["Read sheet 'data' of 2"],
    ),
    _read(
        "a sheet that is told",
        "t.xlsx",
        _workbook({"old": frame()[::-1], "new": frame()}),
        options={"sheet": "new"},
    ),
    _refused(
        "a workbook of two tables",
        _workbook({"old": frame(), "new": frame()}),
        "several sheets: old, new",
        "sheet='old'",
        file="t.xlsx",
    ),
    Case(
        "unknown in a workbook",
        "t.xlsx",
        _workbook(
            {
                "Sheet1": frame().assign(
                    age=["unknown" if i % 4 == 0 else v for i, v in enumerate(AGE)]
                )
            }
        ),
        {"age": holed(AGE, 4), "colour": COLOUR},
        Y,
        said=["('unknown'), taken as missing"],
    ),
    Case(
        "dates and truths in parquet",
        "t.parquet",
        lambda path: pd.DataFrame(
            {"day": pd.to_datetime(np.arange(N), unit="D"), "ok": np.arange(N) % 2 == 0, "y": Y}
        ).to_parquet(path),
        {"day": [float(i) for i in range(N)], "ok": [float(i % 2 == 0) for i in range(N)]},
        Y,
        said=["days since 1970-01-01: day"],
    ),
    Case("counts in npz", "t.npz", _npz(), AS_COUNTS, Y),
    Case(
        "counts in npz, without names",
        "t.npz",
        _npz(feature_names=None),
        {f"x{i}": column for i, column in enumerate(AS_COUNTS.values())},
        Y,
        said=["called 'x0' to 'x2'"],
    ),
    Case(
        "counts in npz under other names",
        "t.npz",
        _npz(X=None, feature_names=None, counts=COUNTS, motif=np.array(MOTIFS)),
        AS_COUNTS,
        Y,
        said=["Features are the array 'counts'"],
    ),
    Case("sparse counts in npz", "t.npz", _sparse, AS_COUNTS, Y),
    Case(
        "counts in npz with a column left out",
        "t.npz",
        _sparse,
        {name: column for name, column in AS_COUNTS.items() if name != "CTCF"},
        Y,
        {"CTCF": "dropped"},
        options={"drop": ["CTCF"]},
    ),
    Case(
        "cells in h5ad",
        "t.h5ad",
        _h5ad,
        {name: np.log1p(column) for name, column in AS_COUNTS.items()},
        Y,
        {"batch": "beside"},
        target="cell",
    ),
    Case(
        "a layer of h5ad",
        "t.h5ad",
        _h5ad,
        AS_COUNTS,
        Y,
        {"batch": "beside"},
        options={"layer": "counts"},
        target="cell",
    ),
    _refused(
        "objects in npz",
        _npz(feature_names=np.array(MOTIFS, dtype=object)),
        "'feature_names' holds Python objects, which are never opened",
        file="t.npz",
    ),
    _refused(
        "a sparse matrix with columns out of range",
        _outside,
        "the sparse matrix is damaged",
        file="t.npz",
    ),
    _refused("FASTA", b">peak 1\nACGTACGT\n>peak 2\nACGG\n", "this looks like FASTA"),
    _refused("FASTQ", b"@read\nACGT\n+\nIIII\n", "this looks like FASTQ", file="t.txt"),
    _refused("BED", b"chr1\t100\t200\nchr2\t5\t9\n", "this looks like BED", file="t.tsv"),
    _refused("VCF", b"##fileformat=VCFv4.2\n#CHROM\tPOS\n", "this looks like VCF"),
    _refused("HTML", b"<!DOCTYPE html>\n<html><body>404</body></html>", "an HTML page"),
    _refused("PDF", b"%PDF-1.7\n%\xe2\xe3\n", "this is a PDF document"),
    _refused("a zip archive", _zip, "zip archive of 1 files, 'inner.csv'"),
    _refused("a pickle", CODED.getvalue(), "a Python pickle, which is never opened"),
    _refused(
        "a bare array",
        lambda path: path.write_bytes(b"\x93NUMPY\x01\x00v\x00{'descr'"),
        "a bare numpy array",
        file="t.npy",
    ),
    _refused(
        "an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "(.xls)", file="t.xls"
    ),
    _refused(
        "half a parquet file",
        lambda path: path.write_bytes(b"PAR1" + bytes(50)),
        "this is a parquet file that is damaged",
        file="t.parquet",
    ),
    _refused(
        "a list of columns per row",
        lambda path: pd.DataFrame({"x": [[1, 2]] * N, "y": Y}).to_parquet(path),
        "x cannot be read",
        "drop=['x']",
        file="t.parquet",
    ),
]
