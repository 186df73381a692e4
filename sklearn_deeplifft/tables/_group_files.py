"""Files that name the group of each feature, such as the families of motifs."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from os import PathLike
from pathlib import Path

__all__ = ["groups_from_file"]

HEADERS = ("group", "groups", "family", "families", "cluster", "clusters")
"""Second cells that make the first line a header."""


def groups_from_file(
    path: str | PathLike[str], *, header: bool | None = None
) -> dict[str, str | None]:
    """Read a file of two columns, feature and group.

    Parameters
    ----------
    path : path-like
        UTF-8 text with a feature and its group in each line, separated by a tab if the first line
        holds one, else by a comma. Empty lines and lines that begin with ``#`` are skipped.
    header : bool, default=None
        Whether the first line is a header. None goes by its second cell: group, family or cluster,
        singular or plural in any case, is a header, and anything else the group of a feature.

    Returns
    -------
    dict of str to str or None
        The group of each feature, in the order of the file, for ``feature_groups=`` of the
        selectors; None, where a cell is empty, leaves the feature alone. Names that the table does
        not have are refused there; for a file of more features than the table give
        ``families.get``.

    Raises
    ------
    ValueError
        With the number of the line: it has not two cells, no feature, or a feature that had
        another group before. Or the file names no feature, or is not text.
    OSError
        The file cannot be opened.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_deeplifft import groups_from_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "families.tsv"
    ...     text = "motif\\tfamily\\nGATA1\\tGATA\\nGATA3\\tGATA\\nCTCF\\t\\n"
    ...     _ = path.write_text(text, encoding="utf-8")
    ...     groups_from_file(path)
    {'GATA1': 'GATA', 'GATA3': 'GATA', 'CTCF': None}
    """
    groups: dict[str, str | None] = {}
    for line, (feature, group) in _pairs(Path(path), header):
        if not feature:
            raise ValueError(f"{path}, line {line}: the first cell is empty; it names a feature.")
        if groups.get(feature, group) != group:
            raise ValueError(
                f"{path}, line {line}: {feature!r} is in {group!r} here and in "
                f"{groups[feature]!r} above; a feature belongs to one group at most."
            )
        groups[feature] = group
    if not groups:
        raise ValueError(f"{path} names no feature; every line holds a feature and its group.")
    return groups


def _pairs(path: Path, header: bool | None) -> Iterator[tuple[int, tuple[str, str | None]]]:
    """Numbers of lines, with feature and group."""
    lines = _lines(path)
    separator = "\t" if lines and "\t" in lines[0][1] else ","
    for at, (number, line) in enumerate(lines):
        try:
            cells = [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]
        except csv.Error as error:
            raise ValueError(f"{path}, line {number}: {error}.") from error
        if len(cells) != 2:
            what = "a tab" if separator == "\t" else "a comma"
            raise ValueError(
                f"{path}, line {number} has {len(cells)} cells; it must have two, a feature and "
                f"its group, separated by {what} (as the first line says)."
            )
        named = cells[1].lower() in HEADERS if header is None else header
        if at or not named:
            yield number, (cells[0], cells[1] or None)


def _lines(path: Path) -> list[tuple[int, str]]:
    """Lines that say something, and their numbers, from 1."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text: {error.reason} at {error.start}.") from error
    numbered = enumerate(text.split("\n"), start=1)
    return [(i, line) for i, line in numbered if line.strip() and not line.startswith("#")]
