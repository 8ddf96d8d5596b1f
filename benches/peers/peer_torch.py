"""The cases in PyTorch, in float32 as a contender and in float64 as the reference of what NumPy does not have."""

import numpy as np
import torch
import torch.nn.functional as F
from inputs import ADAM_EPSILON, ADAM_RATE, BETAS, EPSILON, HEADS, LINE, RATE, ROWS, SEQUENCE, WIDTH

LEFT_OUT = {}
# Kinds whose pictures and weights are held with the channels last, which is faster. Training is not, and its batch
# normalization loses three digits in that layout.
CHANNELS_LAST = {"conv", "convnet"}
LINEAR = ["w1", "w2", "w5", "w_qkv", "w_out", "w_up", "w_down"]  # held as torch.nn.Linear does: (out, in)


def tensor(value, kind):
    held = torch.as_tensor(value.astype(np.int64) if value.dtype == np.uint32 else value)
    last = kind in CHANNELS_LAST and held.dim() == 4
    return held.contiguous(memory_format=torch.channels_last) if last else held


def linear(net):
    return {name: p.t().contiguous() if name in LINEAR and p.dim() == 2 else p for name, p in net.items()}


def mlp(x, net):
    return F.linear(F.linear(x, net["w1"], net["b1"]).relu_(), net["w2"], net["b2"])


def half(x, net, layers, statistics):
    """Two convolutions, batch normalization with `statistics` or those of the batch, and a pool."""
    norm, (first, second) = layers
    x = F.conv2d(x, net[f"w{first}"], net[f"b{first}"]).relu_()
    x = F.conv2d(x, net[f"w{second}"], net[f"b{second}"]).relu_()
    mean, variance = statistics or (None, None)
    x = F.batch_norm(x, mean, variance, net[f"scale{norm}"], net[f"shift{norm}"], statistics is None, 0, EPSILON)
    return F.max_pool2d(x, 2)


def convnet(x, net):
    training = "mean1" not in net
    for layers in [(1, (1, 2)), (2, (3, 4))]:
        norm = layers[0]
        x = half(x, net, layers, None if training else (net[f"mean{norm}"], net[f"variance{norm}"]))
    return F.linear(x.flatten(1), net["w5"], net["b5"])


def encoder(x, net):
    qkv = F.linear(x, net["w_qkv"], net["b_qkv"]).view(1, SEQUENCE, 3, HEADS, WIDTH // HEADS)
    mixed = F.scaled_dot_product_attention(*(qkv[:, :, part].transpose(1, 2) for part in range(3)))
    mixed = mixed.transpose(1, 2).reshape(SEQUENCE, WIDTH)
    x = x + F.linear(mixed, net["w_out"], net["b_out"])
    x = F.layer_norm(x, (WIDTH,), net["scale1"], net["shift1"], EPSILON)
    x = x + F.linear(F.gelu(F.linear(x, net["w_up"], net["b_up"])), net["w_down"], net["b_down"])
    return F.layer_norm(x, (WIDTH,), net["scale2"], net["shift2"], EPSILON)


ONE = torch.ones(())
CALLS = {
    "mlp": mlp, "convnet": convnet, "encoder": encoder, "product": lambda a, b: a @ b, "sum": lambda x: x.sum(),
    "conv": lambda x, w, b, stride, padding: F.conv2d(x, w, b, stride, padding), "softmax": lambda x: x.softmax(-1),
    "layernorm": lambda x, weight, bias: F.layer_norm(x, ROWS[1:], weight, bias, EPSILON),
    "relu": lambda x: torch.add(ONE, x, alpha=2).relu_(),
    "gelu": lambda x: F.gelu(x * LINE[0] + LINE[1], approximate="tanh"),
}  # fmt: skip


def build(kind, inputs, threads, optimized=lambda function: function):
    torch.set_num_threads(threads)
    values = {name: int(v) if np.ndim(v) == 0 else v for name, v in inputs.items() if name != "net"}
    values = {name: v if isinstance(v, int) else tensor(v, kind) for name, v in values.items()}
    net = {name: tensor(p, kind) for name, p in inputs.get("net", {}).items()}
    if kind in ("train", "convnet_train"):
        return build_training(kind, values["x"], values["y"], net, optimized)
    values = {name: v for name, v in values.items() if name != "y"} | ({"net": linear(net)} if net else {})
    forward = optimized(CALLS[kind])

    def inference():
        with torch.inference_mode():
            return forward(**values)

    return inference, lambda out: [out.contiguous().numpy()]


def perceptron_in_training(x, net):
    return torch.addmm(net["b2"], torch.addmm(net["b1"], x, net["w1"]).relu(), net["w2"])


def convnet_in_training(x, net):
    return convnet(x, net | {"w5": net["w5"].t()})


def build_training(kind, x, y, net, optimized):
    start, parameters = [p.clone() for p in net.values()], list(net.values())
    scores = perceptron_in_training if kind == "train" else convnet_in_training
    for parameter in parameters:
        parameter.requires_grad_()
    loss_of = optimized(lambda x, y, net: F.cross_entropy(scores(x, net), y))
    adam = torch.optim.Adam(parameters, ADAM_RATE, BETAS, ADAM_EPSILON, fused=True) if kind != "train" else None

    def step():
        loss = loss_of(x, y, net)
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            update(parameters, gradients, adam)
        return loss

    moved = lambda: [(now.detach() - then).contiguous().numpy() for now, then in zip(parameters, start)]
    return step, lambda loss: [loss.detach().numpy(), *moved()]


def update(parameters, gradients, adam):
    if adam is None:
        return torch._foreach_add_(parameters, gradients, alpha=-RATE)
    for parameter, gradient in zip(parameters, gradients):
        # The fused Adam reads memory in order; torch.compile gives gradients of weights another order.
        parameter.grad = gradient.contiguous()
    adam.step()
