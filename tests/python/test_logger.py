"""The logger: rows, exclusions, levels, and what each output writes."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softac import logger as log
from softac import progress_line
from softac.event_file import EventWriter
from softac.logger import Figure, FormatUnsupportedError, HParam, Image, Logger, Video, configure, configure_logger

KINDS = {
    "video": Video(np.zeros((1, 2, 3, 4, 4)), 30),
    "figure": Figure(object(), True),
    "image": Image(np.zeros((2, 2, 3)), "HWC"),
    "hparam": HParam({"gamma": 0.9}, {"eval/mean_reward": 0}),
}


class Rows:
    """An output that keeps what it gets."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, dict[str, Any]]] = []
        self.excluded: list[dict[str, tuple[str, ...]]] = []
        self.messages: list[list[str]] = []
        self.closed = False

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        self.rows.append((step, dict(key_values)))
        self.excluded.append(dict(key_excluded))

    def write_sequence(self, sequence: list[str]) -> None:
        self.messages.append(sequence)

    def close(self) -> None:
        self.closed = True


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_rows_hold_the_last_value_and_means() -> None:
    rows = Rows()
    logger = Logger("folder", [rows])
    logger.record("a", 1)
    logger.record("a", 2)
    for value in (1.0, None, 2.0, 6.0):
        logger.record_mean("b", value)
    assert logger.name_to_value == {"a": 2, "b": pytest.approx(3.0)}
    logger.dump(7)
    assert rows.rows == [(7, {"a": 2, "b": pytest.approx(3.0)})]
    assert not logger.name_to_value and not logger.name_to_count and not logger.name_to_excluded
    logger.record_mean("b", 5.0)
    assert logger.name_to_value["b"] == 5.0
    assert logger.get_dir() == "folder"
    logger.close()
    assert rows.closed


def test_exclusions_reach_the_outputs() -> None:
    rows = Rows()
    logger = Logger(None, [rows])
    logger.record("a", 1, exclude="csv")
    logger.record("b", 1, exclude=("csv", "json"))
    logger.record_mean("c", 1.0)
    logger.dump()
    assert rows.excluded == [{"a": ("csv",), "b": ("csv", "json"), "c": ("",)}]


def test_messages_have_levels() -> None:
    rows = Rows()
    logger = Logger(None, [rows, object()])
    logger.debug("no")
    logger.info("yes", 1)
    logger.set_level(log.ERROR)
    logger.warn("no")
    logger.error("err")
    logger.log("low", level=log.DEBUG)
    assert rows.messages == [["yes", "1"], ["err"]]
    logger.set_level(log.WARN)
    logger.info("no")
    logger.warn("warn")
    logger.set_level(log.DEBUG)
    logger.debug("all")
    assert rows.messages[2:] == [["warn"], ["all"]]
    rows.messages[2:] = []
    assert (log.DEBUG, log.INFO, log.WARN, log.ERROR, log.DISABLED) == (10, 20, 30, 40, 50)
    logger.record("a", 1)
    logger.set_level(log.DISABLED)
    logger.dump()
    logger.error("no")
    assert rows.rows == [] and rows.messages == [["yes", "1"], ["err"]]
    assert logger.name_to_value == {"a": 1}


def test_tables_are_grouped_and_aligned() -> None:
    stream = io.StringIO()
    output = log.HumanOutputFormat(stream)
    output.write({"train/loss": 0.123456, "time": 3, "train/n": 10, "hidden": 1}, {"hidden": ("stdout",)})
    assert stream.getvalue().splitlines() == [
        "-" * 22,
        "| time    | 3        |",
        "| train/  |          |",
        "|    loss | 0.123    |",
        "|    n    | 10       |",
        "-" * 22,
    ]
    output.write_sequence(["a", "b"])
    assert stream.getvalue().endswith("a b\n")
    output.close()
    stream.write("still open")


def test_tables_cut_long_names_but_never_merge_two() -> None:
    stream = io.StringIO()
    output = log.HumanOutputFormat(stream, max_length=10)
    output.write({"abcdefghijklm": "x" * 20}, {})
    assert "| abcdefg... | xxxxxxx... |" in stream.getvalue()
    output.write({"abcdefghij": "x" * 10, "/a": 1}, {})
    assert "| abcdefghij | xxxxxxxxxx |" in stream.getvalue() and "| /a         | 1          |" in stream.getvalue()
    assert log.HumanOutputFormat(stream).max_length == 36
    with pytest.raises(ValueError, match="increase max_length"):
        output.write({"abcdefghijklm": 1, "abcdefghijkln": 2}, {})


