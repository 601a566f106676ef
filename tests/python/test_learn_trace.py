"""softac.SAC.learn does what SB3's does: callbacks, environments, noise, logger and replay in the same order."""

from __future__ import annotations

import json

import learn_trace
import pytest

softac = pytest.importorskip("softac")
if not hasattr(softac, "SAC"):
    pytest.skip("softac.SAC is not there", allow_module_level=True)

COMMITTED = json.loads(learn_trace.TRACE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", learn_trace.VARIANTS)
def test_learn_goes_as_sb3s(name: str) -> None:
    assert learn_trace.record(learn_trace.softac_(), [name]) == {name: COMMITTED[name]}
