"""The cases in PyTorch: a row each, here and in `src/cases.rs`. In float64 they are the reference."""

from dataclasses import dataclass
from typing import Callable

try:
    import torch
    import torch.nn.functional as F
except ImportError:  # --dry-run needs only the names
    torch = F = None

EPSILON, LINE, RATE = 1e-5, (0.75, 0.25), 0.1


class Forward:
    """A function of the inputs."""

    def __init__(self, function):
        self.function = function

    def build(self, inputs, optimized):
        """A call, what reads the results of the one before, and what undoes all calls."""
        function = optimized(self.function)

        def call():
            with torch.inference_mode():
                return function(*inputs)

        return call, lambda result: [result], lambda: None


class TrainStep:
    """A step of gradient descent, which changes the parameters: all inputs but the first two."""

    def build(self, inputs, optimized):
        x, y, *parameters = inputs
        start = [p.clone() for p in parameters]
        labels, held = y.long(), [p.clone().requires_grad_() for p in parameters]
        loss_of = optimized(lambda x: F.cross_entropy(scores(x.to(held[0].dtype) / 255, *held), labels))

        def call():
            loss = loss_of(x)
            torch._foreach_add_([p.detach() for p in held], torch.autograd.grad(loss, held), alpha=-RATE)
            return loss.detach()

        def undo():
            for p, then in zip(held, start):
                p.detach().copy_(then)

        return call, lambda loss: [loss, *(p.detach() for p in held)], undo


@dataclass(frozen=True)
class Case:
    contender: Forward | TrainStep
    unit: str  # "copy": bytes against those of a copy; "flops": of a product or convolution; "calls": so short that graphs are peers too
    tolerance: float  # largest error from float64, relative to the largest element
    optimized: bool = True  # whether torch.compile makes another kernel of it
    tf32: bool = False  # whether products and convolutions of f32 may round their factors to tf32
    beside: str = ""  # the case of tg that this one adds something to


def scores(x, w1, b1, w2, b2):
    return torch.addmm(b2, torch.addmm(b1, x, w1).relu(), w2)


def rows(function, tolerance):
    return Case(Forward(function), "copy", tolerance)


def product(tolerance, tf32=False):
    return Case(Forward(lambda a, b: a @ b), "flops", tolerance, optimized=False, tf32=tf32)


def convolution(tolerance):
    return Case(Forward(lambda x, w: F.conv2d(x, w, padding=1)), "flops", tolerance, optimized=False)


SOFTMAX = lambda x: x.softmax(-1)
LAYERNORM = lambda x: F.layer_norm(x, x.shape[-1:], eps=EPSILON)
RMSNORM = lambda x: F.rms_norm(x, x.shape[-1:], eps=EPSILON)
EXACT, ROUNDED = 1e-4, 1e-2  # results in f32 and in bf16

CASES = {
    "gelu_f32": rows(lambda x: F.gelu(x * LINE[0] + LINE[1], approximate="tanh"), EXACT),
    "sum_f32": rows(lambda x: x.sum(), EXACT),
    "softmax_f32": rows(SOFTMAX, EXACT),
    "softmax_bf16": rows(SOFTMAX, ROUNDED),
    "layernorm_f32": rows(LAYERNORM, EXACT),
    "layernorm_bf16": rows(LAYERNORM, ROUNDED),
    "rmsnorm_f32": rows(RMSNORM, EXACT),
    "rmsnorm_bf16": rows(RMSNORM, ROUNDED),
    **{f"product_bf16_{size}": product(ROUNDED) for size in ["4096", "8192", "odd", "1", "16"]},
    "product_f32_4096": product(EXACT),
    "product_tf32_8192": product(ROUNDED, tf32=True),
    "linear_gelu_bf16_4096": Case(
        Forward(lambda x, w, b: F.gelu(torch.addmm(b, x, w), approximate="tanh")), "flops", ROUNDED, beside="product_bf16_4096"
    ),
    "conv_bf16": convolution(ROUNDED),
    "conv_f32": convolution(EXACT),
    "mlp_1": Case(Forward(scores), "calls", EXACT),
    "mlp_32": Case(Forward(scores), "calls", EXACT),
    "mlp_train": Case(TrainStep(), "calls", EXACT),
}
