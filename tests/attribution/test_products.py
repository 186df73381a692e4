import numpy as np
import pytest
import torch

from sklearn_deeplifft.attribution import _products
from sklearn_deeplifft.attribution._products import (
    MIN_MULTIPLICATIONS,
    MIN_ROWS,
    each_times_transposed,
    round_rows,
    times_transposed,
)


@pytest.fixture(params=[True, False], ids=["oneDNN", "BLAS"])
def product_of(request, monkeypatch):
    """Whichever of the two this machine would take, both are tried."""
    if request.param and not torch.backends.mkldnn.is_available():
        pytest.skip("this build of torch has no oneDNN")
    monkeypatch.setattr(_products, "_fused_is_quicker", lambda: request.param)


@pytest.mark.usefixtures("product_of")
@pytest.mark.parametrize("rows", [0, 1, MIN_ROWS - 1, MIN_ROWS, MIN_ROWS + 37])
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-5), (torch.float64, 1e-13)])
def test_is_the_product_however_it_is_taken(rows, with_bias, relu, dtype, atol):
    rng = np.random.default_rng(rows)
    a, weight, bias = (rng.standard_normal(shape) for shape in ((rows, 19), (5, 19), 5))
    expected = np.array([[row @ w for w in weight] for row in a]).reshape(rows, 5)
    expected = expected + bias if with_bias else expected
    expected = np.maximum(expected, 0) if relu else expected
    cast = [torch.as_tensor(part, dtype=dtype) for part in (a, weight, bias)]
    got = times_transposed(cast[0], cast[1], cast[2] if with_bias else None, relu=relu)
    assert got.dtype == dtype
    np.testing.assert_allclose(got.numpy(), expected, rtol=0, atol=atol)


@pytest.mark.usefixtures("product_of")
def test_strided_rows():
    a = torch.randn(19, 2 * MIN_ROWS, generator=torch.Generator().manual_seed(0)).T
    weight = torch.eye(19)
    assert not a.is_contiguous()
    torch.testing.assert_close(times_transposed(a, weight), a.contiguous(), rtol=0, atol=1e-6)


@pytest.mark.usefixtures("product_of")
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("strided", [False, True])
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float32, 1e-4), (torch.float64, 1e-12)])
def test_each_of_several_is_the_product_that_it_is_alone(large, strided, dtype, rtol):
    M, k, n = (64, 2 * MIN_MULTIPLICATIONS // (64 * 16), 16) if large else (32, 19, 16)
    generator = torch.Generator().manual_seed(0)

    def randn(*shape):
        return torch.randn(*shape, generator=generator, dtype=dtype)

    a = randn(3, k, M).mT if strided else randn(3, M, k)
    weight = randn(3, k, n).mT if strided else randn(3, n, k)
    bias = randn(3, 1, n)
    size = k**0.5
    for start in (None, bias):
        right = a.double() @ weight.double().mT + (0 if start is None else start.double())
        found = each_times_transposed(a, weight, start)
        torch.testing.assert_close(found.double(), right, rtol=rtol, atol=rtol * size)
        for i in range(3):
            own = None if start is None else start[i : i + 1]
            alone = each_times_transposed(a[i : i + 1], weight[i : i + 1], own)[0]
            assert torch.equal(found[i], alone)
    out = torch.full((3, M, n), torch.nan, dtype=dtype)
    assert each_times_transposed(a, weight, out=out) is out
    assert torch.equal(out, each_times_transposed(a, weight))
    at = torch.tensor([4, 0, 3])
    for start in (None, bias):
        among = torch.full((5, M, 2 * n), -1.0, dtype=dtype)
        part = among.narrow(2, 0, n)
        assert each_times_transposed(a, weight, start, out=part, at=at) is part
        assert torch.equal(part[at], each_times_transposed(a, weight, start))
        among[at, :, :n] = -1
        assert (among == -1).all()


def test_round_numbers_of_rows_are_few_and_a_sixteenth_more_at_most(monkeypatch):
    monkeypatch.setattr(_products, "_fused_is_quicker", lambda: True)
    rounded = [round_rows(n, torch.float32) for n in range(5000)]
    assert all(n <= r <= n * 17 / 16 for n, r in enumerate(rounded))
    assert [rounded[r] for r in rounded[:4000]] == rounded[:4000]
    assert len(set(rounded[1025:4097])) == 2 * 16


@pytest.mark.parametrize(("dtype", "onednn"), [(torch.float64, True), (torch.float32, False)])
def test_to_a_blas_every_number_of_rows_is_as_good(monkeypatch, dtype, onednn):
    monkeypatch.setattr(_products, "_fused_is_quicker", lambda: onednn)
    assert [round_rows(n, dtype) for n in range(2000)] == list(range(2000))


@pytest.mark.parametrize("relu", [False, True])
def test_gradients_pass(relu):
    a = torch.randn(MIN_ROWS, 4, requires_grad=True)
    weight, bias = torch.randn(3, 4), torch.randn(3)
    times_transposed(a, weight, bias, relu=relu).sum().backward()
    z = a.detach() @ weight.T + bias
    through = (z > 0).float() if relu else torch.ones_like(z)
    torch.testing.assert_close(a.grad, through @ weight)


@pytest.mark.usefixtures("product_of")
@pytest.mark.parametrize("width", [1, 4, 8, 17, 64])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_broken_network_shows(width, dtype):
    """NaN stays NaN whatever the width: a ReLU must not hide it."""
    a = torch.full((MIN_ROWS, width), torch.nan, dtype=dtype)
    weight, bias = torch.ones(width, width, dtype=dtype), torch.ones(width, dtype=dtype)
    for b in (None, bias):
        assert times_transposed(a, weight, b, relu=True).isnan().all()


@pytest.mark.parametrize(("said", "quicker"), [("GenuineIntel", False), ("AuthenticAMD", True)])
def test_the_maker_of_the_processor_decides(said, quicker, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    assert hasattr(torch.ops.mkldnn, "_linear_pointwise")
    told = tmp_path / "cpuinfo"
    told.write_text(f"vendor_id : {said}\n")
    monkeypatch.setattr(_products, "CPUINFO", told)
    assert _products._fused_is_quicker.__wrapped__() is quicker


def test_without_a_list_of_processors_the_platform_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(_products, "CPUINFO", tmp_path / "nothing")
    monkeypatch.setattr(_products.platform, "processor", lambda: "Intel64, GenuineIntel")
    assert _products._processor() == "Intel64, GenuineIntel"
