"""Infos in the form that Gymnasium's vector environments give: per key an array and a mask of the rows that have it."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Field = tuple[str, int, bool]  # name, 0 for a number or the size of a vector, whether the start of an episode has it
Array = npt.NDArray[Any]


def add_rows(infos: dict[str, Any], fields: Sequence[Field], values: Array, stepped: Array, started: Array) -> None:
    """Adds the fields of ``values`` (N, I): all of the rows ``stepped``, those of starts in the rows ``started``."""
    column = 0
    for name, size, at_start in fields:
        has_it = stepped | started if at_start else stepped
        if has_it.any():
            numbers = values[:, column : column + size].copy() if size > 0 else values[:, column].copy()
            numbers[~has_it] = 0.0
            infos[name] = numbers
            infos[f"_{name}"] = has_it.copy()
        column += max(size, 1)


def add_final(infos: dict[str, Any], last_obs: Array, final_info: dict[str, Any], ended: Array) -> None:
    """Adds what an episode ended with, in the rows ``ended``: ``final_obs`` and ``final_info``."""
    final_obs = np.full(len(ended), None, dtype=object)
    for row in np.flatnonzero(ended):
        final_obs[row] = last_obs[row].copy()
    infos["final_obs"], infos["_final_obs"] = final_obs, ended.copy()
    infos["final_info"], infos["_final_info"] = final_info, ended.copy()
