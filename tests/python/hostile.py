"""Arguments that nobody should give, and some that are right, drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

DTYPES: tuple[Any, ...] = (np.float32, np.float64, np.float16, np.int64, np.int8, np.uint8, np.bool_, np.complex64)
DTYPES += (object, ">f4", "U3", "M8[s]", np.longdouble, [("x", "f4")])


class Fault(Exception):
    """The library did what it must never do."""


def require(condition: object, what: str = "") -> None:
    """Fault unless the condition holds."""
    if not condition:
        raise Fault(what)


class RaisingArray:
    """Raises wherever it is taken for an array or a number."""

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise KeyError("no array")

    def __float__(self) -> float:
        raise KeyError("no number")

    def __index__(self) -> int:
        raise KeyError("no index")

    def __len__(self) -> int:
        raise KeyError("no length")


class Hostile:
    """Values from one generator, so that a seed repeats them."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def one_of(self, *values: Any) -> Any:
        return values[int(self.rng.integers(len(values)))]

    def thing(self) -> Any:
        """No array."""
        values = (None, "text", b"bytes", 3, -1, 2**70, 1.5, float("nan"), [], [[0.0]], {}, {1: 2}, object(), int)
        more = (RaisingArray(), memoryview(b"12345678"), range(3), np.float32(1), Ellipsis, lambda: 1)
        return self.one_of(*values, *more)

    def array(self, *shape: int) -> Any:
        """An array that is right in about half of the cases."""
        if self.chance(0.06):
            return self.thing()
        x = self._values(self._shape(shape))
        if self.chance(0.15):
            dtype = self.one_of(*DTYPES)
            try:
                with np.errstate(all="ignore"):
                    x = x.astype(dtype)
            except (TypeError, ValueError):
                pass
        return self._laid_out(x)

    def out(self, *shape: int) -> Any:
        """Where a result may go: None, an array like above, or one of fitting type."""
        if self.chance(0.4):
            return None
        return np.zeros(shape, np.float32) if self.chance(0.5) else self.array(*shape)

    def aliased(self, rows: int, inputs: int, outputs: int) -> tuple[Any, Any]:
        """An input (rows, inputs) and an output (rows, outputs) in the same memory."""
        memory = self.rng.normal(size=rows * (inputs + outputs)).astype(np.float32)
        first, second = (int(self.rng.integers(0, rows * n + 1)) for n in (outputs, inputs))
        given = memory[first : first + rows * inputs].reshape(rows, inputs)
        return given, memory[second : second + rows * outputs].reshape(rows, outputs)

    def flags(self, n: int) -> Any:
        if self.chance(0.1):
            return self.array(n)
        return self.rng.random(n) < 0.2

    def mask(self, n: int) -> Any:
        return None if self.chance(0.7) else self.flags(n)

    def whole(self, *usual: int) -> Any:
        """A number where a small whole one is expected."""
        return self.one_of(*usual, *usual, 0, -1, 2**31, 2**63, -(2**63), 1.5, None, "1", True, np.int16(1))

    def real(self, usual: float) -> Any:
        return self.one_of(usual, usual, 0.0, -1.0, float("nan"), float("inf"), 1e300, None, "x", 10**400)

    def path(self, folder: Path) -> Any:
        """Never a device: only what may be replaced."""
        good = folder / "file"
        bad = (folder, folder / "none" / "x", "", "a\0b", None, 7, good / "x")
        return self.one_of(good, str(good), str(good).encode(), *bad)

    def _shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if self.chance(0.75):
            return shape
        changes: tuple[Callable[[], tuple[int, ...]], ...] = (
            lambda: (),
            lambda: shape[1:],
            lambda: (*shape, 1),
            lambda: (1, *shape),
            lambda: (*shape[:-1], shape[-1] + 1),
            lambda: (0, *shape[1:]),
            lambda: (shape[0] + 1, *shape[1:]),
            lambda: shape[::-1],
            lambda: (*shape[:-1], 0),
        )
        return self.one_of(*changes)()

    def _values(self, shape: tuple[int, ...]) -> Any:
        x = np.asarray(self.rng.normal(size=shape).clip(-0.99, 0.99), np.float32)
        if x.size and self.chance(0.12):
            bad = self.one_of(np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-42)
            x = x.copy()
            x.reshape(-1)[int(self.rng.integers(x.size))] = bad
        return x

    def _laid_out(self, x: Any) -> Any:
        kind = int(self.rng.integers(8))
        if x.ndim == 0 or kind > 5:
            return x
        if kind == 0:
            return np.asfortranarray(x)
        if kind == 1:
            return np.repeat(x, 2, axis=-1)[..., ::2]
        if kind == 2:
            return x[::-1]
        if kind == 3:
            return np.broadcast_to(x[:1], x.shape)
        if kind == 4:
            x = x.copy()
            x.flags.writeable = False
            return x
        if x.dtype.hasobject:
            return x
        memory = np.zeros(x.nbytes + 1, np.uint8)[1:]  # not aligned
        unaligned = memory.view(x.dtype).reshape(x.shape) if x.nbytes else x
        if x.nbytes:
            unaligned[...] = x
        return unaligned
