"""Gymnasium spaces from the text that SB3's `data` has beside their pickles, which are not read.

The text is what `str` and `repr` print: eight decimals of an array's numbers, and nothing of the middle of a large
array. `SpaceText` says what could be known from it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces

from softac.sb3_pickle import shown

MAX_NUMBERS = 1 << 20  # of one space's bounds
_DTYPES = {"float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}


@dataclass(frozen=True)
class SpaceText:
    """A space as far as its text goes.

    `space` is None where it cannot be known; `exact` is False where bounds may have been rounded to the eight decimals
    of the text; `note` says why (empty where `exact`). `shape` is the shape of a Box's elements, None of other spaces.
    """

    space: spaces.Space[Any] | None
    exact: bool
    note: str
    shape: tuple[int, ...] | None = None


class _Unknown(Exception):
    """The text does not say it: the message is the note."""


_TOKEN = re.compile(
    r"\s*(?:(?P<number>[-+]?(?:inf|nan|\d+(?:\.\d*)?(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?)(?![A-Za-z_\d.]))"
    r"|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<name>[A-Za-z_][A-Za-z_0-9.]*)"
    r"|(?P<mark>\.\.\.|[()\[\]{},:=]))"
)


@dataclass(frozen=True)
class _Number:
    text: str

    def rounded(self, dtype: np.dtype[Any]) -> bool:
        """Whether `str` may have cut digits off: it prints at most eight decimals.

        They tell single-precision numbers apart from 1/8 on, where these are 1.5e-8 apart, and in exponent form.
        """
        decimals = re.fullmatch(r"[-+]?\d*\.(\d+)(e.*)?", self.text)
        if decimals is None or len(decimals[1]) < 8:
            return False
        told_apart = decimals[2] is not None or abs(float(self.text)) >= 0.125
        return dtype.itemsize > 4 or not told_apart


class _Parser:
    """Values of Python's and NumPy's printed forms: numbers, texts, names, calls, tuples, arrays, dictionaries."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at, end = 0, len(text.rstrip())
        while at < end:
            token = _TOKEN.match(text, at)
            if token is None or token.lastgroup is None:
                raise _Unknown(f"the text {shown(text[at:])} is not understood")
            self._tokens.append((token.lastgroup, token[token.lastgroup]))
            at = token.end()
        self._at = 0

    def whole(self) -> Any:
        value = self._value(0)
        if self._at != len(self._tokens):
            raise _Unknown("the text goes on after its end")
        return value

    def _take(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            raise _Unknown("the text ends early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _accept(self, mark: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at] == ("mark", mark)
        self._at += found
        return found

    def _value(self, depth: int) -> Any:
        kind, text = self._take()
        if depth > 20:
            raise _Unknown("the text is nested too deeply")
        if kind == "number":
            return _Number(text)
        if kind == "text":
            return _unquoted(text)
        if kind == "name":
            return self._call(text, depth) if self._accept("(") else text
        if text == "...":
            raise _Unknown("the text leaves out the middle of a large array")
        if text in "([":
            return self._sequence(")" if text == "(" else "]", depth)
        if text == "{":
            return self._mapping("}", depth)
        raise _Unknown(f"the text has {shown(text)} where a value is expected")

    def _sequence(self, end: str, depth: int) -> list[Any]:
        values = []
        while not self._accept(end):
            values.append(self._value(depth + 1))
            self._accept(",")
        return values

    def _mapping(self, end: str, depth: int) -> dict[str, Any]:
        values = {}
        while not self._accept(end):
            kind, text = self._take()
            if kind != "text" or not self._accept(":"):
                raise _Unknown("the text has a key that is not text")
            values[_unquoted(text)] = self._value(depth + 1)
            self._accept(",")
        return values

    def _call(self, name: str, depth: int) -> tuple[str, list[Any], dict[str, Any]]:
        if name == "Dict" and self._at < len(self._tokens) and self._tokens[self._at][0] == "text":
            return (name, [self._mapping(")", depth)], {})
        arguments, keywords = [], {}
        while not self._accept(")"):
            value = self._value(depth + 1)
            if isinstance(value, str) and self._accept("="):
                keywords[value] = self._value(depth + 1)
            else:
                arguments.append(value)
            self._accept(",")
        return (name, arguments, keywords)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _numbers(value: Any) -> list[_Number]:
    """The numbers of a printed array, in order."""
    if isinstance(value, _Number):
        return [value]
    if not isinstance(value, list):
        raise _Unknown("the text has something else where numbers are expected")
    return [number for part in value for number in _numbers(part)]


def _integers(value: Any) -> list[int]:
    numbers = _numbers(value)
    if not all(re.fullmatch(r"[-+]?\d{1,18}", n.text) for n in numbers):
        raise _Unknown("the text has no integers where they are expected")
    return [int(n.text) for n in numbers]


def _dtype(value: Any) -> np.dtype[Any]:
    if value not in _DTYPES:
        raise _Unknown(f"the type {shown(value)} is not understood")
    dtype: np.dtype[Any] = np.dtype(value)
    return dtype


def _bound(value: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[np.ndarray[Any, Any], bool]:
    """One bound of a Box, and whether it is exact. A single number is one for all elements, printed in full."""
    numbers = _numbers(value)
    count = math.prod(shape)
    if count > MAX_NUMBERS:
        raise _Unknown(f"its shape {shape} is too large")
    uniform = isinstance(value, _Number)
    if not uniform and len(numbers) != count:
        raise _Unknown(f"the text has {len(numbers)} bounds where the shape {shape} has {count}")
    try:
        bounds = np.array([float(n.text) for n in numbers], dtype=np.float64)
        if dtype.kind != "f":
            limits = np.iinfo(dtype)
            bounds = np.array([min(max(int(n.text), limits.min), limits.max) for n in numbers])
    except (ValueError, OverflowError):
        raise _Unknown("the text has bounds that are no numbers") from None
    with np.errstate(over="ignore"):
        filled = np.full(shape, bounds[0]) if uniform else bounds.reshape(shape)
        return filled.astype(dtype), uniform or not any(n.rounded(dtype) for n in numbers)


def _box(low: Any, high: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> SpaceText:
    lows, exact_low = _bound(low, shape, dtype)
    highs, exact_high = _bound(high, shape, dtype)
    if not np.all(lows <= highs):
        raise _Unknown("the text has lower bounds above the upper ones")
    exact = exact_low and exact_high
    note = "" if exact else "its bounds are known to the eight decimals of the text only"
    return SpaceText(spaces.Box(lows, highs, shape, dtype.type), exact, note, shape)


def _discrete(n: Any, start: Any) -> SpaceText:
    (count,), (first,) = _integers(n), _integers(start)
    return SpaceText(spaces.Discrete(count, start=first), True, "")


def _multi_discrete(nvec: Any, start: Any) -> SpaceText:
    counts = _integers(nvec)
    if any(isinstance(part, list) for part in nvec):
        raise _Unknown("a MultiDiscrete space of several dimensions is not understood")
    space = spaces.MultiDiscrete(counts, start=None if start is None else _integers(start))
    return SpaceText(space, True, "")


def _multi_binary(n: Any) -> SpaceText:
    counts = _integers(n)
    return SpaceText(spaces.MultiBinary(counts if isinstance(n, list) else counts[0]), True, "")


def _printed(value: Any) -> SpaceText:
    """A space from its printed form, parsed."""
    match value:
        case ("Box", [low, high, list(shape), dtype], {}):
            return _box(low, high, tuple(_integers(shape)), _dtype(dtype))
        case ("Discrete", [n], keywords) if keywords.keys() <= {"start"}:
            return _discrete(n, keywords.get("start", _Number("0")))
        case ("MultiDiscrete", [nvec], keywords) if keywords.keys() <= {"start"}:
            return _multi_discrete(nvec, keywords.get("start"))
        case ("MultiBinary", [n], {}):
            return _multi_binary(n)
        case ("Dict" | "OrderedDict", [dict(parts)], _):
            return _dict(parts)
        case ("OrderedDict", [list(pairs)], _) if all(isinstance(p, list) and len(p) == 2 for p in pairs):
            return _dict({str(key): part for key, part in pairs})
        case dict(parts):
            return _dict(parts)
        case (str(name), _, _):
            raise _Unknown(f"a space of the kind {shown(name)} is not understood")
    raise _Unknown("the text is no space")


def _dict(parts: Mapping[str, Any]) -> SpaceText:
    read = {key: _printed(part) for key, part in parts.items()}
    notes = [f"{shown(key)}: {part.note}" for key, part in read.items() if part.note]
    space = spaces.Dict({key: part.space for key, part in read.items() if part.space is not None})
    return SpaceText(space, not notes, "; ".join(notes))


def _parsed(value: Any) -> Any:
    """A field: numbers and lists as JSON has them, or a printed form."""
    if isinstance(value, str):
        return _Parser(value).whole()
    if isinstance(value, list):
        return [_parsed(part) for part in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _Number(str(value))
    raise _Unknown("a field is missing or is neither number nor text")


def _uniform_or(fields: Mapping[str, Any], name: str) -> Any:
    """A bound's printed array or, where that is cut, the single number that some versions print beside it."""
    short = fields.get(f"{name}_repr")
    if isinstance(short, str):
        parsed = _parsed(short)
        if isinstance(parsed, _Number):
            return parsed
    return _parsed(fields.get(name))


def read_space(entry: Any) -> SpaceText:
    """A space from its entry in SB3's `data`: `:type:` and the readable fields; ":serialized:" is never looked at.

    Understood are Box, Discrete, MultiDiscrete, MultiBinary and a Dict of them, of Gymnasium and of Gym. Raises
    nothing: what the text does not say is a SpaceText without a space.
    """
    if not isinstance(entry, dict):
        return SpaceText(None, False, "it has no text")
    kind = re.fullmatch(r"<class '(?:gymnasium|gym)\.spaces\.(\w+)\.(\w+)'>", str(entry.get(":type:")))
    shape: tuple[int, ...] | None = None
    try:
        match kind[2] if kind else None:
            case "Box":
                sizes = entry.get("_shape", entry.get("shape"))
                shape = tuple(_integers(_parsed(sizes)))
                return _box(_uniform_or(entry, "low"), _uniform_or(entry, "high"), shape, _dtype(entry.get("dtype")))
            case "Discrete":
                return _discrete(_parsed(entry.get("n")), _parsed(entry.get("start", 0)))
            case "MultiDiscrete":
                start = entry.get("start")
                return _multi_discrete(_parsed(entry.get("nvec")), None if start is None else _parsed(start))
            case "MultiBinary":
                return _multi_binary(_parsed(entry.get("n")))
            case "Dict":
                return _printed(_parsed(entry.get("spaces")))
        return SpaceText(None, False, f"a space of the kind {shown(entry.get(':type:'))} is not understood")
    except _Unknown as unknown:
        return SpaceText(None, False, str(unknown), shape)
    except (ValueError, TypeError, AssertionError, OverflowError, RecursionError) as error:
        return SpaceText(None, False, f"its text makes no space ({error})", shape)


def read_numbers(text: Any) -> list[float] | None:
    """The float64 numbers of a printed array; None where the text may have rounded one or is no such array."""
    try:
        numbers = _numbers(_parsed(text))
        return None if any(n.rounded(np.dtype(np.float64)) for n in numbers) else [float(n.text) for n in numbers]
    except _Unknown:
        return None
