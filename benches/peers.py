"""Times PyTorch, ONNX Runtime, NumPy, JAX and tinygrad on the cases of tg-bench, and checks what they compute.

    python benches/peers.py --json [--filter WORD] [--threads N] [--ours target/release/tg-bench]

Every contender is a process of its own, told by one line of input to do one round; the rounds of all contenders are
interleaved. Inputs come from the formula in `src/inputs.rs`, results are compared with float64. `README.md` says how
to read the output.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

import numpy as np

PIXELS, HIDDEN, CLASSES = 784, 128, 10
ROWS = (4096, 1024)
ELEMENTS = 16 << 20
RATE, EPSILON = 0.5, 1e-5
TOLERANCE = 1e-3  # larger errors, relative to the largest element, exclude a contender
TURN, WARM_UP, PAUSE = 0.025, 5, 0.03  # seconds a turn, calls, seconds in which spinning thread pools go to sleep
KEEP_MEMORY = {  # freed blocks stay in the process: a fresh 64 MiB result costs no page faults
    "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "4294967296", "MALLOC_TOP_PAD_": "268435456",
}  # fmt: skip


# The inputs, as in src/inputs.rs.


def hashed(count, seed):
    h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) ^ np.uint32(seed * 0x85EBCA77 & 0xFFFFFFFF)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    h = (h ^ (h >> np.uint32(12))) * np.uint32(0x297A2D39)
    return (h ^ (h >> np.uint32(15))) >> np.uint32(8)


def uniform(shape, seed, scale):
    values = hashed(int(np.prod(shape)), seed).astype(np.float32) * np.float32(2**-23) - np.float32(1)
    return (values * np.float32(scale)).reshape(shape)


def mlp_inputs(batch):
    parameters = [
        uniform((PIXELS, HIDDEN), 2, 1 / 16), uniform((HIDDEN,), 3, 1 / 8),
        uniform((HIDDEN, CLASSES), 4, 1 / 8), uniform((CLASSES,), 5, 1 / 8),
    ]  # fmt: skip
    return {"x": uniform((batch, PIXELS), 1, 1), "parameters": parameters, "y": hashed(batch, 6) % CLASSES}


def affine_inputs():
    return {"x": uniform(ROWS, 8, 4), "weight": uniform(ROWS[1:], 9, 1), "bias": uniform(ROWS[1:], 10, 1)}


def factors(size):
    return {"a": uniform((size, size), 11, 1), "b": uniform((size, size), 12, 1)}


# The cases. NumPy is both a contender and, given float64, the reference.


def mlp(x, parameters, y=None):
    w1, b1, w2, b2 = parameters
    h = x @ w1
    h += b1
    np.maximum(h, 0, out=h)
    scores = h @ w2
    scores += b2
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


def train(x, parameters, y):
    """One step in place; returns the loss."""
    w1, b1, w2, b2 = parameters
    h, scores = mlp(x, parameters)
    d, rows = softmax(scores), np.arange(len(x))
    loss = -np.log(d[rows, y]).mean()
    d[rows, y] -= 1
    d /= len(x)
    d_h = (d @ w2.T) * (h > 0)
    for parameter, gradient in zip(parameters, [x.T @ d_h, d_h.sum(0), h.T @ d, d.sum(0)]):
        gradient *= RATE
        parameter -= gradient
    return loss


CASES = {
    "mlp_forward_1": ("mlp", lambda: mlp_inputs(1)),
    "mlp_forward_32": ("mlp", lambda: mlp_inputs(32)),
    "mlp_train_128": ("train", lambda: mlp_inputs(128)),
    "product_256": ("product", lambda: factors(256)),
    "product_512": ("product", lambda: factors(512)),
    "softmax_4096x1024": ("softmax", lambda: {"x": uniform(ROWS, 8, 4)}),
    "layernorm_4096x1024": ("layernorm", affine_inputs),
    "relu_16m": ("relu", lambda: {"x": uniform((ELEMENTS,), 7, 2)}),
}


def numpy_peer(kind, inputs, _threads):
    """A call, and a function from its result to the arrays that are checked."""
    if kind == "train":
        start = [p.copy() for p in inputs["parameters"]]
        moved = lambda: [now - then for now, then in zip(inputs["parameters"], start)]
        return lambda: train(**inputs), lambda loss: [loss, *moved()]
    call = {
        "mlp": lambda x, parameters, y: mlp(x, parameters)[1], "product": lambda a, b: a @ b,
        "softmax": softmax, "layernorm": layernorm, "relu": relu,
    }[kind]  # fmt: skip
    return lambda: call(**inputs), lambda out: [out]


def torch_peer(kind, inputs, threads, compiled=False):
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(threads)
    tensors = {k: torch.tensor(v.astype(np.int64)) if k == "y" else v for k, v in inputs.items()}
    tensors = {k: [torch.tensor(p) for p in v] if k == "parameters" else torch.as_tensor(v) for k, v in tensors.items()}
    optimized, one = torch.compile if compiled else lambda f: f, torch.ones(())
    if kind == "train":
        return torch_train(torch, tensors, optimized)
    if kind == "mlp":  # the layout of torch.nn.Linear
        w1, b1, w2, b2 = tensors.pop("parameters")
        w1, w2, x = w1.t().contiguous(), w2.t().contiguous(), tensors["x"]
        forward = optimized(lambda x: F.linear(F.linear(x, w1, b1).relu_(), w2, b2))
        call = lambda: forward(x)
    else:
        method = {
            "product": lambda a, b: a @ b, "softmax": lambda x: x.softmax(-1),
            "relu": lambda x: torch.add(one, x, alpha=2).relu_(),
            "layernorm": lambda x, weight, bias: F.layer_norm(x, ROWS[1:], weight, bias, EPSILON),
        }[kind]  # fmt: skip
        forward = optimized(method)
        call = lambda: forward(**tensors)

    def inference():
        with torch.inference_mode():
            return call()

    return inference, lambda out: [out.numpy()]


def torch_train(torch, tensors, optimized):
    x, y, parameters = tensors["x"], tensors["y"], tensors["parameters"]
    start = [p.clone() for p in parameters]
    for parameter in parameters:
        parameter.requires_grad_()

    @optimized
    def loss_of(x, y, w1, b1, w2, b2):
        scores = torch.addmm(b2, torch.addmm(b1, x, w1).relu(), w2)
        return torch.nn.functional.cross_entropy(scores, y)

    def step():
        loss = loss_of(x, y, *parameters)
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            torch._foreach_add_(parameters, gradients, alpha=-RATE)
        return loss

    moved = lambda: [(now.detach() - then).numpy() for now, then in zip(parameters, start)]
    return step, lambda loss: [loss.detach().numpy(), *moved()]


def torch_compile_peer(kind, inputs, threads):
    if not shutil.which("g++"):
        raise NotImplementedError("torch.compile needs a C++ compiler")
    return torch_peer(kind, inputs, threads, compiled=True)


def onnxruntime_peer(kind, inputs, threads):
    """Parameters are constants of the model; inputs and outputs are bound, so a call copies nothing."""
    import onnxruntime
    from onnx import helper, numpy_helper

    node = helper.make_node
    constants = {"two": np.float32(2), "one": np.float32(1)}
    fed = {name: inputs[name] for name in ("x", "a", "b") if name in inputs}
    if kind == "mlp":
        constants |= dict(zip(["w1", "b1", "w2", "b2"], inputs["parameters"]))
        layers = [("Gemm", ["x", "w1", "b1"], ["h"]), ("Relu", ["h"], ["r"]), ("Gemm", ["r", "w2", "b2"], ["out"])]
    elif kind == "layernorm":
        constants |= {"weight": inputs["weight"], "bias": inputs["bias"]}
        layers = [("LayerNormalization", ["x", "weight", "bias"], ["out"], {"epsilon": EPSILON})]
    elif kind == "train":
        raise NotImplementedError("training needs a separate build of ONNX Runtime")
    else:
        layers = {
            "product": [("MatMul", ["a", "b"], ["out"])], "softmax": [("Softmax", ["x"], ["out"])],
            "relu": [("Mul", ["x", "two"], ["d"]), ("Add", ["d", "one"], ["s"]), ("Relu", ["s"], ["out"])],
        }[kind]  # fmt: skip
    nodes = [node(op, sources, outputs, **(rest[0] if rest else {})) for op, sources, outputs, *rest in layers]
    used = {name for n in nodes for name in n.input}
    info = lambda name, shape: helper.make_tensor_value_info(name, 1, shape)
    graph = helper.make_graph(
        nodes, kind, [info(name, value.shape) for name, value in fed.items()], [info("out", None)],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items() if name in used],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in fed.values()]
    for name, value in zip(fed, values):
        binding.bind_ortvalue_input(name, value)
    shape = session.run(None, fed)[0].shape
    out = onnxruntime.OrtValue.ortvalue_from_shape_and_type(list(shape), np.float32)
    binding.bind_ortvalue_output("out", out)
    # The bound values must outlive the binding.
    return lambda: (session.run_with_iobinding(binding), values), lambda _: [out.numpy()]


def jax_peer(kind, inputs, _threads):
    import jax
    import jax.numpy as jnp

    arrays = jax.tree.map(jnp.asarray, inputs)

    def forward(x, w1, b1, w2, b2):
        return jax.nn.relu(x @ w1 + b1) @ w2 + b2

    def norm(x, weight, bias):
        y = x - x.mean(-1, keepdims=True)
        return y * jax.lax.rsqrt((y * y).mean(-1, keepdims=True) + EPSILON) * weight + bias

    if kind == "train":
        return jax_train(jax, arrays, forward)
    function = {
        "mlp": lambda x, parameters, y: forward(x, *parameters), "product": lambda a, b: a @ b,
        "softmax": lambda x: jax.nn.softmax(x, -1), "layernorm": norm, "relu": lambda x: jax.nn.relu(2 * x + 1),
    }[kind]  # fmt: skip
    jitted = jax.jit(function)
    return lambda: jitted(**arrays).block_until_ready(), lambda out: [np.asarray(out)]


def jax_train(jax, arrays, forward):
    x, y = arrays["x"], arrays["y"].astype(np.int32)
    start = [np.array(p) for p in arrays["parameters"]]
    state = [tuple(arrays["parameters"])]

    def loss_of(parameters):
        scores = forward(x, *parameters)
        return -jax.numpy.take_along_axis(jax.nn.log_softmax(scores), y[:, None], 1).mean()

    def step(parameters):
        loss, gradients = jax.value_and_grad(loss_of)(parameters)
        return loss, jax.tree.map(lambda p, g: p - RATE * g, parameters, gradients)

    jitted = jax.jit(step, donate_argnums=0)

    def call():
        loss, state[0] = jitted(state[0])
        jax.block_until_ready(state[0])
        return loss

    moved = lambda: [np.asarray(now) - then for now, then in zip(state[0], start)]
    return call, lambda loss: [np.asarray(loss), *moved()]


def tinygrad_peer(kind, inputs, _threads):
    from tinygrad import Device, Tensor, TinyJit

    device = Device[Device.DEFAULT]
    tensors = {k: v for k, v in inputs.items() if k not in ("parameters", "y")}
    tensors = {k: Tensor(v).contiguous().realize() for k, v in tensors.items()}
    parameters = [Tensor(p).contiguous().realize() for p in inputs.get("parameters", [])]

    def forward(x):
        w1, b1, w2, b2 = parameters
        return (x @ w1 + b1).relu() @ w2 + b2

    if kind == "train":
        return tinygrad_train(Tensor, TinyJit, device, forward, tensors["x"], parameters, inputs)
    function = {
        "mlp": forward, "product": lambda a, b: a @ b, "softmax": lambda x: x.softmax(),
        "layernorm": lambda x, weight, bias: x.layernorm(eps=EPSILON) * weight + bias,
        "relu": lambda x: (x * 2 + 1).relu(),
    }[kind]  # fmt: skip
    jitted = TinyJit(lambda **named: function(**named).realize())

    def call():
        out = jitted(**tensors)
        device.synchronize()
        return out

    return call, lambda out: [out.numpy()]


def tinygrad_train(Tensor, TinyJit, device, forward, x, parameters, inputs):
    y = Tensor(inputs["y"].astype(np.int32)).realize()
    start = [p.numpy().copy() for p in parameters]

    @TinyJit
    def step():
        loss = forward(x).sparse_categorical_crossentropy(y)
        gradients = loss.gradient(*parameters)
        for parameter, gradient in zip(parameters, gradients):
            parameter.assign(parameter.detach() - RATE * gradient)
        return Tensor.realize(loss, *parameters)

    def call():
        loss = step()
        device.synchronize()
        return loss

    moved = lambda: [now.numpy() - then for now, then in zip(parameters, start)]
    return call, lambda loss: [loss.numpy(), *moved()]


PEERS = {
    "pytorch": torch_peer, "pytorch_compile": torch_compile_peer, "onnxruntime": onnxruntime_peer,
    "numpy": numpy_peer, "jax": jax_peer, "tinygrad": tinygrad_peer,
}  # fmt: skip


# A worker: one peer on one case.


def wide(value):
    if isinstance(value, list):
        return [wide(part) for part in value]
    return value.astype(np.float64) if value.dtype == np.float32 else value


def error(got, want):
    """The largest difference, relative to the largest element of its array."""
    errors = []
    for g, w in zip(got, want, strict=True):
        g, w = np.asarray(g, dtype=np.float64), np.asarray(w)
        if g.shape != w.shape:
            raise ValueError(f"shape is {g.shape}, expected {w.shape}")
        errors.append(np.abs(g - w).max() / np.abs(w).max())
    return float(np.max(errors))


def turn(call):
    times, start = [], time.perf_counter()
    while not times or time.perf_counter() - start < TURN:
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1e6)
    return statistics.median(times)


def work(peer, case, threads):
    """Prints the error of the first call, then the median time of one round for each line of input."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    kind, inputs = CASES[case]
    reference, read = numpy_peer(kind, {name: wide(value) for name, value in inputs().items()}, threads)
    want = [np.array(part) for part in read(reference())]
    call, read = PEERS[peer](kind, inputs(), threads)
    print(error(read(call()), want), flush=True)
    for _ in range(WARM_UP):
        call()
    for _ in sys.stdin:
        print(turn(call), flush=True)


