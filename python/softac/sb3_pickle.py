"""Tensors of PyTorch's zip files (`torch.save`) as NumPy arrays, without PyTorch and without executing anything.

A `.pth` file is a zip archive: `data.pkl`, a pickle, and `data/<key>`, the bytes of one storage each. No unpickler runs
here: `_Machine` knows the opcodes that tensors, dictionaries, lists, numbers and text are made of, and three functions
(`OrderedDict`, `_rebuild_tensor_v2`, `_rebuild_parameter`), which it performs itself. Any other opcode or global name
is an UnsafeFileError. Everything is checked against what the file holds before it is used: sizes that a zip declares,
storages against their entries, offsets, sizes and strides against their storages.
"""

from __future__ import annotations

import base64
import io
import pickletools
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np

MAX_ARCHIVE_BYTES = 1 << 31  # of a zip file, and of all its entries together
MAX_PICKLE_BYTES = 1 << 20  # of data.pkl: about 130 bytes for a tensor
_ALWAYS_UNPACKED = 1 << 26  # bytes that a small file may unpack to, whatever its ratio
_LARGEST_RATIO = 100  # of larger ones; tensors hardly shrink

# What zipfile and pickletools raise for damaged files; a Warning, where warnings are errors, is of an escape in a name.
_MALFORMED = (ValueError, TypeError, IndexError, KeyError, OverflowError, RecursionError, struct.error, Warning)

Array = np.ndarray[Any, Any]
T = TypeVar("T")


class UnsafeFileError(ValueError):
    """A file that asks for more than tensors, numbers and text: the message names what it asks for; nothing ran."""


def _reading(what: str, read: Callable[[], T]) -> T:
    """`read()`, with every way in which a damaged zip file can fail as a ValueError."""
    try:
        return read()
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise ValueError(f"{what}: damaged, or no zip file that can be read ({error})") from None
    except _MALFORMED as error:
        raise ValueError(f"{what}: damaged zip file ({str(error)[:200]})") from None


def shown(text: object) -> str:
    """A name from a file for a message: quoted, escaped and short."""
    quoted = ascii(str(text)[:81])
    return quoted if len(quoted) <= 90 else quoted[:87] + "...'"


class Archive:
    """The entries of a zip file: names and declared sizes are checked here, contents when they are read."""

    def __init__(self, data: bytes, what: str, *, folders: bool = False) -> None:
        """`data`: the whole zip file; `what`: its name in messages; `folders`: whether names may contain `/`.

        Raises ValueError for what is no zip file, encrypted, declares too much, or has doubtful or repeated names.
        """
        self.what = what
        self._zip = _reading(what, lambda: zipfile.ZipFile(io.BytesIO(data)))
        self.sizes: dict[str, int] = {}
        for info in self._zip.infolist():
            self._check(info, folders)
            self.sizes[info.filename] = info.file_size
        total = sum(self.sizes.values())
        if total > min(MAX_ARCHIVE_BYTES, max(_ALWAYS_UNPACKED, _LARGEST_RATIO * len(data))):
            raise ValueError(f"{what}: declares {total} bytes of contents in a file of {len(data)} bytes")

    def _check(self, info: zipfile.ZipInfo, folders: bool) -> None:
        name = info.filename
        parts = name.split("/")
        doubtful = any(part in ("", ".", "..") for part in parts) or any(c in name for c in "\\:\0")
        if doubtful or (len(parts) > 1 and not folders):
            raise ValueError(f"{self.what}: entry {shown(name)} has a path in its name")
        if name in self.sizes:
            raise ValueError(f"{self.what}: entry {shown(name)} is there twice")
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{self.what}: entry {shown(name)} is encrypted, or neither stored nor deflated")
        if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
            raise ValueError(f"{self.what}: entry {shown(name)} is stored, but declares two sizes")

    def read(self, name: str, limit: int = MAX_ARCHIVE_BYTES) -> bytes:
        """Contents of an entry; ValueError where it is missing, larger than `limit` bytes or damaged."""
        where = f"{self.what}: {shown(name)}"
        if name not in self.sizes:
            raise ValueError(f"{where} is missing")
        if self.sizes[name] > limit:
            raise ValueError(f"{where} has {self.sizes[name]} bytes; at most {limit} are read")
        contents = _reading(where, lambda: self._zip.read(name))
        if len(contents) != self.sizes[name]:
            raise ValueError(f"{where} has {len(contents)} bytes where {self.sizes[name]} were declared")
        return contents


_STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "?",
}


class _Global(NamedTuple):
    """A name that a pickle asks for; never the thing that it names."""

    module: str
    name: str


_ORDERED_DICT = _Global("collections", "OrderedDict")
_REBUILD_TENSOR = _Global("torch._utils", "_rebuild_tensor_v2")
_REBUILD_PARAMETER = _Global("torch._utils", "_rebuild_parameter")
_ADMITTED = {_ORDERED_DICT, _REBUILD_TENSOR, _REBUILD_PARAMETER} | {_Global("torch", name) for name in _STORAGES}


class _OrderedDict(dict[Any, Any]):
    """What the file calls an OrderedDict: a dictionary of its own kind, as it alone may be given attributes (BUILD)."""


class _Storage(NamedTuple):
    values: Array  # flat, read-only


class _Mark:
    pass


_MARK = _Mark()
_NAMES = {"GLOBAL", "INST", "STACK_GLOBAL"}
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_VALUES = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE"}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list}


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= 1 << 48


class _Machine:
    """Performs the opcodes of one `data.pkl`. Failures are ValueErrors without a place; `read_pth` adds it."""

    def __init__(self, storage: Callable[[str, np.dtype[Any]], Array]) -> None:
        self._storage = storage
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self, code: bytes) -> Any:
        for opcode, arg, position in pickletools.genops(code):
            if opcode.name == "STOP":
                if len(self._stack) != 1 or position != len(code) - 1:
                    raise ValueError("the pickle does not end with one value")
                return self._stack[0]
            self._perform(opcode.name, arg)
        raise ValueError("the pickle does not end")

    def _perform(self, name: str, arg: Any) -> None:
        if name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name])
        elif name in _VALUES:
            self._stack.append(arg)
        elif name in _EMPTY:
            self._stack.append(_EMPTY[name]())
        elif name in _NAMES:
            self._stack.append(self._named(name, arg))
        elif handler := getattr(self, "_op_" + name.lower(), None):
            handler(arg)
        else:
            raise UnsafeFileError(f"refuses the pickle operation {name}: no tensor, number or text needs it")

    def _named(self, opcode: str, arg: Any) -> _Global:
        if opcode == "STACK_GLOBAL":
            name, module = self._pop(), self._pop()
        else:
            module, _, name = arg.partition(" ")
        if not (isinstance(module, str) and isinstance(name, str)):
            raise UnsafeFileError("refuses a global whose name is no text")
        if opcode == "INST" or (module, name) not in _ADMITTED:
            raise UnsafeFileError(f"refuses {shown(module + '.' + name)}: only tensors, numbers and text are read")
        return _Global(module, name)

    def _pop(self) -> Any:
        if not self._stack or self._stack[-1] is _MARK:
            raise ValueError("the pickle takes a value that is not there")
        return self._stack.pop()

    def _top(self, kind: type) -> Any:
        if not self._stack or not isinstance(self._stack[-1], kind):
            raise ValueError("the pickle fills something that is no list or dictionary")
        return self._stack[-1]

    def _since_mark(self) -> list[Any]:
        for at in range(len(self._stack) - 1, -1, -1):
            if self._stack[at] is _MARK:
                values = self._stack[at + 1 :]
                del self._stack[at:]
                return values
        raise ValueError("the pickle has no mark where it needs one")

    def _set_items(self, values: list[Any]) -> None:
        items = self._top(dict)
        if len(values) % 2 or any(type(key) not in (str, int) for key in values[::2]):
            raise ValueError("the pickle has a dictionary key that is neither text nor an integer")
        for key, value in zip(values[::2], values[1::2], strict=True):
            if key in items:
                raise ValueError(f"the pickle has the key {shown(key)} twice")
            items[key] = value

    def _op_proto(self, version: int) -> None:
        if version > 5:
            raise ValueError(f"the pickle has protocol {version}; 2 to 5 are read")

    def _op_frame(self, _: int) -> None:
        pass

    def _op_mark(self, _: None) -> None:
        self._stack.append(_MARK)

    def _op_tuple(self, _: None) -> None:
        self._stack.append(tuple(self._since_mark()))

    def _op_tuple1(self, _: None) -> None:
        self._stack.append((self._pop(),))

    def _op_tuple2(self, _: None) -> None:
        last, first = self._pop(), self._pop()
        self._stack.append((first, last))

    def _op_tuple3(self, _: None) -> None:
        last, middle, first = self._pop(), self._pop(), self._pop()
        self._stack.append((first, middle, last))

    def _op_append(self, _: None) -> None:
        value = self._pop()
        self._top(list).append(value)

    def _op_appends(self, _: None) -> None:
        values = self._since_mark()
        self._top(list).extend(values)

    def _op_setitem(self, _: None) -> None:
        value, key = self._pop(), self._pop()
        self._set_items([key, value])

    def _op_setitems(self, _: None) -> None:
        self._set_items(self._since_mark())

    def _op_binput(self, index: int) -> None:
        if not self._stack:
            raise ValueError("the pickle keeps a value that is not there")
        self._memo[index] = self._stack[-1]

    _op_long_binput = _op_binput

    def _op_memoize(self, _: None) -> None:
        self._op_binput(len(self._memo))

    def _op_binget(self, index: int) -> None:
        if index not in self._memo:
            raise ValueError("the pickle asks for a value that it has not kept")
        self._stack.append(self._memo[index])

    _op_long_binget = _op_binget

    def _op_build(self, _: None) -> None:
        state = self._pop()
        self._top(_OrderedDict)
        if not isinstance(state, dict) or state.keys() - {"_metadata"}:
            raise UnsafeFileError("refuses attributes other than a state dictionary's _metadata")

    def _op_binpersid(self, _: None) -> None:
        match self._pop():
            case ("storage", _Global(module="torch", name=kind), str(key), str(), int(numel)) if kind in _STORAGES:
                values = self._storage(key, np.dtype(_STORAGES[kind]))
                if values.size != numel:
                    raise ValueError(f"storage {shown(key)} has {values.size} numbers where {numel} were declared")
                self._stack.append(_Storage(values))
            case _:
                raise UnsafeFileError("refuses a reference that is no tensor's storage")

    def _op_reduce(self, _: None) -> None:
        arguments, function = self._pop(), self._pop()
        if function == _ORDERED_DICT and arguments == ():
            self._stack.append(_OrderedDict())
        elif function == _REBUILD_TENSOR and isinstance(arguments, tuple):
            self._stack.append(_tensor(arguments))
        elif function == _REBUILD_PARAMETER and isinstance(arguments, tuple):
            self._stack.append(_parameter(arguments))
        else:
            raise UnsafeFileError("refuses a call of something that makes no tensor")


def _tensor(arguments: tuple[Any, ...]) -> Array:
    """A read-only view of a storage: storage, offset, size, stride, requires_grad, backward hooks[, metadata]."""
    match arguments:
        case (_Storage(values=values), offset, tuple(size), tuple(stride), bool(), dict(hooks), *rest) if (
            not hooks and len(rest) <= 1 and (not rest or rest[0] is None or isinstance(rest[0], dict))
        ):
            pass
        case _:
            raise ValueError("a tensor is described by other things than storage, offset, size and stride")
    if len(size) != len(stride) or len(size) > 8 or not all(map(_is_count, (offset, *size, *stride))):
        raise ValueError("a tensor has impossible sizes or strides")
    count = 1
    for n in size:
        count *= n
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) if count else offset
    if count > values.size or last >= max(values.size, 1) or (count and values.size == 0):
        raise ValueError(f"a tensor of size {list(size)} reaches beyond its storage of {values.size} numbers")
    if not count:
        return np.zeros(size, values.dtype)
    steps = tuple(step * values.itemsize for step in stride)
    return np.ndarray(size, values.dtype, buffer=values, offset=offset * values.itemsize, strides=steps)


def _parameter(arguments: tuple[Any, ...]) -> Array:
    match arguments:
        case (np.ndarray() as data, bool(), dict(hooks)) if not hooks:
            return data
    raise ValueError("a parameter is described by other things than a tensor")


