"""FASTA as it comes: plain, compressed, from a pipe, damaged."""

import gzip
import io

import pytest

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.sequences import read_fasta

TEXT = b">a first one\nACGT\nacgt\n\n>b\r\nNN NN\r\n>c\n"
READ = (["a", "b", "c"], ["ACGTacgt", "NNNN", ""])


@pytest.fixture
def file(tmp_path):
    def write(content, name="x.fa"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("content", [TEXT, gzip.compress(TEXT, mtime=0), b"\xef\xbb\xbf" + TEXT])
@pytest.mark.parametrize("name", ["x.fa", "x.fa.gz"])
def test_plain_or_compressed_whatever_the_name(file, content, name):
    assert read_fasta(file(content, name)) == READ
    assert read_fasta(str(file(content, name))).sequences == READ[1]


def test_old_line_ends(file):
    assert read_fasta(file(b">a\rAC\rGT\r>b\rT\r")) == (["a", "b"], ["ACGT", "T"])


def test_standard_input(monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO(gzip.compress(TEXT, mtime=0)))
    monkeypatch.setattr("sys.stdin", stdin)
    assert read_fasta("-") == READ


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.fa is empty; a FASTA file holds"),
        (b" \n\n", "x.fa is empty"),
        (gzip.compress(b"", mtime=0), "x.fa is empty"),
        (b"ACGT\n>a\nA", "begins with 'ACGT'; the first line .* '>' and a name"),
        (b"@read1\nACGT\n+\nIIII\n", "looks like FASTQ"),
        (b">a\nACGT\n> \nA", "record 1 of .* has no name behind its '>'"),
        (b">a\nAC\x00GT", "holds no text"),
        (gzip.compress(TEXT, mtime=0)[:-9], "compressed by gzip and damaged or cut short"),
        (gzip.compress(TEXT, mtime=0)[:20] + b"\xff" * 30, "compressed by gzip and damaged"),
    ],
)
def test_refusals(file, content, message):
    with pytest.raises(ValueError, match=message) as raised:
        read_fasta(file(content))
    assert "\n" not in str(raised.value)


def test_a_name_twice_is_told(file):
    with pytest.warns(FeatureSelectionWarning, match="2 of the 4 records of .* before: a, b"):
        read = read_fasta(file(b">a\nA\n>b\nC\n>a x\nG\n>b\nT"))
    assert read.sequences == ["A", "C", "G", "T"]


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_fasta(tmp_path / "nowhere.fa")
