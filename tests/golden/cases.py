"""The rows of the golden tables: one tensor method, its inputs and its reference in PyTorch per row.

`code` is tg's tensor language; `ref` computes the same with torch, in float64 unless the row says `exact`
(then in the stated dtypes). This file holds only rows; `generate.py` evaluates and writes them.

A sample is a function from a random generator to a torch tensor. Random samples keep a distance of 0.05 from
every multiple of 0.5, so that no kink (relu, round, clamp, ...) lies near one; kinks have rows of their own.
"""

from dataclasses import dataclass, field
from typing import Callable

import numpy as np
import torch
import torch.nn.functional as F


@dataclass
class Row:
    name: str
    code: str
    inputs: dict
    ref: Callable
    exact: bool = False  # compute in the stated dtypes, not in float64
    grad: bool = True  # differentiate with respect to every float input
    out: torch.dtype | None = None  # dtype of the result, where it is not that of the reference
    tol: tuple | None = None  # forward rtol, atol
    grad_tol: tuple | None = None


@dataclass
class Theme:
    name: str
    rows: list = field(default_factory=list)

    def row(self, name, code, inputs, ref, **options):
        self.rows.append(Row(name, code, inputs, ref, **options))


def real(*shape, lo=-2.2, hi=2.2, dtype=torch.float32):
    """Uniform floats in lo..hi that stay away from multiples of 0.5."""

    def sample(rng):
        twice = 2 * rng.uniform(lo, hi, shape)
        values = (np.floor(twice) + 0.1 + 0.8 * (twice - np.floor(twice))) / 2
        return torch.tensor(values, dtype=torch.float64).to(dtype)

    return sample


def double(*shape):
    return real(*shape, dtype=torch.float64)


def ints(*shape, lo=-20, hi=20, dtype=torch.int32):
    return lambda rng: torch.tensor(rng.integers(lo, hi, shape), dtype=torch.int64).to(dtype)


def index(*shape, below):
    return ints(*shape, lo=0, hi=below, dtype=torch.int64)


def truth(*shape):
    return lambda rng: torch.tensor(rng.integers(0, 2, shape), dtype=torch.bool)


def given(values, dtype=torch.float32):
    return lambda _rng: torch.tensor(values, dtype=dtype)


def tf32(x):
    """`x` rounded to 10 bits of fraction, ties away from zero; the gradient passes as if nothing were rounded."""
    bits = (x.detach().float().view(torch.int32) + 0x1000) & ~0x1FFF
    rounded = torch.where(x.isnan(), x, bits.view(torch.float32).to(x.dtype)).detach()
    return torch.where(x.detach() == rounded, x, x + (rounded - x.detach()))


def of_bits(bits):
    return lambda _rng: torch.tensor(bits, dtype=torch.int64).to(torch.int32).view(torch.float32)


NAN, INF = float("nan"), float("inf")
SPECIAL = given([NAN, INF, -INF, -0.0, 0.0, 1.5, -1.5])
EXACT = (0, 0)  # bit for bit, except that every NaN equals every NaN

unary = Theme("unary")
for name, arguments, ref, lo, hi in [
    ("exp", "", torch.exp, -3, 3),
    ("exp2", "", torch.exp2, -3, 3),
    ("expm1", "", torch.expm1, -3, 3),
    ("log", "", torch.log, 0.1, 6),
    ("log2", "", torch.log2, 0.1, 6),
    ("log10", "", torch.log10, 0.1, 6),
    ("log1p", "", torch.log1p, -0.9, 4),
    ("sin", "", torch.sin, -7, 7),
    ("cos", "", torch.cos, -7, 7),
    ("tan", "", torch.tan, -1.3, 1.3),
    ("tanh", "", torch.tanh, -3, 3),
    ("sqrt", "", torch.sqrt, 0.1, 9),
    ("rsqrt", "", torch.rsqrt, 0.1, 9),
    ("recip", "", torch.reciprocal, -3, 3),
    ("neg", "", torch.neg, -3, 3),
    ("abs", "", torch.abs, -3, 3),
    ("sign", "", torch.sign, -3, 3),
    ("floor", "", torch.floor, -4, 4),
    ("ceil", "", torch.ceil, -4, 4),
    ("round", "", torch.round, -4, 4),
    ("trunc", "", torch.trunc, -4, 4),
    ("square", "", torch.square, -3, 3),
    ("erf", "", torch.erf, -3, 3),
    ("gelu", "", F.gelu, -4, 4),
    ("gelu_tanh", "", lambda x: F.gelu(x, approximate="tanh"), -4, 4),
    ("sigmoid", "", torch.sigmoid, -5, 5),
    ("relu", "", torch.relu, -3, 3),
    ("leaky_relu", "0.01", lambda x: F.leaky_relu(x, 0.01), -3, 3),
    ("elu", "1.0", lambda x: F.elu(x, 1.0), -3, 3),
    ("silu", "", F.silu, -4, 4),
    ("softplus", "", F.softplus, -4, 4),
    ("mish", "", F.mish, -4, 4),
    ("hardtanh", "", F.hardtanh, -3, 3),
    ("relu6", "", F.relu6, -3, 9),
    ("clamp", "-1.0, 1.0", lambda x: x.clamp(-1.0, 1.0), -3, 3),
]:
    unary.row(name, f"x.{name}({arguments})", {"x": real(3, 4, lo=lo, hi=hi)}, ref)
unary.row("exp_wide", "x.exp()", {"x": real(10, lo=-60, hi=60)}, torch.exp, tol=(1e-5, 0))
unary.row("sin_wide", "x.sin()", {"x": real(12, lo=-1000, hi=1000)}, torch.sin)
unary.row("cos_wide", "x.cos()", {"x": real(12, lo=-1000, hi=1000)}, torch.cos)
unary.row("tanh_wide", "x.tanh()", {"x": real(10, lo=-40, hi=40)}, torch.tanh)
unary.row("tanh_small", "x.tanh()", {"x": given([1e-4, -3e-5, 2e-6, -7e-3])}, torch.tanh, tol=(1e-5, 0))
unary.row("sigmoid_wide", "x.sigmoid()", {"x": real(10, lo=-60, hi=60)}, torch.sigmoid)
unary.row("softplus_wide", "x.softplus()", {"x": real(10, lo=-60, hi=60)}, F.softplus)
unary.row("gelu_wide", "x.gelu()", {"x": real(10, lo=-30, hi=30)}, F.gelu)
unary.row("expm1_small", "x.expm1()", {"x": given([1e-4, -3e-5, 2e-6, -7e-3])}, torch.expm1, tol=(1e-5, 0))
unary.row("log1p_small", "x.log1p()", {"x": given([1e-4, -3e-5, 2e-6, -7e-3])}, torch.log1p, tol=(1e-5, 0))
unary.row("log_small_and_large", "x.log()", {"x": given([1e-30, 3e-10, 7.0, 2e10, 5e30])}, torch.log)
unary.row("erf_wide", "x.erf()", {"x": real(10, lo=-8, hi=8)}, torch.erf)
unary.row("round_tf32", "x.round_tf32()", {"x": real(3, 4)}, tf32, tol=EXACT)
unary.row("minus", "-x", {"x": real(2, 3)}, torch.neg)
unary.row("relu_twice_plus_one", "(x * 2.0 + 1.0).relu()", {"x": real(4, 3)}, lambda x: torch.relu(2 * x + 1))
unary.row("exp_f64", "x.exp()", {"x": double(2, 3)}, torch.exp, tol=(1e-12, 0), grad_tol=(1e-12, 0))
unary.row("sin_f64", "x.sin()", {"x": double(2, 3)}, torch.sin, tol=(1e-12, 1e-15), grad_tol=(1e-12, 1e-15))
unary.row("log_f64", "x.log()", {"x": real(6, lo=0.1, hi=5, dtype=torch.float64)}, torch.log,
          tol=(1e-12, 1e-15), grad_tol=(1e-12, 0))
unary.row("tanh_f64", "x.tanh()", {"x": double(2, 3)}, torch.tanh, tol=(1e-12, 0), grad_tol=(1e-11, 1e-15))

