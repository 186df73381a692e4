"""Options that take a folder: what is called like a file is refused before any work."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import click

from sklearn_deeplifft._files import PAGE_SUFFIXES
from sklearn_deeplifft._printable import quoted

__all__ = ["Folder"]

SUFFIX_OF_A_FILE = re.compile(r"\.[A-Za-z]\w*")
"""Not that of ``run-0.05``, which is as good a name of a folder as any."""

SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))

INTO_A_FOLDER = "files are written into a folder: give the name of one"
A_PAGE = (
    "the page is HTML: end its name with .html (a browser prints the page to PDF), or give the "
    "name of a folder for it"
)


class Folder(click.Path):
    """A folder, which need not exist yet; with ``page``, a page of HTML as well."""

    def __init__(self, *, page: bool = False) -> None:
        # Whether files are fine decides what a shell offers.
        super().__init__(file_okay=page, path_type=Path)
        self.page = page

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path."""
        text, path = os.fspath(value), Path(value)
        if not text:
            self.fail("an empty name is no folder; '.' is the one you are in.", param, ctx)
        own = self.page and path.suffix.lower() in PAGE_SUFFIXES
        try:
            if not (own or path.is_dir() or text.endswith(SEPARATORS)):
                self._refuse_a_file(path, param, ctx)
        except OSError as error:  # a name that is too long, a folder that may not be entered
            self.fail(f"{quoted(path)}: {error.strerror}; give another folder.", param, ctx)
        return path

    def _refuse_a_file(
        self, path: Path, param: click.Parameter | None, ctx: click.Context | None
    ) -> None:
        """A suffix says what is meant, and a folder of that name is not."""
        rule = A_PAGE if self.page else INTO_A_FOLDER
        if str(path) == "-":
            self.fail(f"{quoted(path)} is no folder; --json prints results.", param, ctx)
        if path.exists():
            self.fail(f"{quoted(path, 400)} is a file, and {rule}.", param, ctx)
        if SUFFIX_OF_A_FILE.fullmatch(path.suffix):
            self.fail(
                f"{quoted(path, 400)} ends like a file, and {rule}, or "
                f"{quoted(f'{path}{os.sep}', 400)} for a folder of that name.",
                param,
                ctx,
            )
