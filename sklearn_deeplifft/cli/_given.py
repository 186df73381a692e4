"""The table that a command was given, with what can be refused refused before training."""

from __future__ import annotations

from sklearn_deeplifft import groups_from_file
from sklearn_deeplifft.cli._counts import require_counts
from sklearn_deeplifft.cli._families import Families, features_of, of_table
from sklearn_deeplifft.cli._read import load_table
from sklearn_deeplifft.cli._scale import in_usual_units, require_single_precision
from sklearn_deeplifft.cli._settings import Source, Training
from sklearn_deeplifft.cli._table import Table

__all__ = ["loaded"]

WIDE = 20_000
"""Features from which on a first look with few networks is recommended."""


def loaded(
    source: Source, training: Training, filled_by: str = "all rows"
) -> tuple[Table, Families | None, float]:
    """The table, its groups and the unit of its target; what can be refused is refused here."""
    table = load_table(
        source.table,
        source.target,
        task=source.task,
        attributes=source.attributes,
        filled_by=filled_by,
        **source.reading,
    )
    require_single_precision(table)
    groups = None if source.groups is None else groups_from_file(source.groups)
    families = of_table(groups, table, table.notes)
    n_features = len(features_of(families, table))
    require_counts(training.counts, n_features)
    if n_features > WIDE and training.networks is None:
        table.notes.append(
            f"{n_features:,} features take long to train on; --networks 2 gives a first look, and "
            "--checkpoint-dir keeps what is finished."
        )
    table, unit = in_usual_units(table)
    return table, families, unit
