"""The command line that is being obeyed, to be typed again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import click
from click.core import ParameterSource

from sklearn_deeplifft.cli._completion import PROGRAM

__all__ = ["command_line"]


def command_line(context: click.Context, *, without: tuple[str, ...] = ()) -> str:
    """Program, command, arguments and options that were given, quoted for a shell."""
    words = [PROGRAM, str(context.info_name)]
    given = [
        one
        for one in context.command.params
        if one.name not in without
        and context.get_parameter_source(str(one.name)) == ParameterSource.COMMANDLINE
    ]
    for one in sorted(given, key=lambda one: isinstance(one, click.Option)):
        words += _words(one, context.params[str(one.name)])
    return shlex.join(words)


def _words(parameter: click.Parameter, value: Any) -> Iterator[str]:
    if not isinstance(parameter, click.Option):
        yield from map(str, value if isinstance(value, tuple) else [value])
        return
    name = max(parameter.opts, key=len)
    if parameter.is_flag:
        yield name
    elif parameter.multiple:
        for part in value:
            yield from (name, str(part))
    else:
        yield from (name, ",".join(map(str, value)) if isinstance(value, tuple) else str(value))
