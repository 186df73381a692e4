"""
Saliency, corrected
===================

The letters of a position sum to one, so nothing that a network was trained on tells how its output
would change if all four grew together. That part of a gradient is left over from training, and
``saliency`` takes it out: it subtracts the mean over the letters of each position (Majdandzic,
Rajesh & Koo 2023). Pictures after theirs, of small networks that are trained on the spot.
"""

# %%
# Sequences whose truth is known: the first class holds core motifs alone, the other one core and
# background motifs.
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from sklearn_deeplifft import networks
from sklearn_deeplifft.datasets import make_billboard_sequences
from sklearn_deeplifft.plotting import LogoDisplay
from sklearn_deeplifft.sequences import cosine, filter_motifs, saliency
from sklearn_deeplifft.sequences.motifs import information


def motifs(*words):
    """Counts (4, width) of each: 37 of the letter that stands there, 1 of each other."""
    return {word: [[1 + 36 * (a == b) for b in word] for a in "ACGT"] for word in words}


core = motifs("AGATAAGG", "ACCGGAAGT")
others = motifs("TGTTTACA", "CCACGTGG", "GGGGCGGGG", "TGACTCAT")
data = make_billboard_sequences(core, others, n_samples=4400, length=100, random_state=0)
X, y = torch.tensor(data.X, dtype=torch.float32), torch.tensor(data.y, dtype=torch.float32)
train, test = np.arange(4000), np.arange(4000, 4400)


# %%
# The shallow network of the paper, with an exponential first layer.
def trained(epochs=8, **settings):
    torch.manual_seed(0)
    network = networks.cnn_shallow(100, **settings)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.003)
    for _ in range(epochs):
        for rows in torch.randperm(len(train)).split(50):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                network(X[rows])[:, 0], y[rows]
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network.eval()


def area(network):
    with torch.no_grad():
        return roc_auc_score(data.y[test], network(X[test])[:, 0].numpy())


network = trained(activation="exponential")
print(f"area under the ROC curve, held-out sequences: {area(network):.2f}")

# %%
# **One sequence**, the one that gains most: what was planted, and gradient times input as it comes
# and as it is corrected. Only the part that no sequence can follow is gone: letters beside a motif
# shrink, and those within are of more even heights.
bound = test[data.y[test] == 1]
truth = data.truth[bound].transpose(0, 2, 1)
before = saliency(network, data.X[bound], simplex=False)
after = saliency(network, data.X[bound])
gain = cosine(after.scores, truth) - cosine(before.scores, truth)

row = int(gain.argmax())
letters = data.X[bound[row]].reshape(-1, 4)
figure, axes = plt.subplots(3, 1, figsize=(11, 5), sharex=True, layout="constrained")
LogoDisplay(information(data.truth[bound[row]])).plot(axes[0])
LogoDisplay((before.scores[row] * letters).T, label="logits").plot(axes[1])
LogoDisplay((after.scores[row] * letters).T, label="logits").plot(axes[2])
for ax, title in zip(axes, ["planted", "saliency", "saliency, corrected"], strict=True):
    ax.set_title(title, loc="left", fontsize=9)
axes[2].set_xlabel("position")
plt.show()

# %%
# **All sequences**, as in figure 2 of the paper: the cosine between gradient and truth, before and
# after. Above the line the correction helps.
figure, ax = plt.subplots(figsize=(4, 4), layout="constrained")
ax.scatter(cosine(before.scores, truth), cosine(after.scores, truth), s=8, color="#255c99")
ends = [min(ax.get_xlim()[0], ax.get_ylim()[0]), max(ax.get_xlim()[1], ax.get_ylim()[1])]
ax.plot(ends, ends, color="#5f5f5f", linewidth=0.8)
ax.set(xlim=ends, ylim=ends, aspect="equal")
ax.set(xlabel="cosine with the truth, saliency", ylabel="corrected")
print(f"{(gain > 0).mean():.0%} of {len(gain)} sequences gain, {gain.mean():.3f} in the mean")
plt.show()