def test_an_empty_table_warns() -> None:
    with pytest.warns(UserWarning, match="no value to print"):
        log.HumanOutputFormat(io.StringIO()).write({"a": 1}, {"a": ("log",)})
    with pytest.raises(ValueError, match="file name or a text stream"):
        log.HumanOutputFormat(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("output", ["log", "csv", "json", "tensorboard"])
def test_rows_reach_their_file_at_once_and_close_ends_it(tmp_path: Path, output: str) -> None:
    made = log.make_output_format(output, str(tmp_path / "a" / "b"))
    made.write({"a": 1.0}, {})
    (path,) = (tmp_path / "a" / "b").iterdir()
    size = path.stat().st_size
    made.write({"a": 1.0}, {})
    assert path.stat().st_size > size > 0
    made.close()
    assert path.stat().st_size > size
    with pytest.raises(ValueError, match="closed"):
        made.write({"a": 1.0}, {})


def test_tensorboard_makes_its_folder(tmp_path: Path) -> None:
    log.TensorBoardOutputFormat(str(tmp_path / "a" / "b")).close()
    assert len(list((tmp_path / "a" / "b").iterdir())) == 1


def test_csv_gains_columns(tmp_path: Path) -> None:
    logger = configure(str(tmp_path), ["csv"])
    logger.record("b", 1.5)
    logger.record("text", 'say "a,b"\nand more')
    logger.dump()
    logger.record("c,d", np.float32(0.5))
    logger.record("a", [1, 2])
    logger.record("hidden", 1, exclude="csv")
    logger.dump()
    logger.record("b", math.nan)
    logger.record("c,d", None)
    logger.dump()
    logger.close()
    with open(tmp_path / "progress.csv", newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [
            ["b", "text", "a", "c,d"],
            ["1.5", 'say "a,b"\nand more', "", ""],
            ["", "", "[1, 2]", "0.5"],
            ["nan", "", "", ""],
        ]
    assert read(tmp_path / "progress.csv").startswith('b,text,a,"c,d"\n1.5,"say ""a,b""\nand more",,\n')
    assert [path.name for path in tmp_path.iterdir()] == ["progress.csv"]


def test_json_lines(tmp_path: Path) -> None:
    logger = configure(str(tmp_path), ["json"])
    values = {
        "i": 3,
        "f": np.float32(0.5),
        "one": np.array([2]),
        "square": np.ones((1, 1)),
        "s": np.str_("t"),
        "none": None,
    }
    for key, value in values.items():
        logger.record(key, value)
    logger.record("v", np.array([[1, 2]]))
    logger.record("hidden", 1, exclude=("json",))
    logger.dump()
    assert json.loads(read(tmp_path / "progress.json")) == {
        "i": 3, "f": 0.5, "one": 2.0, "square": 1.0, "s": "t", "none": None, "v": [[1, 2]],
    }  # fmt: skip
    logger.record("thing", object())
    with pytest.raises(TypeError, match="JSON cannot hold thing, a object"):
        logger.dump()


@pytest.mark.parametrize("output", ["stdout", "log", "csv", "json", "tensorboard"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_what_an_output_cannot_hold_is_refused_or_excluded(tmp_path: Path, output: str, kind: str) -> None:
    logger = configure(str(tmp_path), [output])
    excluded = ("stdout", "log") if output in ("stdout", "log") else (output,)
    logger.record("a", 1.0)
    logger.record("value", KINDS[kind], exclude=excluded)
    logger.dump()
    logger.record("value", KINDS[kind])
    if (output, kind) == ("tensorboard", "hparam"):
        logger.dump()
        return
    with pytest.raises(FormatUnsupportedError, match=kind) as error:
        logger.dump()
    assert isinstance(error.value, NotImplementedError)
    assert f'"{output}"' in str(error.value)


def test_tensorboard_refuses_what_is_no_number(tmp_path: Path) -> None:
    logger = configure(str(tmp_path), ["tensorboard"])
    for value in (np.zeros(3), [1], None, object()):
        logger.record("value", value)
        with pytest.raises(FormatUnsupportedError, match="tensorboard"):
            logger.dump()


def test_tensorboard_writes_nothing_of_a_row_that_it_refuses(tmp_path: Path) -> None:
    output = log.TensorBoardOutputFormat(str(tmp_path))
    output.writer.flush()
    path = next(tmp_path.iterdir())
    size = path.stat().st_size
    with pytest.raises(FormatUnsupportedError):
        output.write({"a": 1.0, "b": [1]}, {})
    output.writer.flush()
    assert path.stat().st_size == size > 0
    output.write({"a": 1.0}, {})
    assert path.stat().st_size > size
    output.close()
    with pytest.raises(ValueError, match="closed"):
        output.write({"a": 1.0}, {})


def test_event_files_have_new_names(tmp_path: Path) -> None:
    for _ in range(3):
        log.TensorBoardOutputFormat(str(tmp_path)).close()
    names = [path.name for path in tmp_path.iterdir()]
    assert len(names) == 3 and all(name.startswith("events.out.tfevents.") for name in names)
    with pytest.raises(FileExistsError):
        EventWriter(str(tmp_path / names[0]))


def test_event_file_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against bytes checked with TensorBoard's own reader: time 0, the version, then a = 1.5 at step 300."""
    monkeypatch.setattr("softac.event_file.time.time", lambda: 0.0)
    writer = EventWriter(str(tmp_path / "events"))
    writer.add_scalar("a", 1.5, 300)
    writer.close()
    content = (tmp_path / "events").read_bytes()
    assert content[:8] == (24).to_bytes(8, "little")
    assert content[8:12].hex() == "a37f4b22"  # the masked CRC-32C of the length 24, as in every TensorBoard file
    assert content[12:36] == b"\x09" + bytes(8) + b"\x1a\x0dbrain.Event:2"
    event = content[40 + 12 : -4]
    assert (
        event
        == b"\x09" + bytes(8) + b"\x10\xac\x02" + b"\x2a\x0a" + b"\x0a\x08" + b"\x0a\x01a" + b"\x15\x00\x00\xc0\x3f"
    )


def test_hparam_needs_metrics_and_plain_values(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="metric_dict"):
        HParam({"a": 1}, {})
    logger = configure(str(tmp_path), ["tensorboard"])
    logger.record("hparams", HParam({"arch": [64, 64]}, {"m": 0}))
    with pytest.raises(ValueError, match="HParam: arch must be a number"):
        logger.dump()


def test_configure_names_files_and_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logger = configure(str(tmp_path / "new" / "folder"), ["stdout", "log", "csv", "json", "tensorboard"])
    assert capsys.readouterr().out == f"Logging to {tmp_path}/new/folder\n"
    logger.record("a", 1.0)
    logger.dump()
    assert "| a | 1        |" in capsys.readouterr().out
    logger.close()
    names = sorted(path.name.split(".out")[0] for path in (tmp_path / "new" / "folder").iterdir())
    assert names == ["events", "log.txt", "progress.csv", "progress.json"]
    assert "| a | 1        |" in read(tmp_path / "new" / "folder" / "log.txt")
    with pytest.raises(ValueError, match="unknown output 'xml'; there are stdout"):
        configure(str(tmp_path), ["xml"])


def test_configure_is_silent_where_no_file_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logger = configure(tmp_path, ["stdout", ""])  # type: ignore[arg-type]
    assert logger.get_dir() == str(tmp_path) and list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""
    assert configure_logger().output_formats == []


def test_configure_reads_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SB3_LOGDIR", str(tmp_path / "env"))
    monkeypatch.setenv("SB3_LOG_FORMAT", "csv,json")
    logger = configure()
    assert logger.get_dir() == str(tmp_path / "env")
    assert [type(output).__name__ for output in logger.output_formats] == ["CSVOutputFormat", "JSONOutputFormat"]


def test_configure_without_a_folder_makes_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SB3_LOGDIR", raising=False)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    folder = configure(None, [""]).get_dir()
    assert folder is not None and Path(folder).is_dir() and Path(folder).name.startswith("softac-")


def test_runs_are_numbered(tmp_path: Path) -> None:
    def run(reset: bool, name: str = "SAC", verbose: int = 0) -> str:
        logger = configure_logger(verbose, str(tmp_path / "[tb]"), name, reset)
        kinds = [type(output).__name__ for output in logger.output_formats]
        assert kinds == ["HumanOutputFormat"] * verbose + ["TensorBoardOutputFormat"]
        logger.close()
        return Path(logger.get_dir() or "").name

    assert run(True) == "SAC_1"
    assert run(True, verbose=1) == "SAC_2"
    assert run(False) == "SAC_2"
    (tmp_path / "[tb]" / "SAC_10").mkdir()
    (tmp_path / "[tb]" / "SAC_x_30").mkdir()
    assert run(True) == "SAC_11"
    assert run(True, "SAC_x") == "SAC_x_31"
    assert run(False, "other") == "other_0"


def test_without_tensorboard_there_are_tables_or_nothing() -> None:
    assert configure_logger(0).output_formats == []
    assert [type(output).__name__ for output in configure_logger(1).output_formats] == ["HumanOutputFormat"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_pace_of_a_progress_line_is_of_the_last_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [128.0]
    monkeypatch.setattr(progress_line.time, "monotonic", lambda: clock[0])
    line = progress_line.ProgressLine(10_000, Terminal())

    def go(seconds: float, per_sec: int) -> None:
        for _ in range(round(seconds * per_sec)):
            clock[0] += 1 / per_sec
            line.update(1)

    go(1.0, 4096)  # random steps
    assert line.text() == " 40% 4096/10000 [00:01<00:01, 4096 steps/s]"
    line.restart_pace()
    go(2.0, 128)
    assert line.text() == " 43% 4352/10000 [00:03<00:44, 128 steps/s]"
    go(12.0, 64)
    assert line.text() == " 51% 5120/10000 [00:15<01:16, 64 steps/s]"


def test_tables_wipe_a_progress_line_first(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    line = progress_line.ProgressLine(100, screen)
    line.update(25)
    assert screen.getvalue().startswith("\r 25% 25/100 [00:00<")
    monkeypatch.setattr(sys, "stdout", screen)
    log.HumanOutputFormat(sys.stdout).write({"a": 1}, {})
    assert "steps/s]\033[K\r\033[K---" in screen.getvalue()
    line.close()
    length = len(screen.getvalue())
    progress_line.wipe_lines()
    line.update(1)
    assert len(screen.getvalue()) == length and screen.getvalue().endswith("\n")