binary = Theme("binary")
PAIR = {"x": real(3, 4), "y": real(3, 4)}
POSITIVE = {"x": real(3, 4, lo=0.2, hi=3), "y": real(3, 4)}
binary.row("add", "x + y", PAIR, lambda x, y: x + y)
binary.row("sub", "x - y", PAIR, lambda x, y: x - y)
binary.row("mul", "x * y", PAIR, lambda x, y: x * y)
binary.row("div", "x / y", PAIR, lambda x, y: x / y)
binary.row("rem", "x % y", {"x": real(3, 4, lo=-9, hi=9), "y": real(3, 4)}, torch.fmod)
binary.row("pow", "x.pow(y)", POSITIVE, torch.pow)
binary.row("pow_half", "x.pow(0.5)", {"x": real(3, 4, lo=0.2, hi=5)}, lambda x: x**0.5)
binary.row("pow_fraction", "x.pow(2.5)", {"x": real(3, 4, lo=0.2, hi=3)}, lambda x: x**2.5)
binary.row("pow_two_of_negative", "x.pow(2.0)", {"x": real(3, 4)}, lambda x: x**2)
binary.row("pow_three_of_negative", "x.pow(3.0)", {"x": real(3, 4)}, lambda x: x**3)
binary.row("pow_minus_one", "x.pow(-1.0)", {"x": real(3, 4)}, lambda x: x**-1)
binary.row("maximum", "x.maximum(y)", PAIR, torch.maximum)
binary.row("minimum", "x.minimum(y)", PAIR, torch.minimum)
binary.row("maximum_scalar", "x.maximum(0.25)", {"x": real(3, 4)}, lambda x: x.clamp(min=0.25))
binary.row("add_row", "x + y", {"x": real(3, 4), "y": real(4)}, lambda x, y: x + y)
binary.row("mul_outer", "x * y", {"x": real(3, 1), "y": real(1, 4)}, lambda x, y: x * y)
binary.row("sub_broadcast_middle", "x - y", {"x": real(2, 3, 4), "y": real(3, 1)}, lambda x, y: x - y)
binary.row("div_by_column", "x / y", {"x": real(3, 4), "y": real(3, 1)}, lambda x, y: x / y)
binary.row("add_scalar_tensor", "x + y", {"x": real(2, 3), "y": real()}, lambda x, y: x + y)
binary.row("scalar_right", "x * 0.1 - 3.0", {"x": real(2, 3)}, lambda x: x * 0.1 - 3)
binary.row("scalar_left", "3.0 - 2.0 / x", {"x": real(2, 3)}, lambda x: 3 - 2 / x)
binary.row("same_operand_twice", "x * x + x", {"x": real(2, 3)}, lambda x: x * x + x)
binary.row("chain", "(x + y) * (x - y) / (x * x + 1.0)", PAIR, lambda x, y: (x + y) * (x - y) / (x * x + 1))
binary.row("add_f64", "x + y", {"x": double(2, 3), "y": double(3)}, lambda x, y: x + y, tol=EXACT,
           grad_tol=(1e-12, 1e-15))
binary.row("div_f64", "x / y", {"x": double(2, 3), "y": double(2, 3)}, lambda x, y: x / y, tol=(1e-15, 0),
           grad_tol=(1e-12, 1e-15))

compare = Theme("compare")
TIED = {"x": given([[1.5, -2.0, 0.5], [3.0, 0.25, -1.0]]), "y": given([[1.5, 2.0, 0.25], [3.0, 0.5, -1.5]])}
for name in ["lt", "le", "gt", "ge", "eq", "ne"]:
    compare.row(name, f"x.{name}(y)", TIED, getattr(torch, name))
compare.row("lt_scalar", "x.lt(0.5)", {"x": real(3, 4)}, lambda x: x < 0.5)
compare.row("ge_broadcast", "x.ge(y)", {"x": real(3, 1), "y": real(4)}, lambda x, y: x >= y)
compare.row("eq_int", "x.eq(y)", {"x": ints(3, 4, lo=0, hi=3), "y": ints(4, lo=0, hi=3)}, lambda x, y: x == y)
compare.row("lt_int_negative", "x.lt(y)", {"x": ints(3, 4), "y": ints(3, 4)}, lambda x, y: x < y)
compare.row("gt_u8", "x.gt(y)", {"x": ints(8, lo=0, hi=256, dtype=torch.uint8),
                                 "y": ints(8, lo=0, hi=256, dtype=torch.uint8)}, lambda x, y: x > y)
compare.row("and", "a & b", {"a": truth(2, 5), "b": truth(2, 5)}, lambda a, b: a & b)
compare.row("or", "a | b", {"a": truth(2, 5), "b": truth(2, 5)}, lambda a, b: a | b)
compare.row("xor", "a ^ b", {"a": truth(2, 5), "b": truth(5)}, lambda a, b: a ^ b)
compare.row("not", "!a", {"a": truth(2, 5)}, lambda a: ~a)
compare.row("between", "x.gt(-1.0) & x.lt(1.0)", {"x": real(3, 4)}, lambda x: (x > -1) & (x < 1))
compare.row("where_select", "c.where_(x, y)", {"c": truth(3, 4), **PAIR}, torch.where)
compare.row("where_comparison", "x.lt(y).where_(x, y * 2.0)", PAIR, lambda x, y: torch.where(x < y, x, y * 2))
compare.row("where_broadcast", "c.where_(x, y)", {"c": truth(3, 1), "x": real(4), "y": real(3, 4)}, torch.where)
compare.row("where_scalars", "c.where_(1.0, -0.5)", {"c": truth(2, 3)},
            lambda c: torch.where(c, 1.0, -0.5).float())
compare.row("where_one_scalar", "c.where_(x, 0.0)", {"c": truth(2, 3), "x": real(2, 3)},
            lambda c, x: torch.where(c, x, 0.0))

movement = Theme("movement")
CUBE = {"x": real(2, 3, 4)}
movement.row("reshape", "x.reshape([2, 6])", {"x": real(3, 4)}, lambda x: x.reshape(2, 6))
movement.row("reshape_rank_up", "x.reshape([2, 1, 3, 2])", {"x": real(4, 3)}, lambda x: x.reshape(2, 1, 3, 2))
movement.row("permute", "x.permute([1, 0, 2])", CUBE, lambda x: x.permute(1, 0, 2))
movement.row("permute_rotate", "x.permute([2, 0, 1])", CUBE, lambda x: x.permute(2, 0, 1))
movement.row("permute_reshape", "x.permute([2, 0, 1]).reshape([8, 3])", CUBE,
             lambda x: x.permute(2, 0, 1).reshape(8, 3))
movement.row("transpose", "x.transpose(0, 1)", {"x": real(3, 4)}, lambda x: x.transpose(0, 1))
movement.row("transpose_ends", "x.transpose(0, 2)", CUBE, lambda x: x.transpose(0, 2))
movement.row("t", "x.t()", {"x": real(3, 4)}, lambda x: x.t())
movement.row("expand", "x.expand([4, 3])", {"x": real(1, 3)}, lambda x: x.expand(4, 3))
movement.row("expand_column", "x.expand([2, 3, 4])", {"x": real(2, 1, 4)}, lambda x: x.expand(2, 3, 4))
movement.row("pad", "x.pad([(1, 2), (0, 1)])", {"x": real(3, 2)}, lambda x: F.pad(x, (0, 1, 1, 2)))
movement.row("pad_with", "x.pad_with([(1, 2), (0, 1)], 3.0)", {"x": real(3, 2)},
             lambda x: F.pad(x, (0, 1, 1, 2), value=3.0))
movement.row("pad_reshape", "x.pad([(1, 1), (1, 1)]).reshape([20])", {"x": real(3, 2)},
             lambda x: F.pad(x, (1, 1, 1, 1)).reshape(20))
movement.row("pad_exp", "x.pad([(0, 1), (1, 0)]).exp()", {"x": real(2, 3)}, lambda x: F.pad(x, (1, 0, 0, 1)).exp())
movement.row("shrink", "x.shrink([(1, 3), (0, 2)])", {"x": real(4, 3)}, lambda x: x[1:3, 0:2])
movement.row("flip", "x.flip([0, 1])", {"x": real(3, 4)}, lambda x: x.flip(0, 1))
movement.row("flip_middle", "x.flip([1])", CUBE, lambda x: x.flip(1))
movement.row("flip_pad", "x.reshape([2, 3]).flip([0]).pad([(1, 1), (1, 1)])", {"x": real(3, 2)},
             lambda x: F.pad(x.reshape(2, 3).flip(0), (1, 1, 1, 1)))
