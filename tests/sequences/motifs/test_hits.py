"""Hits as a BED file."""

from __future__ import annotations

import gzip

import pytest

from sklearn_deeplifft.sequences import MotifCounter, write_bed

C = [[0] * 6, [9] * 6, [0] * 6, [0] * 6]


@pytest.fixture
def hits():
    pytest.importorskip("lightmotif", reason="counting motifs needs the extra sequences")
    counter = MotifCounter({"M1 six C": C}, p_value=0.001).fit()
    return counter.hits(["AACCCCCCA", "TTTGGGGGG"], names=["one", "two"])


def test_a_line_per_hit(hits, tmp_path):
    write_bed(hits, tmp_path / "hits.bed")
    lines = (tmp_path / "hits.bed").read_text().splitlines()
    score = hits["score"].iloc[0]
    assert lines == [
        f"one\t2\t8\tM1_six_C\t{round(10 * score)}\t+\t{score:.3f}",
        f"two\t3\t9\tM1_six_C\t{round(10 * score)}\t-\t{score:.3f}",
    ]
    write_bed(hits, tmp_path / "hits.bed.gz")
    assert gzip.decompress((tmp_path / "hits.bed.gz").read_bytes()).decode().splitlines() == lines


def test_no_hit_is_an_empty_file(hits, tmp_path):
    write_bed(hits[:0], tmp_path / "hits.bed")
    assert (tmp_path / "hits.bed").read_text() == ""


def test_another_table_is_refused(hits, tmp_path):
    with pytest.raises(ValueError, match="no column strand"):
        write_bed(hits.drop(columns="strand"), tmp_path / "hits.bed")
    assert not (tmp_path / "hits.bed").exists()
