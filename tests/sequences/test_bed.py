"""Regions of a small genome."""

import gzip
import os
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


@pytest.mark.parametrize(
    ("content", "index", "reason"),
    [
        (">c\nACGT\n", "c ACGT\n", "not enough values"),
        (">c\nACGT\n>c\nGG\n", None, "Duplicate key"),
        (">c\nACG\nACGT\nAC\n", None, "not consistent"),
    ],
)
def test_a_genome_or_index_that_is_damaged(read, tmp_path, content, index, reason):
    """They were told to be compressed otherwise; an index of a name twice stays behind."""
    read(BED)
    genome = tmp_path / "other.fa"
    genome.write_text(content)
    if index:
        (tmp_path / "other.fa.fai").write_text(index)
    message = rf"other\.fa cannot .*{reason}.*; mend it, and delete its index, .*other\.fa\.fai"
    with pytest.raises(ValueError, match=message):
        read_bed(tmp_path / "peaks.bed", genome)


def test_without_pyfaidx(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyfaidx", None)
    (tmp_path / "peaks.bed").write_bytes(BED)
    with pytest.raises(ImportError, match=r"read_bed needs pyfaidx: pip .*deeplifft\[sequences\]'"):
        read_bed(tmp_path / "peaks.bed", tmp_path / "genome.fa")


@pytest.mark.parametrize("end", [3, 6, 9])
def test_the_minus_strand_of_rna(tmp_path, end):
    pytest.importorskip("pyfaidx")
    bed, genome = tmp_path / "peaks.bed", tmp_path / "genome.fa"
    genome.write_text(">c\nGAANaaUuG\n>d\nGAAN\n")
    bed.write_text(f"c\t0\t{end}\t.\t0\t-\nd\t0\t4\t.\t0\t-\n")
    pairs = {"A": "U", "U": "A", "G": "C", "N": "N", "a": "u", "u": "a"}
    expected = "".join(pairs[letter] for letter in reversed("GAANaaUuG"[:end]))
    assert read_bed(bed, genome).sequences == [expected, "NUUC"]


def written(path, content):
    """Write a genome, compressed by bgzip where its name says so."""
    if path.suffix == ".gz":
        with pytest.importorskip("Bio.bgzf").BgzfWriter(str(path)) as file:
            file.write(content)
    else:
        path.write_text(content)


REGIONS = b"chr1\t8\t14\nchr2\t2\t8\n"


@pytest.mark.parametrize("name", ["genome.fa", "genome.fa.gz"])
@pytest.mark.parametrize("newer", [False, True])
@pytest.mark.parametrize(
    "other",
    [
        GENOME.replace("NACGR", "NACGRAA"),
        GENOME.replace("the first", "the very first"),
        GENOME.replace("chr2", "chrX"),
        GENOME.replace("ACGTACGTAC\nGGTTnNACGR", "ACGTACGTACG\nGTTnNACGR"),
        GENOME.replace("AAAACC", "AAAAC"),
        GENOME.replace("TTTTAAAACC", "TTTTA\nAAAC"),
        f"{GENOME}GT\n",
        GENOME[: GENOME.index(">chr2")],
    ],
)
def test_an_index_of_another_file_is_refused(tmp_path, name, newer, other):
    pytest.importorskip("pyfaidx")
    bed, genome = tmp_path / "peaks.bed", tmp_path / name
    bed.write_bytes(REGIONS)
    written(genome, GENOME)
    assert read_bed(bed, genome).sequences == ["ACGGTT", "TTAAAA"]
    indices = [*tmp_path.glob("*.fai"), *tmp_path.glob("*.gzi")]
    before = [index.read_bytes() for index in indices]
    written(genome, other)
    for index in indices:
        os.utime(index, (genome.stat().st_mtime + (5 if newer else -5),) * 2)
    with pytest.raises(ValueError, match=r"index .*\.fai does not fit .*; delete the index"):
        read_bed(bed, genome)
    assert [index.read_bytes() for index in indices] == before


@pytest.mark.parametrize("name", ["genome.fa", "genome.fa.gz"])
@pytest.mark.parametrize(
    "content",
    [
        GENOME,
        GENOME.replace("\n", "\r\n"),
        GENOME.removesuffix("\n"),
        GENOME.replace(">chr2", "\n>chr2").replace("NACGR", "NACG"),
        f"; a comment\n\n{GENOME}\n",
        GENOME.replace(">chr2", ">empty\n>chr2") + ">last\n",
    ],
)
def test_an_index_that_fits_may_be_older(tmp_path, name, content):
    pytest.importorskip("pyfaidx")
    bed, genome = tmp_path / "peaks.bed", tmp_path / name
    bed.write_bytes(REGIONS)
    written(genome, content)
    for _ in range(2):
        assert read_bed(bed, genome).sequences == ["ACGGTT", "TTAAAA"]
        for index in tmp_path.glob("*.*i"):
            os.utime(index, (genome.stat().st_mtime - 5,) * 2)


LONG = f"{GENOME}>chr3 {'x' * 60_000}\n{'ACGTT' * 20_000}\n\n>chr4\nGGCC\nA\n"


@pytest.mark.parametrize("name", ["genome.fa", "genome.fa.gz"])
@pytest.mark.parametrize("kept", ["chr1", "chr2", "chr4", "chr1 chr3", "chr2 chr4"])
def test_an_index_of_a_few_records_serves_them(tmp_path, name, kept):
    """Of records that it leaves out it says nothing, and they lie between, before and behind."""
    pytest.importorskip("pyfaidx")
    bed, genome = tmp_path / "peaks.bed", tmp_path / name
    records = dict(record.split("\n", 1) for record in LONG[1:].split("\n>"))
    letters = {header.split()[0]: lines.replace("\n", "") for header, lines in records.items()}
    written(genome, LONG)
    bed.write_bytes(REGIONS)
    read_bed(bed, genome)
    index = tmp_path / f"{name}.fai"
    lines = index.read_text().splitlines(keepends=True)
    index.write_text("".join(line for line in lines if line.split()[0] in kept.split()))
    regions = [(chromosome, 1, len(letters[chromosome])) for chromosome in kept.split()]
    bed.write_text("".join(f"{c}\t{a}\t{b}\n" for c, a, b in regions))
    assert read_bed(bed, genome).sequences == [letters[c][a:b] for c, a, b in regions]
    bed.write_text("chr1\t1\t4\nchr2\t1\t4\nchr3\t1\t4\nchr4\t1\t4\n")
    with pytest.raises(ValueError, match=rf"the genome lacks: .*stand in its index, .*{name}\.fai"):
        read_bed(bed, genome)


@pytest.mark.parametrize("index", ["genome.fa.fai", "genome.fa.gz.fai", "genome.fa.gz.gzi"])
def test_an_index_that_cannot_be_written(tmp_path, index):
    """It was called a genome that is not compressed by bgzip."""
    pytest.importorskip("pyfaidx")
    bed, genome = tmp_path / "peaks.bed", tmp_path / index.rpartition(".")[0]
    bed.write_bytes(REGIONS)
    written(genome, GENOME)
    (tmp_path / index).symlink_to(tmp_path / "no folder" / "index")
    with pytest.raises(OSError, match=rf"{index} cannot be opened \(No such file.*where you may"):
        read_bed(bed, genome)