movement.row("slice", "x.slice([(1, 4, 1), (0, 2, 1)])", {"x": real(4, 3)}, lambda x: x[1:4, 0:2])
movement.row("slice_stride", "x.slice([(0, 4, 2), (1, 3, 1)])", {"x": real(4, 3)}, lambda x: x[0:4:2, 1:3])
movement.row("slice_stride_uneven", "x.slice([(1, 8, 3)])", {"x": real(8)}, lambda x: x[1:8:3])
movement.row("cat_columns", "cat([x, y], 1)", {"x": real(2, 3), "y": real(2, 4)}, lambda x, y: torch.cat([x, y], 1))
movement.row("cat_rows", "cat([x, y, x], 0)", {"x": real(2, 3), "y": real(1, 3)},
             lambda x, y: torch.cat([x, y, x], 0))
movement.row("stack_first", "stack([x, y], 0)", {"x": real(2, 3), "y": real(2, 3)}, lambda x, y: torch.stack([x, y], 0))
movement.row("stack_last", "stack([x, y], -1)", {"x": real(2, 3), "y": real(2, 3)},
             lambda x, y: torch.stack([x, y], -1))
movement.row("squeeze", "x.squeeze(1)", {"x": real(3, 1, 4)}, lambda x: x.squeeze(1))
movement.row("unsqueeze", "x.unsqueeze(0)", {"x": real(3, 4)}, lambda x: x.unsqueeze(0))
movement.row("unsqueeze_last", "x.unsqueeze(-1)", {"x": real(3, 4)}, lambda x: x.unsqueeze(-1))
movement.row("flatten", "x.flatten()", CUBE, lambda x: x.flatten())
movement.row("movement_chain", "x.permute([1, 0]).shrink([(1, 4), (0, 3)]).pad([(1, 0), (0, 2)]).flip([1])",
             {"x": real(3, 4)}, lambda x: F.pad(x.t()[1:4, 0:3], (0, 2, 1, 0)).flip(1))

reduce = Theme("reduce")
ROWS = {"x": real(3, 5)}
for name in ["sum", "mean"]:
    ref = getattr(torch, name)
    reduce.row(name, f"x.{name}()", ROWS, ref)
    reduce.row(f"{name}_first", f"x.{name}(0)", ROWS, lambda x, ref=ref: ref(x, 0))
    reduce.row(f"{name}_last", f"x.{name}(-1)", ROWS, lambda x, ref=ref: ref(x, -1))
    reduce.row(f"{name}_middle", f"x.{name}(1)", CUBE, lambda x, ref=ref: ref(x, 1))
    reduce.row(f"{name}_keep", f"x.{name}_keep(1)", ROWS, lambda x, ref=ref: ref(x, 1, keepdim=True))
for name, ref in [("max", torch.amax), ("min", torch.amin)]:
    reduce.row(name, f"x.{name}()", ROWS, lambda x, ref=ref: ref(x, (0, 1)))
    reduce.row(f"{name}_axis", f"x.{name}(1)", ROWS, lambda x, ref=ref: ref(x, 1))
    reduce.row(f"{name}_first", f"x.{name}(0)", ROWS, lambda x, ref=ref: ref(x, 0))
    reduce.row(f"{name}_keep", f"x.{name}_keep(1)", ROWS, lambda x, ref=ref: ref(x, 1, keepdim=True))
reduce.row("max_of_products", "x.matmul(m).max(1)", {"x": real(3, 4), "m": real(4, 5)}, lambda x, m: (x @ m).amax(1))
reduce.row("prod", "x.prod()", {"x": real(2, 3)}, torch.prod)
reduce.row("prod_axis", "x.prod(1)", ROWS, lambda x: x.prod(1))
reduce.row("prod_keep", "x.prod_keep(0)", ROWS, lambda x: x.prod(0, keepdim=True))
for name in ["var", "std"]:
    ref = getattr(torch, name)
    reduce.row(name, f"x.{name}()", ROWS, ref)
    reduce.row(f"{name}_axis", f"x.{name}(1)", ROWS, lambda x, ref=ref: ref(x, 1))
    reduce.row(f"{name}_keep", f"x.{name}_keep(1)", ROWS, lambda x, ref=ref: ref(x, 1, keepdim=True))
    reduce.row(f"{name}_population", f"x.{name}_with(1, 0)", ROWS, lambda x, ref=ref: ref(x, 1, correction=0))
reduce.row("var_far_from_zero", "x.var(1)", {"x": real(2, 6, lo=1000, hi=1004)}, lambda x: x.var(1))
reduce.row("any", "a.any()", {"a": truth(2, 3)}, torch.any)
reduce.row("any_axis", "a.any(1)", {"a": truth(4, 2)}, lambda a: a.any(1))
reduce.row("all", "a.all()", {"a": truth(2, 3)}, torch.all)
reduce.row("all_axis", "a.all(1)", {"a": truth(4, 2)}, lambda a: a.all(1))
reduce.row("all_keep", "a.all_keep(0)", {"a": truth(2, 5)}, lambda a: a.all(0, keepdim=True))
reduce.row("argmax", "x.argmax(1)", ROWS, lambda x: x.argmax(1))
reduce.row("argmax_first", "x.argmax(0)", ROWS, lambda x: x.argmax(0))
reduce.row("argmin", "x.argmin(1)", ROWS, lambda x: x.argmin(1))
reduce.row("argmin_last", "x.argmin(-1)", CUBE, lambda x: x.argmin(-1))
reduce.row("argmax_int", "x.argmax(1)", {"x": given([[3, -7, 5], [-1, -9, -2]], torch.int32)}, lambda x: x.argmax(1))
reduce.row("sum_int", "x.sum(1)", {"x": ints(3, 5)}, lambda x: x.sum(1), out=torch.int32)
reduce.row("max_int", "x.max(0)", {"x": ints(3, 5)}, lambda x: x.amax(0))
reduce.row("count", "x.gt(0.0).cast::<i32>().sum()", ROWS, lambda x: (x > 0).sum(), out=torch.int32)
reduce.row("sum_of_product", "(x * y).sum(1)", {"x": real(3, 5), "y": real(5)}, lambda x, y: (x * y).sum(1))
reduce.row("two_sums", "x.sum(2).sum(0)", CUBE, lambda x: x.sum((0, 2)))
reduce.row("centre", "x - x.mean_keep(1)", ROWS, lambda x: x - x.mean(1, keepdim=True))
reduce.row("normalize", "(x - x.mean_keep(1)) / x.std_keep(1)", ROWS,
           lambda x: (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True))
reduce.row("l2_norm", "x.square().sum(1).sqrt()", ROWS, lambda x: x.square().sum(1).sqrt())
reduce.row("cumsum", "x.cumsum(1)", ROWS, lambda x: x.cumsum(1))
reduce.row("cumsum_first", "x.cumsum(0)", ROWS, lambda x: x.cumsum(0))
reduce.row("cumsum_int", "x.cumsum(0)", {"x": ints(6)}, lambda x: x.cumsum(0), out=torch.int32)
reduce.row("sum_f64", "x.sum(0)", {"x": double(4, 3)}, lambda x: x.sum(0), tol=(1e-14, 1e-15), grad_tol=EXACT)

softmax = Theme("softmax")
softmax.row("softmax_last", "x.softmax(-1)", ROWS, lambda x: x.softmax(-1))
softmax.row("softmax_first", "x.softmax(0)", ROWS, lambda x: x.softmax(0))
softmax.row("softmax_middle", "x.softmax(1)", CUBE, lambda x: x.softmax(1))
softmax.row("softmax_large", "x.softmax(-1)", {"x": real(2, 5, lo=990, hi=1010)}, lambda x: x.softmax(-1))
softmax.row("softmax_wide", "x.softmax(-1)", {"x": real(2, 5, lo=-300, hi=300)}, lambda x: x.softmax(-1))
softmax.row("log_softmax", "x.log_softmax(-1)", ROWS, lambda x: x.log_softmax(-1))
softmax.row("log_softmax_first", "x.log_softmax(0)", ROWS, lambda x: x.log_softmax(0))
softmax.row("log_softmax_wide", "x.log_softmax(-1)", {"x": real(2, 5, lo=-300, hi=300)}, lambda x: x.log_softmax(-1))
softmax.row("logsumexp", "x.logsumexp(-1)", ROWS, lambda x: x.logsumexp(-1))
softmax.row("logsumexp_middle", "x.logsumexp(1)", CUBE, lambda x: x.logsumexp(1))
softmax.row("logsumexp_large", "x.logsumexp(1)", {"x": real(2, 5, lo=990, hi=1010)}, lambda x: x.logsumexp(1))
softmax.row("softmax_scaled", "(x * 0.5 + y).softmax(-1)", {"x": real(3, 5), "y": real(5)},
            lambda x, y: (x * 0.5 + y).softmax(-1))
