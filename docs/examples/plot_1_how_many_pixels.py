"""
How many pixels does a digit need?
==================================

The selector stands in a pipeline, so that each fold selects its own pixels, and a grid search
chooses their number by cross-validation.
"""

# %%
# Digits of 8 x 8 pixels. A test part is put aside for the score at the end. Pixels that are blank
# in every training image go first.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.plotting import FeatureCountDisplay

X, y = load_digits(return_X_y=True, as_frame=True)
X, X_test, y, y_test = train_test_split(X, y, train_size=600, stratify=y, random_state=0)

one_network = DeepLIFFTSelector.default_estimator(n_networks=1, max_epochs=20)
selector = DeepLIFFTSelector(one_network, step=None, random_state=0)
pipeline = make_pipeline(
    VarianceThreshold(), selector, MinMaxScaler(), LogisticRegression(max_iter=1000)
)
counts = [5, 10, 20, 40]
search = GridSearchCV(pipeline, {"deeplifftselector__n_features_to_select": counts}, cv=3)
search.fit(X, y)

# %%
# Accuracy against the number of pixels. The cross-validated scores choose the number; with the
# number chosen, the score to report comes from the test part.
everything = pipeline[2:].fit(X, y).score(X_test, y_test)
FeatureCountDisplay(
    counts,
    {"cross-validated": search.cv_results_["mean_test_score"]},
    score_name="accuracy",
).plot()
print(f"{search.best_params_['deeplifftselector__n_features_to_select']} pixels are best here")
print(f"report: {search.score(X_test, y_test):.3f}; with all pixels {everything:.3f}")

# %%
# Where the pixels are. Nothing is trained again: ``set_params`` after ``fit`` only moves the cut.
selection = search.best_estimator_[:2]
figure, axes = plt.subplots(1, len(counts), figsize=(8, 2.4), layout="constrained")
for ax, k in zip(axes, counts, strict=True):
    selection[1].set_params(n_features_to_select=k)
    image = np.zeros((8, 8))
    for name in selection.get_feature_names_out():  # such as "pixel_3_4"
        image[tuple(int(part) for part in name.split("_")[1:])] = 1
    ax.imshow(image, cmap="Greys", vmin=0, vmax=1.4)
    ax.set(title=f"{k} pixels", xticks=[], yticks=[])
