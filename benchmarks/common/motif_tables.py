"""The real motif tables: read where they lie, never copied into the project."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

_COUNTS = "motif_counts.npz"
_STARR_HITS = "motifcounter_StrongWeakESC_detailed_clusteredMotifs.txt.gz"
_STARR_COEFFICIENTS = "glmnetLambda1se_coefficientsRounded.csv"
_STARR_NAMES = "Clusters_1TF.tab"
_FILES = {
    "promoters_arabidopsis": (_COUNTS,),
    "deepbind_encode_B": (_COUNTS,),
    "starr_mesc_motif_table": (_STARR_HITS, _STARR_COEFFICIENTS, _STARR_NAMES),
}

#: The family of the motif that explains each ENCODE experiment of ``deepbind_encode_B``. Two names
#: lie: the SP1 peaks of GM12878 carry the CCAAT box, the ARID3A peaks of K562 carry GATA.
EXPECTED_FAMILY = {
    "ARID3A": "GATA",
    "CTCFL": "CTCF",
    "ELK1": "ETS",
    "FOXA1": "FOX",
    "MYC": "bHLH-CACGTG",
    "SP1": "NFY",
    "ZBTB7A": "ZBTB7",
}

_FAMILIES = {
    # CTCFL (BORIS) is the paralogue of CTCF; their eleven zinc fingers read one site.
    "CTCF": "CTCF CTCFL",
    # The forkhead box. FOXH1 and FOXN bind variants of RYAAAYA but are forkheads all the same.
    "FOX": """FOXA1 FOXA2 FOXA3 FOXB1 FOXB2 FOXC1 FOXC2 FOXD1 FOXD2 FOXD3 FOXD4 FOXE1 FOXE3 FOXF1
        FOXF2 FOXG1 FOXH1 FOXI1 FOXI2 FOXI3 FOXJ1 FOXJ2 FOXJ3 FOXK1 FOXK2 FOXL1 FOXL2 FOXM1 FOXN1
        FOXN2 FOXN3 FOXN4 FOXO1 FOXO3 FOXO4 FOXO6 FOXP1 FOXP2 FOXP3 FOXP4 FOXQ1 FOXR1 FOXR2
        FOXS1""",
    # The 28 proteins with an ETS domain, core GGAA, and the fusion that keeps FLI1's. ZBTB2 and
    # ZBTB11 are left out: their matrices also hold CCGGAA, but they are zinc fingers.
    "ETS": """EHF ELF1 ELF2 ELF3 ELF4 ELF5 ELK1 ELK3 ELK4 ERF ERG ETS1 ETS2 ETV1 ETV2 ETV3 ETV3L
        ETV4 ETV5 ETV6 ETV7 FEV FLI1 GABPA SPDEF SPI1 SPIB SPIC EWSR1-FLI1""",
    # The bHLH proteins whose site is CACGTG as MYC's is: the MYC/MAX/MXD/MLX network, USF, MITF
    # and TFE, the Hairy group (HES, HEY, HELT), BHLHE40/41, and of the PAS group those that bind
    # as ARNT and BMAL1 do, with SOHLH. Not here though bHLH: MGA (its JASPAR matrix is its T-box);
    # SREBF (one name for matrices of E-box and sterol element); AHR, HIF, EPAS1, NPAS3, NPAS4 and
    # SIM (half sites RCGTG, TCGTG); TCFL5 (CACGCG); the tissue-specific class A and TFAP4 (CAGCTG,
    # CAGATG). Not here though their matrices resemble it: CREB3L2 and CREB3L3, which are bZIP.
    "bHLH-CACGTG": """MYC MYCN MYCL MAX MXD1 MXD3 MXD4 MXI1 MNT MLX MLXIP MLXIPL USF1 USF2 USF3
        MITF TFE3 TFEB TFEC HES1 HES2 HES3 HES4 HES5 HES6 HES7 HEY1 HEY2 HEYL HELT BHLHE40 BHLHE41
        ARNT ARNT2 ARNTL ARNTL2 BMAL1 BMAL2 CLOCK NPAS2 SOHLH1 SOHLH2""",
    # The paralogues of ZBTB7A. ZBTB41, MAZ, PATZ1, ZNF281 and KLF/SP, which rank beside them in
    # these peaks, are zinc fingers of other families with C-rich sites of their own.
    "ZBTB7": "ZBTB7A ZBTB7B ZBTB7C",
    # The trimer that reads CCAAT; only NFYA touches it, but JASPAR has a matrix under each name.
    "NFY": "NFYA NFYB NFYC",
    # TRPS1 and ZGLP1 have GATA zinc fingers.
    "GATA": "GATA1 GATA2 GATA3 GATA4 GATA5 GATA6 TRPS1 ZGLP1",
}
_FAMILY_OF = {symbol: family for family, row in _FAMILIES.items() for symbol in row.split()}


@dataclass(frozen=True, eq=False)
class Table:
    """A motif table.

    Attributes
    ----------
    name : str
        Folder, with the experiment after a slash where there are several.
    X : float32 array of shape (n, d)
        Hits of each motif in each region, whole numbers.
    y : int64 array of shape (n,)
        Index into `target_names`.
    feature_names, target_names : tuples of str
        Motifs as their source spells them, and classes.
    groups : int64 array of shape (n,) or None
        Rows that a split must keep together.
    published : float64 array of shape (d,) or None
        Signed coefficients of a published sparse selection, zero where not selected. Positive
        speaks for class 1.
    expected : mapping of target name to family
        What :func:`motif_family` should give for the first motif of a class; may be empty.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    groups: np.ndarray | None = None
    published: np.ndarray | None = None
    expected: Mapping[str, str] = field(default_factory=dict)

    @property
    def families(self):
        """Family of each column: str array of shape (d,)."""
        return np.array([motif_family(name) for name in self.feature_names])


