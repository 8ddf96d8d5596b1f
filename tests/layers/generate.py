"""Writes one safetensors file for each case of `main.rs`: a layer of PyTorch, an input, and what must come out.

    python tests/layers/generate.py

Needs PyTorch and NumPy. References are computed in float64 from float32 parameters and inputs, and rounded once. In a file,
`inputs.layer.*` is the state of the layer under PyTorch's names, `inputs.x` its input (`inputs.x.0`, … of several), `out`
the result, `cotangent` the weights of its elements in the number that is differentiated, and `gradients.*` the gradients by
all of `inputs`, with buffers as they are there. `after.*` is the state of the layer after the call, in training.
"""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent
DTYPES = {torch.float32: "F32", torch.int64: "I64"}


def save(path, tensors):
    header, data = {}, b""
    for name, tensor in sorted(tensors.items()):
        raw = tensor.contiguous().numpy().tobytes()
        header[name] = {
            "dtype": DTYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def single(tensor):
    return tensor.detach().float() if tensor.is_floating_point() else tensor.detach()


def named(prefix, tensors):
    return {f"{prefix}.{name}": single(tensor) for name, tensor in tensors.items()}


def random(rng, *shape):
    return torch.tensor(rng.normal(size=shape), dtype=torch.float32).double()


def case(name, layer, shapes, forward=lambda layer, *x: layer(*x), state=lambda tensors: tensors, training=False):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    layer = layer.double().train(training)
    for tensor in layer.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(random(rng, *tensor.shape).abs() + 0.1)
        else:
            tensor.fill_(3)
    for tensor in layer.parameters():
        tensor.data.copy_(random(rng, *tensor.shape))
    before = {key: value.clone() for key, value in layer.state_dict().items()}
    x = [random(rng, *shape).requires_grad_() for shape in shapes]
    out = forward(layer, *x)
    cotangent = random(rng, *out.shape)
    wrt = dict(layer.named_parameters())
    gradients = torch.autograd.grad((out * cotangent).sum(), [*wrt.values(), *x])
    by_layer, by_x = before | dict(zip(wrt, gradients)), gradients[len(wrt) :]
    tensors = {"out": single(out), "cotangent": single(cotangent)}
    for prefix, states, values in [("inputs", before, x), ("gradients", by_layer, by_x)]:
        tensors |= named(f"{prefix}.layer", state(states))
        tensors |= named(f"{prefix}.x", dict(enumerate(values))) if len(x) > 1 else {f"{prefix}.x": single(values[0])}
    if training:
        tensors |= named("after", layer.state_dict())
    save(HERE / f"{name}.safetensors", tensors)


def separate(tensors):
    """The state of MultiheadAttention with its first three projections apart."""
    result = {name: value for name, value in tensors.items() if name.startswith("out_proj")}
    for kind in ["weight", "bias"]:
        for name, part in zip("qkv", tensors[f"in_proj_{kind}"].chunk(3)):
            result[f"{name}_proj.{kind}"] = part
    return result


class RmsNorm(nn.Module):
    """RMSNorm in float64 with the eps that it has in float32."""

    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return nn.functional.rms_norm(x, self.weight.shape, self.weight, torch.finfo(torch.float32).eps)


def attention(mask):
    def forward(layer, query, key, value):
        return layer(query, key, value, attn_mask=mask, need_weights=False)[0]

    return forward


CAUSAL = torch.ones(4, 4, dtype=torch.bool).triu(1)

case("linear", nn.Linear(5, 3), [(4, 5)])
case("linear_of_a_sequence", nn.Linear(5, 3), [(2, 4, 5)])
case("linear_no_bias", nn.Linear(5, 3, bias=False), [(4, 5)])
case("conv1d", nn.Conv1d(2, 3, 3, 2, 1), [(2, 2, 7)])
case("conv1d_dilated", nn.Conv1d(2, 3, 3, dilation=2), [(2, 2, 7)])
case("conv2d", nn.Conv2d(2, 3, 3), [(2, 2, 5, 6)])
case("conv2d_strided", nn.Conv2d(2, 3, 3, 2, 1), [(2, 2, 5, 6)])
case("conv2d_of_groups", nn.Conv2d(4, 6, 3, padding=2, dilation=2, groups=2), [(1, 4, 5, 5)])
case("conv2d_no_bias", nn.Conv2d(2, 3, 3, padding=1, bias=False), [(2, 2, 4, 4)])
case("conv2d_winograd", nn.Conv2d(4, 4, 3, padding=1, groups=2), [(2, 4, 6, 8)])
case("conv2d_winograd_no_bias", nn.Conv2d(2, 3, 5, bias=False), [(2, 2, 8, 12)])
case("conv2d_winograd_strided", nn.Conv2d(2, 3, 3, 2, 1), [(2, 2, 5, 6)])
case("batchnorm", nn.BatchNorm2d(3), [(2, 3, 2, 3)])
case("batchnorm_in_training", nn.BatchNorm2d(3), [(2, 3, 2, 3)], training=True)
case("batchnorm_of_rows", nn.BatchNorm1d(3), [(5, 3)], training=True)
case("layernorm", nn.LayerNorm(5), [(2, 3, 5)])
case("layernorm_eps", nn.LayerNorm(5, eps=0.5), [(3, 5)])
case("rmsnorm", RmsNorm(5), [(2, 3, 5)])
case("embedding", nn.Embedding(7, 3), [(6, 3)], lambda layer, x: layer(torch.arange(6) * 5 % 7) * x)
case("attention", nn.MultiheadAttention(6, 2, batch_first=True), [(2, 3, 6), (2, 4, 6), (2, 4, 6)],
     attention(None), separate)
case("attention_masked", nn.MultiheadAttention(6, 3, batch_first=True), [(2, 3, 6), (2, 4, 6), (2, 4, 6)],
     attention((torch.arange(4) >= 3).expand(3, 4)), separate)
case("attention_causal", nn.MultiheadAttention(6, 2, batch_first=True), [(2, 4, 6)],
     lambda layer, x: attention(CAUSAL)(layer, x, x, x), separate)