class _Pth:
    """One torch archive: its pickle and its storages."""

    def __init__(self, data: bytes, what: str) -> None:
        self._archive = Archive(data, what, folders=True)
        pickles = [name for name in self._archive.sizes if name.endswith(".pkl")]
        if len(pickles) != 1 or pickles[0].count("/") != 1 or not pickles[0].endswith("/data.pkl"):
            raise ValueError(f"{what}: is no file of torch.save in the zip format (PyTorch 1.6 or later)")
        self._root = pickles[0][: -len("data.pkl")]
        self._storages: dict[str, tuple[np.dtype[Any], Array]] = {}
        byteorder = self._root + "byteorder"
        if byteorder in self._archive.sizes and self._archive.read(byteorder, 16) != b"little":
            raise ValueError(f"{what}: was saved on a big-endian machine, which is not read")

    def pickle(self) -> bytes:
        return self._archive.read(self._root + "data.pkl", MAX_PICKLE_BYTES)

    def storage(self, key: str, dtype: np.dtype[Any]) -> Array:
        if key not in self._storages:
            contents = self._archive.read(self._root + "data/" + key)
            if len(contents) % dtype.itemsize:
                raise ValueError(f"storage {shown(key)} has {len(contents)} bytes, no multiple of {dtype.itemsize}")
            self._storages[key] = (dtype, np.frombuffer(contents, dtype))
        if self._storages[key][0] != dtype:
            raise ValueError(f"storage {shown(key)} is used with two types")
        return self._storages[key][1]


def read_pth(data: bytes, what: str) -> Any:
    """What `torch.save` wrote: dictionaries, lists, tuples, numbers, text, and tensors as read-only arrays.

    `data`: the whole file; `what`: its name in messages. Raises UnsafeFileError where it asks for anything else, and
    ValueError where it is damaged, too large, or contradicts itself.
    """
    pth = _Pth(data, what)
    try:
        return _Machine(pth.storage).run(pth.pickle())
    except UnsafeFileError as error:
        raise UnsafeFileError(f"{what}: {error}") from None
    except _MALFORMED as error:
        text = str(error)
        raise ValueError(text if text.startswith(what) else f"{what}: {text[:200]}") from None


_CODE_MODULES = {
    *("os", "posix", "nt", "subprocess", "socket", "shutil", "pty", "runpy", "importlib", "ctypes", "webbrowser"),
    *("commands", "popen2", "multiprocessing", "asyncio", "code", "pip", "timeit", "pdb", "cProfile", "profile"),
}
_CODE_BUILTINS = {"eval", "exec", "compile", "open", "__import__", "execfile", "input", "breakpoint"}


def refuse_commands(text: str, what: str) -> None:
    """Looks through a pickle in base64 that is not read at all, and refuses one that would run commands elsewhere.

    The pickles in SB3's `data` may hold functions, so they cannot be read; softac passes over them. This names those
    whose globals start processes, open files or evaluate text, as who loads them with SB3 would run them. Raises
    UnsafeFileError, ValueError where the text is no pickle.
    """
    pushed: list[str | None] = [None, None]
    memo: dict[Any, str | None] = {}
    last: str | None = None  # the value on top of the stack, where it is text
    try:
        for opcode, arg, _ in pickletools.genops(base64.b64decode(text, validate=True)):
            name = opcode.name
            if name in ("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"):
                memo[len(memo) if arg is None else arg] = last
                continue
            last = None
            if name in ("GLOBAL", "INST"):
                module, _, attribute = str(arg).partition(" ")
                _refuse_command(module, attribute, what)
            elif name == "STACK_GLOBAL":
                _refuse_command(pushed[-2], pushed[-1], what)
            elif "UNICODE" in name or "STRING" in name:
                last = arg if isinstance(arg, str) else None
                pushed.append(last)
            elif name in ("GET", "BINGET", "LONG_BINGET"):
                last = memo.get(arg)
                pushed.append(last)
    except UnsafeFileError:
        raise
    except _MALFORMED as error:
        raise ValueError(f"{what}: holds no pickle ({str(error)[:200]})") from None


def _refuse_command(module: str | None, name: str | None, what: str) -> None:
    if module is None or name is None:
        raise UnsafeFileError(f"{what}: refuses a global whose name is hidden")
    builtin = module in ("builtins", "__builtin__") and name in _CODE_BUILTINS
    if builtin or module.split(".")[0] in _CODE_MODULES:
        raise UnsafeFileError(f"{what}: refuses {shown(module + '.' + name)}, which can run commands; nothing was run")


def constants(text: str) -> list[Any]:
    """The texts, names and integers in a pickle in base64, in order. Nothing is loaded; ValueError: no pickle."""
    found: list[Any] = []
    for opcode, arg, _ in pickletools.genops(base64.b64decode(text, validate=True)):
        if opcode.name == "GLOBAL":
            found += str(arg).split(" ", 1)
        elif any(kind in opcode.name for kind in ("UNICODE", "BININT", "LONG1")):
            found.append(arg)
    return found
