"""A line on a terminal that shows how far something is, redrawn in place; tables printed meanwhile wipe it first."""

from __future__ import annotations

import time
import weakref
from collections import deque
from typing import TextIO

_REDRAW_SEC = 0.25
_PACE_SEC = 10.0  # the pace is that of the last so many seconds
_shown: weakref.WeakSet[ProgressLine] = weakref.WeakSet()


class ProgressLine:
    """`total` steps are to come. Nothing is written where `stream` is no terminal."""

    def __init__(self, total: int, stream: TextIO) -> None:
        self.total = total
        self.done = 0
        self._stream = stream if stream.isatty() else None
        self._start_sec = time.monotonic()
        self._points = deque([(self._start_sec, 0)])  # times and steps done then, the oldest of the pace first
        self._drawn_sec = float("-inf")

    def update(self, steps: int) -> None:
        """`steps` more are done."""
        self.done += steps
        now = time.monotonic()
        if now - self._points[-1][0] >= _REDRAW_SEC:
            self._points.append((now, self.done))
            while len(self._points) > 2 and now - self._points[1][0] >= _PACE_SEC:
                self._points.popleft()
        if self._stream is not None and time.monotonic() - self._drawn_sec >= _REDRAW_SEC:
            self._draw()

    def restart_pace(self) -> None:
        """From here on steps take longer (or less long): those so far say nothing of the time left."""
        self._points = deque([(time.monotonic(), self.done)])

    def close(self) -> None:
        """Draws the last state and leaves the line."""
        if self._stream is not None:
            self._draw()
            self._stream.write("\n")
            self._stream.flush()
        _shown.discard(self)
        self._stream = None

    def wipe(self) -> None:
        """Empties the line; the next update draws it again."""
        if self._stream is not None:
            self._stream.write("\r\033[K")
            self._stream.flush()
            self._drawn_sec = float("-inf")

    def text(self) -> str:
        """Such as " 25% 500/2000 [00:05<00:15, 100 steps/s]"."""
        now = time.monotonic()
        elapsed_sec = now - self._start_sec
        since_sec, since_done = self._points[0]
        per_sec = (self.done - since_done) / (now - since_sec) if now > since_sec else 0.0
        left = _clock((self.total - self.done) / per_sec) if per_sec > 0 else "?"
        percent = 100 * self.done // self.total if self.total > 0 else 100
        return f"{percent:3d}% {self.done}/{self.total} [{_clock(elapsed_sec)}<{left}, {per_sec:.0f} steps/s]"

    def _draw(self) -> None:
        assert self._stream is not None
        self._stream.write(f"\r{self.text()}\033[K")
        self._stream.flush()
        self._drawn_sec = time.monotonic()
        _shown.add(self)


def wipe_lines() -> None:
    """Empties every line that is shown, before something else is printed on the terminal."""
    for line in list(_shown):
        line.wipe()


def _clock(seconds: float) -> str:
    whole = max(int(seconds), 0)
    hours = f"{whole // 3600}:" if whole >= 3600 else ""
    return f"{hours}{whole // 60 % 60:02d}:{whole % 60:02d}"
