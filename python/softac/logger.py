"""The logger that a model writes its training values to; names and behaviour of SB3's."""

from __future__ import annotations

import datetime
import glob
import os
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from .hparams import HParam
from .log_formats import (
    CSVOutputFormat,
    FormatUnsupportedError,
    HumanOutputFormat,
    JSONOutputFormat,
    KVWriter,
    TensorBoardOutputFormat,
    make_output_format,
)
from .seen_as_sb3 import SeenAsSb3Logging

__all__ = [
    "CSVOutputFormat",
    "DEBUG",
    "DISABLED",
    "ERROR",
    "Figure",
    "FormatUnsupportedError",
    "HParam",
    "HumanOutputFormat",
    "INFO",
    "Image",
    "JSONOutputFormat",
    "KVWriter",
    "Logger",
    "TensorBoardOutputFormat",
    "Video",
    "WARN",
    "configure",
    "configure_logger",
    "make_output_format",
]

DEBUG, INFO, WARN, ERROR, DISABLED = 10, 20, 30, 40, 50


class Video(SeenAsSb3Logging):
    """Frames and their rate, for outputs of the user's: those of softac's raise FormatUnsupportedError."""

    def __init__(self, frames: Any, fps: float) -> None:
        self.frames = frames
        self.fps = fps


class Figure(SeenAsSb3Logging):
    """A matplotlib figure, to be closed after logging or not, for outputs of the user's (see Video)."""

    def __init__(self, figure: Any, close: bool) -> None:
        self.figure = figure
        self.close = close


class Image(SeenAsSb3Logging):
    """An image with the order of its axes, such as "HWC", for outputs of the user's (see Video)."""

    def __init__(self, image: Any, dataformats: str) -> None:
        self.image = image
        self.dataformats = dataformats


class Logger:
    """Gathers named values until `dump` writes them as one row to every output.

    folder: where the outputs' files are, or None. output_formats: softac's outputs, SB3's, or anything with
    `write(key_values, key_excluded, step)` and `close()`; those that have `write_sequence(texts)` get messages too.
    """

    def __init__(self, folder: str | None, output_formats: Sequence[Any]) -> None:
        self.name_to_value: dict[str, Any] = defaultdict(float)
        self.name_to_count: dict[str, int] = defaultdict(int)
        self.name_to_excluded: dict[str, tuple[str, ...]] = {}
        self.level = INFO
        self.dir = folder
        self.output_formats = list(output_formats)

    @staticmethod
    def to_tuple(string_or_tuple: str | tuple[str, ...] | None) -> tuple[str, ...]:
        """The outputs of an `exclude` argument."""
        if string_or_tuple is None:
            return ("",)
        return string_or_tuple if isinstance(string_or_tuple, tuple) else (string_or_tuple,)

    def record(self, key: str, value: Any, exclude: str | tuple[str, ...] | None = None) -> None:
        """Sets a value of the coming row, but for the outputs named by `exclude`. A later call replaces it."""
        self.name_to_value[key] = value
        self.name_to_excluded[key] = self.to_tuple(exclude)

    def record_mean(self, key: str, value: float | None, exclude: str | tuple[str, ...] | None = None) -> None:
        """As `record`, but the row gets the mean of all values given; None counts as no call."""
        if value is None:
            return
        count = self.name_to_count[key]
        self.name_to_value[key] = self.name_to_value[key] * count / (count + 1) + value / (count + 1)
        self.name_to_count[key] = count + 1
        self.name_to_excluded[key] = self.to_tuple(exclude)

    def dump(self, step: int = 0) -> None:
        """Writes the row and begins a new one; at level DISABLED does nothing. step: environment steps so far."""
        if self.level == DISABLED:
            return
        for output in self.output_formats:
            if hasattr(output, "write"):
                output.write(self.name_to_value, self.name_to_excluded, step)
        self.name_to_value.clear()
        self.name_to_count.clear()
        self.name_to_excluded.clear()

    def log(self, *args: Any, level: int = INFO) -> None:
        """Writes a message, the arguments' texts with a space between, if `level` reaches the logger's."""
        if self.level <= level:
            for output in self.output_formats:
                if hasattr(output, "write_sequence"):
                    output.write_sequence([str(arg) for arg in args])

    def debug(self, *args: Any) -> None:
        """A message of level DEBUG."""
        self.log(*args, level=DEBUG)

    def info(self, *args: Any) -> None:
        """A message of level INFO."""
        self.log(*args, level=INFO)

    def warn(self, *args: Any) -> None:
        """A message of level WARN."""
        self.log(*args, level=WARN)

    def error(self, *args: Any) -> None:
        """A message of level ERROR."""
        self.log(*args, level=ERROR)

    def set_level(self, level: int) -> None:
        """The lowest level of messages that are written: DEBUG, INFO, WARN, ERROR; DISABLED writes no rows either."""
        self.level = level

    def get_dir(self) -> str | None:
        """The folder of the outputs' files."""
        return self.dir

    def close(self) -> None:
        """Closes the outputs."""
        for output in self.output_formats:
            output.close()


def configure(folder: str | None = None, format_strings: Sequence[str] | None = None) -> Logger:
    """A logger with the outputs `format_strings` (see `make_output_format`) in `folder`, which is made where missing.

    Where they are None: the environment's SB3_LOGDIR or a new folder among the temporary files, and SB3_LOG_FORMAT or
    "stdout,log,csv".
    """
    if folder is None:
        folder = os.getenv("SB3_LOGDIR") or os.path.join(
            tempfile.gettempdir(), datetime.datetime.now().strftime("softac-%Y-%m-%d-%H-%M-%S-%f")
        )
    folder = os.fspath(folder)
    os.makedirs(folder, exist_ok=True)
    if format_strings is None:
        format_strings = os.getenv("SB3_LOG_FORMAT", "stdout,log,csv").split(",")
    names = [name for name in format_strings if name]
    logger = Logger(folder, [make_output_format(name, folder) for name in names])
    if names and names != ["stdout"]:
        logger.log(f"Logging to {folder}")
    return logger


def configure_logger(
    verbose: int = 0, tensorboard_log: str | None = None, tb_log_name: str = "", reset_num_timesteps: bool = True
) -> Logger:
    """The logger of `learn` where the user set none: tables if `verbose`, TensorBoard in `tensorboard_log`.

    Event files go to the folder <tensorboard_log>/<tb_log_name>_<n>, n one above the highest there is; the highest
    itself where a training goes on (`reset_num_timesteps=False`).
    """
    formats = ["stdout"] if verbose >= 1 else []
    if tensorboard_log is None:
        return configure(None, formats)
    latest = _latest_run(tensorboard_log, tb_log_name)
    run = latest + 1 if reset_num_timesteps else latest
    return configure(os.path.join(tensorboard_log, f"{tb_log_name}_{run}"), [*formats, "tensorboard"])


def _latest_run(folder: str, name: str) -> int:
    """The highest n of the entries <name>_<n> in a folder, or 0."""
    entries = glob.glob(os.path.join(glob.escape(folder), f"{glob.escape(name)}_*"))
    numbers = [os.path.basename(entry)[len(name) + 1 :] for entry in entries]
    return max((int(number) for number in numbers if number.isdigit()), default=0)
