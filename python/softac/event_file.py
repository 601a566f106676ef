"""TensorBoard's event files: frames around protocol-buffer messages.

tensorboard/compat/proto/event.proto and summary.proto:
  Event   { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
  Summary { repeated Value value = 1; }
  Value   { string tag = 1; float simple_value = 2; TensorProto tensor = 8; SummaryMetadata metadata = 9; }
"""

from __future__ import annotations

import itertools
import os
import socket
import time

from . import _core
from .protobuf import bytes_field, double_field, float_field, int_field

_DT_STRING = 7  # tensorboard/compat/proto/types.proto
_file_numbers = itertools.count()


def event_file_name() -> str:
    """A name that TensorBoard recognises, new for every file of this process."""
    host = socket.gethostname() or "localhost"
    return f"events.out.tfevents.{int(time.time()):010d}.{host}.{os.getpid()}.{next(_file_numbers)}"


def summary_metadata(plugin: str, content: bytes = b"") -> bytes:
    """SummaryMetadata { PluginData plugin_data = 1; }   PluginData { string plugin_name = 1; bytes content = 2; }"""
    data = bytes_field(1, plugin) + (bytes_field(2, content) if content else b"")
    return bytes_field(1, data)


class EventWriter:
    """Writes one new event file at `path`, whose folder exists. FileExistsError if the file does.

    Rows are gathered and reach the file at `flush` or `close`. After `close` every call but `close` raises ValueError.
    """

    def __init__(self, path: str) -> None:
        self._file = open(path, "xb")
        self._add_event(bytes_field(3, "brain.Event:2"))

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        """A number, stored as float32 as TensorBoard does; values that are not finite are kept as they are."""
        self.add_summary_bytes(bytes_field(1, bytes_field(1, tag) + float_field(2, value)), step)

    def add_text(self, tag: str, text: str, step: int) -> None:
        """A text for TensorBoard's text page, under "<tag>/text_summary" as SB3 writes it."""
        shape = bytes_field(2, bytes_field(2, int_field(1, 1)))
        tensor = int_field(1, _DT_STRING) + shape + bytes_field(8, text)
        value = (
            bytes_field(1, f"{tag}/text_summary") + bytes_field(8, tensor) + bytes_field(9, summary_metadata("text"))
        )
        self.add_summary_bytes(bytes_field(1, value), step)

    def add_summary_bytes(self, summary: bytes, step: int = 0) -> None:
        """An encoded Summary message of any kind."""
        self._add_event(int_field(2, step) + bytes_field(5, summary))

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _add_event(self, fields: bytes) -> None:
        self._file.write(_core.event_frame(double_field(1, time.time()) + fields))
