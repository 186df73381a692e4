"""Experiments whose outcome is known: empty cells, transcription factors, published signs."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.common.motif_tables import (
    EXPECTED_FAMILY,
    deepbind_bound,
    motif_family,
    starr_mesc_motif_table,
)
from sklearn_deeplifft import GIATransformer
from sklearn_deeplifft.interventions import add, dose_response, pairwise_epistasis, set_to
from sklearn_deeplifft.interventions._statistics import t_interval

FOR_STRONG = ("RORB", "NDF1", "MAZ", "NRL")
AGAINST_STRONG = ("CRX", "GFI1")


def _fitted(X, y, n_networks: int) -> GIATransformer:
    networks = GIATransformer.default_estimator(n_networks=n_networks, n_jobs=2)
    return GIATransformer(networks, random_state=0).fit(X, y)


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
            gia = _fitted(X, y, n_networks=5)
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
    """Signs of the transcription factors for strong enhancers, with intervals over networks.

    Twice: the centred logit of strong (strong against the mean of all classes), and strong
    against silencers, the contrast that the source draws. A factor's score is half the
    difference between its effect when raised and when lowered by a quarter of the data.
    """
    folder = Path(data) / "crx_mpra"
    if not folder.is_dir():
        print(f"{folder} is not here: no experiment on it.")
        return {}
    X, y = crx(folder)
    gia = _fitted(X, y, n_networks=3 if quick else 20)
    effects = gia.intervention_effects_
    own = effects.per_network.reshape(len(gia.estimator_.estimators_), X.shape[1], 2, -1)
    slopes = (own[:, :, 0] - own[:, :, 1]) / 2
    strong, silencer = (effects.outputs.index(c) for c in ("Strong enhancer", "Silencer"))
    contrasts = {
        "crx_signs_right": slopes[..., strong],
        "crx_signs_right_against_silencers": slopes[..., strong] - slopes[..., silencer],
    }
    figures = {}
    for name, values in contrasts.items():
        low, high = t_interval(values)
        shown = {"factor": X.columns, "score": values.mean(axis=0), "low": low, "high": high}
        print(f"{name}:", pd.DataFrame(shown).round(3).to_string(index=False), sep="\n")
        figures[name] = _known_signs(X.columns, values.mean(axis=0))
        figures[f"{name}_sure"] = _known_signs(
            X.columns, np.where(low > 0, low, np.minimum(high, 0))
        )
    curve = dose_response(gia, X, "CRX").to_frame()
    print("CRX's occupancy and the centred logit of strong:")
    print(curve[curve.output == "Strong enhancer"].round(3).to_string(index=False))
    return figures


def _known_signs(names, scores: np.ndarray) -> float:
    """Share of the six factors of known sign whose score has it."""
    found = dict(zip(names, scores, strict=True))
    right = [found[name] > 0 for name in FOR_STRONG]
    return float(np.mean(right + [found[name] < 0 for name in AGAINST_STRONG]))


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
    """Signs beside those of the published lasso, over the features that both select."""
    try:
        table = starr_mesc_motif_table(Path(data))
    except FileNotFoundError as error:
        print(f"{error}: no experiment on it.")
        return {}
    X = pd.DataFrame(table.X, columns=table.feature_names)
    y = np.array(table.target_names)[table.y]
    gia = _fitted(X, y, n_networks=20)
    ours = gia.class_importances_[list(gia.classes_).index("strong")]
    chosen = (table.published != 0) & gia.set_params(
        n_features_to_select=int((table.published != 0).sum())
    ).get_support()
    agree = np.sign(ours[chosen]) == np.sign(table.published[chosen])
    every = table.published != 0
    return {
        "starr_sign_agreement": float(agree.mean()),
        "starr_shared_features": float(chosen.sum()),
        "starr_sign_agreement_all_33": float(
            (np.sign(ours[every]) == np.sign(table.published[every])).mean()
        ),
    }


def doses_of_ctcf(data: str | Path) -> dict[str, float]:
    """One more copy of CTCF's motif in peaks of CTCFL against their shuffles: how far it adds up.

    The motif is the one of the expected family whose addition does most for "bound".
    """
    try:
        table = deepbind_bound("CTCFL", Path(data))
    except FileNotFoundError as error:
        print(f"{error}: no experiment on it.")
        return {}
    X = pd.DataFrame(table.X, columns=table.feature_names)
    y = np.array(table.target_names)[table.y]
    family = [name for name in X.columns if motif_family(name) == EXPECTED_FAMILY["CTCFL"]]
    edits = [add(name, 1) for name in family]
    networks = GIATransformer.default_estimator(n_jobs=2)
    gia = GIATransformer(networks, interventions=edits, random_state=0)
    gia.fit(X, y, groups=table.groups)
    bound = list(gia.classes_).index("bound")
    best = family[int(np.argmax(gia.effects_[:, bound]))]
    curve = dose_response(gia, X, best, doses=[0, 1, 2])
    frame = curve.to_frame()
    print(f"dose and response of {best}, centred logit of bound:")
    print(frame[frame.output == "bound"].to_string(index=False))
    bend = curve.self_epistasis[0, bound]
    low, high = curve.self_epistasis_interval[:, 0, bound]
    print(f"a second copy adds {bend:+.4f} [{low:+.4f}, {high:+.4f}] to what the first promised")
    return {
        "dose_one_copy": float(curve.response[1, bound]),
        "dose_two_copies": float(curve.response[2, bound]),
        "dose_self_epistasis": float(bend),
        "dose_self_epistasis_low": float(low),
        "dose_self_epistasis_high": float(high),
    }
