"""
Motif counts with known truth
=============================

In a generated table the relevant motifs are known, so a ranking can be marked. Some motifs tell
of a class by themselves, some only in pairs, and some are evidence against the class in which
they are frequent.
"""

# %%
# 70 motifs in 4000 regions of 4 classes.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_selection import f_classif

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.datasets import make_motif_counts
from sklearn_deeplifft.plotting import ClassImportanceDisplay

table = make_motif_counts(
    4000,
    n_features=70,
    n_classes=4,
    n_private=2,
    family_size=2,
    n_null_families=4,
    n_pairs=4,
    class_skew=1,
    random_state=0,
)
two_networks = DeepLIFFTSelector.default_estimator(n_networks=2, batch_size=256)
selector = DeepLIFFTSelector(two_networks, step=0.5, random_state=0).fit(table.X, table.y)
print(f"{table.relevant.sum()} of {len(table.relevant)} motifs are relevant")

# %%
# Relevant motifs among the first k of the ranking. An F-test looks at one column at a time: it
# ranks the two members of a pair with the noise, as neither is more frequent in any class.
f_test = np.argsort(-f_classif(table.X, table.y)[0])
network = np.argsort(selector.ranking_)
k = np.arange(1, len(network) + 1)

figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
ax.plot(k, np.minimum(k, table.relevant.sum()), color="0.7", linestyle="--", label="perfect")
ax.plot(k, np.cumsum(table.relevant[network]), label="DeepLIFFT")
ax.plot(k, np.cumsum(table.relevant[f_test]), label="F-test")
ax.set(xlabel="motifs selected", ylabel="relevant motifs among them")
ax.legend()

# %%
# Where the members of pairs end up: ranks from 1 to 70.
members = [column for _, *pair in table.pairs for column in pair]
print("DeepLIFFT", sorted(selector.ranking_[members].tolist()))
print("F-test   ", sorted((np.argsort(f_test)[members] + 1).tolist()))

# %%
# A *contrary* motif occurs next to the hits of another motif, its host, and is evidence against
# the class in which the host is frequent. Seen alone it is more frequent there, so frequencies
# give it the wrong sign. Its slope has the right one: one more of it lowers the class's logit.
for c, motif in enumerate(table.contrary):
    inside, outside = table.X[table.y == c, motif].mean(), table.X[table.y != c, motif].mean()
    slope = selector.class_slopes_[c, motif]
    print(f"class {c}: {inside:.2f} hits inside, {outside:.2f} outside, slope {slope:+.3f}")

# %%
# The same as a figure: contrary motifs below their hosts, in the class of each and in the others.
hosts_and_contrary = np.concatenate([table.host, table.contrary])
ClassImportanceDisplay(
    selector.class_slopes_[:, hosts_and_contrary].T,
    feature_names=[f"{kind} of class {c}" for kind in ("host", "contrary") for c in range(4)],
    class_names=[f"class {c}" for c in range(4)],
    label=selector.quantities_.slope,
).plot()
