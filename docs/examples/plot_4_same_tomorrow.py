"""
The same list tomorrow?
=======================

Two networks that predict equally well can rank features differently. The mean of many is steadier,
and how far they agree says how many features to trust.
"""

# %%
# 30 columns, of which the first six carry the classes. Two ensembles of eight networks each, with
# nothing in common: other initial weights, other held-out rows, other batches.
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import rankdata, spearmanr
from sklearn.datasets import make_classification

from sklearn_deeplifft import ImportanceNeuronSelector

N_PLANTED = 6
X, y = make_classification(
    600,
    n_features=30,
    n_informative=N_PLANTED,
    n_redundant=0,
    n_classes=3,
    shuffle=False,
    random_state=0,
)
eight = ImportanceNeuronSelector.default_estimator(n_networks=8, n_jobs=2)
today = ImportanceNeuronSelector(eight, random_state=0).fit(X, y)
tomorrow = ImportanceNeuronSelector(eight, random_state=1).fit(X, y)

# %%
# How far do rankings agree? First the networks in pairs, one of each ensemble, then the two means.
pairs = zip(today.importances_per_network_, tomorrow.importances_per_network_, strict=True)
single = np.mean([spearmanr(a, b).statistic for a, b in pairs])
means = spearmanr(today.feature_importances_, tomorrow.feature_importances_).statistic
print(f"rank correlation of two networks {single:.2f}, of two ensembles {means:.2f}")

# %%
# A dot is the rank of a column in one network. Each network puts the six planted columns first, in
# an order of its own. Below them ranks are spread out: what noise is worth depends on chance.
shown = np.argsort(today.ranking_)[:14]
figure, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
for selector, label, color, shift in (
    (today, "today", "C0", -0.16),
    (tomorrow, "tomorrow", "C1", 0.16),
):
    ranks = rankdata(-selector.importances_per_network_, axis=1)[:, shown]
    place = np.arange(len(shown)) + shift
    ax.plot(np.tile(place, len(ranks)), ranks.ravel(), "o", color=color, alpha=0.35, ms=4)
    ax.plot(place, selector.mean_ranks_[shown], "_", color=color, ms=11, mew=2.5, label=label)
ax.axvline(N_PLANTED - 0.5, color="0.7", linestyle=":")
ax.set(xlabel="column, best first", ylabel="rank", ylim=(31, 0), yticks=[1, 10, 20, 30])
ax.set_xticks(range(len(shown)), [str(column) for column in shown])
ax.legend(title="mean rank")

# %%
# ``stability_`` is about sets. Each network selects features at the current cut on its own, and the
# index says how far these sets agree: 1 if they are identical, about 0 if they are random. Moving
# the cut trains nothing. The grey line is of gates that are parameters of their own and are read
# alone.
untied = ImportanceNeuronSelector.default_estimator(
    n_networks=8, n_jobs=2, gates="free", gate_penalty=0.0
)
alone = ImportanceNeuronSelector(untied, readout="gate", random_state=0).fit(X, y)
counts = range(1, 30)
figure, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
for selector, label, color in (
    (today, "today", "C0"),
    (tomorrow, "tomorrow", "C1"),
    (alone, "free gates, alone", "0.6"),
):
    curve = [selector.set_params(n_features_to_select=k).stability_ for k in counts]
    ax.plot(counts, curve, color=color, label=label)
ax.axvline(N_PLANTED, color="0.7", linestyle=":", label="planted")
ax.set(xlabel="features selected", ylabel="stability", ylim=(-0.05, 1.05))
ax.legend()

# %%
# At six all networks select the six that were planted. Beyond, they fill up with noise, each with
# other columns. On a real table the peak is less clear, and it never says that a list is right:
# networks can agree on what does not predict.
for selector in (today, tomorrow):
    selector.set_params(n_features_to_select=N_PLANTED)
    kept = selector.get_support(indices=True)
    print(f"stability {selector.stability_:.2f}:", kept, selector.selection_frequency_[kept])
