"""Kernels of tg on a GPU beside PyTorch's, in one run, on equal inputs, with results checked in float64.

    python benches/kernels/table --kernels target/release/kernels [--filter WORD] [--json]

tg's side is the program `kernels`, a process for each case, built with the feature `cuda`. Without that feature its cases
are small; with --device cpu they are then checked on the processor, where the times mean nothing. --dry-run runs nothing
and needs no PyTorch: it checks that both sides have the same cases. `benches/README.md` says how to read the table.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile

from cases import CASES

HEAD = ("case", "tg us", "", "error", "PyTorch us", "", "ratio")
FORM = "{:<22} {:>10} {:>16} {:>8}  {:<15} {:>10} {:>6}"


def parsed():
    parser = argparse.ArgumentParser(
        prog="table", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kernels", required=True, metavar="PATH", help="the program `kernels`")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--filter", default="", metavar="WORD", help="only cases whose name contains WORD")
    parser.add_argument("--peers", default="", metavar="A,B", help="of eager, compiled, graph, compiled graph")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--dry-run", action="store_true", help="only compare the lists of cases")
    return parser.parse_args()


def ran(command):
    """What a command of ours prints; its own words where it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"{command[0]} ended with {done.returncode}")
    return done.stdout


def differences(kernels):
    ours, theirs = set(ran([kernels, "--list"]).split()), set(CASES)
    return [f"`{name}` is only in src/cases.rs" for name in sorted(ours - theirs)] + [
        f"`{name}` is only in table/cases.py" for name in sorted(theirs - ours)
    ]


def work(name, row):
    """Bytes that go in and come out, or operations of a product."""
    size = {"f32": 4, "bf16": 2, "u8": 1}
    if CASES[name].unit == "flops":
        (m, k), (_, n) = row["inputs"][0]["shape"], row["inputs"][1]["shape"]
        return 2 * m * k * n
    return sum(math.prod(array["shape"]) * size[array["dtype"]] for array in row["inputs"] + row["outputs"])


class Table:
    """Measures and prints."""

    def __init__(self, options):
        self.options, self.times, self.wrong = options, {}, []
        self.only = [name for name in options.peers.split(",") if name]
        if not options.json:
            print(FORM.format(*HEAD).rstrip())

    def copy(self):
        """Bytes a second that a copy of 2^30 f32 reads and writes: what the shares of a copy refer to."""
        import clock
        import peers
        import torch

        device, count = self.options.device, 1 << (30 if self.options.device == "cuda" else 16)
        source, target = (torch.zeros(count, device=device) for _ in range(2))
        us = clock.microseconds(lambda: target.copy_(source), peers.wait_for(device))
        self.rate = 8 * count / us * 1e6
        self.show({"case": "copy", "peers": {"eager": us}}, f"{self.rate / 1e9:.0f} GB/s")

    def case(self, name):
        import arrays
        import peers
        import torch

        case, device = CASES[name], self.options.device
        torch.cuda.empty_cache()  # the process of tg shares the memory
        with tempfile.TemporaryDirectory() as folder:
            row = json.loads(ran([self.options.kernels, name, "--device", device, "--folder", folder]))
            got = [arrays.read(output, device) for output in row["outputs"]]
        inputs = [arrays.made(array, device) for array in row["inputs"]]
        steps = [output["step"] for output in row["outputs"]]
        want = reference(case, inputs, steps[0])
        error = arrays.error(got, want)
        self.times[name] = row["us"]
        if not error <= case.tolerance:
            self.wrong.append(f"{name}: the error of tg is {error:.1e}, more than {case.tolerance}")
        times = peers.all_of(name, case, inputs, want, steps, device, self.only)
        self.show({"case": name, "us": row["us"], "error": error, "peers": times}, self.share(name, row))

    def share(self, name, row):
        case, rate = CASES[name], work(name, row) / row["us"] * 1e6
        if case.beside in self.times:
            return f"{row['us'] / self.times[case.beside]:.2f} × product"
        if case.unit == "flops":
            return f"{rate / 1e12:.1f} TFLOP/s"
        return f"{100 * rate / self.rate:.0f} % of copy" if case.unit == "copy" else ""

    def show(self, row, share):
        best = min(row["peers"].items(), key=lambda item: item[1], default=None)
        row["ratio"] = best[1] / row["us"] if best and "us" in row else None
        if self.options.json:
            print(json.dumps(row | {"share": share}), flush=True)
            return
        us, error = (f"{row[key]:{form}}" if key in row else "" for key, form in (("us", ".2f"), ("error", ".0e")))
        peer = (best[0], f"{best[1]:.2f}") if best else ("", "")
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
        print(FORM.format(row["case"], us, share, error, *peer, ratio).rstrip(), flush=True)


def reference(case, inputs, step):
    """The results in float64. Only the first input has rows that results are sampled by."""
    import arrays

    first, *rest = [arrays.wide(arrays.sampled(part, step) if at == 0 else part) for at, part in enumerate(inputs)]
    call, read, _ = case.contender.build([first, *rest], lambda function: function)
    return [part.clone() for part in read(call())]


def main():
    options = parsed()
    options.kernels = os.path.abspath(options.kernels)
    if different := differences(options.kernels):
        sys.exit("\n".join(different))
    if options.dry_run:
        return print(f"{len(CASES)} cases on both sides")
    import start

    table = Table(options)
    table.copy()
    for name in CASES:
        if options.filter in name:
            table.case(name)
    for name, us, peers in start.rows(os.path.dirname(options.kernels), options.filter):
        table.show({"case": name, "us": us, "peers": peers}, "")
    if table.wrong:
        sys.exit("\n".join(table.wrong))


if __name__ == "__main__":
    main()
