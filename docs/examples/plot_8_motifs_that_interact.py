"""
What attributions show when motifs interact
===========================================

An attribution hands out one sequence's prediction to its letters. Where two motifs have a say
together, whatever it hands out to one of them depends on the other, and that dependence is what
tells the rule. Networks are trained on the spot, on sequences whose rules are known.
"""

# %%
# Each sequence holds neither of two motifs, A, B, or both, and a decoy in one of two. Five rules
# say which of the four kinds are of class 1.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score

from sklearn_deeplifft import NetworkEnsembleClassifier, networks
from sklearn_deeplifft.datasets import make_motif_interactions
from sklearn_deeplifft.interventions import motif_epistasis
from sklearn_deeplifft.sequences import deep_lift, integrated_gradients, mutagenesis, saliency

LENGTH = 100
RULES = {"and": "A and B", "or": "A or B", "xor": "one of them", "a_not_b": "A without B"}
RULES |= {"additive": "each adds 2"}


def motif(word):
    """Counts (4, width): 37 of the letter that stands there, 1 of each other."""
    return [[1 + 36 * (a == b) for b in word] for a in "ACGT"]


motifs = {"A": motif("CCGGAAGTG"), "B": motif("TTGCGCAAT"), "decoy": motif("GCCACGTGGC")}


def drawn(rule, n, seed, negatives="all"):
    return make_motif_interactions(
        rule, n, LENGTH, motifs=motifs, negatives=negatives, random_state=seed
    )


def trained(data):
    """One network that answers by one logit, the log-odds of class 1."""
    ensemble = NetworkEnsembleClassifier(
        networks.motif_pool(LENGTH), n_networks=1, max_epochs=30, random_state=0
    )
    return ensemble.fit(data.X, data.y)


learned = {rule: (data := drawn(rule, 4000, 0), trained(data)) for rule in RULES}
tests = {rule: drawn(rule, 1200, 1) for rule in RULES}
for rule, (_, ensemble) in learned.items():
    test = tests[rule]
    area = roc_auc_score(test.y_true, ensemble.predict_proba(test.X)[:, 1])
    print(f"{RULES[rule]:12s} area under the ROC curve, new sequences: {area:.2f}")

# %%
# Five methods, each summed over the positions of motif A: where A is alone, and where B is there as
# well. Arrows go from the one to the other.
METHODS = {
    "gradient x input": lambda net, X: saliency(net, X, simplex=False, times_input=True),
    "corrected": lambda net, X: saliency(net, X, times_input=True),
    "integrated": lambda net, X: integrated_gradients(net, X, times_input=True),
    "DeepLIFT": lambda net, X: deep_lift(net, X, times_input=True),
    "mutagenesis": lambda net, X: mutagenesis(net, X, times_input=True),
}


def attributed(rule, cell):
    """By method, attributions (n, L) of 60 sequences of one kind, and where A lies in them."""
    test = tests[rule]
    rows = np.flatnonzero(test.cells == cell)[:60]
    net = learned[rule][1].estimators_[0].module_
    X = test.X[rows].astype(np.float32)
    found = {name: method(net, X).scores.sum(axis=2) for name, method in METHODS.items()}
    return found, test.tracks[rows, 0], test.tracks[rows].any(axis=1)


ALONE, BOTH = 1, 3
alone = {rule: attributed(rule, ALONE) for rule in RULES}
both = {rule: attributed(rule, BOTH) for rule in RULES}


def of_motif(found, name):
    """Mean over sequences of the sum over the motif."""
    scores, places, _ = found
    return (scores[name] * places).sum(axis=1).mean()


figure, axes = plt.subplots(1, 5, figsize=(12, 3), sharey=True, layout="constrained")
for ax, rule in zip(axes, RULES, strict=True):
    for i, name in enumerate(METHODS):
        start, end = of_motif(alone[rule], name), of_motif(both[rule], name)
        ax.plot(start, i, "o", color="#5f5f5f", label="A alone" if i == 0 else None)
        ax.plot(end, i, "o", color="#255c99", label="A beside B" if i == 0 else None)
        ax.annotate("", (end, i), (start, i), arrowprops={"arrowstyle": "->", "color": "#255c99"})
    ax.axvline(0, color="#333333", linewidth=0.8)
    ax.set_title(RULES[rule], fontsize=10)
    ax.set_yticks(range(5), list(METHODS))
    ax.margins(x=0.15, y=0.12)
