"""Products that oneDNN is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from sklearn_deeplifft.attribution import _products

__all__ = ["needs_onednn", "rows_asked_of_onednn"]

needs_onednn = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="this build of torch has no oneDNN"
)


class _Rows(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[int] = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function is torch.ops.mkldnn._linear_pointwise.default:
            self.found.add(args[0].shape[0])
        return function(*args, **(kwargs or {}))


@contextmanager
def rows_asked_of_onednn() -> Iterator[set[int]]:
    """Numbers of rows of the products that it takes, as it does on other makes than Intel's.

    It compiles and keeps a kernel for each of them.
    """
    with pytest.MonkeyPatch.context() as patch, _Rows() as rows:
        patch.setattr(_products, "_fused_is_quicker", lambda: True)
        yield rows.found
