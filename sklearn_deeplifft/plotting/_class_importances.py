"""Signed importances of each feature for each class, and the importance beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sklearn_deeplifft.plotting._axes import axes_or_new
from sklearn_deeplifft.plotting._directed import directed
from sklearn_deeplifft.plotting._feature_rows import best_features
from sklearn_deeplifft.plotting._labels import literal, shortened
from sklearn_deeplifft.plotting._logo_rows import LOGO_SPACE, draw_logos
from sklearn_deeplifft.plotting._signed_cells import (
    BESIDE,
    NAME_SIZE,
    cell_width,
    draw_bars,
    draw_importances,
    draw_map,
    draw_scale,
    name_size,
    row_height,
)
from sklearn_deeplifft.selectors._ranking_frame import displayed_names

__all__ = ["ClassImportanceDisplay"]

SCORE = "class score (+ for, - against)"
LONGEST_FEATURE, LONGEST_CLASS = 36, 20
LEAST_PITCH = 0.17
"""Inches from one slanted label to the next at which both are readable."""
LETTER = 0.075
"""Inches that a letter of a label takes, on average."""
BARS_WIDTH = 3.2
"""Inches of the bars that are drawn where there is one column only."""


class ClassImportanceDisplay:
    """Signed importances, the best feature on top: a heat map of classes, or bars of one output.

    Blue speaks for a class, red against it, and grey neither way; white is zero and both ends are
    equally far from it. The importance by which features are sorted is drawn beside them. Where
    there are too many classes to name all of them, every second or third one is named.

    Parameters
    ----------
    importances : ndarray of shape (n_features, n_classes)
        In the order in which the features are to be drawn: signed, or sizes with ``directions``.
    feature_names : sequence of str of length n_features
    class_names : sequence of str of length n_classes
    directions : ndarray of shape (n_features, n_classes), default=None
        Positive where more of a feature speaks for the class, negative where it speaks against it,
        0 where it does neither. Colours then have their sign from here and their depth from the
        size of ``importances``. None: the sign is that of ``importances``.
    label : str, default="class score (+ for, - against)"
        What the colours, or bars, measure.
    overall : ndarray of shape (n_features,), default=None
        Importance of each feature, drawn as grey bars beside; None draws none.
    overall_label : str, default="importance"
    logos : sequence of length n_features, default=None
        Of each feature heights of letters (4, w), drawn between its name and its cells, or None.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    im_ : matplotlib AxesImage or None
        None where there is one column, drawn as bars.
    bars_ : matplotlib BarContainer or None
        These bars.
    colorbar_ : matplotlib Colorbar or None
    importance_ax_ : matplotlib Axes or None
        The importance beside.

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
        label: str = SCORE,
        overall: ArrayLike | None = None,
        overall_label: str = "importance",
        logos: Sequence[ArrayLike | None] | None = None,
    ) -> None:
        self.importances = importances
        self.feature_names = feature_names
        self.class_names = class_names
        self.directions = directions
        self.label = label
        self.overall = overall
        self.overall_label = overall_label
        self.logos = logos

    @classmethod
    def from_estimator(
        cls, selector: Any, *, k: int = 20, ax: Any = None
    ) -> ClassImportanceDisplay:
        """Draw the ``k`` best features of a fitted selector.

        Of `DeepLIFFTSelector` and `ImportanceNeuronSelector` the depth of a colour is the size of
        the class score, and its sign that of ``class_slopes_``; in a regression slopes are drawn.
        Of `GIATransformer` effects are drawn, whose signs are directions already.

        Parameters
        ----------
        selector : DeepLIFFTSelector, ImportanceNeuronSelector or GIATransformer
            Fitted.
        k : int, default=20
            Features drawn, by ``ranking_``; all of them, if there are fewer.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ClassImportanceDisplay
        """
        k = best_features(selector, k)
        found, table = directed(selector), selector.to_frame()
        return cls(
            found.values[:k],
            feature_names=displayed_names(selector)[:k],
            class_names=_class_names(getattr(selector, "classes_", None), found.values.shape[1]),
            directions=found.directions[:k],
            label=found.label,
            overall=table["importance"].to_numpy()[:k],
            overall_label=selector.quantities_.importance,
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
            Itself, with the attributes set.
        """
        self.ax_ = axes_or_new(ax, self.size())
        self.figure_ = self.ax_.figure
        values = np.asarray(self.importances, dtype=np.float64)
        signs = np.sign(values if self.directions is None else np.asarray(self.directions))
        self.im_ = self.bars_ = self.colorbar_ = self.importance_ax_ = None
        if self._is_one_column():
            self.bars_ = draw_bars(self.ax_, np.abs(values[:, 0]), signs[:, 0], self.label)
        else:
            self.im_ = draw_map(self.ax_, np.abs(values), signs)
            self._label_classes()
        rows = self._row_labels()
        self.ax_.set_yticks(range(len(rows)), rows, fontsize=name_size(len(rows)))
        self.ax_.tick_params(axis="y", length=0)
        if self.logos is not None:
            draw_logos(self.ax_, self.logos)
        if self.overall is not None:
            self.importance_ax_ = draw_importances(
                self.ax_, np.asarray(self.overall), self.overall_label
            )
        if self.im_ is not None:
            self.colorbar_ = draw_scale(self.im_, self.label)
        return self

    def size(self) -> tuple[float, float]:
        """Width and height in inches at which every label is readable."""
        rows = self._row_labels()
        width = 1.0 + LETTER * max(map(len, rows), default=0) + self._inner_width()
        width += 0.0 if self.overall is None else BESIDE + 0.5
        width += 0.0 if self.logos is None else LOGO_SPACE
        below = max((len(name) for name in self._column_labels()), default=0)
        slant = 0.7 * LETTER * below if self._slanted() else 0.0
        above = 0.0 if self._is_one_column() else 0.8  # the scale of colours
        return width, 1.0 + slant + above + self._inner_height()

    def _is_one_column(self) -> bool:
        return bool(np.shape(self.importances)[1] == 1)

    def _inner_width(self) -> float:
        """Inches of the heat map, or of the bars."""
        n_classes = np.shape(self.importances)[1]
        return BARS_WIDTH if n_classes == 1 else n_classes * cell_width(n_classes)

    def _inner_height(self) -> float:
        n_features = np.shape(self.importances)[0]
        return float(row_height(n_features) * max(n_features, 4))

    def _row_labels(self) -> list[str]:
        return [literal(shortened(name, LONGEST_FEATURE)) for name in self.feature_names]

    def _column_labels(self) -> list[str]:
        return [literal(shortened(name, LONGEST_CLASS)) for name in self.class_names]

    def _slanted(self) -> bool:
        """Return whether class names are wider than their columns."""
        labels = self._column_labels()
        if len(labels) == 1:
            return False
        return LETTER * max(map(len, labels), default=0) > 0.9 * cell_width(len(labels))

    def _label_classes(self) -> None:
        slanted, labels = self._slanted(), self._column_labels()
        every = math.ceil(LEAST_PITCH / cell_width(len(labels)))
        self.ax_.set_xticks(
            range(0, len(labels), every),
            labels[::every],
            fontsize=NAME_SIZE,
            rotation=45 if slanted else 0,
            ha="right" if slanted else "center",
            rotation_mode="anchor" if slanted else "default",
        )
        self.ax_.tick_params(axis="x", length=0)


def _class_names(classes: Any, n_rows: int) -> list[str]:
    """Name the rows of ``class_importances_``: classes, labels of each output, or outputs."""
    if classes is None:
        return ["prediction"] if n_rows == 1 else [f"output {i}" for i in range(n_rows)]
    if isinstance(classes, list):
        return [f"{i}: {label}" for i, labels in enumerate(classes) for label in labels]
    return [str(label) for label in classes]