axes[0].invert_yaxis()
figure.supxlabel("attribution of motif A, log-odds", fontsize=9)
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", frameon=False)
plt.show()

# %%
# With its partner there, A gets more where both are needed, less where either will do or B speaks
# against it, and is turned round where they exclude each other; where the two add up it gets the
# same. All methods agree on that direction, and it is the interaction; how much A gets in one
# sequence is not.
#
# **Where the motif lies** is another question: do its positions stand above the background? Beside
# B they are below it, at less than .5, where the rule is exclusive. No method is at fault: there,
# the motif speaks for class 0.
figure, ax = plt.subplots(figsize=(6.5, 2.6), layout="constrained")
areas = np.zeros((5, 5))
for i, rule in enumerate(RULES):
    scores, places, motif_or_decoy = both[rule]
    for j, name in enumerate(METHODS):
        rows = zip(scores[name], places, motif_or_decoy, strict=True)
        areas[i, j] = np.mean([roc_auc_score(a[a | ~m], s[a | ~m]) for s, a, m in rows])
image = ax.imshow(areas, cmap="RdBu_r", vmin=0, vmax=1, aspect="auto")
for (i, j), area in np.ndenumerate(areas):
    colour = "white" if abs(area - 0.5) > 0.3 else "black"
    ax.text(j, i, f"{area:.2f}", ha="center", va="center", fontsize=8, color=colour)
ax.set_xticks(range(5), list(METHODS), fontsize=8)
ax.set_yticks(range(5), list(RULES.values()), fontsize=8)
ax.set_title("area under the ROC curve, positions of A beside B", fontsize=9)
figure.colorbar(image)
plt.show()

# %%
# **Put in on purpose.** ``motif_epistasis`` writes A and B into random sequences, alone and
# together. The sign of the rule comes back if the training data have sequences of all four kinds.
# Where all negatives hold neither motif, AND and the exclusive rule lack kinds, and nothing in the
# data says what these would have been: such a pair is flagged, here a hollow point. Or and additive
# motifs are one and the same data then, with every kind in it, and no count of sequences can tell:
# the network says "or" of both.
letters = np.random.default_rng(0).choice(list("ACGT"), (300, LENGTH))
background = ["".join(row) for row in letters]


def epistasis(data, ensemble):
    """Log-odds by which A and B do more than the sum, and whether the data do not show it."""
    table = motif_epistasis(
        ensemble,
        background,
        motifs,
        (30, 60),
        pairs=[("A", "B")],
        counts=data.tracks.any(axis=2),
    )
    row = table[table["output"] == 1].iloc[0]
    return 2 * row["epistasis"], bool(row["flagged"])  # centred logits are half of the log-odds


figure, ax = plt.subplots(figsize=(6.5, 3), layout="constrained")
for shift, negatives, colour in [(-0.12, "all", "#255c99"), (0.12, "empty", "#d62839")]:
    for i, rule in enumerate(RULES):
        if negatives == "all":
            data, ensemble = learned[rule]
        elif rule == "a_not_b":
            continue  # its positives hold A alone: nothing about B is left to ask
        else:
            data = drawn(rule, 4000, 0, negatives)
            ensemble = trained(data)
        value, flagged = epistasis(data, ensemble)
        fill = "none" if flagged else colour
        label = f"negatives: {negatives}" if i == 1 else None
        ax.plot(i + shift, value, "o", color=colour, markerfacecolor=fill, label=label)
ax.axhline(0, color="#333333", linewidth=0.8)
ax.set_xticks(range(5), list(RULES.values()))
ax.set_ylabel("epistasis of A and B, log-odds")
ax.legend(frameon=False, fontsize=8)
plt.show()
