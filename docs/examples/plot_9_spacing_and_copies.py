"""
Spacing and copies
==================

How far apart may two motifs be, and does a second copy count as much as the first? A network that
has learned it can be asked: motifs are written into sequences of random letters, and what becomes
of the prediction is averaged (global importance analysis, Koo et al. 2021). What was planted is
known here, so that the answers can be checked.
"""

# %%
# **Spacing.** Sequences are of class 1 if they hold both motifs, at most 10 letters apart. Two
# convolutions see some 40 letters at a time, and the maximum over the sequence leaves out where.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score
from torch import nn

from sklearn_deeplifft import NetworkEnsembleClassifier, NetworkEnsembleRegressor
from sklearn_deeplifft.datasets import make_motif_interactions
from sklearn_deeplifft.interventions.experiments import copies, sequence_importance, spacing
from sklearn_deeplifft.networks import OneHotNetwork
from sklearn_deeplifft.plotting import SequenceImportanceDisplay
from sklearn_deeplifft.sequences import SequenceEncoder

FIRST, SECOND = "CCGGAAGTG", "TTGCGCAAT"
LENGTH = 80


def motif(word):
    """Counts (4, width): 37 of the letter that stands there, 1 of each other."""
    return [[1 + 36 * (a == b) for b in word] for a in "ACGT"]


motifs = {"first": motif(FIRST), "second": motif(SECOND)}
train, test = (
    make_motif_interactions(
        "spacing", n, LENGTH, motifs=motifs, decoys=0, label_noise=0, random_state=seed
    )
    for n, seed in [(6000, 0), (1000, 1)]
)


def seen_in_pairs():
    """One logit for each sequence; a filter of the second convolution sees about 46 letters."""
    layers = {
        "conv1": nn.Conv1d(4, 24, 11, padding="same"),
        "norm1": nn.BatchNorm1d(24),
        "activation1": nn.ReLU(),
        "pool1": nn.MaxPool1d(4),
        "conv2": nn.Conv1d(24, 32, 9, padding="same"),
        "norm2": nn.BatchNorm1d(32),
        "activation2": nn.ReLU(),
        "pool2": nn.AdaptiveMaxPool1d(1),
        "flatten": nn.Flatten(),
        "output": nn.Linear(32, 1),
    }
    return OneHotNetwork(LENGTH, layers)


settings = {"n_networks": 3, "learning_rate": 0.01, "random_state": 0}
ensemble = NetworkEnsembleClassifier(seen_in_pairs(), max_epochs=12, **settings)
ensemble.fit(train.X, train.y)
area = roc_auc_score(test.y_true, ensemble.predict_proba(test.X)[:, 1])
print(f"area under the ROC curve, new sequences: {area:.2f}")

# %%
# The first motif stays where it is, the second one moves away from it, before it and behind it. Up
# to 10 letters apart the pair does more than the two alone. Further apart it does less: each alone
# is a hint that the other one may be near, and of two that are far apart neither is one any more.
letters = np.random.default_rng(0).choice(list("ACGT"), (100, LENGTH))
background = ["".join(row) for row in letters]
apart = spacing(FIRST, SECOND, start=35, distances=range(0, 26, 2), strands=["+"])
table = sequence_importance(ensemble, background, apart)
display = SequenceImportanceDisplay(table).plot()
display.ax_.axvline(10, color="#5f5f5f", linestyle=":", linewidth=1)
plt.show()

# %%
# **Copies.** Up to four sites in sequences of 60 letters. One quantity grows with every site, the
# other one with the first two only. The network adds up what its filters find, by their mean over
# the sequence, and can learn either.
WORD, SHORT = "TGACTCATC", 60
rng = np.random.default_rng(0)
number = rng.integers(0, 5, 4000)
sequences = rng.choice(list("ACGT"), (4000, SHORT))
for row, n in enumerate(number):
    for place in rng.permutation(6)[:n]:  # six stretches of ten letters, a site in a stretch
        at = 10 * place + rng.integers(2)
        sequences[row, at : at + 9] = list(WORD)
X = SequenceEncoder().fit_transform(["".join(row) for row in sequences])
laws = {"every copy counts": number, "two copies count": np.minimum(number, 2)}


def adds_up():
    layers = {
        "conv1": nn.Conv1d(4, 16, 9, padding="same"),
        "norm1": nn.BatchNorm1d(16),
        "activation1": nn.ReLU(),
        "pool1": nn.AdaptiveAvgPool1d(1),
        "flatten": nn.Flatten(),
        "norm2": nn.BatchNorm1d(16),
        "dense": nn.Linear(16, 32),
        "activation2": nn.ReLU(),
        "output": nn.Linear(32, 1),
    }
    return OneHotNetwork(SHORT, layers)


background = ["".join(row) for row in rng.choice(list("ACGT"), (100, SHORT))]
figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
for ax, (law, amount) in zip(axes, laws.items(), strict=True):
    noisy = amount + rng.normal(0, 0.3, len(amount))
    ensemble = NetworkEnsembleRegressor(adds_up(), max_epochs=30, **settings).fit(X, noisy)
    table = sequence_importance(ensemble, background, copies(WORD, [0, 12, 24, 36]))
    SequenceImportanceDisplay(table).plot(ax)
    ax.set_title(law, fontsize=10)
    bends = table[table["measure"] == "curvature"]
    for row in bends.itertuples():
        line = f"{row.effect:+.2f} ({row.low:+.2f} to {row.high:+.2f})"
        print(f"{law}, from {row.copies - 1} to {row.copies}: curvature {line}")
axes[1].set_ylabel("")
plt.show()

# %%
# The dashed line is what copies would do if they added up. ``curvature`` is how much a copy does
# beyond the one before it, on the same backgrounds, with its interval over networks: near 0 under
# the first law, and under the second one clearly below 0 where the third copy comes, the only
# place at which it bends. Intervals over three networks leave out what all three have in common.
