"""Hyperparameters for TensorBoard's HPARAMS page (tensorboard/plugins/hparams/api.proto, plugin_data.proto)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .event_file import summary_metadata
from .protobuf import bytes_field, double_field, int_field
from .seen_as_sb3 import SeenAsSb3Logging

_TYPE_STRING, _TYPE_BOOL, _TYPE_FLOAT64 = 1, 2, 3  # DataType
_STATUS_SUCCESS = 1


class HParam(SeenAsSb3Logging):
    """Settings of a run and the metrics to compare runs by, recorded once, for TensorBoard alone.

    `logger.record("hparams", HParam(…), exclude=("stdout", "log", "json", "csv"))`: the other outputs refuse it.
    hparam_dict: name → bool, number, text or None (shown as the text "None"); NumPy scalars count as numbers.
    metric_dict: the tags of scalars that the run logs. TensorBoard shows what was logged under the tag, not the number
    given here, which may be anything. ValueError if it is empty: TensorBoard would not show the settings at all.
    """

    def __init__(self, hparam_dict: Mapping[str, Any], metric_dict: Mapping[str, float]) -> None:
        if not metric_dict:
            raise ValueError(
                "HParam: metric_dict must name at least one metric, or TensorBoard shows no hyperparameters"
            )
        self.hparam_dict = hparam_dict
        self.metric_dict = metric_dict


def hparam_summaries(hparam_dict: Mapping[str, Any], metric_dict: Mapping[str, float]) -> list[bytes]:
    """Three Summary messages: the experiment's columns, this run's settings, the end of the session.

    Raises ValueError for a setting that is no number, text, bool or None.
    """
    infos, settings = b"", b""
    for name, value in hparam_dict.items():
        data_type, encoded = _setting(name, value)
        infos += bytes_field(4, bytes_field(1, name) + int_field(4, data_type))  # Experiment.hparam_infos
        settings += bytes_field(1, bytes_field(1, name) + bytes_field(2, encoded))  # SessionStartInfo.hparams, a map
    for tag in metric_dict:
        infos += bytes_field(5, bytes_field(1, bytes_field(2, tag)))  # Experiment.metric_infos
    return [
        _summary("_hparams_/experiment", bytes_field(2, infos)),
        _summary("_hparams_/session_start_info", bytes_field(3, settings)),
        _summary("_hparams_/session_end_info", bytes_field(4, int_field(1, _STATUS_SUCCESS))),
    ]


def _setting(name: str, value: Any) -> tuple[int, bytes]:
    """DataType and google.protobuf.Value { double number_value = 2; string string_value = 3; bool bool_value = 4; }."""
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if isinstance(value, bool):
        return _TYPE_BOOL, int_field(4, int(value))
    if isinstance(value, (int, float)):
        return _TYPE_FLOAT64, double_field(2, value)
    if value is None or isinstance(value, str):
        return _TYPE_STRING, bytes_field(3, str(value))
    raise ValueError(f"HParam: {name} must be a number, a text, a bool or None, not {type(value).__name__}")


def _summary(tag: str, plugin_data: bytes) -> bytes:
    return bytes_field(1, bytes_field(1, tag) + bytes_field(9, summary_metadata("hparams", plugin_data)))
