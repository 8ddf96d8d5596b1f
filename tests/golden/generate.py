"""Writes the golden tables: `<theme>.txt` (data) and `aot/<theme>.rs` (the same cases as tensor functions).

    python tests/golden/generate.py            # every theme
    python tests/golden/generate.py softmax    # these themes only

Needs PyTorch and, to format the Rust source, rustfmt. The rows are in `cases.py`, the formats in `README.md`.
References are computed in float64 from the float32 inputs and rounded once, so that a table holds the correctly
rounded result rather than what one library's float32 kernels give. Every case has a generator seeded by its
own name: adding a row changes no other row.
"""

import re
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import torch

from cases import THEMES

HERE = Path(__file__).parent
FUNCTIONS_PER_BLOCK = 20
NAMES = {
    torch.float32: "f32", torch.float64: "f64", torch.bool: "bool", torch.uint8: "u8",
    torch.int8: "i8", torch.int16: "i16", torch.int32: "i32", torch.int64: "i64",
    torch.uint32: "u32", torch.uint64: "u64",
}  # fmt: skip
KEYWORDS = {"where", "in", "as", "fn", "if", "for", "let", "mod", "move", "ref", "type", "use", "match", "self"}


class Evaluated:
    """A row with its samples, result, cotangent and gradients."""

    def __init__(self, row):
        rng = np.random.default_rng(zlib.crc32(row.name.encode()))
        self.row = row
        self.inputs = {name: sample(rng) for name, sample in row.inputs.items()}
        wide = {name: leaf(value, row.exact) for name, value in self.inputs.items()}
        result = row.ref(*wide.values())
        self.out = result.detach().to(row.out or self.result_dtype(result))
        self.cotangent, self.gradients = None, {}
        leaves = {name: value for name, value in wide.items() if value.requires_grad}
        if row.grad and leaves and result.is_floating_point():
            self.differentiate(result, leaves, rng)

    def result_dtype(self, result):
        doubles = any(value.dtype == torch.float64 for value in self.inputs.values())
        if self.row.exact or doubles or not result.is_floating_point():
            return result.dtype
        return torch.float32

    def differentiate(self, result, leaves, rng):
        values = torch.tensor(rng.uniform(-1.5, 1.5, self.out.shape), dtype=self.out.dtype)
        self.cotangent = values.reshape(self.out.shape)
        gradients = torch.autograd.grad((result * self.cotangent.to(result.dtype)).sum(), list(leaves.values()))
        for name, gradient in zip(leaves, gradients):
            self.gradients[name] = gradient.to(self.inputs[name].dtype)


def leaf(value, exact):
    if not value.is_floating_point():
        return value
    return (value.clone() if exact else value.double()).requires_grad_()


def number(value, dtype):
    if dtype == torch.bool:
        return "1" if value else "0"
    if dtype.is_floating_point:
        return f"{value:.17g}" if dtype == torch.float64 else f"{value:.9g}"
    return str(value)


def record(keyword, tensor):
    shape = ",".join(map(str, tensor.shape))
    values = [number(value, tensor.dtype) for value in tensor.reshape(-1).tolist()]
    return " ".join([f"{keyword} {NAMES[tensor.dtype]} [{shape}]", *values])


def case_text(case):
    row = case.row
    lines = [f"case {row.name}", f"code {row.code}"]
    lines += [record(f"in {name}", value) for name, value in case.inputs.items()]
    lines.append(record("out", case.out))
    if case.cotangent is not None:
        lines.append(record("cot", case.cotangent))
    lines += [record(f"grad {name}", value) for name, value in case.gradients.items()]
    if row.tol:
        lines.append("tol {:g} {:g}".format(*row.tol))
    if row.grad_tol:
        lines.append("gtol {:g} {:g}".format(*row.grad_tol))
    return "\n".join(lines) + "\n"


def rust_type(tensor):
    return "Tensor<" + ", ".join([NAMES[tensor.dtype], *map(str, tensor.shape)]) + ">"


def parameters(tensors):
    return ", ".join(f"{name}: {rust_type(value)}" for name, value in tensors.items())


def indent(text):
    return "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())


def rust_functions(case):
    row = case.row
    forward = f"pub fn {row.name}({parameters(case.inputs)}) -> {rust_type(case.out)} {{\n    {row.code}\n}}\n"
    if case.cotangent is None:
        return forward
    names, types = list(case.gradients), [rust_type(value) for value in case.gradients.values()]
    target, result = (names[0], types[0]) if len(names) == 1 else (f"({', '.join(names)})", f"({', '.join(types)})")
    arguments = parameters(case.inputs | {"cot": case.cotangent})
    body = f"    let out = {row.code};\n    (out * cot).sum().grad({target})\n"
    return f"{forward}\npub fn {row.name}_grad({arguments}) -> {result} {{\n{body}}}\n"


def rust_test(case):
    names = ", ".join(case.inputs)
    forward = f"{case.row.name}({names})"
    if case.cotangent is None:
        return f"    case!({forward});\n"
    return f"    case!({forward}, {case.row.name}_grad({', '.join([*case.inputs, 'cot'])}));\n"


def rust_source(theme, cases):
    header = (
        f"//! The cases of `{theme.name}.txt` as compiled tensor functions, and one test for each.\n"
        "//! Written by `tests/golden/generate.py`; not for editing.\n\nuse tg::prelude::*;\n"
    )
    functions = [rust_functions(case) for case in cases]
    per_block = FUNCTIONS_PER_BLOCK // 2  # a case is a forward and mostly a gradient function
    blocks = [functions[i : i + per_block] for i in range(0, len(functions), per_block)]
    tests = "".join(map(rust_test, cases))
    module = f'mod tests {{\n    const THEME: &str = "{theme.name}";\n\n{tests}}}\n'
    return "\n".join([header, *("tensor_fn! {\n" + indent("\n".join(block)) + "}\n" for block in blocks), module])


def check_rows(theme):
    names = [row.name for row in theme.rows]
    for row in theme.rows:
        assert names.count(row.name) == 1, f"{theme.name}: two rows are called {row.name}"
        assert row.name not in KEYWORDS, f"{row.name} is a keyword"
        assert not re.search(rf"(?<!\.)\b{row.name}\(", row.code), f"{row.name} would call itself"


def write_theme(theme):
    check_rows(theme)
    cases = [Evaluated(row) for row in theme.rows]
    title = f"# Golden table of tg, theme {theme.name}. Written by generate.py; the format is in README.md.\n"
    (HERE / f"{theme.name}.txt").write_text("\n".join([title, *map(case_text, cases)]))
    source = HERE / "aot" / f"{theme.name}.rs"
    source.parent.mkdir(exist_ok=True)
    source.write_text(rust_source(theme, cases))
    subprocess.run(["rustfmt", "--edition", "2024", str(source)], check=True)
    with_gradient = sum(case.cotangent is not None for case in cases)
    print(f"{theme.name}: {len(cases)} cases, {with_gradient} with gradients")


def main(wanted):
    unknown = set(wanted) - {theme.name for theme in THEMES}
    if unknown:
        sys.exit(f"no theme called {', '.join(sorted(unknown))}; there are {', '.join(t.name for t in THEMES)}")
    for theme in THEMES:
        if not wanted or theme.name in wanted:
            write_theme(theme)


if __name__ == "__main__":
    main(sys.argv[1:])
