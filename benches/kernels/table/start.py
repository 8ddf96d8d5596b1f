"""From the start of a process to the first result of a small network.

tg's process is `examples/latency.rs`, which prints a line then; PyTorch's is the text below.
"""

import os
import statistics
import subprocess
import sys
import time

RUNS = 5
# The binaries of tg that are built with NVIDIA's assembler, and without it.
PROGRAMS = {"start": "latency", "start_from_ptx": "latency_ptx"}
PEER = """
import torch
net = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)).cuda()
with torch.inference_mode():
    print(net(torch.ones(1, 784, device="cuda"))[0, 0].item(), flush=True)
"""


def first_line(command):
    """Microseconds until it prints something. The driver keeps what it compiled of PTX, unless told not to."""
    start = time.perf_counter()
    environment = os.environ | {"CUDA_CACHE_DISABLE": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        line, taken = process.stdout.readline(), time.perf_counter() - start
        process.stdout.read()
    if process.returncode or not line:
        raise RuntimeError(f"{command[0]} ended with {process.returncode} before a result")
    return taken * 1e6


def median(command, runs=RUNS):
    return statistics.median(first_line(command) for _ in range(runs))


def rows(folder, word):
    """Name, time of tg and of PyTorch, for each program that is in `folder`."""
    programs = {name: os.path.join(folder, program) for name, program in PROGRAMS.items() if word in name}
    programs = {name: path for name, path in programs.items() if os.path.exists(path)}
    eager = {"eager": median([sys.executable, "-c", PEER], 3)} if programs else {}
    for name, path in programs.items():
        yield name, median([path, "--device", "cuda"]), eager
