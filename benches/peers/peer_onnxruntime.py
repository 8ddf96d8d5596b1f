"""The cases in ONNX Runtime. Parameters are constants of the model; inputs and outputs are bound, so a call copies
nothing."""

import numpy as np
import onnxruntime
from inputs import EPSILON, HEADS, LINE
from onnx import helper, numpy_helper

LEFT_OUT = dict.fromkeys(["train", "convnet_train"], "training needs a separate build of ONNX Runtime")
FED = ("x", "a", "b")  # arrays that are inputs of the model, where they are not parameters


def node(op, sources, out, **attributes):
    return helper.make_node(op, sources.split(), [out], **attributes)


def fused(op, sources, out, **attributes):
    """One of the operators that ONNX Runtime's optimizer for transformers puts in."""
    return node(op, sources, out, domain="com.microsoft", **attributes)


def convnet():
    def half(x, norm, first, second):
        return [
            node("Conv", f"{x} w{first} b{first}", f"c{first}"), node("Relu", f"c{first}", f"r{first}"),
            node("Conv", f"r{first} w{second} b{second}", f"c{second}"), node("Relu", f"c{second}", f"r{second}"),
            node(
                "BatchNormalization", f"r{second} scale{norm} shift{norm} mean{norm} variance{norm}", f"n{norm}",
                epsilon=EPSILON,
            ),
            node("MaxPool", f"n{norm}", f"p{norm}", kernel_shape=[2, 2], strides=[2, 2]),
        ]  # fmt: skip

    end = [node("Flatten", "p2", "flat"), node("Gemm", "flat w5 b5", "out")]
    return half("x", 1, 1, 2) + half("p1", 2, 3, 4) + end


ENCODER = [
    node("Unsqueeze", "x zero", "x3"), fused("Attention", "x3 w_qkv b_qkv", "mixed", num_heads=HEADS),
    node("MatMul", "mixed w_out", "m1"),
    fused("SkipLayerNormalization", "x3 m1 scale1 shift1 b_out", "y", epsilon=EPSILON),
    node("MatMul", "y w_up", "u"), fused("BiasGelu", "u b_up", "g"), node("MatMul", "g w_down", "m2"),
    fused("SkipLayerNormalization", "y m2 scale2 shift2 b_down", "z", epsilon=EPSILON),
    node("Squeeze", "z zero", "out"),
]  # fmt: skip


def conv(stride, padding):
    return [node("Conv", "x w b", "out", strides=[stride] * 2, pads=[padding] * 4)]


GRAPHS = {
    "mlp": [node("Gemm", "x w1 b1", "h"), node("Relu", "h", "r"), node("Gemm", "r w2 b2", "out")],
    "convnet": convnet(),
    "encoder": ENCODER,
    "product": [node("MatMul", "a b", "out")],
    "softmax": [node("Softmax", "x", "out")],
    "layernorm": [node("LayerNormalization", "x weight bias", "out", epsilon=EPSILON)],
    "relu": [node("Mul", "x two", "d"), node("Add", "d one", "s"), node("Relu", "s", "out")],
    "gelu": [node("Mul", "x factor", "d"), node("Add", "d term", "s"), node("Gelu", "s", "out", approximate="tanh")],
    "sum": [node("ReduceSum", "x", "out", keepdims=0)],
}
NUMBERS = {
    "zero": np.array([0]), "one": np.float32(1), "two": np.float32(2),
    "factor": np.float32(LINE[0]), "term": np.float32(LINE[1]),
}  # fmt: skip


def model(kind, fed, constants, nodes):
    used = {name for n in nodes for name in n.input}
    info = lambda name, shape: helper.make_tensor_value_info(name, 1, shape)
    graph = helper.make_graph(
        nodes, kind, [info(name, value.shape) for name, value in fed.items()], [info("out", None)],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items() if name in used],
    )  # fmt: skip
    versions = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=versions, ir_version=9).SerializeToString()


def session(serialized, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(serialized, options, providers=["CPUExecutionProvider"])


def build(kind, inputs, threads):
    nodes = conv(int(inputs["stride"]), int(inputs["padding"])) if kind == "conv" else GRAPHS[kind]
    inputs = inputs | inputs.get("net", {})
    resident = {"x"} if kind != "product" else FED
    fed = {name: inputs[name] for name in FED if name in inputs and name in resident}
    constants = {name: v for name, v in inputs.items() if name not in fed and isinstance(v, np.ndarray)} | NUMBERS
    running = session(model(kind, fed, constants, nodes), threads)
    binding = running.io_binding()
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in fed.values()]
    for name, value in zip(fed, values):
        binding.bind_ortvalue_input(name, value)
    shape = running.run(None, fed)[0].shape
    out = onnxruntime.OrtValue.ortvalue_from_shape_and_type(list(shape), np.float32)
    binding.bind_ortvalue_output("out", out)
    # The bound values must outlive the binding.
    return lambda: (running.run_with_iobinding(binding), values), lambda _: [out.numpy()]
