import warnings

import pytest
import torch
from torch.autograd import forward_ad


@pytest.fixture(scope="session", autouse=True)
def forward_rules():
    """Let torch load its forward-mode rules once, which in torch 2.13 warns of its own code.

    That the package lets this warning through to its users is a finding of its own:
    ``test_linear_form.test_reading_warns_of_nothing``.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with forward_ad.dual_level():
            forward_ad.make_dual(torch.zeros(1), torch.ones(1))
