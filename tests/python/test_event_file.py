"""TensorBoard's own reader reads the event files: numbers, texts, hyperparameters."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import types_pb2
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.plugins.hparams import api_pb2, metadata

from softac import event_file, protobuf
from softac.logger import HParam, configure


def read_events(folder: Path) -> Any:
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    return events


@pytest.mark.parametrize("step", [0, 1, 127, 128, 10**12, -1])
@pytest.mark.parametrize("value", [0.0, -1.5, 1e-30, 1e300, -1e300, math.inf, math.nan])
def test_steps_and_values_of_any_size(tmp_path: Path, step: int, value: float) -> None:
    writer = event_file.EventWriter(str(tmp_path / event_file.event_file_name()))
    writer.add_scalar("a/ü", value, step)
    writer.flush()
    events = read_events(tmp_path)
    with np.errstate(over="ignore"):
        expected = float(np.float32(value))
    assert events.Tags()["scalars"] == ["a/ü"]
    (event,) = events.Scalars("a/ü")
    assert event.step == step and event.wall_time > 1.7e9
    np.testing.assert_equal(event.value, expected)
    writer.close()


def test_rows_of_a_logger(tmp_path: Path) -> None:
    logger = configure(str(tmp_path), ["tensorboard"])
    for step in (10, 20):
        logger.record("a", step + 0.5)
        logger.record("b", np.array([step]))
        logger.record("note", f"step {step}")
        logger.record("hidden", 1, exclude="tensorboard")
        logger.dump(step)
    events = read_events(tmp_path)
    assert {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]} == {
        "a": [(10, 10.5), (20, 20.5)],
        "b": [(10, 10.0), (20, 20.0)],
    }
    assert events.Tags()["tensors"] == ["note/text_summary"]
    texts = events.Tensors("note/text_summary")
    assert [(e.step, list(e.tensor_proto.string_val)) for e in texts] == [(10, [b"step 10"]), (20, [b"step 20"])]
    assert [dim.size for dim in texts[0].tensor_proto.tensor_shape.dim] == [1]
    assert texts[0].tensor_proto.dtype == types_pb2.DT_STRING
    assert events.SummaryMetadata("note/text_summary").plugin_data.plugin_name == "text"


def test_hyperparameters(tmp_path: Path) -> None:
    logger = configure(str(tmp_path), ["tensorboard"])
    settings = {"algorithm": "SAC", "gamma": 0.99, "batch": 256, "none": None, "bool": True, "scalar": np.float32(0.5)}
    logger.record("hparams", HParam(settings, {"eval/mean_reward": 0, "train/loss": 0.0}))
    logger.dump()
    events = read_events(tmp_path)
    contents = {}
    for tag in (metadata.EXPERIMENT_TAG, metadata.SESSION_START_INFO_TAG, metadata.SESSION_END_INFO_TAG):
        assert events.SummaryMetadata(tag).plugin_data.plugin_name == "hparams"
        contents[tag] = events.SummaryMetadata(tag).plugin_data.content
    experiment = metadata.parse_experiment_plugin_data(contents[metadata.EXPERIMENT_TAG])
    text, boolean, number = (api_pb2.DataType.Value(f"DATA_TYPE_{name}") for name in ("STRING", "BOOL", "FLOAT64"))
    assert [(info.name, info.type) for info in experiment.hparam_infos] == [
        ("algorithm", text),
        ("gamma", number),
        ("batch", number),
        ("none", text),
        ("bool", boolean),
        ("scalar", number),
    ]
    assert [info.name.tag for info in experiment.metric_infos] == ["eval/mean_reward", "train/loss"]
    start = metadata.parse_session_start_info_plugin_data(contents[metadata.SESSION_START_INFO_TAG])
    values = {name: value.WhichOneof("kind") for name, value in start.hparams.items()}
    assert values == {
        "algorithm": "string_value",
        "gamma": "number_value",
        "batch": "number_value",
        "none": "string_value",
        "bool": "bool_value",
        "scalar": "number_value",
    }
    assert start.hparams["none"].string_value == "None" and start.hparams["bool"].bool_value is True
    assert start.hparams["gamma"].number_value == 0.99 and start.hparams["scalar"].number_value == 0.5
    end = metadata.parse_session_end_info_plugin_data(contents[metadata.SESSION_END_INFO_TAG])
    assert end.status == api_pb2.Status.Value("STATUS_SUCCESS")


@pytest.mark.parametrize("number", [1, 127, 128, 300, 2**31, 2**63 - 1, -1, -(2**63)])
def test_whole_numbers_are_encoded_as_protobuf_does(number: int) -> None:
    assert protobuf.int_field(2, number) == Event(step=number).SerializeToString()
