"""Lazy tensors beside tinygrad: the time to the first result, and of each call, for a small perceptron of batch 1.

    cargo build --release --example latency
    python benches/lazy.py [--latency target/release/examples/latency]

Both run on one thread, in processes of their own, first with empty caches and then again. tinygrad's figures are of its CPU
device, by TinyJit; `pip install numpy tinygrad==0.13.0`, and `clang`. Times are of the clock; a run on a busy machine says nothing.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

TINYGRAD = """
import time
begin = time.perf_counter()
import numpy as np
from tinygrad import Device, Tensor, TinyJit
rng = np.random.default_rng(1)
held = lambda *shape: Tensor(rng.uniform(-0.1, 0.1, shape).astype(np.float32)).realize()
w1, b1, w2, b2 = held(784, 128), held(128), held(128, 10), held(10)
net = lambda x: (x @ w1 + b1).relu() @ w2 + b2
x = Tensor(np.ones((1, 784), np.float32)).realize()
net(x).numpy()
print(f"first {(time.perf_counter() - begin) * 1e6:.1f}")

def per_call(call, count=300):
    for _ in range(10): call()
    Device[Device.DEFAULT].synchronize()
    begin = time.perf_counter()
    for _ in range(count): call()
    Device[Device.DEFAULT].synchronize()
    return (time.perf_counter() - begin) / count * 1e6

fresh = lambda: net(Tensor(np.ones((1, 784), np.float32))).realize()
print(f"graph {per_call(fresh):.1f}")
jitted = TinyJit(lambda x: net(x).realize())
print(f"jit {per_call(lambda: jitted(x)):.1f}")
"""


def run(command, environment):
    text = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True).stdout
    return text


def microseconds(text):
    number, unit = re.match(r"([\d.]+)(s|ms|µs)", text).groups()
    return float(number) * {"s": 1e6, "ms": 1e3, "µs": 1}[unit]


def of_tg(program, cache):
    text = run([program, "--lazy"], {"TG_THREADS": "1", "TG_CACHE": cache})
    calls = [float(value) for value in re.findall(r"([\d.]+) us a call", text)]
    launch = float(re.search(r"([\d.]+) us of these until", text)[1])
    first = microseconds(re.search(r"after (\S+)", text)[1])
    return {"first": first, "graph": calls[0], "launch": launch, "jit": calls[1]}


def of_tinygrad(cache):
    environment = {"DEV": "CPU", "CPU_COUNT": "1", "XDG_CACHE_HOME": cache}
    lines = run([sys.executable, "-c", TINYGRAD], environment).splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", default="target/release/examples/latency", help="the built example")
    program = os.path.abspath(parser.parse_args().latency)
    ahead = run([program], {"TG_THREADS": "1"})
    ahead = float(re.search(r"batch  1:\s+([\d.]+) us a call\n", ahead)[1])
    with tempfile.TemporaryDirectory() as folder:
        ours = [of_tg(program, os.path.join(folder, "tg")) for _ in range(3)]
        peer = [of_tinygrad(os.path.join(folder, "tinygrad")) for _ in range(3)]
    rows = [
        ("first result, nothing compiled", ours[0]["first"], peer[0]["first"]),
        ("first result, compiled before", *(min(run["first"] for run in runs[1:]) for runs in (ours, peer))),
        ("a call that builds its graph", *(min(run["graph"] for run in runs) for runs in (ours, peer))),
        ("a call of a traced function", *(min(run["jit"] for run in runs) for runs in (ours, peer))),
    ]
    print("| µs | tg | tinygrad | ratio |\n|---|--:|--:|--:|")
    for name, tg, tinygrad in rows:
        print(f"| {name} | {tg:,.1f} | {tinygrad:,.1f} | {tinygrad / tg:.1f} |")
    print(f"| from a call that builds its graph to its launch, at most | {min(run['launch'] for run in ours):,.1f} | | |")
    print(f"| a call of the tensor function | {ahead:,.1f} | | |")


if __name__ == "__main__":
    main()
