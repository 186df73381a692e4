"""Adam for networks that nobody compiles."""

from __future__ import annotations

import inspect

import torch
from torch import Tensor

__all__ = ["FusedAdam", "PlainAdam"]

STATE = ("exp_avg", "exp_avg_sq", "step")
"""Names that torch gives to the state of a weight."""


class PlainAdam(torch.optim.Adam):
    """``torch.optim.Adam``, step for step, without a call of torch's compiler.

    Torch marks some methods of its optimisers for the compiler, and the first call of one imports
    ``torch._dynamo`` with 800 modules more: a second and 70 MB in every process.
    """

    add_param_group = inspect.unwrap(torch.optim.Adam.add_param_group)
    state_dict = inspect.unwrap(torch.optim.Adam.state_dict)
    load_state_dict = inspect.unwrap(torch.optim.Adam.load_state_dict)
    zero_grad = inspect.unwrap(torch.optim.Adam.zero_grad)
    # The mark of this one also turns gradients off.
    step = torch.no_grad()(inspect.unwrap(torch.optim.Adam.step))


class FusedAdam(PlainAdam):
    """``torch.optim.Adam(fused=True)`` for plain settings, its kernel called directly.

    Torch's own way there takes as long as the kernel does for a narrow network. Every weight has a
    gradient.
    """

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take one step."""
        if torch.is_grad_enabled():
            with torch.no_grad():
                return self.step()
        for group in self.param_groups:
            weights: list[Tensor] = group["params"]
            gradients = [p.grad for p in weights if p.grad is not None]
            states = [self.state[p] for p in weights]
            if not all(states):
                self._begin(weights)
            first, second, steps = ([state[name] for state in states] for name in STATE)
            together = steps[0]._base
            if together is not None and all(step._base is together for step in steps):
                together.add_(1)
            else:  # of a state that was loaded
                torch._foreach_add_(steps, 1)
            beta1, beta2 = group["betas"]
            torch._fused_adam_(
                weights,
                gradients,
                first,
                second,
                [],
                steps,
                lr=group["lr"],
                beta1=beta1,
                beta2=beta2,
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                amsgrad=False,
                maximize=False,
            )

    # Or torch would wrap it in a report to its profiler.
    step.hooked = True  # type: ignore[attr-defined]

    def _begin(self, weights: list[Tensor]) -> None:
        """Give the weights of a group that have none the states before their first steps."""
        # Side by side in one tensor, to be counted on in one call.
        new = [p for p in weights if not self.state[p]]
        steps = torch.zeros(len(new), dtype=torch.float32, device=new[0].device).unbind()
        for p, step in zip(new, steps, strict=True):
            moments = (torch.zeros_like(p), torch.zeros_like(p))
            self.state[p].update(zip(STATE, (*moments, step), strict=True))
