"""The ten surest pairs of real tables, with support: splice junctions and two tables of motifs.

Printed, the surest first: q on the 30 % of the rows that were held out, what an additive model
gains by the pair, the emptiest of its four cells, and the class it moves most. Figures:
``pairs_splice`` and so on, the number of pairs with q <= .1 among the 50 strongest, and
``score_splice``, the balanced accuracy of the networks on these rows. Tables that are not here are
left out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split

from benchmarks.common.motif_tables import deepbind_classes, promoters_arabidopsis
from benchmarks.common.quality_tables import TABLES
from sklearn_deeplifft import GIATransformer
from sklearn_deeplifft.interventions import interaction_effects, interaction_evidence

SHOWN, TESTED, ALPHA = 10, 50, 0.1
SPLICE = ("EI", "IE", "N")
"""From exon to intron, from intron to exon, and neither."""

LOADERS = {
    "splice": TABLES["splice"],
    "arabidopsis": promoters_arabidopsis,
    "deepbind": deepbind_classes,
}


def figures(quick=False, data=None):
    """All figures of this part: a flat dict."""
    found = {}
    for short, load in LOADERS.items():
        try:
            table = load(data)
        except FileNotFoundError:
            print(f"{short}: not here, left out", flush=True)
            continue
        print(short, flush=True)
        found |= of_table(table, short, 300 if quick else None)
    return found


def of_table(table, short, most):
    rows = np.random.default_rng(0).permutation(len(table.y))[:most]
    X = pd.DataFrame(table.X[rows], columns=names_of(table, short))
    y = np.asarray(SPLICE if short == "splice" else table.target_names)[table.y[rows]]
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0)
    networks = {"n_networks": 5, "hidden_layer_sizes": (64, 32), "max_epochs": 30}
    model = GIATransformer.default_estimator(random_state=0, **networks).fit(X_train, y_train)
    given = {"feature_groups": table.blocks} if short == "splice" else {}
    effects = interaction_effects(model, X_train, pairs=TESTED, **given)
    evidence = interaction_evidence(model, X_test, y_test, pairs=effects, **given)
    scores = effects.to_frame().drop_duplicates(["first", "second"])
    both = evidence.to_frame().merge(scores, on=["first", "second"])
    cells = both[[f"rows_{cell}" for cell in ("neither", "first", "second", "both")]]
    both["least"] = cells.min(axis=1)
    shown = ["first", "second", "output", "score", "gain", "q_value", "least", "off_manifold"]
    print(both[shown].head(SHOWN).to_string(index=False, float_format="%.3g"), flush=True)
    return {
        f"pairs_{short}": int((evidence.q_value <= ALPHA).sum()),
        f"score_{short}": float(balanced_accuracy_score(y_test, model.predict(X_test))),
    }


def names_of(table, short):
    """Positions of splice junctions as biologists count them: no 0, the intron begins at +1."""
    if short != "splice":
        return list(table.feature_names)
    place = np.repeat(np.arange(60), 4) - 30
    place = np.where(place >= 0, place + 1, place)
    letters = np.tile(list("ACGT"), 60)
    return [f"{p:+d}{letter}" for p, letter in zip(place, letters, strict=True)]
