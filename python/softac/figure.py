"""Figures as SVG, drawn by softac itself: axes, lines with bands, points, maps. docs/reports.md has all keys.

    series = [{"name": "SAC", "x": [0, 1, 2], "y": [0.0, 3.0, 4.0]}]
    svg = draw({"panels": [{"x": "steps", "y": "return", "series": series}]})
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from softac import _core


def draw(figure: Mapping[str, Any], path: str | os.PathLike[str] | None = None) -> str:
    """The figure as an SVG document, written to path as well if one is given.

    figure: dicts, lists and numbers as docs/reports.md names them; lists of numbers may be NumPy arrays, and what is
    not finite is a gap. Raises ValueError with the place of what is wrong.
    """
    text = json.dumps(_plain(figure), allow_nan=False)
    try:
        svg = _core.figure_svg(text)
    except OSError as error:
        raise ValueError(str(error)) from None
    if path is not None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(svg)
    return svg


def _plain(value: Any) -> Any:
    """As JSON has it: NumPy's values as Python's, numbers that are not finite as null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


__all__ = ["draw"]
