"""The cases in NumPy, in place where that saves memory. Given float64, this is also the reference."""

import numpy as np
from inputs import EPSILON, LINE, RATE

LEFT_OUT = {
    **dict.fromkeys(["conv", "convnet", "convnet_train"], "NumPy has no convolution"),
    "encoder": "NumPy has no erf",
}


def mlp(x, net):
    h = x @ net["w1"]
    h += net["b1"]
    np.maximum(h, 0, out=h)
    scores = h @ net["w2"]
    scores += net["b2"]
    return h, scores


def softmax(x):
    e = x - x.max(-1, keepdims=True)
    np.exp(e, out=e)
    e /= e.sum(-1, keepdims=True)
    return e


def layernorm(x, weight, bias):
    y = x - x.mean(-1, keepdims=True)
    scale = 1 / np.sqrt(np.einsum("ij,ij->i", y, y) / x.shape[-1] + EPSILON)
    y *= scale[:, None].astype(x.dtype)
    y *= weight
    y += bias
    return y


def relu(x):
    y = x * x.dtype.type(2)
    y += x.dtype.type(1)
    return np.maximum(y, 0, out=y)


def gelu(x):
    y = x * x.dtype.type(LINE[0])
    y += x.dtype.type(LINE[1])
    inner = y * y
    inner *= x.dtype.type(0.044715)
    inner += 1
    inner *= y
    inner *= x.dtype.type(np.sqrt(2 / np.pi))
    np.tanh(inner, out=inner)
    inner += 1
    y *= x.dtype.type(0.5)
    y *= inner
    return y


def train(x, y, net):
    """One step in place; returns the loss."""
    h, scores = mlp(x, net)
    d, rows = softmax(scores), np.arange(len(x))
    loss = -np.log(d[rows, y]).mean()
    d[rows, y] -= 1
    d /= len(x)
    d_h = (d @ net["w2"].T) * (h > 0)
    for parameter, gradient in zip(net.values(), [x.T @ d_h, d_h.sum(0), h.T @ d, d.sum(0)]):
        gradient *= RATE
        parameter -= gradient
    return loss


CALLS = {
    "mlp": lambda x, y, net: mlp(x, net)[1], "product": lambda a, b: a @ b, "softmax": softmax,
    "layernorm": layernorm, "relu": relu, "gelu": gelu, "sum": lambda x: x.sum(),
}  # fmt: skip


def build(kind, inputs, threads):
    """A call, and a function from its result to the arrays that are checked."""
    if kind == "train":
        net = inputs["net"]
        start = {name: p.copy() for name, p in net.items()}
        return lambda: train(**inputs), lambda loss: [loss, *(net[name] - start[name] for name in net)]
    return lambda: CALLS[kind](**inputs), lambda out: [out]
