"""Where a Logger's values go: tables for people, CSV, JSON lines, TensorBoard. Layouts and file names as SB3's."""

from __future__ import annotations

import json
import math
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TextIO

from .event_file import EventWriter, event_file_name
from .hparams import hparam_summaries
from .progress_line import wipe_lines
from .replaced_file import replaced_file
from .seen_as_sb3 import SeenAsSb3Logging

# What a value is, by the attributes of its class here or in SB3.
_KINDS = {
    "video": ("frames", "fps"),
    "figure": ("figure", "close"),
    "image": ("image", "dataformats"),
    "hparam": ("hparam_dict", "metric_dict"),
}


class FormatUnsupportedError(NotImplementedError):
    """A value that an output cannot hold. `record(..., exclude=…)` keeps it from that output."""

    def __init__(self, unsupported_formats: Sequence[str], value_description: str) -> None:
        names = ", ".join(unsupported_formats)
        excluded = ", ".join(f'"{name}"' for name in unsupported_formats)
        super().__init__(
            f"The output {names} cannot hold a value of the kind {value_description}; "
            f"keep it from there with record(..., exclude=({excluded},))"
        )


class KVWriter(Protocol):
    """An output of rows of values."""

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Writes the values of one row but those whose exclusions name this output. step: environment steps so far."""

    def close(self) -> None:
        """Ends the output."""


class HumanOutputFormat(SeenAsSb3Logging):
    """Tables of keys and values, grouped by what stands before the key's first "/".

    A key or value longer than `max_length` is cut; ValueError if two keys become the same thereby. A file given by name
    is written anew and closed by `close`; a stream stays open.
    """

    def __init__(self, filename_or_file: str | TextIO, max_length: int = 36) -> None:
        self.max_length = max_length
        self.own_file = isinstance(filename_or_file, str)
        if isinstance(filename_or_file, str):
            self.file: TextIO = open(filename_or_file, "w", encoding="utf-8")
        elif hasattr(filename_or_file, "write"):
            self.file = filename_or_file
        else:
            raise ValueError(f"HumanOutputFormat: expected a file name or a text stream, not {filename_or_file!r}")

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        kept = {k: v for k, v in key_values.items() if not {"stdout", "log"} & set(key_excluded.get(k) or ())}
        for value in kept.values():
            _refuse_kinds(value, ["stdout", "log"])
        if not kept:
            warnings.warn("Logger.dump: there is no value to print", stacklevel=3)
            return
        self._print(_table(self._rows(kept)))

    def write_sequence(self, sequence: list[str]) -> None:
        """The texts, a space between each two, as one line."""
        self._print(" ".join(sequence) + "\n")

    def close(self) -> None:
        if self.own_file:
            self.file.close()

    def _rows(self, key_values: Mapping[str, Any]) -> list[tuple[str, str]]:
        rows: dict[tuple[str, str], str] = {}
        for key, value in sorted(key_values.items()):
            slash = key.find("/")
            tag, name = (key[: slash + 1], f"   {key[slash + 1 :]}") if slash > 0 else ("", key)
            if tag:
                rows[(tag, self._cut(tag))] = ""
            if (tag, self._cut(name)) in rows:
                raise ValueError(
                    f"Logger: '{key}' cut to '{self._cut(name)}' names another key too; increase max_length"
                )
            text = f"{value:<8.3g}" if isinstance(value, float) else str(value)
            rows[(tag, self._cut(name))] = self._cut(text)
        return [(name, text) for (_, name), text in rows.items()]

    def _cut(self, text: str) -> str:
        return text if len(text) <= self.max_length else text[: self.max_length - 3] + "..."

    def _print(self, text: str) -> None:
        if not self.own_file:
            wipe_lines()
        self.file.write(text)
        self.file.flush()


class JSONOutputFormat(SeenAsSb3Logging):
    """One object per row: arrays as lists, NumPy's scalars as numbers. TypeError for what JSON cannot hold."""

    def __init__(self, filename: str) -> None:
        self.file = open(filename, "w", encoding="utf-8")

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        row = {
            key: _as_json(key, value) for key, value in filter_excluded_keys(key_values, key_excluded, "json").items()
        }
        self.file.write(json.dumps(row) + "\n")
        self.file.flush()

    def close(self) -> None:
        self.file.close()


class CSVOutputFormat(SeenAsSb3Logging):
    """A column per key, in the order of first appearance (the new keys of one row sorted); empty where a row lacks it.

    A new key rewrites the file: the whole new file replaces the old one at once.
    """

    def __init__(self, filename: str) -> None:
        self.keys: list[str] = []
        self.file = open(filename, "w", encoding="utf-8", newline="")

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        kept = filter_excluded_keys(key_values, key_excluded, "csv")
        for value in kept.values():
            _refuse_kinds(value, ["csv"])
        new_keys = sorted(kept.keys() - set(self.keys))
        if new_keys:
            self._add_columns(new_keys)
        self.file.write(",".join(_csv_field(kept.get(key)) for key in self.keys) + "\n")
        self.file.flush()

    def close(self) -> None:
        self.file.close()

    def _add_columns(self, new_keys: list[str]) -> None:
        path = self.file.name
        self.file.close()
        rows = _csv_rows(path)
        next(rows, None)
        try:
            with replaced_file(path) as file:
                file.write(f"{','.join(map(_csv_name, [*self.keys, *new_keys]))}\n".encode())
                for row in rows:
                    file.write(f"{row}{',' * len(new_keys)}\n".encode())
            self.keys += new_keys
        finally:
            self.file = open(path, "a", encoding="utf-8", newline="")


