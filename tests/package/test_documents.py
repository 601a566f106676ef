"""The documents tell the truth: their command lines run, their C++ compiles and runs, their links lead somewhere.

test_documents.py BUILD_DIR COMMAND

Every line of a ```sh block is a command that a reader types in a clone, with '#' before what is said about it. Those in
RUN run here, a document's in order and in one folder with the clone's examples/ and include/; "exit code N" in a
comment is the code that is expected. What would take long is cut by `shorten`. Every other command line, wherever it
stands (also in blocks without a language, and indented ones), is a synopsis of softac, whose options are looked up,
or has its reason in NOT_RUN. A ```cpp block with a main function is built against the install tree and run. Their Python
runs in tests/python/test_docs.py.
"""
import fnmatch
import glob
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

from install_tree import HERE, InstallTree, run

BUILD, COMMAND = (os.path.abspath(argument) for argument in sys.argv[1:3])
del sys.argv[1:3]
ROOT = os.path.realpath(os.path.join(HERE, "..", ".."))
DOCUMENTS = sorted(glob.glob(os.path.join(ROOT, "*.md")) + glob.glob(os.path.join(ROOT, "docs", "**", "*.md"), recursive=True))
MADE_BY_THE_COMMAND = {"commands.md": "--commands", "settings.md": "--settings"}
EXAMPLES = sorted(glob.glob(os.path.join(ROOT, "examples", "*", "README.md")))
MAX_STEPS, MAX_STEPS_RESUMED, MAX_STEPS_FORKED = 300, 400, 500
RUN = {"./softac", "cc"}
# Command lines that no test of this file runs, and why.
NOT_RUN = {
    r"\./test\b": "runs this test",
    r"cmake |ninja |ctest |find_package\(|target_link_libraries\(|build/cpp_env ": "tests/package/test_install.py builds the "
    "install tree, a program with it, and the examples; ctest runs this test",
    r"(~/\S+/|venv/bin/)?(pip|python3 -m venv)\b|\. ~/softac-venv|PYTHONPATH=": "tests/package/test_python_package.py "
    "makes environments and installs the package; the network is needed",
    r"python3 scripts/(learning|seeds|wall_time|method)_campaign\.py": "hours of training: the campaigns of ./test --all",
    r"softac (env check|train) PointMass-v0 --env-plugin build/": "the same with the library where docs/environments.md builds it",
    r"g\+\+ (cmake|python3-dev) ": "names of packages",
    r"softac (train Hopper-v5 .*--run-dir hopper|export hopper --to c )": "tests/package/test_install.py does it in small, and "
    "builds and runs plant and control",
    r"softac export hopper --to onnx|python3 examples/deploy/onnx_policy\.py": "needs onnxruntime: "
    "campaign.deploy_onnx of ./test --all",
}
PROGRAMS = (r"\./\w|softac |cmake |ninja |ctest |pip |python3? |git |cc |g\+\+ |bash |sh |apt-get |make |cd |source |\. |PYTHONPATH=|"
            r"find_package\(|target_link_libraries\(|build/\w|(~/\S+/|venv/)bin/")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def command_lines(text):
    """(language of the block, line) of every line in a block that begins with a program; lines that go on are joined."""
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if language in ("", "sh"):
            for line in re.sub(r"\n {8,}", " ", block).splitlines():
                if language == "sh" or re.match(PROGRAMS, line):
                    yield language, line
    for line in re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL).splitlines():
        if re.match(r"    (" + PROGRAMS + ")", line):
            yield "indented", line.strip()


def expected_code(line):
    found = re.search(r"#.*exit code (\d+)", line)
    return int(found[1]) if found else 0


def set_steps(arguments, most, otherwise):
    """--steps at most `most`; where it is missing, `otherwise` (None: stays so)."""
    if "--steps" in arguments:
        at = arguments.index("--steps") + 1
        return [*arguments[:at], str(min(int(arguments[at]), most)), *arguments[at + 1:]]
    return arguments if otherwise is None else [*arguments, "--steps", str(otherwise)]


def shorten(line, arguments):
    """The command line, with a training run cut to few steps, which end with an evaluation; the exit codes that it may
    have then. A line that names an exit code stays as it is."""
    code = expected_code(line)
    if code != 0 or not arguments or arguments[0] not in ("train", "resume"):
        return arguments, [code]
    if arguments[0] == "resume":
        return [*set_steps(arguments, MAX_STEPS_RESUMED, None), "--max-time", "1s"], [0, 75]
    if "--fork" in arguments:
        return set_steps(arguments, MAX_STEPS_FORKED, MAX_STEPS_FORKED), [0]
    evaluated = ["--set", f"eval_freq={MAX_STEPS}", "--set", "n_eval_episodes=1"]
    return [*set_steps(arguments, MAX_STEPS, MAX_STEPS), *evaluated], [0]


