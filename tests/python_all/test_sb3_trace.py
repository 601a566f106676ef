"""The committed trace of `learn` is what SB3 does."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

import learn_trace  # noqa: E402

from softac import callbacks, logger  # noqa: E402

COMMITTED = json.loads(learn_trace.TRACE.read_text(encoding="utf-8"))


def test_every_variant_is_committed() -> None:
    assert list(COMMITTED) == list(learn_trace.VARIANTS)


@pytest.mark.parametrize("name", learn_trace.VARIANTS)
def test_the_committed_trace_is_sb3s(name: str) -> None:
    assert learn_trace.record(learn_trace.sb3(), [name]) == {name: COMMITTED[name]}


@pytest.mark.parametrize("name", learn_trace.VARIANTS)
def test_softacs_callbacks_logger_noise_and_environments_leave_the_trace_as_it_is(name: str) -> None:
    noise = pytest.importorskip("softac.noise")
    vec_env = pytest.importorskip("softac.vec_env")
    library = dataclasses.replace(
        learn_trace.sb3(),
        base_callback=callbacks.BaseCallback,
        callback_list=callbacks.CallbackList,
        logger=logger.Logger,
        output_format=object,
        action_noise=noise.ActionNoise,
        vec_env=vec_env.DummyVecEnv,
    )
    assert learn_trace.record(library, [name]) == {name: COMMITTED[name]}
