"""
From FASTA to a short list of motifs
====================================

Sequences that are bound and shuffles of them are counted for every motif of JASPAR, and the counts
are ranked by family of motifs. The command ``sklearn-deeplifft motifs bound.fa --against shuffles``
does all of this.
"""

# %%
# Made-up peaks, since the truth is then known: 400 sequences of random letters, of which six in ten
# hold a site of GATA1 and three in ten one of the ETS factor ELK1, drawn from their matrices.
import tempfile
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from sklearn_deeplifft import DeepLIFFTSelector, FeatureSelectionWarning
from sklearn_deeplifft.plotting import ClassImportanceDisplay
from sklearn_deeplifft.sequences import MotifCounter, dinucleotide_shuffle, read_fasta
from sklearn_deeplifft.sequences.motifs import information, probabilities

# Motifs of four letters cannot reach p < .0001, and some columns are constant.
warnings.simplefilter("ignore", FeatureSelectionWarning)
counter = MotifCounter("JASPAR2026:vertebrates", families="class").fit()
matrices = dict(zip(counter.motif_names_, counter.matrices_, strict=True))

rng = np.random.default_rng(0)
peaks = rng.choice(list("ACGT"), (400, 100))
for name, share in [("MA0035.5 GATA1", 0.6), ("MA0028.3 ELK1", 0.3)]:
    P = probabilities(matrices[name], pseudocount=0.5)
    for row in np.flatnonzero(rng.random(len(peaks)) < share):
        start = rng.integers(100 - P.shape[1])
        site = [rng.choice(list("ACGT"), p=column / column.sum()) for column in P.T]
        peaks[row, start : start + len(site)] = site

folder = tempfile.TemporaryDirectory()
path = Path(folder.name, "bound.fa")
path.write_text("".join(f">peak{i}\n{''.join(row)}\n" for i, row in enumerate(peaks)))

# %%
# Read, shuffle, count. A shuffle keeps every dinucleotide, so that composition explains nothing;
# a sequence and its shuffle are one group, which is held out whole.
names, bound = read_fasta(path)
folder.cleanup()
shuffled = dinucleotide_shuffle(bound, random_state=0)
X = counter.transform([*bound, *shuffled])
y = np.repeat(["bound", "shuffled"], len(bound))
pairs = np.tile(np.arange(len(bound)), 2)
print(f"{X.shape[0]} sequences, {X.shape[1]} motifs, {X.nnz / X.shape[0]:.0f} with hits in each")

# %%
# Rank families: the labels of the counter are what ``feature_groups`` takes. Two networks are
# enough here; the command trains 18.
ensemble = DeepLIFFTSelector.default_estimator(n_networks=2, max_epochs=30)
selector = DeepLIFFTSelector(ensemble, feature_groups=counter.families_, random_state=0)
selector.fit(X, y, groups=pairs)
firsts = [block[0] for block in selector.feature_groups_]
best = sorted(firsts, key=lambda j: selector.ranking_[j])[:8]

# %%
# The list, with the motif of each family that hits more of the bound sequences.
more = X[y == "bound"].mean(axis=0) - X[y == "shuffled"].mean(axis=0)
leading = []
for j in best:
    own = np.flatnonzero(counter.families_ == counter.families_[j])
    leading.append(own[np.asarray(more).ravel()[own].argmax()])

display = ClassImportanceDisplay(
    selector.class_importances_[:, best].T,
    feature_names=counter.families_[best],
    class_names=selector.classes_,
    directions=selector.class_slopes_[:, leading].T,
    overall=selector.feature_importances_[best],
    logos=[information(probabilities(counter.matrices_[j], 0.5)) for j in leading],
).plot()
plt.show()

# %%
# Where the sites are, as a table; ``write_bed`` writes it as a BED file.
print(counter.hits(bound, names, motifs=["MA0035.5 GATA1"]).head())