# %%
# **Angles**, as in figure 5: between the gradient at a position and the simplex. At 0 there is
# nothing to correct, at 90 degrees nothing else. At motifs, of which the network learned something,
# angles are a little smaller.
motif = 2 + (truth * np.log2(truth + 1e-10)).sum(axis=2) > 0.1
figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
bins = np.linspace(-90, 90, 37)
for at, name, colour in [(motif, "motifs", "#d62839"), (~motif, "background", "#5f5f5f")]:
    angles = after.angles[at]
    label = f"{name}: standard deviation {angles.std():.0f}°"
    ax.hist(angles, bins, density=True, histtype="step", color=colour, label=label)
ax.set(xlabel="angle to the simplex, degrees", ylabel="density", xticks=range(-90, 91, 30))
ax.margins(y=0.35)
ax.legend(fontsize=8, frameon=False, loc="upper right")
plt.show()

# %%
# **First weights**, as in figure 4: what is left over comes from the weights at the start, so that
# gradients of networks that start with small ones lie nearer to the simplex. With ``gauged=True``
# the first layer never has the part that is left over. Half as many epochs are enough to show it.
#
# That gradients lie near the simplex does not say that they show the motifs: those of the network
# that starts smallest, which predicts best, hardly do.
starts = {
    ".005": {"initial_scale": 0.005},
    ".05": {"initial_scale": 0.05},
    ".5": {"initial_scale": 0.5},
    "gauged": {"gauged": True},
}
members = {name: trained(4, **settings) for name, settings in starts.items()}
spread, cosines, areas = [], [], []
for member in members.values():
    areas.append(area(member))
    plain = saliency(member, data.X[bound], simplex=False)
    corrected = saliency(member, data.X[bound])
    spread.append(plain.angles.std())
    cosines.append([cosine(each.scores, truth).mean() for each in (plain, corrected)])

figure, axes = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
axes[0].bar(list(starts), spread, color="#5f5f5f")
axes[0].set(ylabel="spread of angles, degrees")
for values, name, colour in zip(
    np.transpose(cosines), ["saliency", "corrected"], ["#5f5f5f", "#255c99"], strict=True
):
    axes[1].plot(list(starts), values, "o", color=colour, label=name)
axes[1].set(ylabel="cosine with the truth")
axes[1].legend(fontsize=8, frameon=False)
axes[2].plot(list(starts), areas, "o", color="#255c99")
axes[2].set(ylabel="area under the ROC curve", ylim=(0.45, 1))
for ax in axes:
    ax.set_xlabel("standard deviation of first weights")
plt.show()

# %%
# **What the first layers hold**, one row per start: the letters at which a filter is active, of the
# three filters of 24 whose letters tell most, and beside them the corrected gradient of the
# sequence above, times its input. The smaller the weights at the start, the more of a motif a
# filter holds.


def told(motif):
    """Bits of a motif."""
    return 0.0 if motif is None else information(motif.counts / motif.counts.sum(axis=0)).sum()


figure, axes = plt.subplots(
    *(4, 4), figsize=(13, 6), width_ratios=[1, 1, 1, 4], layout="constrained", squeeze=False
)
for (name, member), line in zip(members.items(), axes, strict=True):
    found = sorted(filter_motifs(member, data.X[train[:1000]]).motifs, key=told, reverse=True)
    print(f"{name:>6}: {np.mean([told(motif) for motif in found]):.1f} bits per filter")
    for motif, ax in zip(found[:3], line, strict=False):
        LogoDisplay.from_counts(motif.counts, ax=ax)
        ax.set(ylim=(0, 2), yticks=[0, 1, 2], ylabel="", xticks=[])
    scores = saliency(member, data.X[bound[[row]]]).scores[0]
    LogoDisplay((scores * letters).T, label="logits").plot(line[3])
    line[0].set_ylabel(f"{name}\nbits")
axes[0, 1].set_title("filters", fontsize=9)
axes[0, 3].set_title("saliency, corrected", fontsize=9)
axes[-1, 3].set_xlabel("position")
plt.show()