softmax.row("attention", "(q.matmul(k.t()) * 0.5).softmax(-1).matmul(v)",
            {"q": real(3, 4), "k": real(5, 4), "v": real(5, 2)},
            lambda q, k, v: (q @ k.t() * 0.5).softmax(-1) @ v)
softmax.row("softmax_f64", "x.softmax(-1)", {"x": double(2, 4)}, lambda x: x.softmax(-1), tol=(1e-12, 0),
            grad_tol=(1e-10, 1e-13))

matmul = Theme("matmul")
MATMUL = "x.matmul(y)"
for name, left, right in [
    ("matmul", (3, 4), (4, 5)),
    ("matmul_row", (1, 6), (6, 3)),
    ("matmul_column", (5, 3), (3, 1)),
    ("matmul_inner_one", (4, 1), (1, 3)),
    ("matmul_dot", (7,), (7,)),
    ("matmul_vector_left", (4,), (4, 3)),
    ("matmul_vector_right", (3, 4), (4,)),
    ("matmul_batched", (2, 3, 4), (2, 4, 2)),
    ("matmul_batch_left_only", (2, 3, 4), (4, 2)),
    ("matmul_batch_right_only", (3, 4), (2, 4, 2)),
    ("matmul_batch_broadcast", (2, 1, 3, 2), (3, 2, 2)),
    ("matmul_vector_batch", (4,), (2, 4, 3)),
]:
    matmul.row(name, MATMUL, {"x": real(*left), "y": real(*right)}, torch.matmul)
matmul.row("matmul_transposed_left", "x.t().matmul(y)", {"x": real(4, 3), "y": real(4, 5)}, lambda x, y: x.t() @ y)
matmul.row("matmul_transposed_right", "x.matmul(y.t())", {"x": real(3, 4), "y": real(5, 4)}, lambda x, y: x @ y.t())
matmul.row("matmul_both_transposed", "x.t().matmul(y.t())", {"x": real(4, 3), "y": real(5, 4)},
           lambda x, y: x.t() @ y.t())
matmul.row("matmul_tf32", "x.matmul_tf32(y)", {"x": real(3, 4), "y": real(4, 5)}, lambda x, y: tf32(x) @ tf32(y))
matmul.row("linear_relu", "(x.matmul(m) + b).relu()", {"x": real(3, 4), "m": real(4, 5), "b": real(5)},
           lambda x, m, b: torch.relu(x @ m + b))
matmul.row("gram", "x.matmul(x.t())", {"x": real(3, 4)}, lambda x: x @ x.t())
matmul.row("matmul_chain", "x.matmul(y).matmul(z)", {"x": real(2, 3), "y": real(3, 4), "z": real(4, 2)},
           lambda x, y, z: x @ y @ z)
matmul.row("matmul_int", MATMUL, {"x": ints(3, 4), "y": ints(4, 2)}, torch.matmul)
matmul.row("matmul_f64", MATMUL, {"x": double(3, 4), "y": double(4, 2)}, torch.matmul, tol=(1e-13, 1e-15),
           grad_tol=(1e-13, 1e-15))

norm = Theme("norm")
AFFINE = {"x": real(3, 5), "g": real(5), "b": real(5)}


def rmsnorm(x, eps=1e-5):
    return x / (x.square().mean(-1, keepdim=True) + eps).sqrt()


norm.row("layernorm", "x.layernorm(1e-5)", ROWS, lambda x: F.layer_norm(x, x.shape[-1:], eps=1e-5))
norm.row("layernorm_affine", "x.layernorm(1e-5) * g + b", AFFINE, lambda x, g, b: F.layer_norm(x, (5,), g, b, 1e-5))
norm.row("layernorm_cube", "x.layernorm(1e-5)", CUBE, lambda x: F.layer_norm(x, x.shape[-1:], eps=1e-5))
norm.row("layernorm_large_eps", "x.layernorm(0.5)", ROWS, lambda x: F.layer_norm(x, x.shape[-1:], eps=0.5))
norm.row("layernorm_far_from_zero", "x.layernorm(1e-5)", {"x": real(2, 6, lo=100, hi=104)},
         lambda x: F.layer_norm(x, x.shape[-1:], eps=1e-5), tol=(1e-4, 1e-5), grad_tol=(1e-3, 1e-4))
norm.row("rmsnorm", "x.rmsnorm(1e-5)", ROWS, rmsnorm)
norm.row("rmsnorm_affine", "x.rmsnorm(1e-5) * g", {"x": real(3, 5), "g": real(5)}, lambda x, g: rmsnorm(x) * g)
norm.row("rmsnorm_cube", "x.rmsnorm(1e-5)", CUBE, rmsnorm)

BATCH = {"x": real(2, 3, 2, 3)}
CHANNELS = {"g": real(3), "b": real(3)}


def batchnorm(x, g=None, b=None, eps=1e-5):
    return F.batch_norm(x, None, None, g, b, training=True, eps=eps)


norm.row("batchnorm", "x.batchnorm()", BATCH, batchnorm)
norm.row("batchnorm_affine", "x.batchnorm(g, b)", BATCH | CHANNELS, batchnorm)
norm.row("batchnorm_shift", "x.batchnorm(None, b)", {"x": real(2, 3, 2, 3), "b": real(3)},
         lambda x, b: batchnorm(x, None, b))
norm.row("batchnorm_eps", "x.batchnorm(None, None, 0.5)", BATCH, lambda x: batchnorm(x, eps=0.5))
norm.row("batchnorm_rows", "x.batchnorm(g, b)", {"x": real(5, 3)} | CHANNELS, batchnorm)
norm.row("batchnorm_with", "x.batchnorm_with(m, v, g, b)",
         BATCH | {"m": real(3), "v": real(3, lo=0.2, hi=3)} | CHANNELS,
         lambda x, m, v, g, b: (x - m.view(3, 1, 1)) / (v.view(3, 1, 1) + 1e-5).sqrt() * g.view(3, 1, 1)
         + b.view(3, 1, 1))
norm.row("batchnorm_of_statistics", "x.batchnorm_with(x.mean([0, 2, 3]), x.var_with([0, 2, 3], 0))", BATCH, batchnorm)

