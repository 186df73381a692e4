"""Regions of a small genome."""

import gzip
import sys

import pytest

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.sequences import read_bed

GENOME = ">chr1 the first\nACGTACGTAC\nGGTTnNACGR\n>chr2\nTTTTAAAACC\n"


@pytest.fixture
def read(tmp_path):
    pytest.importorskip("pyfaidx")
    genome = tmp_path / "genome.fa"
    genome.write_text(GENOME)

    def reading(content):
        bed = tmp_path / "peaks.bed"
        bed.write_bytes(content)
        return read_bed(bed, genome)

    return reading


BED = b"# peaks\ntrack name=x\n\nchr1\t8\t14\tfirst\t0\t+\nchr1\t12\t20\t.\t0\t-\nchr2 0 10\n"


@pytest.mark.parametrize("content", [BED, gzip.compress(BED, mtime=0), BED.replace(b"\n", b"\r\n")])
def test_regions(read, content):
    names, sequences = read(content)
    assert names == ["first", "chr1:12-20", "chr2:0-10"]
    assert sequences == ["ACGGTT", "YCGTNnAA", "TTTTAAAACC"]


def test_a_region_twice_is_told(read):
    with pytest.warns(FeatureSelectionWarning, match="1 of the 2 records"):
        assert read(b"chr1\t0\t2\nchr1\t0\t2\n").sequences == ["AC", "AC"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; a BED file holds chromosome, start and end on each line"),
        (b"# nothing\n", "holds no region"),
        (b"chr1\t5\n", "line 1 of .* is 'chr1.*5'; a region is chromosome, start and end"),
        (b"chr1\t5\t5\n", "0 <= start < end"),
        (b"chr1\t-5\t5\n", "0 <= start < end"),
        (b"chr1\t1\t5\ta\t0\tx\n", "has the strand 'x'"),
        (b"1\t1\t5\n", r"names chromosomes that the genome lacks: 1; it has chr1, chr2\."),
        (b"chr2\t0\t9\nchr2\t5\t11\n", r"1 of 2 regions .* \(line 2: chr2 has 10 letters\)"),
    ],
)
def test_refusals(read, content, message):
    with pytest.raises(ValueError, match=message):
        read(content)


def test_no_genome(read, tmp_path):
    read(BED)
    with pytest.raises(FileNotFoundError, match=r"no genome at .*; pass its FASTA file"):
        read_bed(tmp_path / "peaks.bed", tmp_path / "none.fa")


def test_a_genome_that_is_no_fasta(read, tmp_path):
    read(BED)
    (tmp_path / "other.fa").write_text("ACGT\nACG\nACGTACGT\n")
    with pytest.raises(ValueError, match=r"other\.fa cannot be read as an indexed FASTA"):
        read_bed(tmp_path / "peaks.bed", tmp_path / "other.fa")


def test_without_pyfaidx(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyfaidx", None)
    (tmp_path / "peaks.bed").write_bytes(BED)
    with pytest.raises(ImportError, match=r"read_bed needs pyfaidx: pip .*deeplifft\[sequences\]'"):
        read_bed(tmp_path / "peaks.bed", tmp_path / "genome.fa")
