"""
One more copy of a motif
========================

What would a class be worth if a motif were absent, or if there were one more copy of it? Networks
are asked directly: motifs are set, in all regions, and predictions are compared.
"""

# %%
# 30 motifs in 2000 regions of 3 classes; which motifs matter is known.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_deeplifft import GIATransformer
from sklearn_deeplifft.datasets import make_motif_counts
from sklearn_deeplifft.interventions import dose_response
from sklearn_deeplifft.plotting import DoseResponseDisplay

table = make_motif_counts(
    2000,
    n_features=30,
    n_classes=3,
    n_private=2,
    family_size=1,
    n_null_families=2,
    n_pairs=3,
    density=0.25,
    effect=1.5,
    class_skew=1,
    random_state=0,
)
X = pd.DataFrame(table.X, columns=table.feature_names)
networks = GIATransformer.default_estimator(n_networks=8, hidden_layer_sizes=(64, 32))
gia = GIATransformer(networks, n_features_to_select=10, random_state=0).fit(X, table.y)
kept = gia.get_support(indices=True)
print(f"{table.relevant[kept].sum()} of {len(kept)} motifs selected are relevant")

# %%
# The motif that speaks most for a class, and its class. Every region is given 0, 1, 2, ... copies.
# The curve is the mean change of the class's centred logit, relative to no copy, and the band its
# 95 % interval over networks. Numbers are regions of the data that have so many copies: an open
# circle has fewer than 20, and the networks have hardly seen it.
c, best = np.unravel_index(gia.class_importances_.argmax(), gia.class_importances_.shape)
motif = X.columns[best]
curve = dose_response(gia, X, motif, doses=np.unique(X[motif]))
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
DoseResponseDisplay.from_response(curve, ax=ax)
ax.set_xlabel(f"copies of {motif}, which speaks for class {c}")

# %%
# Below 0 the next copy does less than the one before it (saturation), above 0 it does more. Hits in
# this table are Poisson, so in truth every copy adds the same, and the curve should be straight.
for dose, bend in zip(curve.doses[2:], curve.self_epistasis[:, c], strict=True):
    print(f"copy {dose:.0f}: {bend:+.2f} beyond what the copy before it did")

# %%
# The five strongest effects of any intervention on any class; n is how many regions of the data are
# where the intervention leads.
frame = gia.intervention_effects_.to_frame()
top = frame.loc[frame["effect"].abs().nlargest(5).index[::-1]]
labels = [f"{row.intervention}\non class {row.output}" for row in top.itertuples()]

figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
sides = np.where(top["effect"] > 0, "C0", "C3")
errors = [top["effect"] - top["low"], top["high"] - top["effect"]]
ax.barh(labels, top["effect"], xerr=errors, color=sides, alpha=0.8, capsize=3)
for place, row in enumerate(top.itertuples()):
    end = max(row.high, 0)
    ax.annotate(
        f"n = {row.support:.0f}", (end, place), (5, 0), textcoords="offset points", va="center"
    )
ax.axvline(0, color="0.3", lw=0.8)
ax.margins(x=0.2)
ax.set(xlabel="mean change of the logit, with its 95 % interval over networks")