# The parent: all contenders of one case, interleaved.


def environment(threads, keep_memory):
    settings = {name: str(threads) for name in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"]}
    settings |= {name: str(threads) for name in ["RAYON_NUM_THREADS", "TG_THREADS", "CPU_COUNT"]}
    settings |= {"JAX_PLATFORMS": "cpu", "DEV": "CPU", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return os.environ | settings | (KEEP_MEMORY if keep_memory else {})


class Contender:
    """A worker process, ready once its result was checked."""

    def __init__(self, name, command, env):
        self.name, self.times = name, []
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def ready(self):
        first = self.process.stdout.readline()
        if not first:
            why = self.process.stderr.read().strip().splitlines() or ["it ended"]
            print(f"peers.py: {self.name}: {why[-1]}", file=sys.stderr)
            return False
        self.error = float(first)
        if not self.error <= TOLERANCE:
            print(f"peers.py: {self.name}: result is off by {self.error:.1e}", file=sys.stderr)
        return self.error <= TOLERANCE

    def round(self):
        self.process.stdin.write("round\n")
        self.process.stdin.flush()
        self.times.append(float(self.process.stdout.readline()))

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def run_case(case, threads, options):
    env = environment(threads, not options.default_malloc)
    commands = {peer: [sys.executable, __file__, "--worker", peer, case, str(threads)] for peer in options.peers}
    if options.ours:
        commands["tg"] = [options.ours, "--serve", case, "--threads", str(threads)]
    # One after the other: a peer that compiles must not disturb the next one's warm-up.
    contenders = []
    for name, command in commands.items():
        contender = Contender(name, command, env)
        contenders.append(contender) if contender.ready() else contender.end()
    for number in range(options.rounds):
        for position in range(len(contenders)):
            time.sleep(PAUSE)
            contenders[(number + position) % len(contenders)].round()
    for contender in contenders:
        contender.end()
    return line(case, threads, contenders)


def line(case, threads, contenders):
    medians = {c.name: round(statistics.median(c.times), 2) for c in contenders}
    ours = medians.pop("tg", None)
    errors = [c.error for c in contenders if c.name == "tg" or ours is None]
    ratio = round(min(medians.values()) / ours, 3) if ours and medians else None
    return {
        "case": case, "threads": threads, "us": ours, "limit_pct": None, "peers": medians, "ratio": ratio,
        "max_rel_err": float(f"{max(errors, default=0):.2e}"),
    }  # fmt: skip


def show(result):
    peers = "  ".join(f"{name} {us:.1f}" for name, us in sorted(result["peers"].items(), key=lambda item: item[1]))
    return f"{result['case']:<20} {result['threads']} threads  tg {result['us']}  ratio {result['ratio']}  {peers}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--filter", default="", metavar="WORD", help="only cases whose name contains WORD")
    parser.add_argument("--threads", type=int, metavar="N", help="only with N threads (default: one, and all cores)")
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="interleaved rounds (default 9)")
    parser.add_argument("--peers", default=",".join(PEERS), metavar="A,B", help=f"which of {', '.join(PEERS)}")
    parser.add_argument("--ours", metavar="PATH", help="the tg-bench binary, to time tg in the same rounds")
    parser.add_argument("--default-malloc", action="store_true", help="leave glibc's malloc as it is")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(options.worker[0], options.worker[1], int(options.worker[2]))
    options.peers = [name for name in options.peers.split(",") if name]
    if unknown := set(options.peers) - set(PEERS):
        parser.error(f"unknown peers {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    cores = len(os.sched_getaffinity(0))
    for threads in [options.threads] if options.threads else sorted({1, cores}):
        for case in CASES:
            if options.filter in case:
                result = run_case(case, threads, options)
                print(json.dumps(result) if options.json else show(result), flush=True)


if __name__ == "__main__":
    main()
