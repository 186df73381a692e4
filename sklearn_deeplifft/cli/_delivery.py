"""The end of every command: files in their places, then tables or JSON on the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from rich.console import Console

from sklearn_deeplifft.cli._figure import can_draw, figure_writer
from sklearn_deeplifft.cli._json import Document, print_document
from sklearn_deeplifft.cli._screen import console_for, show_files
from sklearn_deeplifft.cli._settings import Results, Training
from sklearn_deeplifft.cli._write import require_writable, write_all

__all__ = ["Writer", "console_of", "figure", "finish", "require_places"]

Writer = Callable[[Path], object]


def console_of(results: Results) -> Console:
    """Where tables are printed; nowhere in silence, or beside a document."""
    return console_for(quiet=results.quiet or results.json)


def require_places(training: Training, results: Results, names: Iterable[str]) -> None:
    """Refuse places that cannot be written to before the work begins."""
    require_writable(results.output, replaced=names if results.force else ())
    if training.checkpoint_dir is not None:
        require_writable(training.checkpoint_dir, "--checkpoint-dir")


def figure(console: Console, name: str, draw: Callable[[], object]) -> dict[str, Writer]:
    """A writer of the figure, if it can be drawn."""
    if can_draw():
        return {name: figure_writer(draw)}
    console.print(
        "No figure: matplotlib is not installed; pip install 'sklearn-deeplifft[plot]' brings it."
    )
    return {}


def finish(
    console: Console,
    results: Results,
    writers: Mapping[str, Writer],
    show: Callable[[], object],
    document: Callable[[], Document],
    say: Callable[[Document], object] = print_document,
) -> None:
    """Write, then print: hours of training outlive a reader that has gone, and a full disk."""
    files: list[Path] = []
    try:
        files = write_all(results.output, writers, force=results.force)
    finally:
        show()
        if results.json:
            say({**document(), "files": [str(path) for path in files]})
    show_files(console, files, list(writers))
