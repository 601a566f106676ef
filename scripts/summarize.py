"""Adds up JUnit reports written by ctest: summarize.py [--broken N] NAME=FILE…

Lists skipped tests with their reasons and failed tests by name, and ends with 'N passed, N failed, N skipped'.
--broken counts failures outside the reports (builds that failed). Exit status 1 if anything failed or nothing ran.
"""
import argparse
import os
import re
import sys
import xml.etree.ElementTree as ElementTree


def skip_reason(case, message):
    """The text that the test printed on skipping; ctest itself records only that it skipped."""
    output = case.findtext("system-out") or ""
    # GoogleTest prints 'file:line: Skipped' and the message below it; Python tests print 'SKIPPED: reason'.
    found = re.search(r"^.*: Skipped\n(.+?)\n\s*(?:\n|\[)", output, re.MULTILINE | re.DOTALL)
    if not found:
        found = re.search(r"^SKIPPED: (.+)$", output, re.MULTILINE)
    return " ".join(found.group(1).split()) if found else message


def read_report(path):
    """Yields (test name, 'passed' | 'failed' | 'skipped', reason)."""
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name, status = case.get("name"), case.get("status")
        skipped = case.find("skipped")
        message = skipped.get("message", "") if skipped is not None else ""
        if status == "run":
            yield name, "passed", ""
        elif status == "disabled":
            yield name, "skipped", "disabled in the sources"
        elif status == "notrun" and message.startswith("SKIP_"):
            yield name, "skipped", skip_reason(case, message)
        else:  # failed, or known to ctest but not run (its program is missing)
            failure = case.find("failure")
            yield name, "failed", message or (failure.get("message", "") if failure is not None else "")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broken", type=int, default=0)
    parser.add_argument("reports", nargs="*")
    options = parser.parse_args()

    count = {"passed": 0, "failed": options.broken, "skipped": 0}
    lines = []
    for report in options.reports:
        name, path = report.split("=", 1)
        if not os.path.exists(path):
            count["failed"] += 1
            lines.append(f"failed   {name}: ctest left no report")
            continue
        for test, outcome, reason in read_report(path):
            count[outcome] += 1
            if outcome != "passed":
                lines.append(f"{outcome:8} {name}: {test}" + (f": {reason}" if reason else ""))

    if lines:
        print("== not passed")
        print("\n".join(lines))
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**count))
    return 0 if count["failed"] == 0 and count["passed"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
