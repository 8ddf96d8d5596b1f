"""The ways of PyTorch to run a case: eager, compiled, and for short calls each of them as a CUDA graph too."""

import sys

import arrays
import clock
import torch


def wait_for(device):
    """What returns when the device has done all that was asked of it."""
    return torch.cuda.synchronize if device == "cuda" else lambda: None


def as_graph(call):
    """The same call as one launch of all its kernels. It keeps `call`, whose tensors the launch reads."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            call()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = call()

    def replay(_kept=call):
        graph.replay()
        return result

    return replay


def variants(case, device, only):
    """The name of each way, what optimizes a function, and what wraps its call."""
    plain = lambda function: function
    compiled = lambda function: torch.compile(function, dynamic=False)
    ways = [("eager", plain, plain), ("compiled", compiled, plain)]
    if case.unit == "calls" and device == "cuda":
        ways += [("graph", plain, as_graph), ("compiled graph", compiled, as_graph)]
    ways = [way for way in ways if case.optimized or way[1] is plain]
    return [way for way in ways if not only or way[0] in only]


def measure(case, inputs, want, steps, way, device):
    """Error and microseconds of one way."""
    _, optimized, wrapped = way
    call, read, undo = case.contender.build(inputs, optimized)
    call = wrapped(call)
    undo()
    got = [arrays.sampled(part, step) for part, step in zip(read(call()), steps, strict=True)]
    error = arrays.error(got, want)
    return error, clock.microseconds(call, wait_for(device))


def all_of(name, case, inputs, want, steps, device, only):
    """Microseconds of each way whose result is right; what cannot run or is wrong is named on stderr."""
    times = {}
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = case.tf32
    torch.backends.cudnn.benchmark = True
    for way in variants(case, device, only):
        try:
            error, us = measure(case, inputs, want, steps, way, device)
        except Exception as reason:  # whatever a compiler or driver raises: the other ways are still to be measured
            print(f"{name}: PyTorch, {way[0]}, does not run: {reason}", file=sys.stderr)
            continue
        if error <= case.tolerance:
            times[way[0]] = us
        else:
            print(f"{name}: PyTorch, {way[0]}, is left out, for its error is {error:.1e}", file=sys.stderr)
    return times