class TensorBoardOutputFormat(SeenAsSb3Logging):
    """A new event file in `folder`: numbers as scalars, texts on the text page, HParam on the HPARAMS page.

    Everything else raises FormatUnsupportedError (a NotImplementedError) before any value of the row is written.
    `writer` has add_scalar, add_text, flush and close.
    """

    def __init__(self, folder: str) -> None:
        os.makedirs(folder, exist_ok=True)
        self.writer = EventWriter(os.path.join(folder, event_file_name()))

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        kept = filter_excluded_keys(key_values, key_excluded, "tensorboard")
        values = {key: _tensorboard_value(value) for key, value in sorted(kept.items())}
        for key, value in values.items():
            if isinstance(value, str):
                self.writer.add_text(key, value, step)
            elif isinstance(value, list):
                for summary in value:
                    self.writer.add_summary_bytes(summary)
            else:
                self.writer.add_scalar(key, value, step)
        self.writer.flush()

    def close(self) -> None:
        self.writer.close()


def filter_excluded_keys(
    key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], _format: str
) -> dict[str, Any]:
    """The values whose exclusions do not name `_format`."""
    return {key: value for key, value in key_values.items() if _format not in (key_excluded.get(key) or ())}


def make_output_format(_format: str, log_dir: str, log_suffix: str = "") -> KVWriter:
    """The output "stdout", "log" (log.txt), "csv" (progress.csv), "json" (progress.json) or "tensorboard" in `log_dir`.

    The folder is made where it is missing. ValueError for another name.
    """
    os.makedirs(log_dir, exist_ok=True)
    if _format == "stdout":
        return HumanOutputFormat(sys.stdout)
    if _format == "log":
        return HumanOutputFormat(os.path.join(log_dir, f"log{log_suffix}.txt"))
    if _format == "json":
        return JSONOutputFormat(os.path.join(log_dir, f"progress{log_suffix}.json"))
    if _format == "csv":
        return CSVOutputFormat(os.path.join(log_dir, f"progress{log_suffix}.csv"))
    if _format == "tensorboard":
        return TensorBoardOutputFormat(log_dir)
    raise ValueError(f"Logger: unknown output {_format!r}; there are stdout, log, csv, json, tensorboard")


def _kind(value: Any) -> str | None:
    return next((kind for kind, names in _KINDS.items() if all(hasattr(value, name) for name in names)), None)


def _refuse_kinds(value: Any, formats: Sequence[str]) -> None:
    kind = _kind(value)
    if kind is not None:
        raise FormatUnsupportedError(formats, kind)


def _table(rows: list[tuple[str, str]]) -> str:
    key_width = max(len(key) for key, _ in rows)
    value_width = max(len(value) for _, value in rows)
    rule = "-" * (key_width + value_width + 7)
    lines = [f"| {key:<{key_width}} | {value:<{value_width}} |" for key, value in rows]
    return "\n".join([rule, *lines, rule]) + "\n"


def _single_number(value: Any) -> float | None:
    """The number in an array or tensor of one element, in a NumPy scalar, a bool, int or float; None for all else."""
    if hasattr(value, "dtype") and hasattr(value, "shape") and math.prod(value.shape) == 1:
        value = value.item()
    return float(value) if isinstance(value, (bool, int, float)) else None


def _as_json(key: str, value: Any) -> Any:
    _refuse_kinds(value, ["json"])
    if hasattr(value, "dtype") and not isinstance(value, str):
        number = _single_number(value)
        value = value.tolist() if number is None else number
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        raise TypeError(
            f'Logger: JSON cannot hold {key}, a {type(value).__name__}; exclude it with exclude="json"'
        ) from None
    return value


def _tensorboard_value(value: Any) -> float | str | list[bytes]:
    """A scalar, a text, or the messages of an HParam."""
    if isinstance(value, str):
        return value
    kind = _kind(value)
    if kind == "hparam":
        return hparam_summaries(value.hparam_dict, value.metric_dict)
    number = None if kind else _single_number(value)
    if number is None:
        shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
        raise FormatUnsupportedError(["tensorboard"], kind or f"{type(value).__name__}{shape}")
    return number


def _csv_field(value: Any) -> str:
    if value is None:
        return ""
    return _quoted(value) if isinstance(value, str) else _csv_name(str(value))


def _csv_name(text: str) -> str:
    return _quoted(text) if any(character in text for character in ',"\r\n') else text


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _csv_rows(path: str) -> Any:
    """The rows of a CSV file without their ends; a line break within quotes belongs to the row."""
    row = ""
    with open(path, encoding="utf-8", newline="") as file:
        for line in file:
            row += line
            if row.count('"') % 2 == 0:
                yield row[:-1]
                row = ""
