"""One peer on one case: checks its result, then times a round for each line of input."""

import importlib
import os
import statistics
import sys
import time

import numpy as np
from cases import CASES

TURN, WARM_UP = 0.025, 5  # seconds a turn, calls
PEERS = {  # the module of each; its LEFT_OUT says which kinds of cases it does not have, and why
    "pytorch": "peer_torch", "pytorch_compile": "peer_torch_compile", "onnxruntime": "peer_onnxruntime",
    "numpy": "peer_numpy", "jax": "peer_jax", "tinygrad": "peer_tinygrad",
}  # fmt: skip


def module(peer):
    return importlib.import_module(PEERS[peer])


def skips(peer, case):
    """Why the peer has no such case, or nothing."""
    return module(peer).LEFT_OUT.get(CASES[case][0])


def wide(value):
    if isinstance(value, dict):
        return {name: wide(part) for name, part in value.items()}
    return value.astype(np.float64) if value.dtype == np.float32 else value


def reference(kind, inputs):
    """The result in float64: by NumPy where that has the case, else by PyTorch."""
    peer = module("pytorch" if kind in module("numpy").LEFT_OUT else "numpy")
    call, read = peer.build(kind, wide(inputs), threads=1)
    return [np.array(part) for part in read(call())]


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
    """The median of its calls; a first one, which wakes threads and finds the caches of others, is not timed."""
    call()
    times, start = [], time.perf_counter()
    while not times or time.perf_counter() - start < TURN:
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1e6)
    return statistics.median(times)


def work(peer, case, threads):
    """Prints the error of the first call, then the median time of one turn for each line of input."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    kind, inputs = CASES[case]
    want = reference(kind, inputs())
    call, read = module(peer).build(kind, inputs(), threads)
    print(error(read(call()), want), flush=True)
    for _ in range(WARM_UP):
        call()
    for _ in sys.stdin:
        print(turn(call), flush=True)
