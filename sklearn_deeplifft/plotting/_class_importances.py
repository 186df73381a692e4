"""A heat map of the evidence of each feature for and against each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft.plotting._axes import axes_or_new
from sklearn_deeplifft.plotting._labels import shortened

__all__ = ["ClassImportanceDisplay"]

PROBABILITY = "mean change of the class's probability\n(+ for, - against)"
LONGEST_FEATURE, LONGEST_CLASS = 36, 20
LETTER = 0.075
"""Inches that a letter of a label takes, on average."""
PALE = 0.15
"""Share of the darkest colour below which a cell is as good as white."""


class ClassImportanceDisplay:
    """Heat map of signed importances, the best feature on top, one column per class.

    Blue speaks for a class, red against it; white is zero and both ends are equally far from it.

    Parameters
    ----------
    importances : ndarray of shape (n_features, n_classes)
        Signed, in the order in which the features are to be drawn.
    feature_names : sequence of str of length n_features
    class_names : sequence of str of length n_classes
    directions : ndarray of shape (n_features, n_classes), default=None
        Positive where a class has higher values of the feature than the others, negative where
        it has lower ones. Drawn as triangles, pointing up or down, in cells that are not pale:
        a feature can speak for one class by being high and for another by being low.
    label : str, default=PROBABILITY
        What the colours measure; the text beside the colour bar.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    im_ : matplotlib AxesImage
    colorbar_ : matplotlib Colorbar

    See Also
    --------
    FeatureCountDisplay : Score against the number of features.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_deeplifft import DeepLIFFTSelector
    >>> from sklearn_deeplifft.plotting import ClassImportanceDisplay
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> one = DeepLIFFTSelector.default_estimator(n_networks=1, max_epochs=5)
    >>> selector = DeepLIFFTSelector(one, random_state=0).fit(X, y)
    >>> display = ClassImportanceDisplay.from_estimator(selector, k=2)
    >>> display.im_.get_array().shape
    (2, 3)
    >>> import matplotlib.pyplot as plt
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        importances: ArrayLike,
        *,
        feature_names: Sequence[object],
        class_names: Sequence[object],
        directions: ArrayLike | None = None,
        label: str = PROBABILITY,
    ) -> None:
        self.importances = importances
        self.feature_names = feature_names
        self.class_names = class_names
        self.directions = directions
        self.label = label

    @classmethod
    def from_estimator(
        cls, selector: Any, *, k: int = 20, ax: Any = None
    ) -> ClassImportanceDisplay:
        """Draw the ``k`` best features of a fitted selector.

        Parameters
        ----------
        selector : DeepLIFFTSelector
            Fitted.
        k : int, default=20
            Features drawn, by ``ranking_``; all of them, if there are fewer.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ClassImportanceDisplay
        """
        check_is_fitted(selector, "ranking_")
        if k < 1:
            raise ValueError(f"k={k} features cannot be drawn; ask for one or more.")
        best = np.argsort(selector.ranking_, kind="stable")[:k]
        # By scikit-learn's convention both are there only where the fit saw such: column names, and
        # classes.
        names = getattr(selector, "feature_names_in_", None)
        scores = np.atleast_2d(selector.class_importances_)
        return cls(
            scores[:, best].T,
            feature_names=[f"x{i}" if names is None else str(names[i]) for i in best],
            class_names=_class_names(getattr(selector, "classes_", None), len(scores)),
        ).plot(ax=ax)

    def plot(self, ax: Any = None) -> ClassImportanceDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ClassImportanceDisplay
            Itself, with ``ax_``, ``figure_``, ``im_`` and ``colorbar_`` set.
        """
        values = np.asarray(self.importances, dtype=np.float64)
        self.ax_ = axes_or_new(ax, self.size())
        self.figure_ = self.ax_.figure
        # An all-zero map still needs two different ends.
        limit = float(np.abs(values).max(initial=0.0)) or 1.0
        self.im_ = self.ax_.imshow(values, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto")
        self._label_axes(*values.shape)
        if self.directions is not None:
            self._draw_directions(values / limit)
        self.colorbar_ = self.figure_.colorbar(self.im_, ax=self.ax_, pad=0.02, fraction=0.05)
        self.colorbar_.set_label(self.label, fontsize=9)
        self.colorbar_.ax.tick_params(labelsize=8)
        return self

    def size(self) -> tuple[float, float]:
        """Width and height in inches at which every label is readable."""
        n_features, n_classes = np.shape(self.importances)
        letters = max((len(name) for name in self._row_labels()), default=0)
        width = 1.6 + LETTER * letters + n_classes * _cell_width(n_classes)
        below = max((len(name) for name in self._column_labels()), default=0)
        slant = 0.7 * LETTER * below if self._slanted() else 0.0
        return width, 1.6 + slant + 0.24 * max(n_features, 6)

    def _row_labels(self) -> list[str]:
        return [_literal(shortened(name, LONGEST_FEATURE)) for name in self.feature_names]

    def _column_labels(self) -> list[str]:
        return [_literal(shortened(name, LONGEST_CLASS)) for name in self.class_names]

    def _slanted(self) -> bool:
        """Return whether class names are wider than their columns."""
        labels = self._column_labels()
        return LETTER * max(map(len, labels), default=0) > 0.9 * _cell_width(len(labels))

    def _label_axes(self, n_features: int, n_classes: int) -> None:
        slanted = self._slanted()
        self.ax_.set_yticks(range(n_features), self._row_labels(), fontsize=9)
        self.ax_.set_xticks(
            range(n_classes),
            self._column_labels(),
            fontsize=9,
            rotation=45 if slanted else 0,
            ha="right" if slanted else "center",
            rotation_mode="anchor" if slanted else "default",
        )
        self.ax_.tick_params(length=0)
        _draw_grid(self.ax_, n_features, n_classes)

    def _draw_directions(self, shares: np.ndarray) -> None:
        """Triangles where a share of the darkest colour is worth a look."""
        signs = np.sign(np.asarray(self.directions))
        for i, j in np.argwhere((np.abs(shares) >= PALE) & (signs != 0)):
            self.ax_.plot(
                j,
                i,
                marker="^" if signs[i, j] > 0 else "v",
                markersize=4,
                color="white" if abs(shares[i, j]) > 0.6 else "#333333",
                linestyle="none",
            )


def _cell_width(n_classes: int) -> float:
    """Inches of a column: wide when there are few, narrow when there are very many."""
    return min(max(0.45, 2.4 / max(n_classes, 1)), 14.0 / max(n_classes, 1))


def _draw_grid(ax: Any, n_features: int, n_classes: int) -> None:
    """Thin white lines between the cells."""
    ax.set_xticks(np.arange(n_classes - 1) + 0.5, minor=True)
    ax.set_yticks(np.arange(n_features - 1) + 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=0.8)
    ax.tick_params(which="minor", length=0)
    ax.spines[:].set_visible(False)


def _literal(name: str) -> str:
    """A dollar sign in a name is a dollar sign, not the start of a formula."""
    return name.replace("$", r"\$")


def _class_names(classes: Any, n_rows: int) -> list[str]:
    """Name the rows of ``class_importances_``: classes, labels of each output, or outputs."""
    if classes is None:
        return ["prediction"] if n_rows == 1 else [f"output {i}" for i in range(n_rows)]
    if isinstance(classes, list):
        return [f"{i}: {label}" for i, labels in enumerate(classes) for label in labels]
    return [str(label) for label in classes]
