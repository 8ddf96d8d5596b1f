"""Arrays of both sides: inputs by the formula of `benches/src/inputs/formula.rs`, and results that were written to files.

Which inputs there are, `kernels` says: shape, type, seed and range of each.
"""

import math

import torch

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "u8": torch.uint8}
MASK, CHUNK = 0xFFFFFFFF, 1 << 26


def hashed(numbers, seed):
    """24 bits for each number; 32-bit arithmetic in 64 bits, whose upper half is cut off."""
    h = (numbers * 0x9E3779B1 & MASK) ^ (seed * 0x85EBCA77 & MASK)
    h = (h ^ h >> 15) * 0x2C1B3C6D & MASK
    h = (h ^ h >> 12) * 0x297A2D39 & MASK
    return (h ^ h >> 15) >> 8


def made(row, device):
    """The input that `row` describes."""
    out = torch.empty(math.prod(row["shape"]), dtype=DTYPES[row["dtype"]], device=device)
    for at in range(0, len(out), CHUNK):
        part = out[at : at + CHUNK]
        h = hashed(torch.arange(at, at + len(part), device=device), row["seed"])
        if "below" in row:
            part.copy_(h % row["below"])
        else:
            part.copy_((h.float() * 2.0**-23 - 1) * row["scale"] + row["offset"])
    return out.view(row["shape"])


def sampled(value, step):
    """Every so many rows."""
    return value[::step] if value.dim() else value


def read(row, device):
    """The result that `row` describes; only every `step`th row was written."""
    shape, dtype = row["shape"], DTYPES[row["dtype"]]
    if shape:
        shape = [-(-shape[0] // row["step"]), *shape[1:]]
    with open(row["file"], "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=dtype).view(shape).to(device)


def wide(value):
    """The same in float64; whole numbers stay."""
    return value.double() if value.is_floating_point() else value


def error(got, want):
    """The largest difference, relative to the largest element of its array."""
    worst = 0.0
    for g, w in zip(got, want, strict=True):
        if g.shape != w.shape:
            raise ValueError(f"shape is {tuple(g.shape)}, expected {tuple(w.shape)}")
        worst = max(worst, ((g.double() - w).abs().max() / w.abs().max()).item())
        if not g.isfinite().all():
            return math.inf
    return worst
