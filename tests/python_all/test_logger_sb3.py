"""softac's log files beside SB3's for the same calls, and what TensorBoard reads in its event files."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common import logger as sb3_logger
from stable_baselines3.common import utils as sb3_utils
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata, plugin_data_pb2

from softac import logger

LIBRARIES = (sb3_logger, logger)


def write_rows(library: Any, folder: Path, formats: list[str]) -> Path:
    """The same rows through either library's logger."""
    log = library.configure(str(folder), formats)
    log.record("time/fps", 123)
    log.record("rollout/ep_rew_mean", -1234.56789)
    log.dump(10)
    log.record("rollout/ep_rew_mean", np.float64(1e-7))
    log.record("train/loss", np.float32(0.1))
    log.record_mean("train/mean", 1.0)
    log.record_mean("train/mean", 4.0)
    log.dump(20)
    log.record("a name that is longer than what a table shows", "a text that is longer than what a table shows")
    log.record("text", 'with "quotes", and commas')
    log.dump(30)
    log.record("bool", True)
    log.dump(40)
    log.record("time/fps", None if "tensorboard" not in formats else 7, exclude="stdout")
    log.record("rollout/ep_rew_mean", math.nan, exclude=("json", "log"))
    log.record("inf", math.inf)
    log.record("one", np.array([3.0]), exclude="tensorboard")
    log.dump(50)
    log.info("a message", 3)
    log.debug("no message")
    log.close()
    return folder


@pytest.mark.parametrize(("output", "name"), [("log", "log.txt"), ("json", "progress.json")])
def test_text_is_sb3s(tmp_path: Path, output: str, name: str) -> None:
    expected, result = (
        (write_rows(library, tmp_path / library.__name__, [output]) / name).read_text(encoding="utf-8")
        for library in LIBRARIES
    )
    assert result.replace("softac.logger", "stable_baselines3.common.logger") == expected
    assert len(expected) > 300


def test_csv_is_sb3s_but_for_the_order_of_new_columns(tmp_path: Path) -> None:
    tables = []
    for library in LIBRARIES:
        with open(write_rows(library, tmp_path / library.__name__, ["csv"]) / "progress.csv", newline="") as file:
            tables.append([dict(row) for row in csv.DictReader(file)])
    assert tables[0] == tables[1]
    assert len(tables[0]) == 5


def test_csv_text_is_sb3s_when_columns_come_one_by_one(tmp_path: Path) -> None:
    texts = []
    for library in LIBRARIES:
        log = library.configure(str(tmp_path / library.__name__), ["csv"])
        for number, key in enumerate("abcd"):
            log.record("z", number / 3)
            log.dump(number)
            log.record(key, [number, np.float32(number) / 3, f'"{number}"', True][number])
            log.dump(number)
        log.close()
        texts.append((tmp_path / library.__name__ / "progress.csv").read_text(encoding="utf-8"))
    assert texts[0] == texts[1]


