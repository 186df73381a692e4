"""Floor 0: rows of any kind of table, validation that names columns, targets, feature groups."""

from sklearn_deeplifft.tables._containers import naming_bad_cells, require_readable
from sklearn_deeplifft.tables._correlations import (
    ColumnCorrelations,
    correlated_pairs,
    require_threshold,
)
from sklearn_deeplifft.tables._feature_groups import FeatureGroups, find_groups, group_labels
from sklearn_deeplifft.tables._fit_data import (
    FitData,
    check_rows,
    fit_data,
    scored_rows,
    target_scale,
)
from sklearn_deeplifft.tables._forks import prepare_for_forks
from sklearn_deeplifft.tables._frames import arrow_as_frame, column_labels
from sklearn_deeplifft.tables._labels import plain_target
from sklearn_deeplifft.tables._near_copies import near_copies
from sklearn_deeplifft.tables._partitions import gathered, is_partitioned, partitions_of
from sklearn_deeplifft.tables._row_groups import encode_row_groups
from sklearn_deeplifft.tables._rows import (
    Rows,
    canonical_rows,
    column_moments,
    of_several_targets,
    powers_of_two,
    row_codes,
)
from sklearn_deeplifft.tables._scaling import Scaling, as_read, unskewed
from sklearn_deeplifft.tables._simplex_groups import Simplex, find_simplices
from sklearn_deeplifft.tables._targets import (
    Problem,
    Target,
    encode_known,
    encode_like,
    encode_target,
    require_varied,
)
from sklearn_deeplifft.tables._task import Task, decide_task, task_of, task_sentence
from sklearn_deeplifft.tables._validation import (
    Names,
    as_numbers,
    class_weights,
    column_indices,
    column_names,
    named_device,
    names_of,
    reference_values,
    require_device,
    require_finite,
    require_finite_answers,
    require_layer_sizes,
    require_machine_numbers,
    require_no_groups_beside_layer,
    require_reference,
    warn_constant,
)
from sklearn_deeplifft.tables.reading import ReadTable, TableReadError, read_table

__all__ = [
    "ColumnCorrelations",
    "FeatureGroups",
    "FitData",
    "Names",
    "Problem",
    "ReadTable",
    "Rows",
    "Scaling",
    "Simplex",
    "TableReadError",
    "Target",
    "Task",
    "arrow_as_frame",
    "as_numbers",
    "as_read",
    "canonical_rows",
    "check_rows",
    "class_weights",
    "column_indices",
    "column_labels",
    "column_moments",
    "column_names",
    "correlated_pairs",
    "decide_task",
    "encode_known",
    "encode_like",
    "encode_row_groups",
    "encode_target",
    "names_of",
    "find_groups",
    "find_simplices",
    "group_labels",
    "fit_data",
    "gathered",
    "is_partitioned",
    "named_device",
    "naming_bad_cells",
    "near_copies",
    "of_several_targets",
    "partitions_of",
    "plain_target",
    "powers_of_two",
    "row_codes",
    "prepare_for_forks",
    "read_table",
    "reference_values",
    "require_device",
    "require_finite",
    "require_finite_answers",
    "require_layer_sizes",
    "require_machine_numbers",
    "require_no_groups_beside_layer",
    "require_readable",
    "require_reference",
    "require_threshold",
    "require_varied",
    "scored_rows",
    "target_scale",
    "task_of",
    "task_sentence",
    "unskewed",
    "warn_constant",
]
