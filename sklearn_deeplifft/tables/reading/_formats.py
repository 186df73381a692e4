"""Formats of files, told from their first bytes: suffixes are often wrong."""

from __future__ import annotations

import io
import re
import zipfile

from sklearn_deeplifft._printable import quoted
from sklearn_deeplifft.tables.reading._errors import TableReadError, undamaged

__all__ = ["format_of", "refuse_other_text"]

READ = {
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"FEA1": "arrow",
    b"\x89HDF\r\n\x1a\n": "hdf5",
}
"""Formats that are read, by the bytes that files begin with; all others are text, or refused."""

OTHER = {
    b"%PDF": "a PDF document; export the table in it as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls) or another OLE file; save it as .xlsx",
    b"\x93NUMPY": "a bare numpy array (.npy) without names or a target; save X, y and "
    "feature_names with numpy.savez",
    b"SQLite format 3": "a SQLite database; export one table of it as CSV",
    b"ORC": "an ORC file; save it as parquet",
    b"Obj\x01": "an Avro file; save it as parquet",
    b"RDX": "an R workspace (.RData); save the data frame with write.csv",
    b"X\n\x00": "an R object (.rds); save the data frame with write.csv",
    b"$FL2": "an SPSS file; export it as CSV",
    b"<stata_dta>": "a Stata file; export it as CSV",
    b"MATLAB 5.0": "a MATLAB file; save X, y and feature_names as .npz, or the table as CSV",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"7z\xbc\xaf": "a 7-Zip archive; unpack it first",
    b"Rar!": "a RAR archive; unpack it first",
    b"{\\rtf": "a rich-text document; export the table in it as CSV",
    b"BAM\x01": "BAM, sequencing reads rather than a table",
    bytes(12) + b"\xc2\xea\x81`": "a SAS file; export it as CSV",
}
PICKLE = (
    "a Python pickle, which is never opened here, since opening it can run any program; save the "
    "table as parquet, or X, y and feature_names with numpy.savez"
)
SEQUENCES = (
    "sequences rather than a table; `sklearn-deeplifft motifs` counts the motifs of each sequence "
    "and ranks the table of counts"
)
INTERVALS = "regions rather than a table of features; count what lies in each region first"

TEXTS: tuple[tuple[str, str], ...] = (
    (r"##fileformat=VCF", "VCF, a row for each variant rather than for each example; export the "
     "genotypes as a table first"),
    (r">[^\n]*\n+[A-Za-z*\-]+\s*(\n|$)", f"FASTA, {SEQUENCES}"),
    (r"@[^\n]*\n[A-Za-z.]+\n\+[^\n]*\n", f"FASTQ, {SEQUENCES}"),
    (r"@(HD|SQ|RG|PG)\t", "SAM, sequencing reads rather than a table"),
    (r"##gff-version", f"GFF, {INTERVALS}"),
    (r"(browser |track |#[^\n]*\n)*chr\w+[\t ]+\d+[\t ]+\d+", f"BED, {INTERVALS}"),
    (r"MEME version", "MEME motifs rather than a table"),
    (r"<(!doctype html|html|head|body|table)\b", "an HTML page; export the table in it as CSV"),
    (r"<\?xml|<svg", "XML; export the table in it as CSV"),
    (r"%%MatrixMarket", "a Matrix Market file; save X, y and feature_names as .npz"),
    (r"(%[^\n]*\n|\s)*@relation\s", "ARFF of Weka; export it as CSV"),
    (r"[-+]?[\d.]+( \d+:[-+.\deE]+)+\s*(\n|$)", "libsvm rows without names; save them as .npz"),
    (r"\\(documentclass|begin\{)", "LaTeX; export the table in it as CSV"),
    (r"-----BEGIN ", "a key or certificate"),
    (r"version https://git-lfs", "a Git LFS pointer, not the file itself; fetch it with git lfs"),
)  # fmt: skip
"""Text files that are no tables, by what they begin with."""


def format_of(data: bytes) -> str:
    """Format of decompressed contents: "parquet", "arrow", "hdf5", "xlsx", "npz" or "text".

    Raises
    ------
    TableReadError
        They are something else that is known.
    """
    if not data:
        raise TableReadError("the file is empty.")
    for magic, name in READ.items():
        if data.startswith(magic):
            return name
    if data.startswith(b"PK\x03\x04"):
        return _zip_format(data)
    if data.startswith(b"PK\x05\x06"):
        raise TableReadError("this is an empty zip archive.")
    for magic, name in OTHER.items():
        if data.startswith(magic):
            raise TableReadError(f"this is {name}.")
    if data[257:262] == b"ustar":
        raise TableReadError("this is a tar archive; unpack it first.")
    if re.match(rb"\x80[\x02-\x05]", data) and data.rstrip(b"\n").endswith(b"."):
        raise TableReadError(f"this is {PICKLE}.")
    return "text"


def _zip_format(data: bytes) -> str:
    with undamaged("a zip archive"), zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
    if "xl/workbook.xml" in names:
        return "xlsx"
    if names and all(name.endswith(".npy") for name in names):
        return "npz"
    if "xl/workbook.bin" in names:
        raise TableReadError("this is a binary Excel workbook (.xlsb); save it as .xlsx.")
    if "mimetype" in names:
        raise TableReadError("this is an OpenDocument file; save it as .xlsx or CSV.")
    if "word/document.xml" in names:
        raise TableReadError("this is a Word document; export the table in it as CSV.")
    if any(name.endswith("data.pkl") for name in names):
        raise TableReadError(f"this is a file of torch, {PICKLE}.")
    first = f", {quoted(names[0])} the first" if names else ""
    raise TableReadError(f"this is a zip archive of {len(names):,} files{first}; unpack it first.")


def refuse_other_text(text: str) -> None:
    """Refuse text that is of a known kind and no table.

    Raises
    ------
    TableReadError
        With the name of the kind.
    """
    head = text[:20_000].lstrip()
    for pattern, name in TEXTS:
        if re.match(pattern, head, re.IGNORECASE if name.startswith("an HTML") else 0):
            raise TableReadError(f"this looks like {name}.")