conv = Theme("conv")
for name, arguments, x, m, options in [
    ("conv2d", "m", (1, 2, 4, 4), (3, 2, 3, 3), {}),
    ("conv2d_one_channel", "m", (2, 1, 5, 4), (1, 1, 3, 2), {}),
    ("conv2d_one_by_one", "m", (2, 3, 3, 2), (4, 3, 1, 1), {}),
    ("conv2d_padding", "m, None, 1, 1", (2, 2, 3, 4), (2, 2, 3, 3), {"padding": 1}),
    ("conv2d_padding_pair", "m, None, 1, [2, 0]", (1, 2, 3, 4), (2, 2, 3, 2), {"padding": (2, 0)}),
    ("conv2d_same_size_five", "m, None, 1, 2", (1, 1, 4, 5), (2, 1, 5, 5), {"padding": 2}),
    ("conv2d_stride", "m, None, 2", (1, 2, 5, 5), (2, 2, 3, 3), {"stride": 2}),
    ("conv2d_stride_even", "m, None, 2, 1", (1, 2, 4, 6), (2, 2, 3, 3), {"stride": 2, "padding": 1}),
    ("conv2d_stride_odd", "m, None, 2, 1", (1, 2, 5, 3), (2, 2, 3, 3), {"stride": 2, "padding": 1}),
    ("conv2d_stride_pair", "m, None, [1, 3]", (1, 2, 3, 8), (2, 2, 2, 4), {"stride": (1, 3)}),
    ("conv2d_stride_skips_rows", "m, None, 3", (1, 1, 8, 7), (2, 1, 2, 2), {"stride": 3}),
    ("conv2d_stride_leaves_rest", "m, None, 3", (1, 1, 7, 7), (2, 1, 3, 2), {"stride": 3}),
    ("conv2d_one_by_one_stride", "m, None, 2", (1, 3, 4, 3), (2, 3, 1, 1), {"stride": 2}),
    ("conv2d_patches", "m, None, 2", (1, 2, 4, 6), (3, 2, 2, 2), {"stride": 2}),
    ("conv2d_dilation", "m, None, 1, 0, 2", (1, 2, 5, 5), (2, 2, 3, 2), {"dilation": 2}),
    ("conv2d_dilation_padding", "m, None, 1, 2, 2", (1, 1, 4, 5), (2, 1, 3, 3), {"dilation": 2, "padding": 2}),
    ("conv2d_dilation_stride", "m, None, 2, 1, 2", (1, 1, 6, 7), (2, 1, 3, 3),
     {"dilation": 2, "padding": 1, "stride": 2}),
    ("conv2d_dilation_three_stride_two", "m, None, 2, 1, 3", (1, 1, 8, 7), (2, 1, 2, 3),
     {"dilation": 3, "padding": 1, "stride": 2}),
    ("conv2d_groups", "m, None, 1, 0, 1, 2", (1, 4, 3, 4), (4, 2, 2, 2), {"groups": 2}),
    ("conv2d_groups_padding", "m, None, 2, 1, 1, 2", (1, 4, 3, 4), (2, 2, 3, 3),
     {"groups": 2, "padding": 1, "stride": 2}),
    ("conv2d_depthwise", "m, None, 1, 1, 1, 3", (1, 3, 4, 3), (3, 1, 3, 3), {"groups": 3, "padding": 1}),
    ("conv2d_depthwise_twice", "m, None, 1, 0, 1, 3", (1, 3, 3, 3), (6, 1, 2, 2), {"groups": 3}),
    ("conv2d_whole", "m", (2, 2, 3, 3), (2, 2, 3, 3), {}),
]:
    conv.row(name, f"x.conv2d({arguments})", {"x": real(*x), "m": real(*m)},
             lambda x, m, options=options: F.conv2d(x, m, **options))
for name, arguments, x, m, options in [
    ("winograd_padding", "m, None, [1, 2]", (1, 2, 7, 4), (2, 2, 9, 5), {"padding": (1, 2)}),
    ("winograd_groups", "m, None, [8, 0], 2", (1, 2, 2, 8), (2, 1, 17, 5), {"groups": 2, "padding": (8, 0)}),
    ("winograd_one_tap", "m", (1, 2, 3, 4), (2, 2, 2, 1), {}),
    ("winograd_eight", "m", (1, 1, 2, 10), (1, 1, 2, 8), {}),
]:
    conv.row(name, f"x.conv2d_winograd({arguments})", {"x": real(*x), "m": real(*m)},
             lambda x, m, options=options: F.conv2d(x, m, **options), grad=False, tol=(1e-5, 1e-5))
conv.row("winograd_bias_f64", "x.conv2d_winograd(m, b)", {"x": double(1, 2, 9, 8), "m": double(2, 2, 9, 5), "b": double(2)},
         lambda x, m, b: F.conv2d(x, m, b), tol=(1e-12, 1e-12), grad_tol=(1e-12, 1e-12))
conv.row("conv2d_bias", "x.conv2d(m, b)", {"x": real(2, 2, 3, 3), "m": real(3, 2, 2, 2), "b": real(3)}, F.conv2d)
conv.row("conv2d_bias_stride_padding", "x.conv2d(m, b, 2, 1)",
         {"x": real(1, 2, 4, 4), "m": real(3, 2, 3, 3), "b": real(3)},
         lambda x, m, b: F.conv2d(x, m, b, stride=2, padding=1))
conv.row("conv2d_twice", "x.conv2d(m, None, 1, 1).relu().conv2d(n, None, 2)",
         {"x": real(1, 1, 4, 4), "m": real(2, 1, 3, 3), "n": real(2, 2, 2, 2)},
         lambda x, m, n: F.conv2d(torch.relu(F.conv2d(x, m, padding=1)), n, stride=2))
conv.row("conv2d_int", "x.conv2d(m)", {"x": ints(1, 2, 3, 3), "m": ints(2, 2, 2, 2)},
         lambda x, m: F.conv2d(x.double(), m.double()), out=torch.int32)
conv.row("conv2d_f64", "x.conv2d(m, None, 2, 1)", {"x": double(1, 2, 4, 3), "m": double(2, 2, 3, 3)},
         lambda x, m: F.conv2d(x, m, stride=2, padding=1), tol=(1e-12, 1e-14), grad_tol=(1e-12, 1e-14))
for name, arguments, x, m, options in [
    ("conv1d", "m", (2, 2, 6), (3, 2, 3), {}),
    ("conv1d_stride_padding", "m, None, 2, 1", (2, 2, 7), (2, 2, 4), {"stride": 2, "padding": 1}),
    ("conv1d_dilation_groups", "m, None, 1, 2, 2, 2", (1, 4, 6), (2, 2, 3), {"dilation": 2, "padding": 2, "groups": 2}),
]:
    conv.row(name, f"x.conv1d({arguments})", {"x": real(*x), "m": real(*m)},
             lambda x, m, options=options: F.conv1d(x, m, **options))
conv.row("conv1d_bias", "x.conv1d(m, b)", {"x": real(2, 2, 5), "m": real(3, 2, 2), "b": real(3)}, F.conv1d)
conv.row("windows", "x.windows([3])", {"x": real(2, 5)}, lambda x: x.unfold(1, 3, 1))
conv.row("windows_stride", "x.windows([3, 2], 2)", {"x": real(5, 6)}, lambda x: x.unfold(0, 3, 2).unfold(1, 2, 2))
conv.row("windows_dilation", "x.windows([2], 1, 3)", {"x": real(2, 6)}, lambda x: torch.stack([x[:, :3], x[:, 3:]], 2))
conv.row("windows_squared", "(x.windows([2, 2]) * x.windows([2, 2])).sum([-2, -1])", {"x": real(3, 4)},
         lambda x: x.unfold(0, 2, 1).unfold(1, 2, 1).square().sum((-2, -1)))

pool = Theme("pool")
for name, arguments, shape, options in [
    ("two", "2", (1, 2, 4, 6), {"kernel_size": 2}),
    ("pair", "[2, 3]", (2, 1, 4, 6), {"kernel_size": (2, 3)}),
    ("rest", "2", (1, 2, 5, 3), {"kernel_size": 2}),
    ("overlapping", "3, 1", (1, 1, 4, 5), {"kernel_size": 3, "stride": 1}),
    ("stride", "3, 2", (1, 2, 5, 5), {"kernel_size": 3, "stride": 2}),
    ("padding", "3, 2, 1", (1, 2, 4, 5), {"kernel_size": 3, "stride": 2, "padding": 1}),
    ("padding_pair", "[2, 3], 1, [0, 1]", (1, 1, 4, 4), {"kernel_size": (2, 3), "stride": 1, "padding": (0, 1)}),
    ("apart", "1, 2", (1, 1, 5, 4), {"kernel_size": 1, "stride": 2}),
    ("all", "[4, 3]", (2, 2, 4, 3), {"kernel_size": (4, 3)}),
    ("image", "2", (1, 4, 6), {"kernel_size": 2}),
]:
    for kind, ref in [("max", F.max_pool2d), ("avg", F.avg_pool2d)]:
        pool.row(f"{kind}_pool_{name}", f"x.{kind}_pool2d({arguments})", {"x": real(*shape)},
                 lambda x, ref=ref, options=options: ref(x, **options))
pool.row("max_pool_int", "x.max_pool2d(2, 2, 1)", {"x": ints(1, 1, 4, 4, lo=-30, hi=-1)},
         lambda x: F.max_pool2d(x.double(), 2, 2, 1), out=torch.int32)
pool.row("convnet", "x.conv2d(m, b, 1, 1).relu().max_pool2d(2).flatten_from(1).matmul(n).cross_entropy(y)",
         {"x": real(2, 1, 4, 4), "m": real(2, 1, 3, 3), "b": real(2), "n": real(8, 3), "y": index(2, below=3)},
         lambda x, m, b, n, y: F.cross_entropy(
             F.max_pool2d(torch.relu(F.conv2d(x, m, b, padding=1)), 2).flatten(1) @ n, y))

