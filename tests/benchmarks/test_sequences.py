"""Figures of sequences: peers count what we count, and files are what the command takes."""

import numpy as np
import pytest

from benchmarks.common.motif_tables import DATA
from benchmarks.sequences import commands, counts
from sklearn_deeplifft.sequences import MotifCounter, read_fasta

needs_data = pytest.mark.skipif(
    not (DATA / "deepbind_encode_B").is_dir(),
    reason="the real tables are not part of the project",
)


@pytest.fixture
def counter():
    pytest.importorskip("lightmotif", reason="counting motifs needs the extra sequences")
    rng = np.random.default_rng(0)
    C = {f"m{w}": rng.multinomial(30, [0.7, 0.1, 0.1, 0.1], size=w).T for w in (5, 8)}
    return MotifCounter(C, p_value=0.01).fit()


def test_one_by_one_counts_the_same(counter):
    X = ["".join(row) for row in np.random.default_rng(1).choice(list("AACGT"), (20, 60))]
    own = counter.transform(X).toarray()
    assert own.sum() > 20
    np.testing.assert_array_equal(counts.one_by_one(counter, X)(), own)


@needs_data
def test_the_peaks_are_those_of_the_table(tmp_path):
    X, table, names = counts.given_table()
    assert (len(X), len(names)) == table.shape == (7000, 1019)
    commands.write_peaks("ELK1", tmp_path / "peaks.fa")
    peaks = read_fasta(tmp_path / "peaks.fa").sequences
    assert len(peaks) == 500
    assert set(peaks) < set(X)


@needs_data
def test_enhancers_are_two_classes(tmp_path):
    strong, non = commands.enhancers(tmp_path, most=10)
    assert len(read_fasta(strong).sequences) == len(read_fasta(non).sequences) == 10
    assert read_fasta(strong).names[0] == "chrX_48897056_48897256"
