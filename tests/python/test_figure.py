"""softac.figure: dicts of lists and arrays become SVG, and mistakes are named."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from softac import figure


def test_arrays_and_gaps(tmp_path: Path) -> None:
    y = np.array([1.0, np.nan, np.inf, 4.0], dtype=np.float32)
    series = {"name": "a < b", "x": np.arange(4), "y": y, "low": list(y - 1), "high": tuple(y + 1)}
    panel = {"x": "steps", "y": {"title": "y", "log": False}, "series": [{**series, "width": np.float64(2)}]}
    spec = {"title": "t", "panels": [panel], "columns": np.int64(1)}
    svg = figure.draw(spec, tmp_path / "f.svg")
    assert (tmp_path / "f.svg").read_text(encoding="utf-8") == svg
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert "a &lt; b" in svg and ">steps<" in svg and "nan" not in svg and "inf" not in svg
    assert figure.draw(spec) == svg


@pytest.mark.parametrize(
    ("spec", "part"),
    [
        ({}, "figure.panels: expected at least one"),
        ({"panels": [{"serie": []}]}, "did you mean 'series'"),
        ({"panels": [{"series": [{"x": [1, 2], "y": [1]}]}]}, r"series\[0\].y: expected 2 numbers"),
        ({"panels": [{"series": [{"color": "red"}]}]}, "color"),
    ],
)
def test_mistakes(spec: dict[str, object], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        figure.draw(spec)


def test_what_is_no_figure() -> None:
    with pytest.raises(TypeError):
        figure.draw({"panels": [{"series": [{"x": {1, 2}, "y": [1, 2]}]}]})
