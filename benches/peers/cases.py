"""Every case: what kind of computation it is, and its inputs."""

from functools import partial

import inputs

SQUARES = [64, 128, 256, 512, 1000, 1024, 2048]
PRODUCTS = [(1, 4096, 4096), (32, 784, 128), (37, 513, 211), (3, 5, 4096), (4096, 16, 4096)]

CASES = {
    "mlp_forward_1": ("mlp", partial(inputs.mlp, 1)),
    "mlp_forward_32": ("mlp", partial(inputs.mlp, 32)),
    "mlp_train_128": ("train", partial(inputs.mlp, 128)),
    "convnet_forward_128": ("convnet", inputs.digits_to_infer),
    "convnet_train_128": ("convnet_train", inputs.digits),
    "encoder_128": ("encoder", inputs.sequence),
    **{f"product_{n}": ("product", partial(inputs.factors, n, n, n)) for n in SQUARES},
    **{f"product_{m}x{k}x{n}": ("product", partial(inputs.factors, m, k, n)) for m, k, n in PRODUCTS},
    "conv3x3_64x56": ("conv", partial(inputs.conv, 1, 64, 64, 56, 3, 1, 1)),
    "conv7x7_stride2_8x224": ("conv", partial(inputs.conv, 8, 3, 64, 224, 7, 2, 3)),
    "softmax_4096x1024": ("softmax", inputs.rows),
    "layernorm_4096x1024": ("layernorm", inputs.affine),
    "relu_16m": ("relu", inputs.elements),
    "gelu_16m": ("gelu", inputs.elements),
    "sum_16m": ("sum", inputs.elements),
}

# tg has another algorithm for these; the others do the same.
CASES |= {f"{name}_winograd": CASES[name] for name in ("convnet_forward_128", "convnet_train_128", "conv3x3_64x56")}
