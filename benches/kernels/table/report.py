"""Measures case by case, and prints a row for each."""

import json
import math
import os
import sys
import tempfile

import arrays
import clock
import peers
import start
import torch
from cases import CASES
from ours import ran


def work(name, row):
    """Bytes that go in and come out, or operations of a product or convolution: two for each step of each sum."""
    size = {"f32": 4, "bf16": 2, "u8": 1}
    if CASES[name].unit == "flops":
        first, second = (array["shape"] for array in row["inputs"][:2])
        steps = first[1:] if len(first) == 2 else second[1:]
        return 2 * math.prod(steps) * math.prod(row["outputs"][0]["shape"])
    return sum(math.prod(array["shape"]) * size[array["dtype"]] for array in row["inputs"] + row["outputs"])


class Table:
    """Measures and prints."""

    def __init__(self, options, ways):
        self.options, self.ways, self.times, self.wrong = options, ways, {}, []
        self.only = [name for name in options.peers.split(",") if name]
        self.form = "{:<22} {:>10} {:>21} {:>6} " + " {:>14}" * len(ways) + " {:>6}"
        if not options.json:
            print(self.form.format("case", "tg us", "", "error", *ways, "ratio"))

    def copy(self):
        """Bytes a second that a copy of 2^30 f32 reads and writes: what the shares of a copy refer to."""
        device, count = self.options.device, 1 << (30 if self.options.device == "cuda" else 16)
        source, target = (torch.zeros(count, device=device) for _ in range(2))
        us = clock.microseconds(lambda: target.copy_(source), peers.wait_for(device))
        self.rate = 8 * count / us * 1e6
        self.show({"case": "copy", "peers": {"eager": us}}, f"{self.rate / 1e9:.0f} GB/s")

    def case(self, name):
        case, device = CASES[name], self.options.device
        torch.cuda.empty_cache()  # the process of tg shares the memory
        try:
            row, inputs, want, error = self.ours(name)
        except RuntimeError as reason:
            return self.wrong.append(f"{name}: {reason}")
        if not error <= case.tolerance:
            self.wrong.append(f"{name}: the error of tg is {error:.1e}, more than {case.tolerance}")
        self.times[name] = row["us"]
        steps = [output["step"] for output in row["outputs"]]
        times = peers.all_of(name, case, inputs, want, steps, device, self.only)
        self.show({"case": name, "us": row["us"], "error": error, "peers": times}, self.share(name, row))

    def ours(self, name):
        """What tg tells of the case, the inputs, the results in float64, and the error of tg's."""
        device = self.options.device
        with tempfile.TemporaryDirectory() as folder:
            row = json.loads(ran([self.options.kernels, name, "--device", device, "--folder", folder]))
            got = [arrays.read(output, device) for output in row["outputs"]]
        inputs = [arrays.made(array, device) for array in row["inputs"]]
        want = reference(CASES[name], inputs, row["outputs"][0]["step"])
        return row, inputs, want, arrays.error(got, want)

    def share(self, name, row):
        case, rate = CASES[name], work(name, row) / row["us"] * 1e6
        if case.unit == "copy":
            return f"{100 * rate / self.rate:.0f} % of copy"
        beside = f", {row['us'] / self.times[case.beside]:.2f} ×" if case.beside in self.times else ""
        return f"{rate / 1e12:.1f} TFLOP/s{beside}" if case.unit == "flops" else ""

    def show(self, row, share):
        times = row["peers"]
        row["ratio"] = min(times.values()) / row["us"] if times and "us" in row else None
        if self.options.json:
            return print(json.dumps(row | {"share": share}), flush=True)
        us, ratio = (f"{value:.2f}" if value else "" for value in (row.get("us"), row["ratio"]))
        error = f"{row['error']:.0e}" if "error" in row else ""
        ways = (f"{times[way]:.2f}" if way in times else "" for way in self.ways)
        print(self.form.format(row["case"], us, share, error, *ways, ratio).rstrip(), flush=True)


def reference(case, inputs, step):
    """The results in float64. Only the first input has rows that results are sampled by."""
    first, *rest = [arrays.wide(arrays.sampled(part, step) if at == 0 else part) for at, part in enumerate(inputs)]
    call, read, _ = case.contender.build([first, *rest], lambda function: function)
    return [part.clone() for part in read(call())]


def all_cases(options, ways):
    """The table; what was wrong of tg ends the process with an error."""
    table = Table(options, ways)
    table.copy()
    for name in CASES:
        if options.filter in name:
            table.case(name)
    try:
        for name, us, times in start.rows(os.path.dirname(options.kernels), options.filter):
            table.show({"case": name, "us": us, "peers": times}, "")
    except RuntimeError as reason:
        table.wrong.append(str(reason))
    if table.wrong:
        sys.exit("\n".join(table.wrong))
