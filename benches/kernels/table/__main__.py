"""Kernels of tg on a GPU beside PyTorch's, in one run, on equal inputs, with results checked in float64.

    python benches/kernels/table --kernels target/release/kernels [--filter WORD] [--json]

tg's side is the program `kernels`, a process for each case, built with the feature `cuda`. Without that feature its cases
are small; with --device cpu they are then checked on the processor, where the times mean nothing. --dry-run runs nothing
and needs no PyTorch: it checks that both sides have the same cases. `benches/README.md` says how to read the table.
"""

import argparse
import os
import sys

from cases import CASES
from ours import ran

WAYS = ("eager", "compiled", "graph", "compiled graph")  # of PyTorch


def parsed():
    parser = argparse.ArgumentParser(
        prog="table", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kernels", required=True, metavar="PATH", help="the program `kernels`")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--filter", default="", metavar="WORD", help="only cases whose name contains WORD")
    parser.add_argument("--peers", default="", metavar="A,B", help=f"only these of {', '.join(WAYS)}")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--dry-run", action="store_true", help="only compare the lists of cases")
    return parser.parse_args()


def differences(kernels):
    ours, theirs = set(ran([kernels, "--list"]).split()), set(CASES)
    return [f"`{name}` is only in src/cases.rs" for name in sorted(ours - theirs)] + [
        f"`{name}` is only in table/cases.py" for name in sorted(theirs - ours)
    ]


def missing(device):
    """What PyTorch lacks for the table, if anything."""
    try:
        import torch
    except ImportError:
        return "there is no PyTorch, which the table is made with; --dry-run goes without"
    if device == "cuda" and not torch.cuda.is_available():
        return "PyTorch sees no GPU: is it built for CUDA, and is there a driver?"
    return None


def main():
    options = parsed()
    options.kernels = os.path.abspath(options.kernels)
    if different := differences(options.kernels):
        sys.exit("\n".join(different))
    if options.dry_run:
        return print(f"{len(CASES)} cases on both sides")
    if reason := missing(options.device):
        sys.exit(reason)
    import report  # needs PyTorch

    report.all_cases(options, WAYS)


if __name__ == "__main__":
    main()
