"""softac.SAC.learn does what SB3's does: callbacks, environments, noise, logger and replay in the same order."""

from __future__ import annotations

import json

import learn_trace
import pytest

COMMITTED = json.loads(learn_trace.TRACE.read_text(encoding="utf-8"))

# Where softac differs on purpose. It logs the entropy as well; and a step after which the environment was begun again
# counts as the last of its episode.
ADDED = "train/entropy"
CUT_OFF = {"begun again": 6}


def without_added(trace):
    for event in trace["events"]:
        if isinstance(event, dict) and "dump" in event:
            event["dump"]["names"] = [name for name in event["dump"]["names"] if name != ADDED]
    return trace


@pytest.mark.parametrize("name", learn_trace.VARIANTS)
def test_learn_goes_as_sb3s(name: str) -> None:
    expected = COMMITTED[name]
    if name in CUT_OFF:
        assert expected["rows"][CUT_OFF[name]][4] is False
        expected["rows"][CUT_OFF[name]][4] = True
    assert without_added(learn_trace.record(learn_trace.softac_(), [name])[name]) == expected