attention = Theme("attention")
QKV = {"q": real(2, 3, 4), "k": real(2, 5, 4), "v": real(2, 5, 2)}
SQUARE = {"q": real(2, 4, 3), "k": real(2, 4, 3), "v": real(2, 4, 2)}
attend = F.scaled_dot_product_attention
attention.row("attention_plain", "q.attention(k, v)", QKV, attend)
attention.row("attention_matrix", "q.attention(k, v)", {"q": real(3, 4), "k": real(5, 4), "v": real(5, 2)}, attend)
attention.row("attention_heads", "q.attention(k, v)",
              {"q": real(1, 2, 3, 4), "k": real(1, 2, 3, 4), "v": real(1, 2, 3, 4)}, attend)
attention.row("attention_scale", "q.attention(k, v, None, 0.3)", QKV, lambda q, k, v: attend(q, k, v, scale=0.3))
attention.row("attention_causal", "q.causal_attention(k, v)", SQUARE,
              lambda q, k, v: attend(q, k, v, is_causal=True))
attention.row("attention_causal_scale", "q.causal_attention(k, v, 1.5)", SQUARE,
              lambda q, k, v: attend(q, k, v, is_causal=True, scale=1.5))
attention.row("attention_mask", "q.attention(k, v, a)",
              QKV | {"a": given([[True, False, True, True, False], [False, False, True, False, False],
                                 [True, True, True, True, True]], torch.bool)}, lambda q, k, v, a: attend(q, k, v, a))
attention.row("attention_added", "q.attention(k, v, b)", QKV | {"b": real(3, 5)},
              lambda q, k, v, b: attend(q, k, v, b))
attention.row("attention_nobody", "q.attention(k, v, a)",
              {"q": real(2, 3), "k": real(2, 3), "v": real(2, 2), "a": given([[False, False], [True, False]], torch.bool)},
              lambda q, k, v, a: attend(q, k, v, a), grad=False)
attention.row("attention_large_scores", "q.attention(k, v)",
              {"q": real(2, 3, lo=9, hi=10), "k": real(3, 3, lo=-10, hi=10), "v": real(3, 2)}, attend,
              tol=(1e-4, 1e-5), grad_tol=(1e-3, 1e-3))

index_ = Theme("index")
index_.row("one_hot", "k.one_hot(5).cast::<f32>()", {"k": index(4, below=5)}, lambda k: F.one_hot(k, 5).float())
index_.row("one_hot_matrix", "k.one_hot(3).cast::<f32>()", {"k": index(2, 4, below=3)},
           lambda k: F.one_hot(k, 3).float())
index_.row("one_hot_u8", "k.one_hot(6).cast::<f32>()", {"k": ints(5, lo=0, hi=6, dtype=torch.uint8)},
           lambda k: F.one_hot(k.long(), 6).float())
index_.row("gather", "x.gather(1, k)", {"x": real(3, 5), "k": index(3, 2, below=5)}, lambda x, k: x.gather(1, k))
index_.row("gather_first", "x.gather(0, k)", {"x": real(4, 3), "k": index(2, 3, below=4)}, lambda x, k: x.gather(0, k))
index_.row("gather_fewer_rows", "x.gather(1, k)", {"x": real(3, 4), "k": index(2, 6, below=4)},
           lambda x, k: x.gather(1, k))
index_.row("gather_repeated", "x.gather(1, k)",
           {"x": real(2, 4), "k": given([[1, 1, 1, 3], [0, 2, 0, 2]], torch.int64)}, lambda x, k: x.gather(1, k))
index_.row("gather_i32", "x.gather(1, k)", {"x": real(3, 5), "k": ints(3, 2, lo=0, hi=5)},
           lambda x, k: x.gather(1, k.long()))
index_.row("index_select", "x.index_select(0, k)", {"x": real(5, 3), "k": index(4, below=5)},
           lambda x, k: x.index_select(0, k))
index_.row("index_select_columns", "x.index_select(1, k)", {"x": real(3, 5), "k": index(6, below=5)},
           lambda x, k: x.index_select(1, k))
index_.row("index_select_repeated", "x.index_select(0, k)", {"x": real(4, 2), "k": given([2, 2, 0, 2], torch.int64)},
           lambda x, k: x.index_select(0, k))
index_.row("embedding", "m.embedding(k)", {"m": real(6, 3), "k": index(4, below=6)}, lambda m, k: m[k])
index_.row("embedding_matrix", "m.embedding(k)", {"m": real(6, 3), "k": index(2, 4, below=6)}, lambda m, k: m[k])
index_.row("embedding_u8", "m.embedding(k)", {"m": real(6, 3), "k": ints(5, lo=0, hi=6, dtype=torch.uint8)},
           lambda m, k: m[k.long()])
index_.row("gather_then_exp", "x.gather(1, k).exp().sum(1)", {"x": real(3, 5), "k": index(3, 2, below=5)},
           lambda x, k: x.gather(1, k).exp().sum(1))

create = Theme("create")
create.row("arange_fraction", "arange(0.5, 2.0, 0.2)", {}, lambda: torch.arange(0.5, 2.0, 0.2, dtype=torch.float64))
create.row("arange_down", "arange(3.0, -1.0, -0.75)", {}, lambda: torch.arange(3.0, -1.0, -0.75, dtype=torch.float64))
create.row("arange_times", "arange(0.0, 4.0, 1.0) * x", {"x": real(3, 1)},
           lambda x: torch.arange(0.0, 4.0, 1.0, dtype=torch.float64) * x)
create.row("full_constant", "full([2, 3], 1.5)", {}, lambda: torch.full((2, 3), 1.5))
create.row("full_plus", "full([2, 3], 1.5) + x", {"x": real(3)}, lambda x: 1.5 + x.expand(2, 3))
create.row("eye_three", "eye(3)", {}, lambda: torch.eye(3))
create.row("eye_matmul", "eye(3).matmul(x) * 2.0", {"x": real(3, 4)}, lambda x: x * 2)
create.row("tril", "x.tril(0)", {"x": real(4, 5)}, lambda x: x.tril(0))
create.row("tril_below", "x.tril(-1)", {"x": real(5, 4)}, lambda x: x.tril(-1))
create.row("tril_above", "x.tril(1)", {"x": real(2, 3, 4)}, lambda x: x.tril(1))
create.row("triu", "x.triu(1)", {"x": real(4, 5)}, lambda x: x.triu(1))
create.row("triu_zero", "x.triu(0)", {"x": real(5, 4)}, lambda x: x.triu(0))
create.row("triu_below", "x.triu(-1)", {"x": real(4, 4)}, lambda x: x.triu(-1))

loss = Theme("loss")
LOGITS = {"x": real(4, 5), "y": index(4, below=5)}
loss.row("cross_entropy", "x.cross_entropy(y)", LOGITS, F.cross_entropy)
loss.row("cross_entropy_u8", "x.cross_entropy(y)", {"x": real(4, 5), "y": ints(4, lo=0, hi=5, dtype=torch.uint8)},
         lambda x, y: F.cross_entropy(x, y.long()))
loss.row("cross_entropy_wide", "x.cross_entropy(y)", {"x": real(3, 4, lo=-90, hi=90), "y": index(3, below=4)},
         F.cross_entropy)
loss.row("cross_entropy_one", "x.cross_entropy(y)", {"x": real(1, 6), "y": index(1, below=6)}, F.cross_entropy)
loss.row("mse", "x.mse(y)", PAIR, F.mse_loss)
loss.row("mse_vector", "x.mse(y)", {"x": real(7), "y": real(7)}, F.mse_loss)
loss.row("linear_mse", "(x.matmul(m) + b).mse(y)", {"x": real(4, 3), "m": real(3, 2), "b": real(2), "y": real(4, 2)},
         lambda x, m, b, y: F.mse_loss(x @ m + b, y))
loss.row("mlp_cross_entropy", "((x.matmul(m) + b).relu().matmul(n) + d).cross_entropy(y)",
         {"x": real(4, 3), "m": real(3, 5), "b": real(5), "n": real(5, 4), "d": real(4), "y": index(4, below=4)},
         lambda x, m, b, n, d, y: F.cross_entropy(torch.relu(x @ m + b) @ n + d, y))
loss.row("mean_square", "x.square().mean()", {"x": real(3, 4)}, lambda x: x.square().mean())

cast = Theme("cast")
cast.row("f32_to_i32", "x.cast::<i32>()", {"x": real(8, lo=-50, hi=50)}, lambda x: x.int())
cast.row("f32_to_i64", "x.cast::<i64>()", {"x": real(8, lo=-50, hi=50)}, lambda x: x.long())
cast.row("f32_to_u8", "x.cast::<u8>()", {"x": real(8, lo=0, hi=255)}, lambda x: x.to(torch.uint8))
cast.row("f32_to_bool", "x.cast::<bool>()", {"x": given([0.0, -0.0, 0.25, -3.0])}, lambda x: x.bool())
cast.row("f32_to_f64", "x.cast::<f64>()", {"x": real(2, 3)}, lambda x: x.double(), exact=True, tol=EXACT)
cast.row("f64_to_f32", "x.cast::<f32>()", {"x": double(2, 3)}, lambda x: x.float(), exact=True, tol=EXACT)
cast.row("through_f16", "x.cast::<f16>().cast::<f32>()", {"x": real(8)}, lambda x: x.half().float(), exact=True,
         grad=False, tol=EXACT)
cast.row("through_bf16", "x.cast::<bf16>().cast::<f32>()", {"x": real(8)}, lambda x: x.bfloat16().float(),
         exact=True, grad=False, tol=EXACT)
cast.row("i32_to_f32", "x.cast::<f32>()", {"x": ints(8, lo=-(2**30), hi=2**30)}, lambda x: x.float(), tol=EXACT)
cast.row("u8_to_f32", "x.cast::<f32>()", {"x": ints(8, lo=0, hi=256, dtype=torch.uint8)}, lambda x: x.float(),
         tol=EXACT)
cast.row("u8_to_f32_scaled", "x.cast::<f32>() / 255.0", {"x": ints(8, lo=0, hi=256, dtype=torch.uint8)},
         lambda x: x.double() / 255)
cast.row("bool_to_f32", "a.cast::<f32>()", {"a": truth(2, 5)}, lambda a: a.float())
cast.row("bool_to_i32", "a.cast::<i32>()", {"a": truth(2, 5)}, lambda a: a.int())
cast.row("i32_to_u8_wraps", "x.cast::<u8>()", {"x": given([0, 255, 256, -1, -300, 70000], torch.int32)},
         lambda x: x.to(torch.uint8))
cast.row("i64_to_i32_wraps", "x.cast::<i32>()", {"x": given([1, -1, 2**31, 2**40 + 7, -(2**33) - 5], torch.int64)},
         lambda x: x.int())
cast.row("u8_to_i8_wraps", "x.cast::<i8>()", {"x": given([0, 127, 128, 255], torch.uint8)}, lambda x: x.to(torch.int8))
cast.row("i32_to_i64", "x.cast::<i64>()", {"x": ints(6)}, lambda x: x.long())
cast.row("cast_in_the_middle", "(x.floor().cast::<i32>() * 2).cast::<f32>() + 0.5", {"x": real(6)},
         lambda x: x.floor().int() * 2 + 0.5, grad=False)

integer = Theme("integer")
INTS = {"x": ints(3, 4), "y": given([[3, -4, 7, -2], [1, 5, -6, 9], [-3, 2, 11, -1]], torch.int32)}
integer.row("add_int", "x + y", INTS, lambda x, y: x + y)
integer.row("sub_int", "x - y", INTS, lambda x, y: x - y)
integer.row("mul_int", "x * y", INTS, lambda x, y: x * y)
integer.row("div_truncates", "x / y", INTS, lambda x, y: torch.div(x, y, rounding_mode="trunc"))
integer.row("rem_sign_of_dividend", "x % y", INTS, torch.fmod)
integer.row("div_constant", "x / 3", {"x": ints(12)}, lambda x: torch.div(x, 3, rounding_mode="trunc"))
integer.row("div_power_of_two", "x / 4", {"x": ints(12)}, lambda x: torch.div(x, 4, rounding_mode="trunc"))
integer.row("rem_power_of_two", "x % 8", {"x": ints(12)}, lambda x: torch.fmod(x, 8))
integer.row("neg_int", "-x", {"x": ints(6)}, torch.neg)
integer.row("abs_int", "x.abs()", {"x": ints(6)}, torch.abs)
integer.row("sign_int", "x.sign()", {"x": given([5, 0, -3], torch.int32)}, torch.sign)
integer.row("maximum_int", "x.maximum(y)", INTS, torch.maximum)
integer.row("minimum_int", "x.minimum(y)", INTS, torch.minimum)
integer.row("clamp_int", "x.clamp(-5, 7)", {"x": ints(8)}, lambda x: x.clamp(-5, 7))
integer.row("and_int", "x & y", INTS, lambda x, y: x & y)
integer.row("or_int", "x | y", INTS, lambda x, y: x | y)
integer.row("xor_int", "x ^ y", INTS, lambda x, y: x ^ y)
integer.row("not_int", "!x", {"x": ints(6)}, lambda x: ~x)
SHIFTS = {"x": ints(6), "s": given([0, 1, 2, 5, 3, 4], torch.int32)}
integer.row("shl", "x << s", SHIFTS, lambda x, s: x << s)
integer.row("shr_arithmetic", "x >> s", SHIFTS, lambda x, s: x >> s)
integer.row("shl_constant", "x << 3", {"x": ints(6)}, lambda x: x << 3)
integer.row("shr_u8", "x >> 2", {"x": ints(6, lo=0, hi=256, dtype=torch.uint8)}, lambda x: x >> 2)
integer.row("add_wraps", "x + y", {"x": given([2**31 - 1, -(2**31)], torch.int32), "y": given([1, -1], torch.int32)},
            lambda x, y: x + y)
integer.row("mul_wraps", "x * y", {"x": given([65536, -70000], torch.int32), "y": given([65537, 70001], torch.int32)},
            lambda x, y: x * y)
integer.row("add_wraps_u8", "x + y", {"x": given([250, 7], torch.uint8), "y": given([10, 255], torch.uint8)},
            lambda x, y: x + y)
integer.row("sub_wraps_u8", "x - y", {"x": given([3, 200], torch.uint8), "y": given([10, 100], torch.uint8)},
            lambda x, y: x - y)
integer.row("add_i64", "x + y", {"x": given([2**40, -(2**41)], torch.int64), "y": given([2**40 + 1, 5], torch.int64)},
            lambda x, y: x + y)

edge = Theme("edge")


def special(name, code, ref, tol=EXACT, x=SPECIAL):
    """A row on NaN, infinities and signed zeros: no gradient, and by default exact."""
    edge.row(name, code, {"x": x}, ref, exact=True, grad=False, tol=tol)


NEAR = None  # the default tolerance
PAIRS = [NAN, 1.0, INF, -INF, INF, 2.0], [1.0, NAN, -INF, 3.0, 2.0, -INF]
OTHERS = {name: given(values) for name, values in zip("xy", PAIRS)}
VECTORS = {name: given(values * 8) for name, values in zip("xy", PAIRS)}  # whole ones of every instruction set
special("neg_special", "-x", torch.neg)
special("abs_special", "x.abs()", torch.abs)
special("double_special", "x + x", lambda x: x + x)
special("difference_special", "x - x", lambda x: x - x)
special("product_with_zero", "x * 0.0", lambda x: x * 0.0)
special("quotient_special", "x / x", lambda x: x / x)
special("recip_special", "x.recip()", torch.reciprocal, NEAR)
special("sqrt_special", "x.sqrt()", torch.sqrt, NEAR)
special("exp_special", "x.exp()", torch.exp, NEAR)
special("exp_overflow", "x.exp()", torch.exp, NEAR, given([89.0, 104.0, -104.0, 88.0]))
special("log_special", "x.log()", torch.log, NEAR)
special("sin_special", "x.sin()", torch.sin, NEAR)
special("tanh_special", "x.tanh()", torch.tanh, NEAR)
special("sigmoid_special", "x.sigmoid()", torch.sigmoid, NEAR)
special("erf_special", "x.erf()", torch.erf, NEAR)
special("relu_special", "x.relu()", torch.relu, NEAR)
special("clamp_special", "x.clamp(-1.0, 1.0)", lambda x: x.clamp(-1.0, 1.0), NEAR)
special("floor_special", "x.floor()", torch.floor, NEAR)
special("lt_special", "x.lt(0.0)", lambda x: x < 0)
special("eq_self_special", "x.eq(x)", lambda x: x == x)
special("ne_self_special", "x.ne(x)", lambda x: x != x)
special("sum_with_infinity", "x.sum()", torch.sum, NEAR, given([1.0, INF, 2.0]))
special("sum_with_nan", "x.sum(1)", lambda x: x.sum(1), NEAR, given([[1.0, NAN], [3.0, 2.0]]))
special("max_propagates_nan", "x.max(1)", lambda x: x.amax(1), NEAR, given([[1.0, NAN, 3.0], [3.0, 2.0, -INF]]))
special("min_propagates_nan", "x.min(1)", lambda x: x.amin(1), NEAR, given([[NAN, -1.0, 3.0], [3.0, 2.0, INF]]))
special("max_of_vectors_propagates_nan", "x.max(0)", lambda x: x.amax(0), NEAR,
        given([[NAN if place % 4 == row else place % 7 for place in range(16)] for row in range(3)]))
