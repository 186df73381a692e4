"""What one can go through value by value."""

import numpy as np
import pandas as pd
import pytest
import torch

from sklearn_deeplifft._iterables import is_iterable


@pytest.mark.parametrize(
    "value", [[], (1, 2), {1}, {}, range(0), (i for i in ()), np.zeros(2), torch.zeros(2),
              pd.Series([1]), [""]],
)  # fmt: skip
def test_what_holds_values_is_iterable(value):
    assert is_iterable(value)
    list(value)


@pytest.mark.parametrize(
    "value", [1, None, "", "ab", b"ab", np.array(1), np.float64(1), torch.tensor(1), object()]
)
def test_a_single_value_and_text_are_not(value):
    assert not is_iterable(value)
