"""Signs of slopes beside those of effects, read off the same networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.gia.experiments import crx, motifs
from sklearn_deeplifft import DeepLIFFTSelector, GIATransformer
from sklearn_deeplifft.datasets import make_motif_counts


def slope_signs(data: str | Path, quick: bool) -> dict[str, float]:
    """Share of the cells (class, feature) in which a slope and an effect have the same sign.

    Of the half of the features that the effects rank first: what does nearly nothing has a sign by
    chance. ``slope_sign_agreement`` is the mean over tables; ``*_sized`` counts a cell by the size
    of its effect.
    """
    tables = {
        "and": motifs("and", "factorial"),
        "additive": motifs("additive", "factorial"),
        "motif_counts": made_counts(4_000 if quick else 20_000),
    }
    if (Path(data) / "crx_mpra").is_dir():
        tables["crx"] = crx(Path(data) / "crx_mpra")
    shares, sized, figures = [], [], {}
    for name, (X, y) in tables.items():
        slopes, effects = both(X, y, n_networks=3 if quick else 10)
        same = np.sign(slopes) == np.sign(effects)
        shares.append(float(same.mean()))
        sized.append(float(np.average(same, weights=np.abs(effects))))
        figures[f"slope_sign_agreement_{name}"] = shares[-1]
        print(f"{name}: {shares[-1]:.3f} of {same.size} cells, {sized[-1]:.3f} by size of effect")
    return {
        "slope_sign_agreement": float(np.mean(shares)),
        "slope_sign_agreement_sized": float(np.mean(sized)),
        **figures,
    }


def made_counts(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Motif counts of 8 classes, 200 columns."""
    table = make_motif_counts(n_rows, 200, random_state=0)
    return table.X, table.y


def both(X, y, n_networks: int) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and effects (K, d / 2) of the features with the largest effects."""
    networks = GIATransformer.default_estimator(n_networks=n_networks, n_jobs=2)
    gia = GIATransformer(networks, random_state=0).fit(X, y)
    read = DeepLIFFTSelector(gia.estimator_, prefit=True, random_state=0).fit(X, y)
    chosen = gia.get_support()
    return read.class_slopes_[:, chosen], gia.class_importances_[:, chosen]
