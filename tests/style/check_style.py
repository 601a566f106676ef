"""Checks the sources without compiling them: include layers, public headers, file heads and sizes, forbidden text, and
what the Python package says of its public names.

check_style.py [--root DIR] checks the tree; check_style.py --self-test checks the checker on small bad trees.
"""
import argparse
import ast
import os
import re
import sys
import tempfile

# A module may reach itself and modules of lower layers, directly or through other headers; never one beside it.
LAYER = {
    "base": 0,
    "math": 1, "dist": 1, "figure": 1,
    "nn": 2, "env": 2, "replay": 2, "exact": 2, "formats": 2,
    "policy": 3, "theory": 3, "render": 3,
    "agent": 4,
    "config": 5, "export": 5,
    "run": 6, "diag": 6,
    "train": 7, "report": 7,
    "apps": 8,
}  # fmt: skip

# The module that each public header belongs to.
PUBLIC = {
    "error.h": "base",
    "exact.h": "exact",
    "problems.h": "theory",
    "boltzmann_target.h": "diag",
    "rng.h": "base",
    "choices.h": "base",
    "panels.h": "math",
    "env.h": "env",
    "env_plugin.h": "env",
    "vec_env.h": "env",
    "sac_config.h": "base",
    "sac_settings.h": "agent",
    "config.h": "config",
    "agent.h": "agent",
    "policy_parameters.h": "base",
    "tensor_ref.h": "base",
    "update_metrics.h": "base",
    "diagnostics.h": "agent",
    "learner.h": "train",
    "schedule.h": "run",
    "trainer.h": "train",
    "evaluation.h": "run",
    "train_summary.h": "run",
}
MAX_PUBLIC_LINES = 2200  # a sixth of them the two tables of settings, which grow with the methods
MAX_FILE_LINES = 600
MAX_COLUMNS = 120  # of the Python package and its tests; clang-format sees to C++