def test_messages_on_the_screen_are_sb3s(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    screens = []
    for library in LIBRARIES:
        write_rows(library, tmp_path, ["stdout", "json"])
        screens.append(capsys.readouterr().out)
    assert screens[0] == screens[1]
    assert screens[0].startswith(f"Logging to {tmp_path}\n")


def test_outputs_of_sb3_serve_softacs_logger_and_its_values(tmp_path: Path) -> None:
    log = logger.Logger(str(tmp_path), [sb3_logger.JSONOutputFormat(str(tmp_path / "a.json"))])
    log.record("a", 1.0)
    log.dump()
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": 1.0}
    ours = logger.configure(str(tmp_path), ["tensorboard", "csv", "json", "log"])
    for value in (sb3_logger.Figure(None, True), sb3_logger.Image(None, "HWC"), sb3_logger.Video(None, 3)):
        for output in ours.output_formats:
            with pytest.raises(NotImplementedError, match=type(value).__name__.lower()):
                output.write({"value": value}, {})


def test_sb3s_logger_takes_softacs_outputs_and_values(tmp_path: Path) -> None:
    """SB3's Logger and its users' callbacks look at classes."""
    ours = logger.configure(str(tmp_path / "softac"), ["csv", "json", "log", "tensorboard"])
    for output in ours.output_formats:
        assert isinstance(output, sb3_logger.KVWriter) and isinstance(output, type(output))
    (tensorboard,) = [o for o in ours.output_formats if isinstance(o, sb3_logger.TensorBoardOutputFormat)]
    assert tensorboard is ours.output_formats[3] and isinstance(tensorboard, logger.TensorBoardOutputFormat)
    theirs = sb3_logger.Logger(None, ours.output_formats)
    theirs.record("a", 1.0)
    theirs.info("message")
    theirs.dump(1)
    tensorboard.writer.add_text("note", "text", 1)
    theirs.close()
    assert scalars(tmp_path / "softac") == {"a": [(1, 1.0)]}
    assert (tmp_path / "softac" / "progress.csv").read_text() == "a\n1.0\n"
    assert "message" in (tmp_path / "softac" / "log.txt").read_text()

    theirs = sb3_logger.configure(str(tmp_path / "sb3"), ["tensorboard"])
    theirs.record("hparams", logger.HParam({"gamma": 0.5}, {"m": 0}))
    theirs.dump(1)
    theirs.close()
    assert hparam_messages(tmp_path / "sb3")[metadata.SESSION_START_INFO_TAG].session_start_info.hparams["gamma"]
    theirs = sb3_logger.configure(str(tmp_path), ["json"])
    for value in (logger.Figure(None, True), logger.Image(None, "HWC"), logger.Video(None, 3)):
        theirs.record("value", value)
        with pytest.raises(sb3_logger.FormatUnsupportedError):
            theirs.dump()


def test_tensors_are_numbers_or_lists(tmp_path: Path) -> None:
    log = logger.configure(str(tmp_path), ["json", "csv", "tensorboard"])
    log.record("zero", torch.tensor(0.5))
    log.record("one", torch.tensor([0.25]))
    log.record("two", torch.tensor([1.0, 2.0]), exclude=("tensorboard", "csv"))
    log.dump(1)
    log.close()
    assert json.loads((tmp_path / "progress.json").read_text()) == {"zero": 0.5, "one": 0.25, "two": [1.0, 2.0]}
    assert scalars(tmp_path) == {"zero": [(1, 0.5)], "one": [(1, 0.25)]}


def read_events(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    return events


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    events = read_events(folder)
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_tensorboard_reads_the_same_scalars_and_texts(tmp_path: Path) -> None:
    folders = [write_rows(library, tmp_path / library.__name__, ["tensorboard"]) for library in LIBRARIES]
    expected, result = (scalars(folder) for folder in folders)
    np.testing.assert_equal(result, expected)
    assert len(expected) == 6 and expected["rollout/ep_rew_mean"][0] == (10, pytest.approx(-1234.56789))
    texts = []
    for folder in folders:
        events = read_events(folder)
        texts.append({tag: [(e.step, e.tensor_proto) for e in events.Tensors(tag)] for tag in events.Tags()["tensors"]})
        assert events.SummaryMetadata("text/text_summary").plugin_data.plugin_name == "text"
    assert texts[0] == texts[1] and len(texts[0]) == 2


def hparam_messages(folder: Path) -> dict[str, plugin_data_pb2.HParamsPluginData]:
    events = read_events(folder)
    found = {}
    for tag in (metadata.EXPERIMENT_TAG, metadata.SESSION_START_INFO_TAG, metadata.SESSION_END_INFO_TAG):
        data = events.SummaryMetadata(tag).plugin_data
        assert data.plugin_name == metadata.PLUGIN_NAME
        found[tag] = plugin_data_pb2.HParamsPluginData.FromString(data.content)
    return found


def test_tensorboard_reads_the_same_hyperparameters(tmp_path: Path) -> None:
    messages = []
    for library in LIBRARIES:
        log = library.configure(str(tmp_path / library.__name__), ["tensorboard"])
        settings = {"algorithm": "SAC", "learning rate": 3e-4, "batch_size": 256, "empty": ""}
        log.record("hparams", library.HParam(settings, {"eval/mean_reward": 0, "train/loss": 0.0}))
        log.dump(0)
        log.close()
        messages.append(hparam_messages(tmp_path / library.__name__))
    assert messages[0] == messages[1]
    start = metadata.parse_session_start_info_plugin_data(
        messages[1][metadata.SESSION_START_INFO_TAG].SerializeToString()
    )
    assert start.hparams["learning rate"].number_value == 3e-4


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("verbose", [0, 1])
def test_runs_are_numbered_as_in_sb3(tmp_path: Path, reset: bool, verbose: int) -> None:
    folders = []
    for configure in (sb3_utils.configure_logger, logger.configure_logger):
        base = tmp_path / configure.__module__
        for name in ("SAC_1", "SAC_7", "SAC_x", "SAC_best_9", "SAC2_8"):
            (base / name).mkdir(parents=True)
        made = configure(verbose, str(base), "SAC", reset)
        folders.append((Path(made.dir or "").name, [type(output).__name__ for output in made.output_formats]))
        made.close()
    assert folders[0] == folders[1]
