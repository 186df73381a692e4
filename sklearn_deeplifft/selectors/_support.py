"""Lists made of a ranking, and its cut to a selection, resolved when asked."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, cast

import numpy as np
import pandas as pd
from sklearn.feature_selection import SelectorMixin
from sklearn.utils._param_validation import validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.ranking import (
    count_to_select,
    importance_threshold,
    nogueira_stability,
    rank,
    selection_frequency,
    top_mask,
    top_masks,
)
from sklearn_deeplifft.selectors._cut import CUT, position_of
from sklearn_deeplifft.selectors._quantities import Quantities
from sklearn_deeplifft.selectors._ranking_frame import ranking_frame
from sklearn_deeplifft.selectors._significance import AUTO
from sklearn_deeplifft.tables import (
    FeatureGroups,
    Rows,
    check_rows,
    correlated_pairs,
    require_machine_numbers,
    require_threshold,
)

__all__ = ["NO_CLASSES", "RankedFeatures"]

NO_CLASSES = (
    "per_class selects features for each class, and a regression has none. Pass "
    "per_class=False, or labels."
)


LINEAR_REPLACED = (
    "After the first round networks with a hidden layer took the place of those without, which "
    "knew much less of rows held out."
)


class RankedFeatures(SelectorMixin):
    """A selector whose ``fit`` leaves a ranking, importances and class scores."""

    n_features_to_select: Any
    threshold: Any
    alpha: float
    per_class: bool
    layer: str | None = None
    """Submodule whose neurons are ranked, where a subclass has the parameter."""
    _layer: str | None = None
    """The same, as of the last fit."""
    ranking_: np.ndarray
    q_values_: np.ndarray
    class_q_values_: np.ndarray
    feature_importances_: np.ndarray
    class_importances_: np.ndarray
    class_slopes_: np.ndarray
    quantities_: Quantities
    importances_per_network_: np.ndarray
    importances_std_: np.ndarray
    importances_interval_: np.ndarray
    mean_ranks_: np.ndarray
    estimator_: Any
    linear_replaced_: bool = False
    """Whether elimination, where there is any, has done without linear networks."""
    _groups: FeatureGroups
    _group_labels: Sequence[str | None]
    """Labels of features, in the order in which ``feature_groups`` has them."""
    _row_names: Sequence[Any]
    _n_rows: int
    """Rows that ``fit`` was given."""

    def transform(self, X: Any) -> Any:
        """Reduce X to the selected features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples, n_selected_features)
        """
        # scikit-learn sums X to see whether it is finite, and says so in words of its own.
        with np.errstate(over="ignore", invalid="ignore"):
            return super().transform(X)

    def top_features(self, k: int = 10, *, label: Any = None) -> np.ndarray:
        """The features that speak most for a class, or the best of all.

        Parameters
        ----------
        k : int, default=10
            So many columns, whatever the current cut; all if there are fewer.
        label : object, default=None
            A class of ``classes_`` (of several outputs: a pair of output and class; in
            regression the position of an output): order by its signed score in
            ``class_importances_``, highest first. None orders by ``ranking_``.

        Returns
        -------
        ndarray of shape (min(k, n_features),)
            Names, or positions if ``fit`` was given none or neurons were scored. Features whose
            score is not positive do not speak for the class; they come last.

        Raises
        ------
        ValueError
            The label is unknown, or ``k`` is not positive.
        """
        check_is_fitted(self, "ranking_")
        if not isinstance(k, Integral) or isinstance(k, bool) or k < 1:
            raise ValueError(
                f"k={shown(k)} must be a positive integer: so many features are returned."
            )
        if label is None:
            values = -self.ranking_
        elif (row := position_of(label, self._row_names)) is not None:
            values = self.class_importances_[row]
        else:
            known = ", ".join(map(str, self._row_names))
            raise ValueError(
                f"label={shown(label)} is not one of those that fit has seen: {known}."
            )
        best = np.argsort(-values, kind="stable")[:k]
        names = getattr(self, "feature_names_in_", None) if self._selects_inputs() else None
        return best if names is None else names[best]

    def to_frame(self, X: Any = None, *, threshold: float = 0.9) -> pd.DataFrame:
        """The ranking as a table, the best feature first.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Rows to take correlations from, such as those given to ``fit``.
        threshold : float, default=0.9
            Absolute Pearson correlation above which features are partners, between 0 and 1.

        Returns
        -------
        DataFrame
            One row per feature: a column of X, a group of ``feature_groups``, or a neuron. Of the
            columns those that do not apply are absent:

            - ``rank`` (1 is best) and ``feature``: its name, or its position; that of a group is
              its label, if that is a text, or else made of the names of its columns;
            - ``group``, the names of its columns, a tuple (with ``feature_groups``);
            - ``importance``, as ``feature_importances_``;
            - ``importance_low``, ``importance_high`` (95 % interval of its mean over networks),
              ``importance_std`` and ``mean_rank`` over networks, ``selection_frequency``, the share
              of networks that would select it at the current cut (with two networks or more);
            - ``p_value``, ``q_value`` (where networks have read null columns);
            - ``class_score[cat]``, signed, for each class; of several outputs
              ``class_score[0_cat]``, of the targets of a regression ``class_score[0]``; of a group
              the highest of its columns;
            - ``class_slope[cat]``, likewise, where there are ``class_slopes_``; NaN of a group of
              several columns, as more of one may be less of another;
            - ``direction``: ``"+ cat"`` where more of the feature speaks for a class, of several
              the one with the largest score; of a quantity ``"+"`` or ``"-"``; ``"+-"`` where the
              columns of a group differ; empty where it says nothing;
            - ``correlated_partners``, a tuple of features, the closest first (with ``X``; not of
              neurons). Networks share a score among such features, or give it to one by chance;
            - ``selected``, at the current cut.

        Raises
        ------
        ValueError
            The threshold is out of range, or ``X`` is given and neurons were ranked (``layer=``).

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn_deeplifft import GIATransformer
        >>> two = GIATransformer.default_estimator(n_networks=2)
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> frame = GIATransformer(two, random_state=0).fit(X, y).to_frame(X)
        >>> frame.columns.tolist()[:3], len(frame)
        (['rank', 'feature', 'importance'], 4)
        >>> frame.set_index("feature").loc["petal width (cm)", "correlated_partners"]
        ('petal length (cm)',)
        """
        check_is_fitted(self, "ranking_")
        return ranking_frame(self, None if X is None else self._own_rows(X, "to_frame"), threshold)

    def summary(self, k: int = 20, *, width: int = 80) -> str:
        """What the fit has found, as text.

        Rows, columns and classes; the score of the networks on rows held out, and whether it is
        better than chance; which epochs the networks keep; how many features the current cut keeps,
        and how far the networks' own lists agree; the first features, and what speaks for and
        against each class.

        Parameters
        ----------
        k : int, default=20
            Features listed; all of them, if there are fewer.
        width : int, default=80
            Characters of a line, 60 or more.

        Returns
        -------
        str
            A prompt shows it line by line, as ``print`` does.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn_deeplifft import GIATransformer
        >>> two = GIATransformer.default_estimator(n_networks=2)
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> print(GIATransformer(two, random_state=0).fit(X, y).summary().splitlines()[0])
        GIATransformer: 150 rows, 4 columns, 3 classes: 0, 1, 2.
        """
        from sklearn_deeplifft.selectors._summary import summary_of  # rich, for those who ask

        check_is_fitted(self, "ranking_")
        for name, value, least in (("k", k, 1), ("width", width, 60)):
            if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
                raise ValueError(f"{name}={shown(value)} must be a whole number, {least} or more.")
        return summary_of(self, int(k), int(width))

    def support_per_class(self, k: float | str | None = None) -> np.ndarray:
        """The features that speak most for each class.

        Parameters
        ----------
        k : int, float, "auto" or None, default=None
            Number or fraction of features for each class; ``"auto"``: those with
            ``class_q_values_`` of at most ``alpha``. None: as ``n_features_to_select``.

        Returns
        -------
        ndarray of bool of shape (n_classes, n_features)
            Rows follow ``class_importances_``. Only features that speak for a class, with a score
            above zero, are among its ``k``. With ``per_class=True`` a feature is selected if it is
            in any row.

        Raises
        ------
        ValueError
            In regression, where there are no classes; ``"auto"`` after a fit without null
            features; more features asked for than there are.
        """
        check_is_fitted(self, "ranking_")
        if not hasattr(self, "classes_"):
            raise ValueError(NO_CLASSES)
        self._require_cut()
        k = self.n_features_to_select if k is None else k
        by_class = self._groups.largest(self.class_importances_)
        if isinstance(k, str) and k == AUTO:
            chosen = self._groups.merged(self._tested_against_nulls("class_q_values_"))
            chosen = chosen <= self.alpha
        else:
            n = count_to_select(cast(float | None, k), by_class.shape[1])
            chosen = np.array([top_mask(rank(row), n) for row in by_class])
        return self._groups.spread(chosen & (by_class > 0))

    def redundant_features(self, X: Any, threshold: float = 0.9) -> pd.DataFrame:
        """Columns that say nearly the same as a selected one, at the current cut.

        Networks share a score among such columns, or give it to one by chance: that a partner was
        left out does not say that it is irrelevant.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to take correlations from, such as those given to ``fit``.
        threshold : float, default=0.9
            Absolute Pearson correlation above which two columns are listed, between 0 and 1.

        Returns
        -------
        DataFrame
            One row for each selected column and partner: ``selected`` and ``partner`` (names, or
            positions if ``fit`` was given none), their ``correlation``, -1 to 1, and whether the
            partner is ``kept`` too. The best selected column first, then the closest partner.

        Raises
        ------
        ValueError
            The threshold is out of range, or neurons were ranked (``layer=``).
        """
        check_is_fitted(self, "ranking_")
        require_threshold(threshold)
        rows, mask = self._own_rows(X, "redundant_features"), self._get_support_mask()
        pairs = list(correlated_pairs(rows, threshold, np.flatnonzero(mask)))
        i, j, rho = (np.concatenate(part) for part in zip(*pairs, strict=True))
        order = np.lexsort((-np.abs(rho), i, self.ranking_[i]))
        i, j, rho = i[order], j[order], rho[order]
        names = getattr(self, "feature_names_in_", np.arange(len(mask)))
        return pd.DataFrame(
            {"selected": names[i], "partner": names[j], "correlation": rho, "kept": mask[j]}
        )

    def _own_rows(self, X: Any, method: str) -> Rows:
        """Rows whose columns are compared; those of a layer are neurons."""
        if not self._selects_inputs():
            raise ValueError(
                f"layer={self._layer!r} ranks neurons, and {method} compares columns of X; fit "
                "without layer=."
            )
        return Rows(check_rows(self, X, reset=False))

    @property
    def feature_groups_(self) -> list[np.ndarray]:
        """Columns of each feature, in the order of their first columns."""
        check_is_fitted(self, "ranking_")
        return self._groups.columns

    @property
    def training_choice_(self) -> pd.DataFrame:
        """What the training of each network on all features came to, as the ensemble has it."""
        check_is_fitted(self, "ranking_")
        return self.estimator_.training_choice_

    def _training_said(self) -> str:
        """The same in a sentence, and what became of networks that know much less than others."""
        said: str = self.estimator_._training_choice_said()
        return f"{said} {LINEAR_REPLACED}" if self.linear_replaced_ else said

    @property
    def selection_frequency_(self) -> np.ndarray:
        """Share of the networks that would select each feature at the current cut, (d,)."""
        return self._groups.spread(selection_frequency(self._masks_per_network()))

    @property
    def stability_(self) -> float:
        """Nogueira's index of the networks' own selections at the current cut."""
        masks = self._masks_per_network()
        with _as_attribute():
            return nogueira_stability(masks)

    def _masks_per_network(self) -> np.ndarray:
        check_is_fitted(self, "ranking_")
        with _as_attribute():
            k = self._groups.merged(self._get_support_mask()).sum()
        return top_masks(self._groups.merged(self.importances_per_network_), k)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _selects_inputs(self) -> bool:
        """Whether columns of X are ranked, rather than neurons of a hidden layer."""
        return self._layer is None

    def _transform(self, X: Any) -> Any:
        """Reduce rows; of an empty selection that was not asked for, nothing can be handed on."""
        auto = self.n_features_to_select == AUTO
        if auto and not self._get_support_mask().any() and not self._counted_mask().any():
            raise ValueError(
                f'n_features_to_select="auto" kept no column at alpha={self.alpha:g}, so '
                "transform has nothing to hand on: no column stands out from null ones (the "
                f"smallest q-value is {self._q_of_cut().min():.3g}). Give a number with "
                "set_params(n_features_to_select=k), which trains nothing, or a larger alpha."
            )
        if self.threshold is None or self._get_support_mask().any():
            return super()._transform(X)
        self._tell_of_none()
        with warnings.catch_warnings():
            # In words of data that are too noisy, at a line of scikit-learn's.
            warnings.filterwarnings("ignore", "No features were selected", UserWarning)
            return super()._transform(X)

    def _tell_of_none(self) -> None:
        finding = (
            f"threshold={self.threshold!r} keeps no column: the largest importance is "
            f"{self.feature_importances_.max():.3g}."
        )
        remedy = "Set it lower with set_params(threshold=...), which trains nothing."
        tell(FeatureSelectionWarning(finding, remedy))

    def _q_of_cut(self) -> np.ndarray:
        """q-values (d,) by which ``"auto"`` cuts; for classes 1 where a column speaks for none."""
        if not self.per_class:
            return self.q_values_
        found: np.ndarray = np.where(self.class_importances_ > 0, self.class_q_values_, 1)
        smallest: np.ndarray = found.min(axis=0)
        return smallest

    def _require_cut(self) -> None:
        """Check the parameters of the cut, which may have been set since ``fit`` checked them."""
        given = {name: getattr(self, name) for name in CUT}
        require_machine_numbers(given)
        if isinstance(self.n_features_to_select, Real | str):
            del given["n_features_to_select"]  # it is counted out against the features there are
        limits = {name: CUT[name] for name in given}
        validate_parameter_constraints(limits, given, caller_name=type(self).__name__)

    def _get_support_mask(self) -> np.ndarray:
        check_is_fitted(self, "ranking_")
        self._require_cut()
        k = self.n_features_to_select
        if self.threshold is None:
            return self._counted_mask()
        # A mean over features: a group's columns are one.
        by_feature = self._groups.merged(self.feature_importances_)
        limit = importance_threshold(by_feature, self.threshold)
        mask = self.feature_importances_ >= limit
        return mask if k is None else mask & self._counted_mask()

    def _counted_mask(self) -> np.ndarray:
        """Mask (d,) by ``n_features_to_select`` alone."""
        if self.per_class:
            return np.asarray(self.support_per_class().any(axis=0))
        if self.n_features_to_select == AUTO:
            return np.asarray(self._tested_against_nulls("q_values_") <= self.alpha)
        n = len(self._groups.first)
        return top_mask(self.ranking_, count_to_select(self.n_features_to_select, n))

    def _tested_against_nulls(self, name: str) -> Any:
        if not hasattr(self, name):
            raise ValueError(
                'n_features_to_select="auto" compares features with null ones, and the networks of '
                "the last fit have read none. Set it before fit."
            )
        return getattr(self, name)


@contextmanager
def _as_attribute() -> Iterator[None]:
    """Turn ValueError into AttributeError: ``hasattr`` and scikit-learn's display rely on it."""
    try:
        yield
    except ValueError as error:
        raise AttributeError(str(error)) from error
