"""The cases in tinygrad, jitted, on the CPU."""

import numpy as np
from inputs import ADAM_EPSILON, ADAM_RATE, BETAS, EPSILON, HEADS, LINE, RATE, SEQUENCE, WIDTH
from tinygrad import Device, Tensor, TinyJit
from tinygrad.nn.optim import Adam

LEFT_OUT = {}


def mlp(x, net):
    return (x @ net["w1"] + net["b1"]).relu() @ net["w2"] + net["b2"]


def half(x, net, number, first, second):
    x = x.conv2d(net[f"w{first}"], net[f"b{first}"]).relu()
    x = x.conv2d(net[f"w{second}"], net[f"b{second}"]).relu()
    mean, variance = net.get(f"mean{number}"), net.get(f"variance{number}")
    if mean is None:
        mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
    x = x.batchnorm(net[f"scale{number}"], net[f"shift{number}"], mean, (variance + EPSILON).rsqrt())
    return x.max_pool2d(2)


def convnet(x, net):
    return half(half(x, net, 1, 1, 2), net, 2, 3, 4).flatten(1) @ net["w5"] + net["b5"]


def norm(x, scale, shift):
    return x.layernorm(eps=EPSILON) * scale + shift


def encoder(x, net):
    qkv = (x @ net["w_qkv"] + net["b_qkv"]).reshape(SEQUENCE, 3, HEADS, WIDTH // HEADS).permute(1, 2, 0, 3)
    mixed = qkv[0].scaled_dot_product_attention(qkv[1], qkv[2]).transpose(0, 1).reshape(SEQUENCE, WIDTH)
    x = norm(x + mixed @ net["w_out"] + net["b_out"], net["scale1"], net["shift1"])
    inner = x @ net["w_up"] + net["b_up"]
    inner = 0.5 * inner * (1 + (inner * 0.5**0.5).erf())  # its own gelu is the one with tanh
    return norm(x + inner @ net["w_down"] + net["b_down"], net["scale2"], net["shift2"])


CALLS = {
    "mlp": mlp, "convnet": convnet, "encoder": encoder, "product": lambda a, b: a @ b, "sum": lambda x: x.sum(),
    "layernorm": lambda x, weight, bias: norm(x, weight, bias), "softmax": lambda x: x.softmax(),
    "relu": lambda x: (x * 2 + 1).relu(), "gelu": lambda x: (x * LINE[0] + LINE[1]).gelu(),
}  # fmt: skip


def held(values):
    return {name: Tensor(v).contiguous().realize() for name, v in values.items()}


def synchronized(step):
    def call():
        out = step()
        Device[Device.DEFAULT].synchronize()
        return out

    return call


def build(kind, inputs, threads):
    net = held(inputs.get("net", {}))
    values = held({name: v for name, v in inputs.items() if name not in ("net", "y", "stride", "padding")})
    if kind in ("train", "convnet_train"):
        return build_training(kind, values["x"], Tensor(inputs["y"].astype(np.int32)).realize(), net)
    if kind == "conv":
        stride, padding = int(inputs["stride"]), int(inputs["padding"])
        function = lambda x, w, b: x.conv2d(w, b, stride=stride, padding=padding)
    else:
        function = (lambda x: CALLS[kind](x, net)) if net else CALLS[kind]
    jitted = TinyJit(lambda **named: function(**named).realize())
    return synchronized(lambda: jitted(**values)), lambda out: [out.numpy()]


def build_training(kind, x, y, net):
    parameters = list(net.values())
    start = [p.numpy().copy() for p in parameters]
    scores = mlp if kind == "train" else convnet
    adam = Adam(parameters, ADAM_RATE, *BETAS, ADAM_EPSILON) if kind != "train" else None

    @TinyJit
    @Tensor.train()
    def step():
        loss = scores(x, net).sparse_categorical_crossentropy(y)
        return Tensor.realize(loss, *changes(loss, parameters, adam))

    moved = lambda: [now.numpy() - then for now, then in zip(parameters, start)]
    return synchronized(step), lambda loss: [loss.numpy(), *moved()]


def changes(loss, parameters, adam):
    """What is to be computed for one step."""
    if adam is not None:
        adam.zero_grad()
        loss.backward()
        return adam.schedule_step()
    for parameter, gradient in zip(parameters, loss.gradient(*parameters)):
        parameter.assign(parameter.detach() - RATE * gradient)
    return parameters