SOURCE_DIRS = ["include", "src", "apps", "python", "bench", "examples", "tests", "scripts", "cmake", ".ci"]
CODE = (".h", ".cc", ".c")
COMMENTED = CODE + (".py", ".sh", ".cmake", ".in")
SVG_ROOT = re.compile(r"""xmlns=\\?["']http://www\.w3\.org/2000/svg""")
# Written in pieces, so that this file does not contain what it looks for.
FORBIDDEN = [
    (re.compile("\t"), "a tab"),
    (re.compile(r"[ \t]+$"), "trailing space"),
    (re.compile(r"(?<![\w./$}-])/(?:ro" + r"ot|ho" + r"me|wo" + r"rk|mnt|Users)/"), "an absolute path of one machine"),
    (re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b"), "unfinished work"),
]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def list_files(root):
    """Paths below the source folders and at the top, relative to root, without build products."""
    found = [name for name in os.listdir(root) if os.path.isfile(os.path.join(root, name))]
    for top in SOURCE_DIRS:
        for folder, dirs, names in os.walk(os.path.join(root, top)):
            dirs[:] = [d for d in dirs if d != "__pycache__" and not d.startswith("build")]
            found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def module_of(path):
    """The module that a C++ file belongs to, or None where the layers do not apply (tests, bench, examples)."""
    parts = path.split(os.sep)
    if parts[0] == "include":
        return PUBLIC.get(parts[-1])
    if parts[0] == "src":
        return parts[1]
    return "apps" if parts[0] == "apps" else None


def resolve(root, includer, name):
    """The project file that an include means, or None for files of other packages."""
    for folder in ("include", "src", os.path.dirname(includer)):
        path = os.path.normpath(os.path.join(folder, name))
        if os.path.isfile(os.path.join(root, path)):
            return path
    return None


def reached(root, path, graph):
    """Every project header that `path` includes, with the file that includes it."""
    pending, seen = [path], {}
    while pending:
        current = pending.pop()
        if current not in graph:
            names = INCLUDE.findall(read(os.path.join(root, current)))
            graph[current] = [r for r in (resolve(root, current, n) for n in names) if r]
        for header in graph[current]:
            if header not in seen:
                seen[header] = current
                pending.append(header)
    return seen


def check_layers(root, files):
    graph = {}
    for path in (f for f in files if f.endswith(CODE)):
        module = module_of(path)
        if path.startswith("include" + os.sep):
            if module is None:
                yield f"{path}: unknown public header; say in {os.path.basename(__file__)} which module it belongs to"
            for name in INCLUDE.findall(read(os.path.join(root, path))):
                if not name.startswith("softac/"):
                    yield f"{path}: a public header includes the internal {name}"
        elif path.startswith("src" + os.sep) and module not in LAYER:
            yield f"{path}: unknown module {module}"
        if module not in LAYER:
            continue
        for header, via in reached(root, path, graph).items():
            other = module_of(header)
            if other in LAYER and other != module and LAYER[other] >= LAYER[module]:
                yield f"{path} ({module}, L{LAYER[module]}) reaches {header} ({other}, L{LAYER[other]}) through {via}"


def check_public_size(root, files):
    lines = sum(read(os.path.join(root, f)).count("\n") for f in files if f.startswith("include" + os.sep))
    if lines > MAX_PUBLIC_LINES:
        yield f"include/softac: {lines} lines, more than {MAX_PUBLIC_LINES}"


def has_head_comment(root, path, text):
    """True as well for x.cc beside x.h or behind softac/x.h, whose head speaks for both, and for x_test.cc."""
    stem, suffix = os.path.splitext(path)
    headers = (stem + ".h", os.path.join("include", "softac", os.path.basename(stem) + ".h"))
    if suffix == ".cc" and (stem.endswith("_test") or any(os.path.exists(os.path.join(root, h)) for h in headers)):
        return True
    lines = text.split("\n")
    if lines[0].startswith("#!"):
        lines = lines[1:]
    marker = ("//", "/*") if path.endswith(CODE) else ('"""', "#")
    return bool(lines) and lines[0].startswith(marker)


def check_text(root, files):
    for path in files:
        try:
            text = read(os.path.join(root, path))
        except UnicodeDecodeError:
            continue  # binary test data
        if path.endswith(COMMENTED):
            if not has_head_comment(root, path, text):
                yield f"{path}: does not begin with a comment that says what it is"
            if text.count("\n") > MAX_FILE_LINES:
                yield f"{path}: {text.count(chr(10))} lines, more than {MAX_FILE_LINES}"
        if path.endswith(".h") and not re.search(r"^#pragma once|^#ifndef \w+_H_?$", text, re.MULTILINE):
            yield f"{path}: no '#pragma once' (nor, in C, an include guard)"
        if path.endswith(CODE + (".py",)) and not path.startswith(("src/figure/", "tests/")) and SVG_ROOT.search(text):
            yield f"{path}: writes SVG documents of its own, which src/figure/ does for everything"
        if path.endswith(COMMENTED + (".md", ".toml", ".json")):
            for number, line in enumerate(text.split("\n"), 1):
                for pattern, what in FORBIDDEN:
                    if pattern.search(line):
                        yield f"{path}:{number}: {what}"


def undocumented(text):
    """Public classes and functions of a Python file without a docstring."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.parse(text).body:
        if isinstance(node, kinds) and not node.name.startswith("_") and not ast.get_docstring(node):
            yield node


def check_python(root, files):
    for path in (f for f in files if f.endswith(".py")):
        text = read(os.path.join(root, path))
        if path.startswith(("python" + os.sep, os.path.join("tests", "python"))):
            for number, line in enumerate(text.split("\n"), 1):
                if len(line) > MAX_COLUMNS:
                    yield f"{path}:{number}: {len(line)} columns, more than {MAX_COLUMNS}"
        if path.startswith(os.path.join("python", "softac")):
            for node in undocumented(text):
                yield f"{path}:{node.lineno}: {node.name} has no docstring"


def check(root):
    files = list_files(root)
    return [*check_layers(root, files), *check_public_size(root, files), *check_text(root, files), *check_python(root, files)]


# Each bad tree, and a part of the complaint it must cause.
BAD_TREES = [
    ({"src/nn/a.cc": '// a\n#include "env/b.h"\n', "src/env/b.h": "// b\n#pragma once\n"}, "reaches src/env/b.h"),
    ({"src/base/a.cc": '// a\n#include "math/b.h"\n', "src/math/b.h": "// b\n#pragma once\n"}, "(base, L0) reaches"),
    ({"src/nn/a.cc": '// a\n#include "softac/agent.h"\n', "include/softac/agent.h": "// b\n#pragma once\n"}, "(agent, L4)"),
    (
        {
            "src/replay/a.cc": '// a\n#include "base/b.h"\n',
            "src/base/b.h": '// b\n#pragma once\n#include "nn/c.h"\n',
            "src/nn/c.h": "// c\n#pragma once\n",
        },
        "src/replay/a.cc (replay, L2) reaches src/nn/c.h",
    ),
    ({"include/softac/rng.h": '// r\n#pragma once\n#include "base/b.h"\n'}, "includes the internal base/b.h"),
    ({"include/softac/strange.h": "// s\n#pragma once\n"}, "unknown public header"),
    ({"include/softac/rng.h": "// r\n#pragma once\n" + "\n" * MAX_PUBLIC_LINES}, "include/softac: "),
    ({"src/misc/a.cc": "// a\n"}, "unknown module misc"),
    ({"src/base/a.cc": "int x;\n"}, "does not begin with a comment"),
    ({"src/base/a.h": "// a\n"}, "pragma once"),
    ({"src/base/a.cc": "// a\n" * (MAX_FILE_LINES + 1)}, f"more than {MAX_FILE_LINES}"),
    ({"scripts/a.py": "# a\nx = '<svg xmlns=\"http://www.w3.org/2000/svg\">'\n"}, "writes SVG documents of its own"),
    ({"src/base/a.cc": '// a\nx = "<svg xmlns=\\"http://www.w3.org/2000/svg\\">";\n'}, "writes SVG documents of its own"),
    ({"src/base/a.cc": "// a\n\tint x;\n"}, "a tab"),
    ({"src/base/a.cc": "// a \n"}, "trailing space"),
    ({"scripts/a.sh": "# a\ncd /ro" + "ot/a\n"}, "absolute path"),
    ({"src/base/a.cc": "// a\n// TO" + "DO\n"}, "unfinished"),
    ({"python/softac/a.py": "import os\n"}, "does not begin with a comment"),
    ({"python/softac/a.py": '"""a"""\n' + "x" * (MAX_COLUMNS + 1)}, f"more than {MAX_COLUMNS}"),
    ({"tests/python_all/test_a.py": '"""a"""\n' + "x" * (MAX_COLUMNS + 1)}, f"more than {MAX_COLUMNS}"),
    ({"python/softac/a.py": '"""a"""\ndef f():\n  return 1\n'}, "f has no docstring"),
]
GOOD_TREE = {
    "src/agent/a.cc": '// a\n#include "env/b.h"\n#include "softac/rng.h"\n#include <vector>\n',
    "src/env/b.h": "// b\n#pragma once\n",
    "include/softac/rng.h": "// r\n#pragma once\n",
    "python/softac/a.py": '"""a"""\ndef f():\n  "One."\n  return 1\ndef _g():\n  return 1\n',
}


def check_tree(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return check(root)


def self_test():
    problems = [f"complaint about a good tree: {c}" for c in check_tree(GOOD_TREE)]
    for files, expected in BAD_TREES:
        complaints = check_tree(files)
        if not any(expected in complaint for complaint in complaints):
            problems.append(f"{list(files)}: expected '{expected}', got {complaints}")
    return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    problems = self_test() if options.self_test else check(options.root)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
