"""Records what `learn` of Stable-Baselines3's SAC does into tests/python/data/sb3_trace.json; softac must do the same.

record_sb3_trace.py [--check]: with --check nothing is written, and the exit status is 1 where the file differs.
"""

import argparse
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "python"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    check = parser.parse_args().check
    sys.path.insert(0, str(FOLDER))
    import learn_trace

    text = learn_trace.dumps(learn_trace.record(learn_trace.sb3()))
    if not check:
        learn_trace.TRACE.parent.mkdir(exist_ok=True)
        learn_trace.TRACE.write_text(text, encoding="utf-8")
        return 0
    if learn_trace.TRACE.read_text(encoding="utf-8") == text:
        return 0
    print(
        f"{learn_trace.TRACE} is not what this Stable-Baselines3 does; write it again without --check", file=sys.stderr
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
