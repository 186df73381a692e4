"""What is typed wrongly, said in the words of what was typed: flags, values, files, options."""

from __future__ import annotations

import shlex

import click

__all__ = ["Command", "misplaced_option"]

JSON = (
    "--json takes no value: it prints to standard output. Write '--json > FILE' to have that in a "
    "file; -o names the folder of the other files."
)

MISSING = {
    "table": "It is the file to read.",
    "fasta": "Give one FASTA file per class.",
    "target": "Name the column to predict.",
}
"""What to give, by the name of the parameter."""

NAMED_ONCE = ("target", "row_groups", "groups", "attributes")
"""Parameters that name columns: who gives two wants both. A setting is changed by a later one."""


class Command(click.Command):
    """A command that names the remedy where click names the rule alone."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words of a command line."""
        typed = list(args)  # click empties its list
        if not ctx.resilient_parsing:  # a shell that completes
            _require_values(self, ctx, typed)
            _require_one_value_each(self, ctx, typed)
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter as error:
            if (text := _about_too_many(self, ctx, typed)) is None:
                known = error.param.name if error.param is not None else None
                raise click.MissingParameter(MISSING.get(known or ""), ctx, error.param) from None
            raise click.UsageError(text, ctx) from None
        except click.BadOptionUsage as error:
            option = _options(self, ctx).get(error.option_name)
            if option is None:
                raise
            text = _about(option, error.option_name, ctx)
            raise click.BadOptionUsage(error.option_name, text, ctx) from None
        except click.UsageError:
            if (text := _about_too_many(self, ctx, typed)) is None:
                raise
            raise click.UsageError(text, ctx) from None


def misplaced_option(group: click.Group, name: str) -> str | None:
    """Say where an option of the commands belongs that came before any of them."""
    owners = [
        own
        for own, command in group.commands.items()
        if any(name in param.opts for param in command.params)
    ]
    if not owners:
        return None
    own = "rank" if "rank" in owners else owners[0]
    return f"{name} is an option of commands, and comes behind one: {own} ... {name}."


def _options(command: click.Command, ctx: click.Context) -> dict[str, click.Option]:
    """Options by each of the names that they have."""
    options = [param for param in command.get_params(ctx) if isinstance(param, click.Option)]
    return {name: option for option in options for name in option.opts}


def _takes_value(option: click.Option) -> bool:
    return not (option.is_flag or option.count)


def _about(option: click.Option, name: str, ctx: click.Context) -> str:
    """What a flag or an option, typed as ``name``, does with values."""
    if _takes_value(option):
        return f"{name} needs a value, {option.make_metavar(ctx)}."
    return JSON if option.name == "as_json" else f"{name} is a flag and takes no value."


def _given(
    command: click.Command, ctx: click.Context, typed: list[str]
) -> list[tuple[str, click.Option, str]]:
    """Options that take a value, with the word behind each: ``--option value``."""
    options, found, at = _options(command, ctx), [], 0
    while at < len(typed) - 1 and typed[at] != "--":
        option = options.get(typed[at])
        if option is not None and _takes_value(option):
            found.append((typed[at], option, typed[at + 1]))
            at += 1
        at += 1
    return found


def _require_values(command: click.Command, ctx: click.Context, typed: list[str]) -> None:
    """Refuse ``-o --quiet``, where click would make a folder called ``--quiet``."""
    options = _options(command, ctx)
    for name, option, value in _given(command, ctx, typed):
        if value in options:
            raise click.BadOptionUsage(
                name,
                f"{_about(option, name, ctx)} {value} is an option; write {name}={value} if it is "
                "meant.",
                ctx,
            )


def _require_one_value_each(command: click.Command, ctx: click.Context, typed: list[str]) -> None:
    """Refuse two columns in one option, of which click would take the last in silence."""
    values: dict[str | None, str] = {}
    for name, option, value in _given(command, ctx, typed):
        if option.name not in NAMED_ONCE:
            continue
        first = values.setdefault(option.name, value)
        if first != value:
            raise click.BadOptionUsage(
                name, f"{name} was given twice, as {first!r} and as {value!r}. Keep one.", ctx
            )


def _about_too_many(command: click.Command, ctx: click.Context, typed: list[str]) -> str | None:
    """Say why one word is too many; None if none is, or none can be told."""
    try:
        _, extra, _ = command.make_parser(ctx).parse_args(list(typed))
    except click.UsageError:
        return None
    if not extra:
        return None
    word, options = extra[0], _options(command, ctx)
    before = ["", "", *typed[: typed.index(word)]]
    flag, valued = options.get(before[-1]), options.get(before[-2])
    said = f"got {word!r}, one word too many."
    if flag is not None and not _takes_value(flag):
        return f"{said} {_about(flag, before[-1], ctx)}"
    if valued is not None and valued.name == "as_json":  # its file was taken for TABLE
        return f"{said} {JSON}"
    if valued is not None and _takes_value(valued):
        return f"{said} {_one_value(before[-2], valued, before[-1], word)}"
    files = [param for param in command.params if isinstance(param, click.Argument)]
    if not files:
        return f"{said} {command.name} takes options alone."
    both = shlex.quote(f"{before[-1]} {word}")
    return f"{said} There is one {files[0].make_metavar(ctx)}; quote a name with spaces: {both}."


def _one_value(name: str, option: click.Option, value: str, word: str) -> str:
    """Say how to give two words to an option."""
    ways = [f"quote one with spaces ({name} {shlex.quote(f'{value} {word}')})"]
    if "," in (option.metavar or option.type.name):
        ways.append(f"separate several by commas ({name} {value.rstrip(',')},{word})")
    elif option.multiple:
        ways.append(f"repeat it for several ({name} {value} {name} {word})")
    return f"{name} takes one value: {' or '.join(ways)}."
