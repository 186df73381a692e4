"""The command `motifs` on FASTA files, with its default settings.

``families_first``: of the peaks of CTCFL, FOXA1, ELK1 and MYC, each against its own shuffles, the
number whose first family holds the expected motif first. ``confound_flagged``: 1 if the warning of
composition appears on iEnhancer (strong enhancers against none, where GC content says .83) and on
none of these four. ``auroc_*``: motif counts, GC content and dinucleotides on the same folds.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from benchmarks.common.motif_tables import EXPECTED_FAMILY, motif_family, table_file

FACTORS = ("CTCFL", "FOXA1", "ELK1", "MYC")
QUICK = ("--networks", "2")
NAMES = {"motif counts": "motifs", "GC content": "gc", "dinucleotides": "dinucleotides"}


def figures(quick=False, data=None):
    """All figures of this part: a flat dict."""
    factors = FACTORS[:1] if quick else FACTORS
    found, first, flagged = {}, 0, []
    with tempfile.TemporaryDirectory() as folder:
        for factor in factors:
            fasta = Path(folder, f"{factor}.fa")
            write_peaks(factor, fasta, data)
            out = Path(folder, factor)
            found |= command(factor, [fasta, "--against", "shuffles"], out, quick)
            first += is_first(factor, out)
            flagged.append(is_flagged(out))
        classes = enhancers(Path(folder), data, 200 if quick else None)
        found |= command("ienhancer", classes, Path(folder, "ienhancer"), quick)
        confounded = is_flagged(Path(folder, "ienhancer"))
    return found | {
        "families_first": first,
        "families_of": len(factors),
        "confound_false_alarms": sum(flagged),
        "confound_flagged": int(confounded and not any(flagged)),
    }


def command(name, arguments, out, quick):
    """Run the command; its time and what composition says."""
    given = [*map(str, arguments), "-o", str(out), "--quiet", *(QUICK if quick else ())]
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "sklearn_deeplifft", "motifs", *given],
        cwd=Path(__file__).resolve().parents[2],
        check=True,
    )
    seconds = time.perf_counter() - began
    table = pd.read_csv(out / "composition.csv").set_index("features")["auroc"]
    found = {f"auroc_{NAMES[key]}_{name}": float(value) for key, value in table.items()}
    return {f"seconds_{name}": seconds, **found}


def is_first(factor, out):
    """Whether the first motif of the first family is of the family that is expected."""
    first = pd.read_csv(out / "ranking.csv").iloc[0]
    expected = EXPECTED_FAMILY[factor]
    found = motif_family(first["motif"])
    print(f"{factor}: {first['family']}, first {first['motif']} ({found}; expected {expected})")
    return found == expected


def is_flagged(out):
    """Whether anything of composition comes within the margin."""
    return bool(pd.read_csv(out / "composition.csv")["confounds"].any())


def write_peaks(factor, path, data=None):
    """The 500 bound sequences of an experiment of ``deepbind_encode_B`` as FASTA."""
    folder = table_file(data, "deepbind_encode_B", "motif_counts.npz").parent
    lines = gzip.decompress(next(folder.glob(f"{factor}_*")).read_bytes()).decode().splitlines()
    rows = [line.split("\t") for line in lines[1:]]
    path.write_text("".join(f">{row[1]}\n{row[2]}\n" for row in rows if row[3] == "1"))


def enhancers(folder, data=None, most=None):
    """Strong enhancers and sequences that are none, as two FASTA files."""
    paths = []
    for kind in ("strong", "non"):
        source = table_file(data, "ienhancer_3class", f"train_{kind}_enhancers.txt.gz")
        records = gzip.decompress(source.read_bytes()).decode().lstrip(">").split("\n>")
        path = folder / f"{kind}.fa"
        path.write_text("".join(f">{record.strip()}\n" for record in records[:most]))
        paths.append(path)
    return paths
