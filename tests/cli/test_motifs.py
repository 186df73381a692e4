"""`motifs`: from FASTA files to a ranking of families, hits and a word on composition."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from sklearn_deeplifft._printable import printable
from sklearn_deeplifft.cli import _confounds
from sklearn_deeplifft.cli._confounds import (
    Confounds,
    _folds,
    _judged,
    compare_composition,
    gc_content,
)
from sklearn_deeplifft.cli._motif_samples import read_samples
from sklearn_deeplifft.cli._motif_table import count_motifs
from sklearn_deeplifft.cli._progress import progress_for
from sklearn_deeplifft.sequences import MotifCounter
from tests.cli.conftest import QUICK, run

pytest.importorskip("lightmotif", reason="counting motifs needs the extra sequences")

SITE = "TGACTCAGC"
MATRICES = {"planted": SITE, "twin": SITE[1:] + "A", "absent": "GGGTTTAAA", "other": "CATTCCGCA"}


def matrix(word):
    return "\n".join(" ".join("9" if a == b else "0" for b in word) for a in "ACGT")


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "motifs.pfm"
    path.write_text("".join(f">{name}\n{matrix(word)}\n" for name, word in MATRICES.items()))
    return path


def sequences(n, seed, site=None, shares=(0.25,) * 4, length=60):
    rng = np.random.default_rng(seed)
    rows = ["".join(row) for row in rng.choice(list("ACGT"), (n, length), p=shares)]
    if site is None:
        return rows
    return [row[:20] + site + row[20 + len(site) :] for row in rows]


def fasta(path, rows):
    path.write_text("".join(f">s{i} chr1\n{row}\n" for i, row in enumerate(rows)))
    return path


@pytest.fixture
def files(tmp_path):
    return [
        fasta(tmp_path / "bound.fa", sequences(60, 0, SITE)),
        fasta(tmp_path / "free.fasta", sequences(60, 1)),
    ]


@pytest.fixture
def counted(database, tmp_path):
    """Run the command on the small database."""

    def made(*arguments):
        given = ("--motifs", database, "--families", "none", "--p-value", "0.001", *QUICK)
        return run("motifs", *given, *arguments, "-o", tmp_path / "out")

    return made


@pytest.mark.long
def test_two_files_are_two_classes(counted, files, tmp_path):
    result = counted(*files, "--networks", 2)  # an interval takes two
    assert result.exit_code == 0, result.output
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == [
        *("comparison.csv", "composition.csv", "counts.npz", "hits.bed", "motifs.png"),
        "ranking.csv",
    ]
    ranking = pd.read_csv(out / "ranking.csv")
    assert set(ranking["motif"][:2]) == {"planted", "twin"}
    first = ranking.iloc[0]
    assert first["for_bound"] > 0
    assert first["sign_for_bound"] == 1 == -first["sign_for_free"]
    assert first["slope_of_bound"] > 0 > first["slope_of_free"]
    assert first["low"] <= first["importance"] <= first["high"]
    assert first["motif_low"] <= first["motif_importance"] <= first["motif_high"]

    composition = pd.read_csv(out / "composition.csv").set_index("features")
    assert list(composition.index) == ["motif counts", "GC content", "dinucleotides"]
    assert composition["auroc"]["motif counts"] > 0.9
    assert not composition["confounds"].any()
    assert "AUROC, cross-validated: motif counts" in result.output
    assert "Warning" not in result.output

    with np.load(out / "counts.npz") as kept:
        assert kept["class"].tolist() == ["bound"] * 60 + ["free"] * 60
        assert kept["sequence"][0] == "bound:s0"
        assert kept["feature_names"].tolist() == list(MATRICES)
    counts = sp.load_npz(out / "counts.npz")
    assert counts.shape == (120, 4)
    assert (counts[:60, 0].toarray() >= 1).all()
    hits = pd.read_csv(out / "hits.bed", sep="\t", header=None)
    assert len(hits) == counts.sum()
    planted = hits[(hits[3] == "planted") & hits[0].str.startswith("bound") & (hits[5] == "+")]
    assert (planted[1] == 20).sum() == 60


@pytest.mark.long
def test_a_file_against_its_shuffles(counted, files, tmp_path):
    result = counted(files[0], "--against", "shuffles")
    assert result.exit_code == 0, result.output
    assert "bound against its shuffles" in result.output
    out = tmp_path / "out"
    with np.load(out / "counts.npz") as kept:
        assert kept["pair"].tolist() == [*range(60)] * 2
        assert kept["class"].tolist() == ["bound"] * 60 + ["shuffled"] * 60
    names = pd.read_csv(out / "hits.bed", sep="\t", header=None)[0]
    assert set(names) <= {f"s{i}" for i in range(60)}


@pytest.mark.long
def test_classes_of_other_composition_are_warned_of(counted, tmp_path):
    rich = fasta(tmp_path / "rich.fa", sequences(60, 0, shares=(0.1, 0.4, 0.4, 0.1)))
    poor = fasta(tmp_path / "poor.fa", sequences(60, 1, shares=(0.4, 0.1, 0.1, 0.4)))
    result = counted(rich, poor, "--p-value", "0.01")
    assert result.exit_code == 0, result.output
    text = " ".join(result.output.split())
    assert "Warning: GC content and dinucleotides alone come within 0.02 of the motifs" in text
    composition = pd.read_csv(tmp_path / "out" / "composition.csv")
    assert composition["confounds"].tolist() == [False, True, True]


def test_shuffles_stay_with_their_sequences(files):
    samples = read_samples(files[:1], against="shuffles", seed=0)
    assert samples.given.tolist() == [True] * 60 + [False] * 60
    for text, other in zip(samples.texts[:60], samples.texts[60:], strict=True):
        pairs = [sorted(x[i : i + 2] for i in range(len(x) - 1)) for x in (text, other)]
        assert pairs[0] == pairs[1]
    again = read_samples(files[:1], against="shuffles", seed=0)
    assert again.texts == samples.texts
    assert read_samples(files[:1], against="shuffles", seed=1).texts != samples.texts
    for train, test in _folds(samples.y, samples.pairs, 0):
        assert not set(samples.pairs[train]) & set(samples.pairs[test])
        assert set(samples.y[test]) == {"bound", "shuffled"}


def test_names_of_classes_are_those_of_the_files(tmp_path):
    (tmp_path / "a").mkdir()
    one = fasta(tmp_path / "peaks.fa", sequences(5, 0))
    packed = tmp_path / "control.fa.gz"
    packed.write_bytes(gzip.compress(one.read_bytes(), mtime=0))
    samples = read_samples([one, packed], against=None, seed=0)
    assert set(samples.y) == {"peaks", "control"}
    assert samples.names[0] == "peaks:s0"
    twin = fasta(tmp_path / "a" / "peaks.fa", sequences(5, 1))
    assert set(read_samples([one, twin], against=None, seed=0).y) == {str(one), str(twin)}


def test_rna_is_read_as_dna(tmp_path):
    rows = sequences(5, 0)
    rna = fasta(tmp_path / "rna.fa", [row.replace("T", "U") for row in rows])
    other = fasta(tmp_path / "other.fa", [row.replace("T", "U").lower() for row in rows])
    samples = read_samples([rna, other], against=None, seed=0)
    assert samples.texts == [row.encode() for row in rows] * 2


def refused(result, tmp_path, *words, status=2):
    """Status 2 is for what cannot be read as it was typed, 1 for data, as of every command."""
    assert result.exit_code == status, result.output
    *progress, error = result.output.splitlines()
    assert error.startswith("Error: ")
    assert all(line.endswith((" ...", " s")) for line in progress)
    for word in words:
        assert word in error
    assert not (tmp_path / "out").exists()


def test_what_makes_no_two_classes_is_refused(counted, files, tmp_path):
    refused(counted(files[0]), tmp_path, "add --against shuffles")
    refused(counted(*files, "--against", "shuffles"), tmp_path, "for a single FASTA file")
    refused(counted(files[0], files[0]), tmp_path, "a file is named twice")


@pytest.mark.parametrize(
    ("content", "words", "status"),
    [
        ("", ["bad.fa is empty"], 2),
        ("ACGT\nACGT\n", ["bad.fa begins with 'ACGT'"], 2),
        (">a\nACGT\n>b\nAC-T\n>c\nA\n>d\nA\n", ["row 1 of", "bad.fa holds '-'"], 2),
        (">a\nMKLV\n>b\nMKLV\n", ["holds 'L'"], 2),
        (">a\nACGT\n>b\nACGT\n", ["bad.fa holds 2 sequences", "a class needs 4"], 1),
        (">a\nACGU\n" * 5, ["bad.fa' is RNA", "is DNA"], 1),
    ],
)
def test_files_that_are_no_class_are_refused_by_name(
    counted, files, tmp_path, content, words, status
):
    (tmp_path / "bad.fa").write_text(content)
    refused(counted(tmp_path / "bad.fa", files[1]), tmp_path, *words, status=status)


def test_records_of_one_name_are_a_note(files):
    """In the words of the command, and no warning of Python's beside it."""
    files[0].write_text(files[0].read_text().replace(">s1 ", ">s0 ").replace(">s2 ", ">s0 "))
    note = f"2 of the 60 records of {printable(files[0])} have a name that stands before: s0."
    assert read_samples(files, against=None, seed=0).notes == [note]
    assert read_samples(files[:1], against="shuffles", seed=0).notes == [note]


