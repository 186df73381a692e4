"""`MotifCounter`: sequences to a table of what each motif says of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft._printable import named, quoted
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.sequences._alphabet import find_alphabet, require_letters
from sklearn_deeplifft.sequences._texts import as_texts
from sklearn_deeplifft.sequences._transformer import SequenceTransformer
from sklearn_deeplifft.sequences.motifs._background import background_of
from sklearn_deeplifft.sequences.motifs._database import is_jaspar, jaspar_motifs
from sklearn_deeplifft.sequences.motifs._families import FAMILIES, families_of
from sklearn_deeplifft.sequences.motifs._files import read_motifs
from sklearn_deeplifft.sequences.motifs._hits import hits_of
from sklearn_deeplifft.sequences.motifs._matrices import Motif, log_odds, motifs_of
from sklearn_deeplifft.sequences.motifs._modes import MODES, scanned
from sklearn_deeplifft.sequences.motifs._scan import ScanSettings
from sklearn_deeplifft.sequences.motifs._thresholds import THRESHOLDS, thresholds_of

__all__ = ["MotifCounter", "motifs_from"]


class MotifCounter(SequenceTransformer, BaseEstimator):
    """Count the hits of motifs in sequences.

    A site is a place where a motif fits into a sequence. Its score is the sum of the log-odds of
    its letters, and it is a hit where the score is one that a site of background letters reaches
    with a probability of at most ``p_value``. Hits on both strands are added up.

    Parameters
    ----------
    motifs : str, path or mapping, default="JASPAR2026:vertebrates"
        A release of JASPAR and a taxon (needs pyjaspar), a file of motifs in the MEME, JASPAR or
        TRANSFAC format, or a mapping from names to matrices (4, w) of counts or probabilities,
        rows A, C, G, T. They are probabilities where every position adds up to one (.95 to 1.05),
        and otherwise counts, which are rounded to whole numbers; fractions of at most one that do
        not add up are refused. A MEME file holds probabilities whatever they add up to.
    p_value : float, default=1e-4
        Within (0, 1).
    thresholds : {"exact", "rounded"}, default="exact"
        ``"rounded"``: by a distribution of rounded scores, as FIMO and LightMotif have it; a table
        that was counted with these is counted again to the last hit. Of matrices with few different
        scores, as those of words, several times ``p_value`` of the sites may be hits (GATA at .01:
        .05). ``"exact"`` raises the thresholds that let more than ``p_value`` of them through.
    both_strands : bool, default=True
        Also read the reverse complement. A motif that is its own counts twice at a site.
    mode : {"count", "best", "presence", "occupancy"}, default="count"
        ``"count"``: hits. ``"presence"``: 1 where there is any. ``"best"``: the highest score of
        any site, in bits (the motif's lowest score where it fits nowhere). ``"occupancy"``:
        expected number of sites bound, ``sum 1 / (1 + 2^(t - s))`` over sites of score s, where one
        at the threshold t is bound half of the time; sees weak sites too.
    pseudocount : float, default=0.5
        Added to the count of every letter at every position.
    background : "uniform", "data" or array of shape (4,), default="uniform"
        Probabilities of A, C, G, T outside of motifs; ``"data"`` are those of the sequences given
        to ``fit``. With ``both_strands`` those of A and T, and of C and G, are averaged.
    families : {"similarity", "class"}, mapping, sequence or None, default=None
        Which motifs are one family, for ``families_``: clusters of like motifs by Tomtom (needs
        memelite, which takes up to two minutes to compile when it is first used on a machine; see
        `similarity_families`), the structural family that JASPAR files a factor under (the ones
        of several zinc fingers are none), or your own labels. None: each motif is its own.
    n_jobs : int or None, default=None
        Processes that share the sequences.

    Attributes
    ----------
    motif_names_ : ndarray of d str
    matrices_ : list of d arrays of shape (4, w)
        Counts.
    thresholds_ : ndarray of shape (d,)
        Score of a hit, in bits; above the highest score of a motif whose best word is by itself
        more frequent than ``p_value``: too short, or too unspecific.
    families_ : ndarray of d str
        Label of the family of each motif, for ``feature_groups=`` of the selectors.
    background_ : ndarray of shape (4,)
    n_features_out_ : int
        Number of motifs, d.

    Warns
    -----
    FeatureSelectionWarning
        Motifs that cannot reach ``p_value``; sequences that are too short for some motif or hold
        no letter but N. Their counts are zero.

    See Also
    --------
    read_motifs, similarity_families, write_bed

    Notes
    -----
    Letters that stand for several (N, R, Y, ...) fit no motif. U is read as T, and lower case
    (which marks repeats in genomes) as upper.

    References
    ----------
    C. E. Grant, T. L. Bailey, W. S. Noble (2011), "FIMO: scanning for occurrences of a given
    motif", Bioinformatics 27:1017. M. Larralde et al. (2023), LightMotif.

    Examples
    --------
    >>> from sklearn_deeplifft.sequences import MotifCounter
    >>> CACGTG = [[0, 9, 0, 0, 0, 0], [9, 0, 9, 0, 0, 0], [0, 0, 0, 9, 0, 9], [0, 0, 0, 0, 9, 0]]
    >>> counter = MotifCounter({"MYC": CACGTG}, p_value=1e-3).fit()
    >>> counter.transform(["ttCACGTGttt", "tttttt", "CACGTGaaCACGTG"]).toarray()
    array([[2],
           [0],
           [4]], dtype=int32)
    >>> counter.hits(["ttCACGTGttt"])
       sequence motif  start  end strand  score
    0         0   MYC      2    8      +  ...
    1         0   MYC      2    8      -  ...
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "motifs": [str, PathLike, Mapping],
        "p_value": [Interval(Real, 0, 1, closed="neither")],
        "thresholds": [StrOptions(set(THRESHOLDS))],
        "both_strands": ["boolean"],
        "mode": [StrOptions(set(MODES))],
        "pseudocount": [Interval(Real, 0, None, closed="neither")],
        "background": [StrOptions({"uniform", "data"}), "array-like"],
        "families": [StrOptions(set(FAMILIES)), Mapping, "array-like", None],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        motifs: Any = "JASPAR2026:vertebrates",
        *,
        p_value: float = 1e-4,
        thresholds: str = "exact",
        both_strands: bool = True,
        mode: str = "count",
        pseudocount: float = 0.5,
        background: Any = "uniform",
        families: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.motifs = motifs
        self.p_value = p_value
        self.thresholds = thresholds
        self.both_strands = both_strands
        self.mode = mode
        self.pseudocount = pseudocount
        self.background = background
        self.families = families
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any = None, y: Any = None) -> MotifCounter:
        """Make the motifs ready.

        Parameters
        ----------
        X : list, array or Series of n str or bytes, default=None
            Sequences; needed for ``background="data"`` alone.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            No such release, taxon or file; a matrix that is none; a character that DNA lacks.
        """
        texts = None if X is None else _texts(X)
        background = background_of(self.background, texts, both_strands=self.both_strands)
        motifs = motifs_from(self.motifs)
        families = families_of(motifs, self.families)
        scores = [log_odds(motif.counts, background, self.pseudocount) for motif in motifs]
        self.thresholds_ = thresholds_of(scores, background, self.p_value, self.thresholds)
        self.motif_names_ = np.array([motif.name for motif in motifs], dtype=object)
        self.matrices_ = [motif.counts for motif in motifs]
        self.families_ = families
        self.background_ = background
        self.n_features_out_ = len(motifs)
        self._warn_unreachable(scores)
        return self

    def transform(self, X: Any) -> Any:
        """Scan sequences.

        Parameters
        ----------
        X : list, array or Series of n str or bytes

        Returns
        -------
        CSR array of shape (n, d), int32
            Hits; with another ``mode`` a float32 ndarray.
        """
        check_is_fitted(self)
        texts = _texts(X)
        self._warn_without_sites(texts)
        return scanned(texts, self._settings(), self.mode, self.n_jobs)

    def hits(
        self,
        X: Any,
        names: Sequence[Any] | None = None,
        *,
        motifs: Collection[str] | None = None,
    ) -> pd.DataFrame:
        """List every hit.

        Parameters
        ----------
        X : list, array or Series of n str or bytes
        names : sequence of length n, default=None
            What the sequences are called; None numbers them from 0, or takes the index of a Series.
        motifs : collection of str, default=None
            Names of the motifs whose hits are listed; None is all of them.

        Returns
        -------
        DataFrame
            A row for each hit, ordered by sequence and start: ``sequence``, ``motif``, ``start``
            (from 0, on the strand that was given), ``end`` (behind its last letter), ``strand``
            ("+" or "-") and ``score`` (bits, ``thresholds_`` or more).
        """
        check_is_fitted(self)
        texts = _texts(X)
        if names is None:
            names = list(X.index) if isinstance(X, pd.Series) else range(len(texts))
        if len(names) != len(texts):
            raise ValueError(
                f"names holds {len(names):,} names for {len(texts):,} sequences; pass one for each."
            )
        chosen = self._positions(motifs)
        return hits_of(texts, self._settings(chosen), names, self.motif_names_[chosen])

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the motifs, (d,).

        Parameters
        ----------
        input_features : ignored
            Sequences have no columns.
        """
        check_is_fitted(self)
        return self.motif_names_.copy()

    def _positions(self, motifs: Collection[str] | None) -> NDArray[np.int64]:
        """Columns of some motifs, in their order."""
        unknown = set(motifs or ()).difference(self.motif_names_)
        if unknown:
            raise ValueError(
                f"motifs names {named(sorted(unknown))}, which are not counted; names are those of "
                f"motif_names_: {named(self.motif_names_)}."
            )
        every = np.arange(self.n_features_out_)
        return every if motifs is None else every[np.isin(self.motif_names_, list(motifs))]

    def _settings(self, chosen: NDArray[np.int64] | None = None) -> ScanSettings:
        chosen = np.arange(self.n_features_out_) if chosen is None else chosen
        matrices = [self.matrices_[j] for j in chosen.tolist()]
        scores = [log_odds(C, self.background_, self.pseudocount) for C in matrices]
        return ScanSettings(scores, self.thresholds_[chosen], self.both_strands)

    def _warn_unreachable(self, scores: Sequence[NDArray[np.float32]]) -> None:
        highest = np.array([S.max(axis=0).sum() for S in scores])
        lost = np.flatnonzero(self.thresholds_ > highest)
        if len(lost):
            shortest = min(scores[j].shape[1] for j in lost.tolist())
            finding = (
                f"{len(lost):,} of {len(scores):,} motifs cannot reach p = {self.p_value:g}, the "
                f"shortest of them of {shortest} letters, and hit nothing: "
                f"{named(self.motif_names_[lost])}."
            )
            tell(FeatureSelectionWarning(finding, "Pass a larger p_value, or leave them out."))

    def _warn_without_sites(self, texts: Sequence[bytes]) -> None:
        longest = max(C.shape[1] for C in self.matrices_)
        empty = sum(not text.strip(b"N") for text in texts)
        short = sum(0 < len(text) < longest for text in texts)
        found = []
        if short:
            found.append(
                f"{short:,} of {len(texts):,} sequences are shorter than the longest motif "
                f"({longest} letters), and motifs longer than a sequence cannot hit it."
            )
        if empty:
            found.append(
                f"{empty:,} of {len(texts):,} sequences hold no known letter, and nothing hits "
                "them."
            )
        if found:
            tell(FeatureSelectionWarning(" ".join(found), "Drop them if that is not meant."))

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = True
        return tags


def motifs_from(motifs: Any) -> tuple[Motif, ...]:
    if isinstance(motifs, Mapping):
        return motifs_of(motifs)
    if isinstance(motifs, str) and is_jaspar(motifs):
        return jaspar_motifs(motifs)
    path = Path(motifs)
    if not path.is_file():
        raise FileNotFoundError(
            f"motifs={quoted(motifs)} is no file; pass a file of motifs (MEME, JASPAR, TRANSFAC), "
            "a release and taxon such as 'JASPAR2026:vertebrates', or a mapping from names to "
            "matrices."
        )
    return read_motifs(path)


def _texts(X: Any) -> list[bytes]:
    """Sequences of A, C, G, T, and N for all else that a sequence may hold."""
    texts = as_texts(X)
    alphabet = find_alphabet("DNA", u_is_t=True)
    require_letters(texts, alphabet)
    # Of a code of -1, the last letter is N.
    table = alphabet.letter_of()[alphabet.codes.clip(-1)].tobytes()
    return [text.translate(table) for text in texts]
