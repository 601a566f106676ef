"""Objects of softac's that SB3's own code takes for its own, where the user has loaded SB3; softac never imports it."""

from __future__ import annotations

from typing import Any

from softac.sb3_interop import loaded_class


class SeenAsSb3Logging:
    """`isinstance` holds for the class of the same name in SB3's logger module as well.

    SB3's Logger writes only to outputs of its own kind and passes over values of other kinds without a word; callbacks
    look for the TensorBoard output by its class. SB3's classes cannot be told of others (they are no ABCs), so the
    objects answer for themselves.
    """

    @property  # type: ignore[misc]
    def __class__(self) -> type[Any]:
        return loaded_class("common.logger", type(self).__name__) or type(self)