def available(data_dir=None):
    """Folders, of the three known here, that are complete in `data_dir`: tuple of str."""
    root = DATA if data_dir is None else Path(data_dir)
    return tuple(
        folder
        for folder, files in _FILES.items()
        if all((root / folder / file).is_file() for file in files)
    )


def promoters_arabidopsis(data_dir=None, *, keep_constant=False):
    """Arabidopsis promoters with and without TATA box, and gene fragments: three classes.

    Parameters
    ----------
    data_dir : path or None
        Folder that holds the folder of this table; None is ``../shared/data`` beside the project.
    keep_constant : bool, default=False
        Keep the columns that have one value in all rows. A matrix of six positions, for one, never
        hits: it cannot reach the scan's p < 1e-4.
    """
    with np.load(table_file(data_dir, "promoters_arabidopsis", _COUNTS)) as data:
        X, names = _features(data["counts"], data["motif"], keep_constant)
        classes = tuple(map(str, data["label"]))
        return Table("promoters_arabidopsis", X, data["y"].astype(np.int64), names, classes)


def deepbind_classes(data_dir=None, *, keep_constant=False):
    """ENCODE peaks of seven factors, 500 each: which factor was it? Parameters as above."""
    with np.load(table_file(data_dir, "deepbind_encode_B", _COUNTS)) as data:
        rows = data["bound"] == 1
        X, names = _features(data["counts"][rows], data["motif"], keep_constant)
        factors, y = np.unique(data["tf"][rows], return_inverse=True)
    classes = tuple(map(str, factors))
    return Table("deepbind_encode_B", X, y, names, classes, expected=dict(EXPECTED_FAMILY))


def deepbind_bound(factor, data_dir=None, *, keep_constant=False):
    """ENCODE peaks of one factor (class 1) and their dinucleotide shuffles (class 0).

    Parameters
    ----------
    factor : str
        One of the keys of `EXPECTED_FAMILY`.
    data_dir, keep_constant
        As in :func:`promoters_arabidopsis`.

    Returns
    -------
    Table
        Of 500 + 500 rows. `groups` numbers the pairs of a peak and its shuffle: a split that
        parts them lets a model score *below* chance on composition alone.
    """
    if factor not in EXPECTED_FAMILY:
        raise ValueError(
            f"factor={factor!r} must be one of the experiments at hand; "
            f"pass one of {', '.join(EXPECTED_FAMILY)}."
        )
    with np.load(table_file(data_dir, "deepbind_encode_B", _COUNTS)) as data:
        rows = data["tf"] == factor
        X, names = _features(data["counts"][rows], data["motif"], keep_constant)
        y = data["bound"][rows].astype(np.int64)
        pairs = [event.rpartition("_")[0] for event in data["event"][rows]]
    groups = np.unique(pairs, return_inverse=True)[1]
    expected = {"bound": EXPECTED_FAMILY[factor]}
    name = f"deepbind_encode_B/{factor}"
    return Table(name, X, y, names, ("shuffled", "bound"), groups, expected=expected)


