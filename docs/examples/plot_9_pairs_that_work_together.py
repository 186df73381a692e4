"""
Which motifs work together
==========================

Networks are trained on counts of motifs, all pairs are scored, and the strongest are tested on
regions that the networks have not seen. The truth is known here: GATA1 and SOX2 do something only
side by side, ETS1 undoes what TAL1 does, and the others add up or do nothing.
"""

# %%
# A table of counts, as a scan of 3,000 regions gives it.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_deeplifft import GIATransformer
from sklearn_deeplifft.interventions import interaction_effects, interaction_evidence
from sklearn_deeplifft.plotting import InteractionDisplay

names = [
    "GATA1",
    "SOX2",
    "ETS1",
    "TAL1",
    "MYB",
    "CTCF",
    "JUN",
    "RUNX1",
    "SPI1",
    "KLF4",
    "NFYA",
    "E2F1",
]
rng = np.random.default_rng(0)
X = pd.DataFrame(rng.poisson(0.6, (3000, len(names))), columns=names)
has = X > 0
activity = 3 * (has.GATA1 & has.SOX2) + 2 * (has.TAL1 & ~has.ETS1) + has.MYB - has.JUN
y = activity + 0.5 * rng.standard_normal(3000)

# %%
# The ensemble of `GIATransformer` is the one for reading interactions: no dropout, and no penalty
# that closes columns. Two thirds of the regions train.

networks = GIATransformer.default_estimator(
    "regression", n_networks=4, hidden_layer_sizes=(64, 32), max_epochs=40, random_state=0
)
networks.fit(X[:2000], y[:2000])
print(f"R squared on new regions: {networks.score(X[2000:], y[2000:]):.2f}")

# %%
# All 66 pairs. The score is the size of what two motifs do together beyond the sum of each alone;
# the columns of rows count regions with neither, one or both.

effects = interaction_effects(networks, X[:2000])
print(effects.top(5).to_frame()[["first", "second", "score", "rows_both", "flagged"]].to_string())

# %%
# Scores of pairs that only add up are not 0. What new regions say of them is clearer: only the two
# planted pairs have small q.

evidence = interaction_evidence(networks, X[2000:], y[2000:], pairs=effects)
print(evidence.to_frame().head(5).round(3).to_string())

# %%
# The map puts motifs that meet side by side; the bars have intervals over networks, and the table
# the regions that the first score stands on.

InteractionDisplay.from_effects(effects)

# %%
InteractionDisplay.from_effects(effects, kind="bars", k=8)

# %%
InteractionDisplay.from_effects(effects, kind="table")

# %%
# With the sign, and between absent and present: blue pairs do more together than each alone, red
# ones less.

InteractionDisplay.from_estimator(networks, X[:2000], levels="present", reduce="mean")
plt.show()

# %%
# On real tables
# --------------
#
# Of splice junctions (3,005 rows of 60 positions; N is neither site, EI a donor, IE an acceptor)
# these are the ten surest pairs, on rows that the networks have not seen. Each of the four cells of
# each of them holds 250 rows or more.
#
# .. include:: /benchmarks/splice_pairs.inc
#
# In two tables of motif counts no pair is called: :doc:`/benchmarks/interactions` says why.
