"""What was done, and how to do it again."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sklearn_deeplifft._printable import printable
from sklearn_deeplifft.report._evidence import Evidence
from sklearn_deeplifft.report._provenance import table_hash, versions

__all__ = ["Origin", "done_section", "own_origin"]

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
"""Where an object without a name of its own lies in memory: another place each time."""
LONGEST_LINE, MOST_LINES = 400, 60


@dataclass(frozen=True)
class Origin:
    """Where the rows of a report come from.

    Parameters
    ----------
    data : str
        Name of the file, or of the table.
    sha256 : str
        Hash of its bytes.
    repeat : str
        Command or program that makes the report again.
    notes : sequence of str
        What came up while the table was read and the networks were trained.
    details : mapping of str to str
        More lines of the section "What was done".
    dates : collection of str
        Columns that are dates, in days since 1970-01-01.
    """

    data: str
    sha256: str
    repeat: str
    notes: Sequence[str] = ()
    details: Mapping[str, str] = field(default_factory=dict)
    dates: Collection[str] = ()


def own_origin(evidence: Evidence, y: Any) -> Origin:
    """Origin of a table that was handed over in Python: a hash of its values."""
    kind = type(evidence.selector)
    program = (
        f"from sklearn_deeplifft import {kind.__name__}\n\n"
        f"selector = {evidence.selector!r}\n"
        "selector.fit(X, y).report('report.html', X, y)"
    )
    n, d = evidence.rows.shape
    return Origin(
        f"table of {n:,} rows and {d:,} columns, from Python",
        table_hash(evidence.rows, y, evidence.names),
        program,
    )


def done_section(evidence: Evidence, origin: Origin) -> dict[str, Any]:
    """Lines of names and values, the call that repeats it, and notes."""
    selector = evidence.selector
    packages = ", ".join(f"{name} {number}" for name, number in versions().items())
    lines = {
        "Data": printable(origin.data, 120),
        "SHA-256": origin.sha256,
        **{name: printable(value, 300) for name, value in origin.details.items()},
        "Seed": printable(selector.random_state),
        "Method": f"{type(selector).__name__}, {len(selector.estimator_.estimators_):,} networks",
        "Training": selector._training_said(),
        **_exactness(selector.decomposition_error_),
        "Versions": packages,
    }
    return {
        "done": list(lines.items()),
        "repeat": _program(origin.repeat),
        "notes": [printable(note, 600) for note in origin.notes],
    }


def _exactness(error: float) -> dict[str, str]:
    """Nothing of readings that decompose no prediction."""
    if np.isnan(error):
        return {}
    return {
        "Exactness": "what features add up to differs from the prediction by "
        f"{error:.1e} of its size at most"
    }


def _program(text: str) -> str:
    lines = ADDRESS.sub("", text).splitlines()
    more = ["..."] if len(lines) > MOST_LINES else []
    return "\n".join([*(printable(line, LONGEST_LINE) for line in lines[:MOST_LINES]), *more])
