"""Text that may be printed: nothing that a terminal would obey, and of limited length."""

import time

import pytest

from sklearn_deeplifft._printable import named, one_line, printable, quoted, shown


@pytest.mark.parametrize("text", ["\x1b[2J", "a\nb", "\u202eabc", "\x00", "\x9b31m", "a\tb"])
def test_what_a_terminal_would_obey_is_escaped(text):
    assert printable(text).isprintable()
    assert quoted(text).isprintable()
    assert named([text]).isprintable()
    assert one_line(text).isprintable()
    assert printable(text).startswith(text[:1] if text[:1].isprintable() else "\\")


def test_long_names_lose_their_middle():
    assert len(printable("x" * 10_000_000)) <= 60
    assert len(printable("\x1b" * 10_000_000)) <= 60
    assert printable("x" * 60) == "x" * 60
    assert len(named(["y" * 1000] * 1000)) < 400


def test_a_message_of_50_mb_is_cut_in_no_time():
    began = time.process_time()
    said = one_line("no column " + "\x1b" * 50_000_000)
    assert time.process_time() - began < 1
    assert len(said) < 1500


def test_values_are_cut_in_messages():
    assert shown("a" * 50) == "'" + 39 * "a" + "..."
    assert shown(None) == "None"