def test_motifs_that_hit_nothing_are_no_table(counted, tmp_path):
    same = [fasta(tmp_path / f"{name}.fa", ["AAAAAAAAAAAA"] * 5) for name in "ab"]
    refused(counted(*same), tmp_path, "none of 4 motifs hits any of 10 sequences", status=1)


def test_a_database_that_is_not_there_is_refused(files, tmp_path):
    result = run("motifs", *files, "--motifs", "no.meme", "-o", tmp_path / "out")
    refused(result, tmp_path, "'no.meme' is no file")
    result = run("motifs", *files, "--motifs", "JASPAR2026:birds", "-o", tmp_path / "out")
    refused(result, tmp_path, "taxon 'birds'")


def test_a_database_that_cannot_be_read_is_refused(counted, files, database, tmp_path):
    once = database.read_text()
    database.write_text(3 * once)
    refused(counted(*files), tmp_path, "8 of the 12 motifs have a name that stands before: planted")
    database.write_text(once[:-10])
    refused(counted(*files), tmp_path, "motifs.pfm: motif 'other' has")


def test_the_message_of_rank_names_the_command(files):
    result = run("rank", files[0], "--target", "y")
    assert result.exit_code == 2
    assert "`sklearn-deeplifft motifs` counts the motifs" in result.output


