"""Matrices of JASPAR, all releases of which pyjaspar holds offline."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from sklearn_deeplifft._printable import quoted
from sklearn_deeplifft.sequences._extras import extra_module
from sklearn_deeplifft.sequences.motifs._matrices import LETTERS, Motif, motif_of

__all__ = ["is_jaspar", "jaspar_motifs"]

TAXA = ("vertebrates", "plants", "insects", "fungi", "nematodes", "urochordates", "diatoms")
NO_FAMILY = re.compile(r"(adjacent|dispersed) zinc finger|^other|unknown", re.IGNORECASE)
"""Families that name no common fold of a site: several zinc fingers read anything."""


def is_jaspar(text: str) -> bool:
    """Whether a text asks for a release rather than for a file.

    >>> is_jaspar("JASPAR2026:vertebrates"), is_jaspar("jaspar.meme")
    (True, False)
    """
    return re.fullmatch(r"JASPAR\s*\d*(:.*)?", text, re.IGNORECASE) is not None


@lru_cache(maxsize=4)
def jaspar_motifs(text: str) -> tuple[Motif, ...]:
    """Matrices of the CORE collection of a release, ``"JASPAR2026:vertebrates"``.

    Each is named by its identifier and its factor, ``"MA0139.2 CTCF"``. Without the part behind
    the colon they are of all taxa; taxa can be joined by commas.

    Raises
    ------
    ValueError
        There is no such release or taxon.
    ImportError
        pyjaspar is not installed.
    """
    library = extra_module("pyjaspar", f"motifs={quoted(text)}")
    release, _, taxa = text.partition(":")
    wanted = [taxon.strip().lower() for taxon in taxa.split(",") if taxon.strip()]
    unknown = [taxon for taxon in wanted if taxon not in TAXA]
    if unknown:
        raise ValueError(
            f"motifs={quoted(text)} asks for the taxon {quoted(unknown[0])}; JASPAR has "
            f"{', '.join(TAXA)}."
        )
    database = library.jaspardb(release=_release(release, text, library))
    found = database.fetch_motifs(collection="CORE", tax_group=wanted or None)
    return tuple(_motif(entry) for entry in found)


def _release(name: str, text: str, library: Any) -> str:
    releases = list(library.jaspardb().get_releases())
    for release in releases:
        if release.upper() == name.replace(" ", "").upper():
            return str(release)
    raise ValueError(
        f"motifs={quoted(text)} asks for a release that is not there; the releases are "
        f"{', '.join(sorted(releases))}."
    )


def _motif(entry: Any) -> Motif:
    counts = [entry.counts[letter] for letter in LETTERS]
    families = [name for name in entry.tf_family or () if name and not NO_FAMILY.search(name)]
    # A dimer across families is of neither.
    family = "::".join(dict.fromkeys(families)) or None
    return motif_of(f"{entry.matrix_id} {entry.name}", counts, family=family)
