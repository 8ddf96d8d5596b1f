"""Times PyTorch, ONNX Runtime, NumPy, JAX and tinygrad on the cases of tg-bench, and checks what they compute.

    python benches/peers --json [--filter WORD] [--threads N] [--ours target/release/tg-bench]

Every contender is a process of its own, told by one line of input to do one round; the rounds of all contenders are
interleaved. Inputs come from the formula in `src/inputs`, results are compared with float64. `README.md` says how
to read the output.
"""

import argparse
import json
import os

from cases import CASES
from contest import run_case
from worker import PEERS, work


def parsed():
    parser = argparse.ArgumentParser(
        prog="peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--filter", default="", metavar="WORD", help="only cases whose name contains WORD")
    parser.add_argument("--threads", type=int, metavar="N", help="only with N threads (default: one, and all cores)")
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="interleaved rounds (default 9)")
    parser.add_argument("--peers", default=",".join(PEERS), metavar="A,B", help=f"which of {', '.join(PEERS)}")
    parser.add_argument("--ours", metavar="PATH", help="the tg-bench binary, to time tg in the same rounds")
    parser.add_argument("--default-malloc", action="store_true", help="leave glibc's malloc as it is")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.peers = [name for name in options.peers.split(",") if name]
    if unknown := set(options.peers) - set(PEERS):
        parser.error(f"unknown peers {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    return options


def show(result):
    peers = "  ".join(f"{name} {us:.1f}" for name, us in sorted(result["peers"].items(), key=lambda item: item[1]))
    return f"{result['case']:<22} {result['threads']} threads  tg {result['us']}  ratio {result['ratio']}  {peers}"


def main():
    options = parsed()
    if options.worker:
        peer, case, threads = options.worker
        return work(peer, case, int(threads))
    cores = len(os.sched_getaffinity(0))
    for threads in [options.threads] if options.threads else sorted({1, cores}):
        for case in CASES:
            if options.filter in case:
                result = run_case(case, threads, options)
                print(json.dumps(result) if options.json else show(result), flush=True)


if __name__ == "__main__":
    main()