def test_gc_content_is_of_known_letters():
    np.testing.assert_allclose(gc_content([b"GC", b"GANN", b"NNN", b""]), [1, 0.5, 0.5, 0.5])


def test_what_comes_near_is_flagged():
    scores = {"motif counts": [0.9, 0.8], "GC content": [0.85, 0.82], "dinucleotides": [0.8, 0.8]}
    near = Confounds(_judged(scores))
    assert near.flagged == ["GC content"]
    # Folds of 0.9 and 0.8 are a sample: (0.05**2 + 0.05**2) / (2 - 1), and its root.
    assert near.table["std"][0] == pytest.approx(0.05 * 2**0.5)
    assert near.line().endswith("motif counts 0.85, GC content 0.83, dinucleotides 0.80.")
    assert near.warning().startswith("GC content alone comes within 0.02 of the motifs, or above")
    assert Confounds(_judged({**scores, "GC content": [0.5, 0.5]})).warning() is None


@pytest.mark.parametrize(
    ("ours", "gc", "words"),
    [
        (0.44, 0.5, "tell the classes apart no better than chance"),
        (0.52, 0.52, "tell the classes apart no better than chance"),
        (0.44, 0.6, "the classes differ in composition"),
        (0.6, 0.6, "the classes differ in composition"),
    ],
)
def test_classes_that_nothing_tells_apart_are_not_called_of_other_composition(ours, gc, words):
    """Those of a file and its shuffles are one, and were to be compared with shuffles."""
    scores = {"motif counts": [ours] * 2, "GC content": [gc] * 2, "dinucleotides": [0.5] * 2}
    near = Confounds(_judged(scores))
    assert words in near.warning()
    assert ("apart about as well" in near.label) == ("composition, and" in near.warning())
    assert ("no better than chance" in near.label) == ("no better than chance" in near.warning())


def test_sequences_without_words_are_told_once(tmp_path, monkeypatch):
    """The comparison warned of them in the words of Python, between the lines of the command."""
    rows = [row if i % 5 else "" for i, row in enumerate(sequences(20, 0))]
    files = [fasta(tmp_path / "some.fa", rows), fasta(tmp_path / "free.fa", sequences(20, 1))]
    monkeypatch.setattr(_confounds, "_networks", lambda seed: _confounds._logistic())
    counter = MotifCounter({"CG": np.eye(4)[[1, 2]].T}, p_value=0.1)
    progress = progress_for(quiet=True)
    found = count_motifs(read_samples(files, against=None, seed=0), counter, progress)
    assert len(compare_composition(found, 0, progress).table) == 3
    assert sum("4 of 40 sequences hold no known letter" in note for note in found.table.notes) == 1
