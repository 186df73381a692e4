"""Scripts by which a shell completes commands, options, choices and files."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

__all__ = ["PROGRAM", "SHELLS", "completion_script"]

PROGRAM = "sklearn-deeplifft"
SHELLS = ("bash", "fish", "zsh")
VARIABLE = "_SKLEARN_DEEPLIFFT_COMPLETE"
"""Of the environment: click answers a shell that sets it."""


def completion_script(command: click.Command, shell: str) -> str:
    """The script for one of ``SHELLS``, to be evaluated where it starts."""
    kind = get_completion_class(shell)
    assert kind is not None
    # Not source(): for bash that runs bash, to see whether it is a version from before 2016.
    return kind.source_template % kind(command, {}, PROGRAM, VARIABLE).source_vars()
