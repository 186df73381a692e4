"""Experiments whose outcome is known: empty cells, transcription factors, published signs."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._tables import starr_mesc_motif_table
from sklearn_deeplifft import GIATransformer
from sklearn_deeplifft.interventions import dose_response, pairwise_epistasis, set_to

FOR_STRONG = ("RORB", "NDF1", "MAZ", "NRL")
AGAINST_STRONG = ("CRX", "GFI1")


def negative_sets() -> dict[str, float]:
    """Two motifs, learned from negatives that lack both: cells without rows must be flagged.

    Of an AND and of an additive truth (in log-odds), each once with negatives that lack both
    motifs and once with rows of all four combinations. ``*_flagged`` is 1 where the pair comes
    back flagged; epistasis is that of the centred logit of the positive class.
    """
    figures = {}
    for truth in ("and", "additive"):
        for design in ("empty", "factorial"):
            X, y = motifs(truth, design)
            gia = GIATransformer(n_networks=5, n_jobs=2, random_state=0).fit(X, y)
            found = pairwise_epistasis(gia, X, [set_to(0, 1), set_to(1, 1)])
            name = f"{truth}_{design}"
            figures[f"epistasis_{name}"] = float(found.epistasis[0, 1])
            figures[f"flagged_{name}"] = float(found.flagged[0])
            low, high = found.interval[:, 0, 1]
            print(
                f"{name:20s} epistasis {found.epistasis[0, 1]:+.2f} [{low:+.2f}, {high:+.2f}], "
                f"rows with neither, A, B, both: {found.cells[0].tolist()}, "
                f"{'flagged' if found.flagged[0] else 'not flagged'}"
            )
    return figures


def motifs(truth: str, design: str, n: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Motifs A and B (0/1) and six that say nothing; the logit is -3 + 6 AB, or -3 + 3 A + 3 B."""
    rng = np.random.RandomState(seed)
    A, B = rng.randint(2, size=(2, n))
    if design == "empty":
        B = A
    logit = -3 + (6 * A * B if truth == "and" else 3 * A + 3 * B)
    y = (logit + rng.logistic(size=n) > 0).astype(int)
    if design == "empty":  # as such sets are made: positives hold both, negatives hold neither
        y = A
    return np.column_stack([A, B, rng.randint(2, size=(n, 6))]).astype(float), y


def on_crx(data: str | Path, quick: bool) -> dict[str, float]:
    """Signs of the transcription factors for strong enhancers, against the other classes."""
    folder = Path(data) / "crx_mpra"
    if not folder.is_dir():
        print(f"{folder} is not here: no experiment on it.")
        return {}
    X, y = crx(folder)
    gia = GIATransformer(n_networks=3 if quick else 20, n_jobs=2, random_state=0).fit(X, y)
    strong = list(gia.classes_).index("Strong enhancer")
    frame = gia.intervention_effects_.to_frame()
    shown = frame[
        (frame.output == "Strong enhancer") & frame.intervention.str.contains("+", regex=False)
    ]
    print(shown[["intervention", "effect", "low", "high", "support"]].to_string(index=False))
    scores = dict(zip(X.columns, gia.class_importances_[strong], strict=True))
    right = [scores[name] > 0 for name in FOR_STRONG] + [scores[n] < 0 for n in AGAINST_STRONG]
    figures = {"crx_signs_right": float(np.mean(right))}
    one = shown.set_index("intervention")
    sure = ((one.low > 0) | (one.high < 0)).mean()
    return figures | {"crx_intervals_without_zero": float(sure)}


def crx(folder: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """Predicted occupancies of 8 factors in 4,176 wild-type elements, and their activity class."""
    with gzip.open(folder / "predictedOccupancies.txt.gz", "rt") as file:
        occupancy = pd.read_csv(file, sep="\t", index_col=0)
    with gzip.open(folder / "wildtypeMutantPolylinkerActivityAnnotated.txt.gz", "rt") as file:
        activity = pd.read_csv(file, sep="\t", index_col=0)["group_name_WT"].dropna()
    occupancy.index = occupancy.index.str.replace("_WT", "", regex=False)
    X = occupancy.reindex(activity.index)
    known = X.notna().all(axis=1)
    return X[known].reset_index(drop=True), activity[known].to_numpy(dtype=str)


def on_starr(data: str | Path) -> dict[str, float]:
    """Signs beside those of the published lasso, and the response to more copies of a motif."""
    try:
        table = starr_mesc_motif_table(Path(data))
    except FileNotFoundError as error:
        print(f"{error}: no experiment on it.")
        return {}
    X = pd.DataFrame(table.X, columns=table.feature_names)
    y = np.array(table.target_names)[table.y]
    gia = GIATransformer(n_networks=20, n_jobs=2, random_state=0).fit(X, y)
    ours = gia.class_importances_[list(gia.classes_).index("strong")]
    chosen = (table.published != 0) & gia.set_params(
        n_features_to_select=int((table.published != 0).sum())
    ).get_support()
    agree = np.sign(ours[chosen]) == np.sign(table.published[chosen])
    every = table.published != 0
    best = X.columns[np.argmax(np.where(every, table.published, 0))]
    curve = dose_response(gia, X, best)
    print(f"dose and response of {best}, centred logit of strong:")
    frame = curve.to_frame()
    print(frame[frame.output == "strong"].to_string(index=False))
    low, high = curve.self_epistasis_interval[:, 0, list(gia.classes_).index("strong")]
    bend = curve.self_epistasis[0, list(gia.classes_).index("strong")]
    print(f"a second copy adds {bend:+.3f} [{low:+.3f}, {high:+.3f}] to what the first promised")
    return {
        "starr_sign_agreement": float(agree.mean()),
        "starr_shared_features": float(chosen.sum()),
        "starr_sign_agreement_all_33": float(
            (np.sign(ours[every]) == np.sign(table.published[every])).mean()
        ),
        "dose_self_epistasis": float(bend),
        "dose_self_epistasis_low": float(low),
        "dose_self_epistasis_high": float(high),
    }
