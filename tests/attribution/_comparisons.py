"""What several test files ask of a linear form."""

from __future__ import annotations

import numpy as np
import torch

from sklearn_deeplifft.attribution import LinearForm, relative_residual
from tests import oracles as o


def residual(form: LinearForm) -> float:
    return relative_residual(form.logits, form.bias, explained(form))


def explained(form: LinearForm) -> torch.Tensor:
    return (form.coefficients * form.displacement[:, None]).sum(-1)


def stacked(forms: list[o.Form]) -> o.Form:
    return o.Form(*(np.stack(part) for part in zip(*forms, strict=True)))


def assert_form_is(form: LinearForm, expected: list[o.Form], atol: float = 1e-9) -> None:
    z, c, b = stacked(expected)
    np.testing.assert_allclose(form.logits.numpy(), z, rtol=0, atol=atol)
    np.testing.assert_allclose(form.coefficients.numpy(), c, rtol=0, atol=atol)
    np.testing.assert_allclose(form.bias.numpy(), b, rtol=0, atol=atol)


def assert_forms_equal(left: LinearForm, right: LinearForm, atol: float = 1e-12) -> None:
    for a, b in zip(left[:4], right[:4], strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=atol)
