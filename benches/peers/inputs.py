"""The inputs of every case, as in `src/inputs`. Nets are dicts in the order of theirs."""

import numpy as np

PIXELS, CLASSES = 784, 10
ROWS = (4096, 1024)
ELEMENTS = 16 << 20
RATE, EPSILON = 0.5, 1e-5
LINE = (0.75, 0.25)  # of the argument of gelu_tanh
BATCH, SIDE = 128, 28
ADAM_RATE, ADAM_EPSILON, BETAS = 2.0**-10, 2.0**-4, (0.9, 0.999)
SEQUENCE, WIDTH, HEADS = 128, 384, 12

PERCEPTRON = {  # shape, seed, scale, offset
    "w1": ((784, 128), 2, 1 / 16, 0), "b1": ((128,), 3, 1 / 8, 0),
    "w2": ((128, 10), 4, 1 / 8, 0), "b2": ((10,), 5, 1 / 8, 0),
}  # fmt: skip
CONVNET = {
    "w1": ((32, 1, 5, 5), 20, 1 / 4, 0), "b1": ((32,), 21, 1 / 4, 0),
    "w2": ((32, 32, 5, 5), 22, 1 / 16, 0), "b2": ((32,), 23, 1 / 16, 0),
    "scale1": ((32,), 24, 1 / 2, 1), "shift1": ((32,), 25, 1 / 4, 0),
    "w3": ((64, 32, 3, 3), 26, 1 / 16, 0), "b3": ((64,), 27, 1 / 16, 0),
    "w4": ((64, 64, 3, 3), 28, 1 / 16, 0), "b4": ((64,), 29, 1 / 16, 0),
    "scale2": ((64,), 30, 1 / 2, 1), "shift2": ((64,), 31, 1 / 4, 0),
    "w5": ((576, 10), 32, 1 / 16, 0), "b5": ((10,), 33, 1 / 16, 0),
}  # fmt: skip
STATISTICS = {
    "mean1": ((32,), 34, 1 / 4, 0), "variance1": ((32,), 35, 1 / 2, 1),
    "mean2": ((64,), 36, 1 / 4, 0), "variance2": ((64,), 37, 1 / 2, 1),
}  # fmt: skip
ENCODER = {
    "w_qkv": ((384, 1152), 40, 1 / 8, 0), "b_qkv": ((1152,), 41, 1 / 8, 0),
    "w_out": ((384, 384), 42, 1 / 8, 0), "b_out": ((384,), 43, 1 / 8, 0),
    "scale1": ((384,), 44, 1 / 2, 1), "shift1": ((384,), 45, 1 / 4, 0),
    "w_up": ((384, 1536), 46, 1 / 8, 0), "b_up": ((1536,), 47, 1 / 8, 0),
    "w_down": ((1536, 384), 48, 1 / 16, 0), "b_down": ((384,), 49, 1 / 16, 0),
    "scale2": ((384,), 50, 1 / 2, 1), "shift2": ((384,), 51, 1 / 4, 0),
}  # fmt: skip


def hashed(count, seed):
    h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) ^ np.uint32(seed * 0x85EBCA77 & 0xFFFFFFFF)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    h = (h ^ (h >> np.uint32(12))) * np.uint32(0x297A2D39)
    return (h ^ (h >> np.uint32(15))) >> np.uint32(8)


def uniform(shape, seed, scale, offset=0):
    values = hashed(int(np.prod(shape)), seed).astype(np.float32) * np.float32(2**-23) - np.float32(1)
    return (values * np.float32(scale) + np.float32(offset)).reshape(shape)


def net(rows):
    return {name: uniform(*row) for name, row in rows.items()}


def mlp(batch):
    return {"x": uniform((batch, PIXELS), 1, 1), "y": hashed(batch, 6) % CLASSES, "net": net(PERCEPTRON)}


def elements():
    return {"x": uniform((ELEMENTS,), 7, 2)}


def rows():
    return {"x": uniform(ROWS, 8, 4)}


def affine():
    return rows() | {"weight": uniform(ROWS[1:], 9, 1), "bias": uniform(ROWS[1:], 10, 1)}


def factors(m, k, n):
    return {"a": uniform((m, k), 11, 1), "b": uniform((k, n), 12, 1)}


def conv(batch, channels, out, side, window, stride, padding):
    arrays = {
        "x": uniform((batch, channels, side, side), 13, 1), "w": uniform((out, channels, window, window), 14, 1 / 8),
        "b": uniform((out,), 15, 1),
    }  # fmt: skip
    return arrays | {"stride": np.int64(stride), "padding": np.int64(padding)}


def digits():
    return {"x": uniform((BATCH, 1, SIDE, SIDE), 1, 1), "y": hashed(BATCH, 6) % CLASSES, "net": net(CONVNET)}


def digits_to_infer():
    return {"x": digits()["x"], "net": net(CONVNET | STATISTICS)}


def sequence():
    return {"x": uniform((SEQUENCE, WIDTH), 39, 1), "net": net(ENCODER)}