class DocumentsTest(unittest.TestCase):
    def test_readme_has_commands(self):
        lines = "\n".join(blocks(read(os.path.join(ROOT, "README.md")), "sh"))
        self.assertIn("./softac train", lines)
        self.assertIn("./test", lines)

    def test_command_lines_run(self):
        for document in DOCUMENTS:
            with tempfile.TemporaryDirectory() as folder:
                for name in ["examples", "include"]:
                    os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
                for line in "\n".join(blocks(read(document), "sh")).splitlines():
                    words = shlex.split(line, comments=True)
                    if not words or words[0] not in RUN:
                        continue
                    with self.subTest(document=os.path.relpath(document, ROOT), line=line):
                        words = [w for word in words for w in (sorted(glob.glob(os.path.join(folder, word))) or [word])]
                        codes = [0]
                        if words[0] == "./softac":
                            arguments, codes = shorten(line, words[1:])
                            words = [COMMAND, *arguments]
                        done = subprocess.run(words, cwd=folder, check=False, text=True, timeout=300,
                                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                        self.assertIn(done.returncode, codes, done.stdout)

    def test_every_command_line_is_run_or_has_its_reason(self):
        used = set()
        for document in [*DOCUMENTS, *EXAMPLES]:
            if os.path.basename(document) in MADE_BY_THE_COMMAND:
                continue
            for language, line in command_lines(read(document)):
                with self.subTest(document=os.path.relpath(document, ROOT), line=line):
                    words = shlex.split(line.split("  #")[0]) if language == "sh" else []
                    if not line.strip() or (words and words[0] in RUN):
                        continue
                    reasons = [pattern for pattern in NOT_RUN if re.match(pattern, line)]
                    used.update(reasons)
                    if not reasons:
                        self.check_synopsis(line)
        self.assertEqual(used, set(NOT_RUN), "reasons that nothing needs any more")

    def check_synopsis(self, line):
        """A line such as `softac train ENV [--seed S] …`: the command exists and has these options."""
        self.assertRegex(line, r"^softac [a-z]+ .*[A-Z[|…]", "is neither run nor a synopsis, and has no reason in NOT_RUN")
        words = line.split()
        commands = [[name] for name in words[1].split("|")]
        if re.fullmatch(r"[a-z|]+", words[2]):
            commands = [[words[1], name] for name in words[2].split("|")]
        for name in commands:
            done = subprocess.run([COMMAND, *name, "--help"], check=False, text=True, capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            for option in re.findall(r"--[a-z-]+", line):
                self.assertIn(option, done.stdout, f"softac {' '.join(name)}")

    def test_pages_made_by_the_command_are_up_to_date(self):
        for page, option in MADE_BY_THE_COMMAND.items():
            done = subprocess.run([COMMAND, "info", option], check=True, text=True, capture_output=True)
            self.assertEqual(done.stdout, read(os.path.join(ROOT, "docs", page)), f"softac info {option} > docs/{page}")

    def test_settings_that_are_advised_exist(self):
        """Every `name=value` of the pages that say what to change is taken by a run."""
        for page in ["faq.md", "environments.md"]:
            text = re.sub(r"^```.*?^```$", "", read(os.path.join(ROOT, "docs", page)), flags=re.MULTILINE | re.DOTALL)
            advised = sorted(set(re.findall(r"`(?:--set )?([a-z_]+=[^\s`…A-Z]+)`", text)))
            self.assertTrue(advised, page)
            for setting in advised:
                with self.subTest(page=page, setting=setting), tempfile.TemporaryDirectory() as folder:
                    done = subprocess.run([COMMAND, "-q", "train", "Pendulum-v1", "--steps", "20", "--set", setting],
                                          cwd=folder, check=False, text=True, capture_output=True, timeout=300)
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_metrics_that_are_named_exist(self):
        """Every `train/…`, `diag/…`, … of the FAQ is a column of a run's records."""
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([COMMAND, "-q", "train", "Pendulum-v1", "--steps", "400", "--run-dir", "run", "--diag", "200",
                            *"--set eval_freq=200 --set n_eval_episodes=1 --set learning_starts=100 --set log_interval_steps=200".split()],
                           cwd=folder, check=True, text=True, capture_output=True, timeout=300)
            columns = read(os.path.join(folder, "run", "progress.csv")).splitlines()[0].split(",")
        named = set(re.findall(r"`((?:train|diag|eval|rollout|time)/[\w*]+)`", read(os.path.join(ROOT, "docs", "faq.md"))))
        self.assertGreater(len(named), 5)
        self.assertEqual([name for name in named if not fnmatch.filter(columns, name)], [])

    def test_the_start_page_leads_everywhere(self):
        start = read(os.path.join(ROOT, "docs", "index.md"))
        for page in sorted(os.listdir(os.path.join(ROOT, "docs"))):
            if page.endswith(".md") and page != "index.md":
                self.assertIn(f"]({page})", start)

    def test_programs_build_and_run(self):
        programs = [b for d in DOCUMENTS for b in blocks(read(d), "cpp") if re.search(r"^int main\(", b, re.MULTILINE)]
        if not programs:
            return
        tree = InstallTree(BUILD)
        self.addCleanup(tree.remove)
        for number, program in enumerate(programs):
            source = os.path.join(tree.dir, f"program{number}.cc")
            with open(source, "w", encoding="utf-8") as file:
                file.write(program)
            build = tree.build_project(f"program {number}", os.path.join(HERE, "consumer"), f"-DCONSUMER_SOURCE={source}")
            with tempfile.TemporaryDirectory() as folder:
                run([os.path.join(build, "consumer")], cwd=folder, timeout=300)

    def test_links_lead_somewhere(self):
        for document in [*DOCUMENTS, *EXAMPLES]:
            text = re.sub(r"^```.*?^```$", "", read(document), flags=re.MULTILINE | re.DOTALL)
            for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", text):
                if re.match(r"[a-z]+:", target):
                    continue
                with self.subTest(document=os.path.relpath(document, ROOT), target=target, anchor=anchor):
                    path = os.path.join(os.path.dirname(document), target) if target else document
                    self.assertTrue(os.path.exists(path))
                    if anchor and path.endswith(".md"):
                        self.assertIn(anchor, anchors(read(path)))


def anchors(text):
    """GitHub's anchors of a document's headings."""
    found = []
    for title in re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found.append(name if name not in found else f"{name}-{found.count(name)}")
    return found


if __name__ == "__main__":
    unittest.main()