def starr_mesc_motif_table(data_dir=None):
    """STARR-seq enhancers of mouse embryonic stem cells, weak (0) and strong (1).

    The source gives hits over the hits expected, and what is expected differs by motif and not by
    region, so that a column's smallest positive value is one hit. `published` is the lasso of the
    thesis, on the source's scale: per unit of enrichment, which is 1.5 to 1.8 per hit.
    """
    folder = "starr_mesc_motif_table"
    source = pd.read_csv(table_file(data_dir, folder, _STARR_HITS), sep=r"\s+")
    tsv = table_file(data_dir, folder, _STARR_NAMES)
    motif = pd.read_csv(tsv, sep="\t", header=None, index_col=0)[2]
    names = tuple(f"{cluster}:{motif[cluster]}" for cluster in source.columns)
    lasso = pd.read_csv(table_file(data_dir, folder, _STARR_COEFFICIENTS), index_col=0).iloc[:, 0]
    published = lasso.reindex(names).fillna(0.0).to_numpy()
    # The rows' names restart at 257: first all strong enhancers, then all weak ones.
    y = np.repeat(np.array([1, 0]), len(source) // 2)
    hits = _hits(source.to_numpy())
    return Table(folder, hits, y, names, ("weak", "strong"), published=published)


def motif_symbol(feature_name):
    """Gene symbol in capitals of a motif, however its table spells it.

    >>> [motif_symbol(x) for x in ("MA0480.3 Foxo1", "Dof3_MA0021.1", "cluster_25:RARA_var.2_")]
    ['FOXO1', 'DOF3', 'RARA']
    """
    bare = re.sub(r"^(MA\d+\.\d+ |cluster_\d+:)|(_MA\d+\.\d+|_var\.\d+_)$", "", feature_name)
    return bare.upper()


def motif_family(feature_name):
    """Family of a motif, by the name of its protein; a protein of no family here is its own.

    A dimer within a family is of that family. A dimer across families is of neither, since half
    of its site is the other's: it gets both names.

    >>> [motif_family(x) for x in ("MA0028.3 ELK1", "MA0059.2 MAX::MYC", "MA1954.2 FOXO1::ELK1")]
    ['ETS', 'bHLH-CACGTG', 'ETS::FOX']
    >>> motif_family("MA0742.2 KLF12")
    'KLF12'
    """
    partners = motif_symbol(feature_name).split("::")
    return "::".join(sorted({_FAMILY_OF.get(partner, partner) for partner in partners}))


def table_file(data_dir, folder, file):
    """Path of a file of a real table; FileNotFoundError where it is not there."""
    root = DATA if data_dir is None else Path(data_dir)
    path = root / folder / file
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is not there, and the real tables are not part of the project; "
            f"point to a folder that holds {folder}/ with --data DIR."
        )
    return path


def _features(counts, motifs, keep_constant):
    """Counts as float32, as 8-bit ones overflow in a user's sum, with the names of the columns."""
    keep = keep_constant | (counts.min(axis=0) < counts.max(axis=0))
    return counts[:, keep].astype(np.float32), tuple(map(str, motifs[keep]))


def _hits(enrichment):
    one = np.min(enrichment, axis=0, where=enrichment > 0, initial=np.inf)
    hits = enrichment / one
    if np.abs(hits - np.round(hits)).max() > 1e-6:
        raise ValueError(
            "a column holds values that are no multiples of its smallest positive one, so hits "
            "cannot be recovered; is this the table that SOURCE.txt describes?"
        )
    return np.round(hits).astype(np.float32)
