"""Runs both harnesses, and makes one table of Markdown and one plot of what they measured.

    python benches/table.py --tg-bench target/release/tg-bench --json-dir DIR --svg DIR/ratios.svg > DIR/table.md

The lines of both are kept in DIR; `--read` makes the table of them again and runs nothing. Other arguments go to both
harnesses. `README.md` says what the figures mean.
"""

import argparse
import json
import math
import os
import subprocess
import sys

HARNESSES = ("rust", "python")


def parsed():
    parser = argparse.ArgumentParser(
        prog="table.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json-dir", required=True, metavar="DIR", help="where the lines of both harnesses are kept")
    parser.add_argument("--tg-bench", default="target/release/tg-bench", metavar="PATH", help="the built binary")
    parser.add_argument("--svg", metavar="PATH", help="write the plot there")
    parser.add_argument("--read", action="store_true", help="only read what is in DIR")
    return parser.parse_known_args()


def run(options, passed):
    """Writes the lines of both harnesses as they come."""
    peers = [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")]
    commands = {"rust": [options.tg_bench], "python": [*peers, "--ours", os.path.abspath(options.tg_bench)]}
    os.makedirs(options.json_dir, exist_ok=True)
    for harness in HARNESSES:
        with open(path(options, harness), "w") as file:
            subprocess.run([*commands[harness], "--json", *passed], stdout=file, check=True)


def path(options, harness):
    return os.path.join(options.json_dir, f"{harness}.jsonl")


def measured(options):
    """By (threads, case), in the order they were measured: the line of each harness."""
    lines = {}
    for harness in HARNESSES:
        with open(path(options, harness)) as file:
            for line in map(json.loads, file):
                lines.setdefault((line["threads"], line["case"]), {})[harness] = line
    return lines


def microseconds(value):
    return "–" if value is None else f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def best(line):
    """Two columns: the fastest peer with its time and share of the limit, and its time over tg's in the same run."""
    if not line or not line["peers"]:
        return ["–", "–"]
    name, time = min(line["peers"].items(), key=lambda item: item[1])
    share = f" ({100 * line['limit_us'] / time:.0f})" if line.get("limit_us") else ""
    return [f"{name} {microseconds(time)}{share}", "–" if line["ratio"] is None else f"{line['ratio']:.2f}"]


def row(case, lines):
    first = lines.get("rust") or lines["python"]
    share = "–" if first["limit_pct"] is None else f"{first['limit_pct']:.0f}"
    worst = max(line["max_rel_err"] for line in lines.values())
    peers = best(lines.get("rust")) + best(lines.get("python"))
    ours = [microseconds(first["us"]), microseconds(first.get("tuned_us")), share]
    return f"| {' | '.join([case, *ours, *peers, f'{worst:.0e}'])} |"


def markdown(lines):
    head = "| case | tg µs | tuned µs | % of limit | best Rust peer µs (%) | ratio | best Python peer µs (%) | ratio | error |"
    parts = []
    for threads in sorted({threads for threads, _ in lines}):
        rows = [row(case, by) for (count, case), by in lines.items() if count == threads]
        title = "One thread" if threads == 1 else f"{threads} threads"
        parts.append("\n".join([f"### {title}", "", head, "|---|--:|--:|--:|---|--:|---|--:|--:|", *rows]))
    return "\n\n".join(parts)


# The plot: for each case and number of threads, the best peer's time over tg's, of all peers.

LABELS, WIDTH, STEP, MARGIN = 190, 480, 22, 30
LIMIT = 8  # ratios beyond this, or its inverse, end at the edge
COLORS = ["#4878a8", "#d08a3c"]


def ratios(lines):
    """By case, by number of threads: the lesser ratio of the harnesses."""
    by_case = {}
    for (threads, case), by in lines.items():
        values = [line["ratio"] for line in by.values() if line["ratio"]]
        if values:
            by_case.setdefault(case, {})[threads] = min(values)
    return by_case


def position(ratio):
    share = max(-1, min(1, math.log(ratio) / math.log(LIMIT)))
    return LABELS + WIDTH / 2 * (1 + share)


def text(x, y, content, anchor="start"):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{content}</text>'


def bar(ratio, y, height, color):
    ends = sorted([position(1), position(ratio)])
    box = f'x="{ends[0]:.1f}" y="{y:.1f}" width="{ends[1] - ends[0]:.1f}" height="{height:.1f}"'
    return f'<rect {box} fill="{color}"><title>{ratio:.2f}</title></rect>'


def scale(bottom):
    marks = [(1 / 8, "⅛"), (1 / 4, "¼"), (1 / 2, "½"), (1, "1"), (2, "2"), (4, "4"), (8, "8 ×")]
    for ratio, label in marks:
        x = position(ratio)
        yield f'<line x1="{x:.1f}" y1="{MARGIN}" x2="{x:.1f}" y2="{bottom}" stroke="#8886"/>'
        yield text(x, MARGIN - 8, label, "middle")


def svg(lines):
    cases = ratios(lines)
    counts = sorted({threads for by in cases.values() for threads in by})
    bottom = MARGIN + STEP * len(cases)
    parts = list(scale(bottom))
    for at, (case, by) in enumerate(cases.items()):
        top, height = MARGIN + STEP * at + 3, (STEP - 6) / len(counts)
        parts.append(text(LABELS - 8, top + STEP / 2, case, "end"))
        parts += [bar(by[n], top + height * i, height, COLORS[i % 2]) for i, n in enumerate(counts) if n in by]
    for i, threads in enumerate(counts):
        x = LABELS + 130 * i
        parts.append(f'<rect x="{x}" y="{bottom + 12}" width="12" height="12" fill="{COLORS[i % 2]}"/>')
        parts.append(text(x + 18, bottom + 22, "one thread" if threads == 1 else f"{threads} threads"))
    parts.append(text(LABELS + 270, bottom + 22, "time of the fastest peer over that of tg"))
    size = f'width="{LABELS + WIDTH + 30}" height="{bottom + 34}"'
    style = 'xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="12" fill="#777"'
    return f"<svg {size} {style}>\n" + "\n".join(parts) + "\n</svg>\n"


def main():
    options, passed = parsed()
    if not options.read:
        run(options, passed)
    lines = measured(options)
    if options.svg:
        with open(options.svg, "w") as file:
            file.write(svg(lines))
    print(markdown(lines))


if __name__ == "__main__":
    main()