special("max_of_negative", "x.max(1)", lambda x: x.amax(1), NEAR, given([[-5.0, -3.0], [-INF, -INF]]))
special("softmax_masked", "x.softmax(-1)", lambda x: x.softmax(-1), NEAR, given([[1.0, -INF, 2.0], [-INF, 0.5, -INF]]))
special("logsumexp_masked", "x.logsumexp(-1)", lambda x: x.logsumexp(-1), NEAR, given([[1.0, -INF, 2.0]]))
special("where_does_not_leak_nan", "x.ge(0.0).where_(x.sqrt(), 0.0)",
        lambda x: torch.where(x >= 0, x.sqrt(), 0.0), NEAR, given([4.0, -4.0, 0.25]))
special("round_half_to_even", "x.round()", torch.round, NEAR, given([0.5, 1.5, 2.5, -0.5, -1.5, 3.5]))
# Exponents from the least to the largest with a fraction that is a tie, and with one just below it.
special("round_tf32_exponents", "x.round_tf32()", tf32, EXACT,
        of_bits([e << 23 | (e * 5 % 1024) << 13 | low | (e & 1) << 31
                 for e in [*range(0, 254, 9), 254] for low in (0x1000, 0x0FFF)]))
special("round_tf32_special", "x.round_tf32()", tf32, EXACT,
        of_bits([0, 1 << 31, 1, 0xFFF, 0x1000, 0x807FFFFF, 0x3FFFFFFF, 0x7F7FEFFF, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000,
                 0xFF800000, 0x7FC00000, 0xFFC00000, 0x7FFFFFFF, 0xFFFFFFFF]))
special("argmax_first_of_ties", "x.argmax(1)", lambda x: x.argmax(1), NEAR, given([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]))
special("argmin_first_of_ties", "x.argmin(1)", lambda x: x.argmin(1), NEAR, given([[3.0, 1.0, 1.0], [2.0, 2.0, 2.0]]))
special("pow_special", "x.pow(0.5)", lambda x: x**0.5, NEAR, given([0.0, 1.0, INF, NAN, -1.0]))
special("fill_masked_pad", "x.pad([(1, 1)])", lambda x: F.pad(x, (1, 1)), EXACT, given([INF, NAN]))
edge.row("add_special", "x + y", OTHERS, lambda x, y: x + y, exact=True, grad=False, tol=EXACT)
edge.row("maximum_special", "x.maximum(y)", OTHERS, torch.maximum, exact=True, grad=False, tol=EXACT)
edge.row("maximum_of_vectors", "x.maximum(y)", VECTORS, torch.maximum, exact=True, grad=False, tol=EXACT)
edge.row("minimum_special", "x.minimum(y)", OTHERS, torch.minimum, exact=True, grad=False, tol=EXACT)
edge.row("relu_at_zero", "x.relu()", {"x": given([-1.0, 0.0, 2.0])}, torch.relu)
edge.row("abs_at_zero", "x.abs()", {"x": given([-1.0, 0.0, 2.0])}, torch.abs)
edge.row("clamp_at_bounds", "x.clamp(-1.0, 1.0)", {"x": given([-1.0, 0.0, 1.0, 1.25])}, lambda x: x.clamp(-1.0, 1.0))
edge.row("max_ties_share", "x.max(1)", {"x": given([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])}, lambda x: x.amax(1))
edge.row("maximum_ties_share", "x.maximum(y)", {"x": given([1.0, 2.0]), "y": given([1.0, 3.0])}, torch.maximum)
edge.row("prod_with_zero", "x.prod(1)", {"x": given([[2.0, 0.0, -3.0], [0.5, 4.0, 1.5]])}, lambda x: x.prod(1))
edge.row("softmax_of_equal", "x.softmax(-1)", {"x": given([[0.0, 0.0, 0.0, 0.0]])}, lambda x: x.softmax(-1))
edge.row("single_element", "x.sum().exp()", {"x": real(1)}, lambda x: x.sum().exp())



ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24]


@np.errstate(over="ignore")
def threefry(seed, shape):
    """Both words of Threefry-2x32-20 for the pair that each element belongs to, and whether it is the second one."""
    place, seed = np.arange(np.prod(shape), dtype=np.uint64).reshape(shape), int(seed)
    low, high = seed & 0xFFFFFFFF, seed >> 32
    keys = [np.uint32(key) for key in (low, high, low ^ high ^ 0x1BD11BDA)]
    a, b = (place // 2).astype(np.uint32) + keys[0], (place // 2 >> 32).astype(np.uint32) + keys[1]
    for turn in range(20):
        distance, step = ROTATIONS[turn % 8], turn // 4 + 1
        a = a + b
        b = (b << distance | b >> 32 - distance) ^ a
        if turn % 4 == 3:
            a, b = a + keys[step % 3], b + keys[(step + 1) % 3] + np.uint32(step)
    return a, b, place % 2 == 1


def random_word(seed, *shape):
    a, b, second = threefry(seed, shape)
    return torch.tensor(np.where(second, b, a).astype(np.int64))


def random_uniform(seed, low, high, *shape):
    # Of the distance 24 bits count: what numpy's float64 keeps of it after 29 of its bits are cut off.
    distance = (np.float64(high - low).view(np.uint64) >> np.uint64(29) << np.uint64(29)).view(np.float64)
    return low + (random_word(seed, *shape) >> 8).double() * 2.0**-24 * distance


def random_normal(seed, *shape):
    a, b, second = threefry(seed, shape)
    turn = 2 * np.pi * 2.0**-32 * b
    radius = np.sqrt(-2 * np.log((a + 1.0) * 2.0**-32))
    return torch.tensor(radius * np.where(second, np.sin(turn), np.cos(turn)))


random_ = Theme("random")
SEED = {"seed": given(0x0123456789ABCDEF, torch.uint64)}
ULP = (1.2e-7, 0)  # in float64, of which a rounding to float32 may show
random_.row("words", "random_bits([3, 5], seed)", SEED, lambda s: random_word(s, 3, 5), out=torch.uint32)
random_.row("normals", "randn([3, 5], seed)", SEED, lambda s: random_normal(s, 3, 5), tol=ULP)
random_.row("between", "uniform([3, 5], -0.3, 1.7, seed)", SEED, lambda s: random_uniform(s, -0.3, 1.7, 3, 5), tol=EXACT)
random_.row("dropped", "x.dropout(0.4, seed)", {"x": real(4, 3), **SEED},
            lambda x, s: torch.where(random_uniform(s, 0, 1, 4, 3) < 0.4, 0, x / 0.6))
random_.row("words_of_a_number", "random_bits([9], 7)", {}, lambda: random_word(7, 9), out=torch.uint32)
random_.row("normals_of_an_i32", "randn([2, 2, 2], seed)", {"seed": given(5, torch.int32)},
            lambda s: random_normal(s, 2, 2, 2), tol=ULP)
random_.row("one_normal", "randn([], 3) * x", {"x": real(3)}, lambda x: random_normal(3) * x)
random_.row("between_a_sum", "(uniform([5, 4], 0.0, 1.0, 2) * x).sum(0)", {"x": real(4)},
            lambda x: (random_uniform(2, 0, 1, 5, 4) * x).sum(0))
random_.row("seeds_that_follow", "random_bits([4], seed * 2) ^ random_bits([4], seed * 2 + 1)", SEED,
            lambda s: random_word(int(s) * 2 % 2**64, 4) ^ random_word((int(s) * 2 + 1) % 2**64, 4), out=torch.uint32)

THEMES = [unary, binary, compare, movement, reduce, softmax, matmul, norm, conv, pool, attention, index_,
          create, loss, cast, integer, edge, random_]
