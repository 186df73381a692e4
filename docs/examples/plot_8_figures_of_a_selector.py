"""
Six figures of one selector
===========================

Importances with their intervals, how far networks agree, what stands out from null features,
another method's ranking, what two features do together, and one row's prediction as a sum.
"""

# %%
# Cell nuclei in breast tissue: 30 measurements, two classes. The networks read a null copy of every
# column as well, in one pass.
import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.feature_selection import SelectKBest

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.interventions import pairwise_epistasis, quantile_shift
from sklearn_deeplifft.plotting import (
    EpistasisDisplay,
    ImportanceDisplay,
    NullFeatureDisplay,
    RankComparisonDisplay,
    RowDisplay,
    StabilityDisplay,
)

cells = load_breast_cancer(as_frame=True)
X, y = cells.data, cells.target_names[cells.target]
six = DeepLIFFTSelector.default_estimator(n_networks=6, null_features=True)
selector = DeepLIFFTSelector(six, step=None, n_features_to_select=8, random_state=0).fit(X, y)
print(selector.summary(k=5))

# %%
# Six networks are few: intervals are wide, and beyond the first ranks each has an order of its own.
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.6), layout="constrained")
ImportanceDisplay.from_estimator(selector, k=15, ax=left)
StabilityDisplay.from_estimator(selector, k=15, ax=right)

# %%
# What null features seldom reach, and the order in which the F test has the same columns. The F
# test takes each column by itself, and so puts near-copies of one size side by side.
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
NullFeatureDisplay.from_estimator(selector, k=15, ax=left)
RankComparisonDisplay.from_estimators(selector, SelectKBest().fit(X, y), k=10, ax=right)

# %%
# Two features moved up by a quarter of the data, together and each alone; and the prediction for
# one row, from the bias to its logit.
several = [quantile_shift(name, 0.25) for name in selector.top_features(5)]
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
EpistasisDisplay.from_epistasis(pairwise_epistasis(selector, X, several), ax=left)
RowDisplay.from_estimator(selector, X, row=3, k=10, ax=right)
