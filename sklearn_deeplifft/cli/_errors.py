"""Errors of one line, and Ctrl-C, for every command and from its first moment on."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from sklearn_deeplifft._printable import one_line
from sklearn_deeplifft.cli._usage import Command, misplaced_option
from sklearn_deeplifft.cli._words import as_sentence
from sklearn_deeplifft.exceptions import TrainingInterrupted

__all__ = [
    "Commands",
    "Refused",
    "errors",
    "interruptible",
    "refused_as_typed",
    "replace_what_cannot_be_shown",
]

INTERRUPTED = 130
"""Exit status of a shell for what Ctrl-C ended."""

SECONDS_TO_STOP = 5

EXPECTED = (ValueError, OSError, ImportError, MemoryError, ArithmeticError)
"""Errors of data and machine. Anything else is a fault of ours, and keeps its traceback."""

EXHAUSTED = ("memory", "thread")
"""Words by which a RuntimeError, torch's for one, is an error of the machine as well."""

OF_CLICK = (click.exceptions.Exit, click.exceptions.Abort, BrokenPipeError)
"""Ends that click itself knows: of a pipe whose reader has gone (`| head`), in silence."""


class Refused(click.ClickException):
    """What the command cannot take as it was typed, files it cannot read included."""

    exit_code = 2


@contextmanager
def refused_as_typed(*kinds: type[Exception]) -> Iterator[None]:
    """End errors of these kinds as those of what was typed, not of the data."""
    try:
        yield
    except kinds as error:
        raise Refused(str(error)) from error


class Commands(click.Group):
    """A group whose commands end with one line, whatever happens."""

    command_class = Command

    def make_context(self, *args: Any, **settings: Any) -> click.Context:
        """Read the command line."""
        with _printable():
            return super().make_context(*args, **settings)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words before a command."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if (text := misplaced_option(self, error.option_name)) is None:
                raise
            raise click.UsageError(text, ctx) from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a file is none."""
        if args[0] not in self.commands and os.path.isfile(args[0]):
            ctx.fail(f"{args[0]!r} is a file: name a command before it, such as rank.")
        return super().resolve_command(ctx, args)

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        with _printable(), interruptible(), errors():
            return super().invoke(context)


@contextmanager
def errors() -> Iterator[None]:
    """Say what is wrong in one line; errors of ours and of the libraries below name the remedy."""
    try:
        yield
    except OF_CLICK:
        raise
    except (*EXPECTED, RuntimeError) as error:
        if not isinstance(error, EXPECTED) and not _exhausted(error):
            raise
        raise click.ClickException(_finding(error)) from error


@contextmanager
def interruptible() -> Iterator[None]:
    """End Ctrl-C as a shell does, with 130, and say what is kept."""
    before = threading.enumerate()
    try:
        yield
    except KeyboardInterrupt as interrupt:
        # A second Ctrl-C ends the waiting, and is not a second message.
        with suppress(KeyboardInterrupt):
            _let_end(set(threading.enumerate()).difference(before))
        click.echo(one_line(_kept(interrupt)), err=True)
        raise click.exceptions.Exit(INTERRUPTED) from interrupt


def _let_end(threads: set[threading.Thread]) -> None:
    """Wait for threads: one within a step of training at exit aborts the process."""
    for thread in threads:
        thread.join(SECONDS_TO_STOP)


@contextmanager
def _printable() -> Iterator[None]:
    """Make messages safe to print: they quote names from the command line and from files."""
    try:
        yield
    except click.ClickException as error:
        # Of the same class and with the same exit status; click calls the attribute final.
        vars(error)["message"] = one_line(error.message)
        raise


def _finding(error: BaseException) -> str:
    """Words of an error, and the remedy if the machine has come to its end."""
    text = str(error)
    if not _exhausted(error):
        return text or type(error).__name__
    detail = f" ({text.splitlines()[0].rstrip('.')})" if text else ""
    return (
        f"the machine has not enough memory for this{detail}. Leave columns out with --drop, take "
        "fewer rows, or train fewer networks: --networks, --jobs 1."
    )


def _exhausted(error: BaseException) -> bool:
    """Whether memory or threads have run out; torch says so by a RuntimeError."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in EXHAUSTED)


def _kept(interrupt: KeyboardInterrupt) -> str:
    """Say what is left of the work, and which option would have kept more."""
    if not isinstance(interrupt, TrainingInterrupted):
        return "Interrupted: nothing was written."
    lost = interrupt.folder is None
    remedy = " Pass --checkpoint-dir to keep those that are finished." if lost else ""
    return f"{as_sentence(interrupt.finding)}{remedy}"


def replace_what_cannot_be_shown() -> None:
    """Let no letter that the terminal lacks be a reason to stop."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
