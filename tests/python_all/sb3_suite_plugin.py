"""A pytest plugin for Stable-Baselines3's own tests: softac.SAC stands in the place of its SAC.

Counts how often SB3's own SAC is constructed all the same (SB3_SUITE_REPORT names the file that says so at the end).
"""

import inspect
import json
import os
import re

import stable_baselines3
import stable_baselines3.sac
import stable_baselines3.sac.sac

import softac

constructed = 0
_original = stable_baselines3.sac.sac.SAC
_original_init = _original.__init__


def _counted(self, *args, **kwargs):
    global constructed
    constructed += 1
    _original_init(self, *args, **kwargs)


_original.__init__ = _counted
for module in (stable_baselines3, stable_baselines3.sac, stable_baselines3.sac.sac):
    module.SAC = softac.SAC


outcomes = {}


def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        outcomes[report.nodeid] = report.outcome


def pytest_sessionfinish(session, exitstatus):
    path = os.environ.get("SB3_SUITE_REPORT")
    if path:
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"sb3_sac_constructed": constructed, "outcomes": outcomes}, file)


def _uses_sac(item):
    """Whether an item is about SAC: a parameter is the class or its name, or its function makes or loads one."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    if any(value is softac.SAC or (isinstance(value, str) and value == "sac") for value in params.values()):
        return True
    if any(isinstance(value, type) and hasattr(value, "learn") for value in params.values()):
        return False  # another algorithm's
    source = inspect.getsource(item.function)
    return re.search(r"\bSAC(\.load)?\(", source) is not None


def pytest_collection_modifyitems(config, items):
    chosen = [item for item in items if _uses_sac(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen
