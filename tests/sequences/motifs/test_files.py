"""Motifs of MEME, JASPAR and TRANSFAC files are the matrices that were written."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.sequences import read_motifs

C = np.array([[0, 3, 79, 40], [94, 75, 4, 3], [1, 0, 3, 4], [2, 19, 11, 50]])

JASPAR = """>MA0001.1\tAGL3
A  [ 0  3 79 40 ]
C  [94 75  4  3 ]
G  [ 1  0  3  4 ]
T  [ 2 19 11 50 ]

>MA0002.1 RUNX1
A [1 0]
C [0 1]
G [0 0]
T [3 3]
"""

PLAIN = """>MA0001.1 AGL3
0 3 79 40
94 75 4 3
1 0 3 4
2 19 11 50
"""

TRANSFAC = """AC MA0001.1
XX
ID AGL3
XX
DE MA0001.1 AGL3 ; From JASPAR
P0\tA\tC\tG\tT
01\t0.0\t94.0\t1.0\t2.0\tC
02\t3.0\t75.0\t0.0\t19.0\tC
03\t79.0\t4.0\t3.0\t11.0\tA
04\t40.0\t3.0\t4.0\t50.0\tW
XX
CC family:MADS
XX
//
AC M2
P0      A      C      G      T
1       1      0      0      3
2       0      1      0      3
XX
//
"""


def meme(sites="nsites= 97", width="w= 4", name="MA0001.1 AGL3"):
    rows = "\n".join("  ".join(f"{p:.6f}" for p in column / column.sum()) for column in C.T)
    return (
        "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies\n"
        f"A 0.25 C 0.25 G 0.25 T 0.25\n\nMOTIF {name}\n\n"
        f"letter-probability matrix: alength= 4 {width} {sites} E= 0\n{rows}\n\nURL http://x\n"
    )


FULL = """********************************************************************************
MEME - Motif discovery tool
********************************************************************************
MEME version 5.5.5 (Release date: Thu Sep 14 08:48:04 2023 +1000)

ALPHABET= ACGT

MOTIF GATA MEME-1\twidth =   2  sites =  10  llr = 40  E-value = 1.0e-002
********************************************************************************
\tMotif GATA MEME-1 position-specific scoring matrix
--------------------------------------------------------------------------------
log-odds matrix: alength= 4 w= 2 n= 100 bayes= 7 E= 1e-2
  -10    -10   20   -10
   18      0  -10   -10
--------------------------------------------------------------------------------
\tMotif GATA MEME-1 position-specific probability matrix
--------------------------------------------------------------------------------
letter-probability matrix: alength= 4 w= 2 nsites= 10 E= 1.0e-002
 0.000000  0.000000  1.000000  0.000000
 0.900000  0.100000  0.000000  0.000000
--------------------------------------------------------------------------------
MOTIF  2 width =   1  sites =  4  llr = 4  E-value = 1.0
letter-probability matrix: alength= 4 w= 1 nsites= 4 E= 1.0
 0.0 0.0 0.0 1.0
"""

CUSTOM = """MEME version 5

ALPHABET "DNA" DNA-LIKE
A "Adenine" CC0000 ~ T "Thymine" 008000
C "Cytosine" 0000CC ~ G "Guanine" FFB300
N "Any base" = ACGT
END ALPHABET

MOTIF m1
letter-probability matrix: alength= 4 w= 1 nsites= 10
1 0 0 0
"""

RNA = """MEME version 5

ALPHABET "RNA" RNA-LIKE
A "Adenine" CC0000
C "Cytosine" 0000CC
G "Guanine" FFB300
U "Uracil" 008000
N "Any base" = ACGU
T = U
END ALPHABET

