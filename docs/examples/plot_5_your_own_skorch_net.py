"""
Your own skorch net
===================

A convolutional network that was trained by skorch, with an optimiser and a number of epochs of its
own, is read as it is: which pixels speak for each digit, and how few of them tell digits apart.
"""

# %%
# Convolutions, ReLU and the maximum over neighbours are piecewise linear, so that every logit is a
# bias plus one term for each pixel, exactly.
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from skorch import NeuralNetClassifier
from torch import nn

from sklearn_deeplifft import DeepLIFFTSelector

images, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(
    images.astype(np.float32) / 16, y, test_size=0.3, stratify=y, random_state=0
)
torch.manual_seed(0)
network = nn.Sequential(
    nn.Unflatten(1, (1, 8, 8)),
    nn.Conv2d(1, 16, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(16 * 4 * 4, 10),
)
net = NeuralNetClassifier(
    network,
    criterion=nn.CrossEntropyLoss,
    optimizer=torch.optim.Adam,
    lr=0.01,
    max_epochs=15,
    train_split=None,
    verbose=0,
).fit(X, y)
print(f"accuracy of the net on new images: {net.score(X_test, y_test):.3f}")

# %%
# ``prefit=True`` trains nothing. Images that the net has not seen are read.
selector = DeepLIFFTSelector(net, prefit=True, n_features_to_select=12).fit(X_test, y_test)
print(f"largest residual of the sums: {selector.decomposition_error_:.0e}")
terms, bias = selector.contributions(X_test[:1])
print("logits of the first image:", (terms.sum(axis=-1) + bias)[0].round(1))

# %%
# Scores of pixels, in images of each digit: blue where a pixel raises the probability of the digit,
# by being inked or by being blank, against the mean image: a 0 is known by its empty middle. The
# twelve pixels that matter most are framed.
kept = selector.get_support().reshape(8, 8)
limit = np.abs(selector.class_importances_).max()
figure, axes = plt.subplots(2, 5, figsize=(9, 4.2), layout="constrained")
for digit, (ax, scores) in enumerate(zip(axes.flat, selector.class_importances_, strict=True)):
    drawn = ax.imshow(scores.reshape(8, 8), cmap="RdBu", vmin=-limit, vmax=limit)
    for row, column in np.argwhere(kept):
        ax.add_patch(plt.Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, lw=0.8))
    ax.set_title(digit)
    ax.set_axis_off()
label = "change of the digit's probability"
figure.colorbar(drawn, ax=axes, shrink=0.8, label=label)

# %%
# Twelve of the 64 pixels, for another model. The list was made on these very images, so this shows
# that it is worth something and is no score to report.
model = LogisticRegression(max_iter=1000)
for name, columns in (("12 pixels", selector.get_support()), ("all 64", slice(None))):
    accuracy = model.fit(X[:, columns], y).score(X_test[:, columns], y_test)
    print(f"{name}: {accuracy:.2f}")
