"""
Which class does a feature speak for?
=====================================

A class score says how much a class hangs on a feature, a slope in which direction: what more of
the feature does to the logit of the class.
"""

# %%
# Cell nuclei in breast tissue: 30 measurements, two classes.
import pandas as pd
from sklearn.datasets import load_breast_cancer

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.plotting import ClassImportanceDisplay

cells = load_breast_cancer(as_frame=True)
X, y = cells.data, cells.target_names[cells.target]
three_networks = DeepLIFFTSelector.default_estimator(n_networks=3)
selector = DeepLIFFTSelector(three_networks, n_features_to_select=10, random_state=0).fit(X, y)

# %%
# The ten best features, in the order of the ranking. Colours are as deep as class scores with all
# 30 features present; where they are blue more of the feature speaks for the class, where they are
# red against it.
display = ClassImportanceDisplay.from_estimator(selector, k=10)

# %%
# A class score alone is no direction: it says that the values found in a class raise its
# probability, be they high or low, and so a feature may have a positive one for both classes. Of
# two classes the slopes are each other's negative.
table = selector.to_frame().set_index("feature").head(10)
print(table.filter(like="class_").round(3))

# %%
# Much of this table says the same thing several times: radius, perimeter and area measure one
# size. Such columns share their score, and another seed may keep another of them. A feature that
# was left out but correlates with one that was kept is not thereby irrelevant.
correlation = X.corr().abs()
kept = X.columns[selector.get_support()]
left_out = X.columns[~selector.get_support()]
closest = correlation.loc[left_out, kept]
twins = pd.DataFrame({"kept": closest.idxmax(axis=1), "correlation": closest.max(axis=1)})
print(twins.sort_values("correlation", ascending=False).head(6).round(2))

# %%
# How far the three networks agree, in one pass on all features: a score within a standard
# deviation or so of the next is no better than it.
one_pass = DeepLIFFTSelector(three_networks, step=None, random_state=0).fit(X, y)
scores = pd.DataFrame(
    {"score": one_pass.feature_importances_, "std": one_pass.importances_std_}, X.columns
)
print(scores.sort_values("score", ascending=False).head(6).round(3))
