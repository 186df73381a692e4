"""Motifs that read alike sites are one family; JASPAR's counts are the ones known."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from benchmarks.common.motif_tables import DATA
from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.sequences import MotifCounter, similarity_families
from sklearn_deeplifft.sequences.motifs import _families, motif_of


def motifs(n=30, copies=3, seed=0):
    """Random motifs, some of them three times: as they are, shifted, and as the other strand."""
    rng = np.random.default_rng(seed)
    own = [rng.multinomial(100, [0.85, 0.05, 0.05, 0.05], size=10) for _ in range(n)]
    own = [np.array([rng.permutation(row) for row in C]).T for C in own]
    found = [motif_of(f"m{i}", C) for i, C in enumerate(own)]
    for i in range(copies):
        found.append(motif_of(f"m{i} shifted", own[i][:, 1:]))
        found.append(motif_of(f"m{i} turned", own[i][::-1, ::-1]))
    return found


def likeness(found):
    """p-values that say that names with the same first word are alike."""
    word = np.array([motif.name.split()[0] for motif in found])
    return np.where(word[:, None] == word, 1e-9, 0.5)


def test_clusters_are_called_by_their_middle(monkeypatch):
    found = motifs(n=30)
    monkeypatch.setattr(_families, "similarity", likeness)
    labels = similarity_families(found)
    assert labels[0] == labels[30] == labels[31] == "m0 +2"
    assert labels[3] == "m3"
    assert len(set(labels)) == 30


def test_the_middle_is_the_motif_most_like_the_others(monkeypatch):
    found = motifs(n=25, copies=0)
    p = np.full((25, 25), 0.5)
    p[:3, :3] = [[1, 1e-6, 1e-8], [1e-6, 1, 1e-9], [1e-8, 1e-9, 1]]
    monkeypatch.setattr(_families, "similarity", lambda _: p)
    assert similarity_families(found)[:3].tolist() == ["m2 +2"] * 3


def test_a_family_called_like_a_motif_outside_of_it_is_refused():
    given = {name: [[9], [0], [0], [0]] for name in "ABC"}
    with pytest.raises(ValueError, match="names of motifs without a family: B; a motif without"):
        MotifCounter(given, p_value=0.5, families={"A": "B"}).fit()
    with pytest.raises(ValueError, match="without a family: C;"):
        MotifCounter(given, p_value=0.5, families=["C", "C", None]).fit()
    found = MotifCounter(given, p_value=0.5, families={"A": "B", "B": "B"}).fit()
    assert found.families_.tolist() == ["B", "B", "C"]


def test_the_cut_is_of_the_mean_over_pairs(monkeypatch):
    found = motifs(n=25, copies=0)[:25]
    p = np.full((25, 25), 0.5)
    p[:3, :3] = [[1, 1e-6, 1e-2], [1e-6, 1, 1e-3], [1e-2, 1e-3, 1]]
    monkeypatch.setattr(_families, "similarity", lambda _: p)
    # Across {0, 1} and {2} the geometric mean is 10^-2.5.
    assert len(set(similarity_families(found, cut=10**-2.6)[:3])) == 2
    assert len(set(similarity_families(found, cut=10**-2.4)[:3])) == 1


def test_few_motifs_are_told_to_be_few(monkeypatch):
    monkeypatch.setattr(_families, "similarity", likeness)
    with pytest.warns(FeatureSelectionWarning, match="compares 8 motifs by the letters of these"):
        assert len(set(similarity_families(motifs(n=4, copies=2)))) == 4
    assert similarity_families(motifs(n=1, copies=0)).tolist() == ["m0"]


@pytest.mark.long
def test_tomtom_finds_copies_on_either_strand():
    """Long because memelite compiles where it was not used before."""
    pytest.importorskip("memelite", reason="Tomtom needs the extra sequences")
    found = motifs()
    p = _families.similarity(found)
    assert p is _families.similarity(found)
    np.testing.assert_array_equal(p, p.T)
    labels = similarity_families(found)
    assert [labels[i] == labels[30 + 2 * i] == labels[31 + 2 * i] for i in range(3)] == [True] * 3
    assert len(set(labels)) >= 27
    with pytest.warns(FeatureSelectionWarning, match="compares 10 motifs") as caught:
        labels = similarity_families(motifs(n=8, copies=1))
    assert len(caught) == 1
    assert labels[0] == labels[8] == labels[9]


@pytest.fixture(scope="module")
def jaspar():
    pytest.importorskip("pyjaspar", reason="JASPAR needs the extra sequences")
    with pytest.warns(FeatureSelectionWarning, match="cannot reach p = 0.0001"):
        return MotifCounter(thresholds="rounded", families="class").fit()


@pytest.mark.slow
def test_the_structural_families_of_jaspar_leave_zinc_fingers_alone(jaspar):
    families = dict(zip(jaspar.motif_names_, jaspar.families_, strict=True))
    assert families["MA0028.3 ELK1"] == families["MA0062.4 GABPA"] == "Ets-related"
    assert not any("adjacent zinc finger" in family for family in families.values())
    assert families["MA0139.2 CTCF"] == "MA0139.2 CTCF"


@pytest.mark.slow
def test_some_rows_of_the_real_table_are_reproduced(jaspar):
    """It was counted with rounded thresholds. The benchmark does so with all of its rows."""
    folder = DATA / "deepbind_encode_B"
    if not folder.is_dir():
        pytest.skip("the real tables are not part of the project")
    file = next(folder.glob("CTCFL*"))
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()[1:101]
    records = [line.split("\t") for line in lines]
    with np.load(folder / "motif_counts.npz") as table:
        rows = {
            (tf, event): i
            for i, (tf, event) in enumerate(zip(table["tf"], table["event"], strict=True))
        }
        own = table["counts"][[rows["CTCFL", record[1]] for record in records]]
        np.testing.assert_array_equal(jaspar.motif_names_, table["motif"])
    counts = jaspar.transform([record[2] for record in records])
    np.testing.assert_array_equal(counts.toarray(), own)
