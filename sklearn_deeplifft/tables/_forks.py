"""Processes that are forked after a fit."""

from __future__ import annotations

import os
import sys
from functools import cache

__all__ = ["prepare_for_forks"]


@cache
def prepare_for_forks() -> None:
    """Let torch run on one thread in processes that are forked from now on.

    A fork copies the books of OpenMP's pool and none of its threads: the first operation that is
    large enough to be shared out waits for them for ever. One thread needs no pool, and gives the
    same bits. Processes that were forked before torch was first used here are left alone: they
    start pools of their own.
    """
    if sys.platform != "win32":
        os.register_at_fork(after_in_child=_use_one_thread)


def _use_one_thread() -> None:
    import torch

    torch.set_num_threads(1)