MOTIF m1
letter-probability matrix: alength= 4 w= 1 nsites= 10
0 0 0 1
"""

HOMER = """>ACGT\tAP-1\t6.05\t-10\t0\tT:1
0.970\t0.010\t0.010\t0.010
0.010\t0.970\t0.010\t0.010
0.010\t0.020\t0.960\t0.010
0.010\t0.010\t0.010\t0.970
"""


@pytest.fixture
def file(tmp_path):
    def written(text):
        path = tmp_path / "motifs.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


@pytest.mark.parametrize(
    "text",
    [
        JASPAR,
        PLAIN,
        TRANSFAC,
        gzip.compress(JASPAR.encode(), mtime=0),
        JASPAR.replace("\n", "\r\n"),
        ">MA0001.1 AGL3\nt 2 19 11 50\ng 1 0 3 4\na 0 3 79 40\nc 94 75 4 3\n",
        ">MA0001.1 AGL3\nA: 0 3 79 40\nU: 2 19 11 50\nC: 94 75 4 3\nG: 1 0 3 4\n",
    ],
)
def test_counts_are_as_written(file, text):
    motifs = read_motifs(file(text))
    assert motifs[0].name == "MA0001.1 AGL3"
    assert motifs[0].width == 4
    np.testing.assert_array_equal(motifs[0].counts, C)
    if len(motifs) > 1:
        assert motifs[1].name in ("MA0002.1 RUNX1", "M2")
        np.testing.assert_array_equal(motifs[1].counts, [[1, 0], [0, 1], [0, 0], [3, 3]])


def test_meme_has_probabilities_and_sites(file):
    (motif,) = read_motifs(file(meme()))
    assert motif.name == "MA0001.1 AGL3"
    np.testing.assert_allclose(motif.counts, 97 * C / C.sum(axis=0), atol=1e-3)
    (motif,) = read_motifs(file(meme(sites="")))
    np.testing.assert_allclose(motif.counts.sum(axis=0), 20)
    assert len(read_motifs(file(meme() + "MOTIF " + meme(name="b").partition("MOTIF ")[2]))) == 2


@pytest.mark.parametrize("order", ["ACGT", "AGCT", "tgca", "ACGU"])
def test_columns_of_transfac_follow_each_head(file, order):
    text = f"{TRANSFAC}AC M3\nPO  {'  '.join(order)}\n"
    columns = [C["ACGT".index(letter.upper().replace("U", "T"))] for letter in order]
    for position, counts in enumerate(np.transpose(columns), start=1):
        text += f" {position}  {'  '.join(map(str, counts))}  N\n"
    motifs = read_motifs(file(f"{text}XX\n//\n"))
    assert [motif.name for motif in motifs] == ["MA0001.1 AGL3", "M2", "M3"]
    np.testing.assert_array_equal(motifs[2].counts, C)
    (alone,) = read_motifs(file(text[text.index("AC M3") :]))
    np.testing.assert_array_equal(alone.counts, C)


def test_the_full_text_of_meme(file):
    first, second = read_motifs(file(FULL))
    assert (first.name, second.name) == ("GATA MEME-1", "2")
    np.testing.assert_allclose(first.counts, [[0, 9], [0, 1], [10, 0], [0, 0]])
    np.testing.assert_allclose(second.counts, [[0], [0], [0], [4]])


def test_meme_with_the_letters_of_dna_defined(file):
    (motif,) = read_motifs(file(CUSTOM))
    np.testing.assert_array_equal(motif.counts, [[10], [0], [0], [0]])


@pytest.mark.parametrize("text", [meme().replace("ALPHABET= ACGT", "ALPHABET= ACGU"), RNA])
def test_meme_of_rna_is_that_of_dna(file, text):
    (motif,), (of_dna,) = read_motifs(file(text)), read_motifs(file(text.replace("U", "T")))
    np.testing.assert_array_equal(motif.counts, of_dna.counts)


def test_rows_of_meme_are_probabilities_whatever_they_add_up_to(file):
    rows = np.array([[0.6, 0.2, 0.1, 0.03], [0.1, 0.7, 0.1, 0.16], [0.05, 0.05, 0.55, 0.35]])
    text = meme().partition("MOTIF ")[0]
    for name in ("m1", "m2"):
        text += f"MOTIF {name}\nletter-probability matrix: w= 3 nsites= 50\n"
        text += "\n".join(" ".join(map(str, row)) for row in rows) + "\n"
    with pytest.warns(FeatureSelectionWarning, match=r"add up to 0\.93 to 1\.06 .*: m1, m2\."):
        motifs = read_motifs(file(text))
    expected = [[50 * p / sum(row) for p in row] for row in rows]
    for motif in motifs:
        np.testing.assert_allclose(motif.counts.T, expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty; formats are MEME"),
        ("id\tcount\na\t1\n", "it begins with 'id.*'; formats are MEME"),
        ("MEME version 4\n", "it holds no motif"),
        (meme().replace("ACGT\n\nstr", "ACDEFGHIKLMNPQRSTVWY\n\nstr"), "motifs are of DNA"),
        (
            'MEME version 5\nALPHABET "Protein" PROTEIN-LIKE\nEND ALPHABET\nMOTIF m1\n'
            "letter-probability matrix: alength= 20 w= 1\n" + "0.05 " * 20,
            "motifs are of DNA",
        ),
        (CUSTOM.replace('A "Ade', 'm "Methyl"\nA "Ade'), "motifs are of DNA"),
        (meme().replace("alength= 4", "alength= 20"), "'MA0001.1 AGL3' has .*alength= 20.* of DNA"),
        (meme() + "MOTIF b\n", "'b' has no letter-probability matrix; the file is cut short"),
        (CUSTOM.replace("MOTIF m1", "MOTIF b\nMOTIF m1"), "'b' has no letter-probability matrix"),
        (meme(width="w= 3"), "'MA0001.1 AGL3' has 4 rows of four numbers where .* w= 3;"),
        (meme(width="w= 9"), "'MA0001.1 AGL3' has 4 rows of four numbers where .* w= 9;"),
        (HOMER, "'ACGT AP-1 6.05 -10 0 T:1' has the header of HOMER, whose rows are positions"),
        (HOMER.replace("\t-10\t0\tT:1", ""), "has the header of HOMER, whose rows are positions"),
        (PLAIN.replace("1 0 3 4\n", ""), "has 3 rows below its name"),
        (PLAIN.replace("1 0 3 4", "1 0 3"), "rows of 4, 4, 3, 4 numbers"),
        (JASPAR.replace("C  [", "A  ["), "has rows of the letters A, A, G, T; write a row"),
        (JASPAR.replace("C  [", "["), "has rows of the letters A, G, T; write"),
        (PLAIN.replace("79", "x"), "'0 3 x 40'; it is to hold numbers"),
        (PLAIN.replace("79", "-79"), "holds -79 for A at position 2"),
        (
            JASPAR * 3,
            "4 of the 6 motifs have a name that stands before: MA0001.1 AGL3, MA0002.1 RUNX1;",
        ),
        (TRANSFAC.replace("79.0", "many"), "is to hold a position and four numbers"),
        (TRANSFAC.replace("\n1 ", "\nx ").replace("\n2 ", "\nx "), "no row below its P0"),
        (
            PLAIN.replace("79", ".6").split("0 3")[0] + ".6 .1\n.2 .7\n.1 .1\n.03 .1\n",
            "'MA0001.1 AGL3' holds fractions of at most one, and position 0 adds up to 0.93",
        ),
        (TRANSFAC + "AC M3\nP0 A C G\n1 1 2 3\n//\n", "motif 'M3' has the head 'P0 A C G'; it is"),
        (TRANSFAC + "AC M3\nP0 A C G G\n1 1 2 3 4\n//\n", "motif 'M3' has the head 'P0 A C G G'"),
        (TRANSFAC + "AC M3\n01 1 2 3 4 N\n//\n", "motif 'M3' has rows of numbers and no head"),
        (gzip.compress(JASPAR.encode(), mtime=0)[:40], "compressed by gzip and damaged"),
    ],
)
def test_files_that_are_none_are_refused_by_name(file, text, message):
    with pytest.raises(ValueError, match=f"motifs.txt.*{message}"):
        read_motifs(file(text))


def test_motifs_of_transfac_without_a_name_have_one_each(tmp_path):
    """They were refused as two of the name motif, which the file does not hold."""
    record = "P0 A C G T\n01 1 0 0 3\n02 0 1 0 3\n//\n"
    (tmp_path / "two.transfac").write_text(2 * record)
    assert [motif.name for motif in read_motifs(tmp_path / "two.transfac")] == [
        "motif 1",
        "motif 2",
    ]
