import numpy as np
import pytest
import torch

from sklearn_deeplifft.attribution._products import MIN_ROWS, times_transposed


@pytest.mark.parametrize("rows", [0, 1, MIN_ROWS - 1, MIN_ROWS, MIN_ROWS + 37])
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-5), (torch.float64, 1e-13)])
def test_is_the_product_however_it_is_taken(rows, with_bias, dtype, atol):
    rng = np.random.default_rng(rows)
    a, weight, bias = (rng.standard_normal(shape) for shape in ((rows, 19), (5, 19), 5))
    expected = np.array([[row @ w for w in weight] for row in a]).reshape(rows, 5)
    expected = expected + bias if with_bias else expected
    cast = [torch.as_tensor(part, dtype=dtype) for part in (a, weight, bias)]
    got = times_transposed(cast[0], cast[1], cast[2] if with_bias else None)
    assert got.dtype == dtype
    np.testing.assert_allclose(got.numpy(), expected, rtol=0, atol=atol)


def test_strided_rows():
    a = torch.randn(19, 2 * MIN_ROWS, generator=torch.Generator().manual_seed(0)).T
    weight = torch.eye(19)
    assert not a.is_contiguous()
    torch.testing.assert_close(times_transposed(a, weight), a.contiguous(), rtol=0, atol=1e-6)
