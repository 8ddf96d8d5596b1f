"""The cases in JAX, jitted, on the CPU."""

import jax
import jax.numpy as jnp
import numpy as np
from inputs import ADAM_EPSILON, ADAM_RATE, BETAS, EPSILON, HEADS, LINE, RATE, SEQUENCE, WIDTH

LEFT_OUT = {}


def mlp(x, net, y=None):
    return jax.nn.relu(x @ net["w1"] + net["b1"]) @ net["w2"] + net["b2"]


def norm(x, weight, bias):
    y = x - x.mean(-1, keepdims=True)
    return y * jax.lax.rsqrt((y * y).mean(-1, keepdims=True) + EPSILON) * weight + bias


def convolve(x, w, b, stride=1, padding=0):
    """Channels last, which is faster here."""
    pads, layout = [(padding, padding)] * 2, ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, w, (stride, stride), pads, dimension_numbers=layout) + b


def half(x, net, number, first, second):
    x = jax.nn.relu(convolve(x, net[f"w{first}"], net[f"b{first}"]))
    x = jax.nn.relu(convolve(x, net[f"w{second}"], net[f"b{second}"]))
    mean, variance = net.get(f"mean{number}"), net.get(f"variance{number}")
    if mean is None:
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    x = (x - mean) * (jax.lax.rsqrt(variance + EPSILON) * net[f"scale{number}"]) + net[f"shift{number}"]
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def convnet(x, net):
    x = half(half(x, net, 1, 1, 2), net, 2, 3, 4)
    return x.transpose(0, 3, 1, 2).reshape(len(x), -1) @ net["w5"] + net["b5"]


def encoder(x, net):
    qkv = (x @ net["w_qkv"] + net["b_qkv"]).reshape(SEQUENCE, 3, HEADS, WIDTH // HEADS)
    mixed = jax.nn.dot_product_attention(*(qkv[None, :, part] for part in range(3))).reshape(SEQUENCE, WIDTH)
    x = norm(x + mixed @ net["w_out"] + net["b_out"], net["scale1"], net["shift1"])
    inner = jax.nn.gelu(x @ net["w_up"] + net["b_up"], approximate=False)
    return norm(x + inner @ net["w_down"] + net["b_down"], net["scale2"], net["shift2"])


CALLS = {
    "mlp": mlp, "convnet": convnet, "encoder": encoder, "product": lambda a, b: a @ b, "layernorm": norm,
    "softmax": lambda x: jax.nn.softmax(x, -1), "relu": lambda x: jax.nn.relu(2 * x + 1), "sum": lambda x: x.sum(),
    "gelu": lambda x: jax.nn.gelu(x * LINE[0] + LINE[1], approximate=True),
}  # fmt: skip


def last(value):
    """Pictures and weights of convolutions with the channels last."""
    return value.transpose(0, 2, 3, 1) if value.ndim == 4 else value


def weights_last(net):
    return {name: v.transpose(2, 3, 1, 0) if v.ndim == 4 else v for name, v in net.items()}


def weights_first(value):
    return value.transpose(3, 2, 0, 1) if value.ndim == 4 else value


def build(kind, inputs, threads):
    inputs = inputs | ({"net": weights_last(inputs["net"])} if "net" in inputs else {})
    if kind == "conv":
        return build_conv(**inputs)
    arrays = jax.tree.map(jnp.asarray, inputs | ({"x": last(inputs["x"])} if "x" in inputs else {}))
    if kind in ("train", "convnet_train"):
        return build_training(kind, list(inputs["net"]), **arrays)
    jitted = jax.jit(CALLS[kind])
    return lambda: jitted(**arrays).block_until_ready(), lambda out: [np.asarray(out)]


def build_conv(x, w, b, stride, padding):
    x, w, b = jnp.asarray(last(x)), jnp.asarray(w.transpose(2, 3, 1, 0)), jnp.asarray(b)
    jitted = jax.jit(lambda x, w, b: convolve(x, w, b, int(stride), int(padding)))
    return lambda: jitted(x, w, b).block_until_ready(), lambda out: [np.asarray(out).transpose(0, 3, 1, 2)]


def sgd(net, state, gradients):
    return jax.tree.map(lambda p, g: p - RATE * g, net, gradients), state


def adam(net, state, gradients):
    mean, square, steps = state
    steps = steps + 1
    mean = jax.tree.map(lambda m, g: BETAS[0] * m + (1 - BETAS[0]) * g, mean, gradients)
    square = jax.tree.map(lambda s, g: BETAS[1] * s + (1 - BETAS[1]) * g * g, square, gradients)
    seen = [-jnp.expm1(steps * np.log(beta)) for beta in BETAS]
    step = lambda p, m, s: p - ADAM_RATE * (m / seen[0]) / (jnp.sqrt(s / seen[1]) + ADAM_EPSILON)
    return jax.tree.map(step, net, mean, square), (mean, square, steps)


def build_training(kind, names, x, y, net):
    """`names` is the order of the parameters, which JAX sorts."""
    scores, update = (mlp, sgd) if kind == "train" else (convnet, adam)
    start, y = {name: np.array(p) for name, p in net.items()}, y.astype(np.int32)
    zeros = jax.tree.map(jnp.zeros_like, net)
    held = [net, None if kind == "train" else (zeros, jax.tree.map(jnp.copy, zeros), jnp.zeros(()))]

    def loss_of(net):
        return -jnp.take_along_axis(jax.nn.log_softmax(scores(x, net)), y[:, None], 1).mean()

    def step(net, state):
        loss, gradients = jax.value_and_grad(loss_of)(net)
        return loss, *update(net, state, gradients)

    jitted = jax.jit(step, donate_argnums=(0, 1))

    def call():
        loss, *held[:] = jitted(*held)
        jax.block_until_ready(held)
        return loss

    moved = lambda: [weights_first(np.asarray(held[0][name]) - start[name]) for name in names]
    return call, lambda loss: [np.asarray(loss), *moved()]
