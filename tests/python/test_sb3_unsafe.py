"""Hostile and damaged model files: ValueErrors that say what is wrong, nothing executed, nothing large allocated."""

from __future__ import annotations

import base64
import functools
import io
import json
import os
import pickle
import random
import re
import struct
import tracemalloc
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sb3_files import MODEL, entries, with_data, with_entry, with_pickle, zipped

from softac import sb3_zip
from softac.sb3_pickle import MAX_PICKLE_BYTES, UnsafeFileError, read_pth
from softac.sb3_write import write_pth
from softac.sb3_zip import read_sb3

PTH = [name for name in entries() if name.endswith(".pth")]
PICKLED = [key for key, value in json.loads(entries()["data"]).items() if ":serialized:" in str(value)]


class Command:
    """Pickles as a call of os.system that leaves a file behind."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.marker}",)


@pytest.fixture
def marker(tmp_path: Path) -> Any:
    file = tmp_path / "ran"
    pickle.loads(pickle.dumps(Command(file)))
    assert file.exists()  # such a pickle does run where it is loaded
    file.unlink()
    yield file
    assert not file.exists()


@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5])
@pytest.mark.parametrize("name", PTH)
def test_a_command_in_a_pth_file_is_refused(name: str, protocol: int, marker: Path) -> None:
    code = pickle.dumps({"actor.mu.weight": Command(marker)}, protocol)
    named = r"'(posix|nt)\.system'" if protocol else "the pickle operation"  # of text, which comes first
    with pytest.raises(UnsafeFileError, match=f"{name}: refuses {named}"):
        read_sb3(with_pickle(name, code))


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("key", PICKLED)
def test_a_command_in_the_data_is_refused(key: str, protocol: int, marker: Path) -> None:
    entry = json.loads(entries()["data"])[key]
    entry[":serialized:"] = base64.b64encode(pickle.dumps([1, Command(marker)], protocol)).decode()
    with pytest.raises(UnsafeFileError, match=rf"data: '{key}': refuses '(posix|nt)\.system', .*nothing was run"):
        read_sb3(with_data(**{key: entry}))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (b"(S'touch ran'\nios\nsystem\n.", "pickle operation STRING"),
        (b"(ios\nsystem\n.", r"refuses 'os\.system'"),
        (b"(icollections\nOrderedDict\n.", r"refuses 'collections\.OrderedDict'"),
        (b"\x80\x02cbuiltins\neval\nX\x01\x00\x00\x001\x85R.", r"refuses 'builtins\.eval'"),
        (b"\x80\x02cnumpy\nload\n.", r"refuses 'numpy\.load'"),
        (b"\x80\x02ctorch\nload\n.", r"refuses 'torch\.load'"),
        (b"\x80\x02ctorch.storage\nUntypedStorage\n.", r"refuses 'torch\.storage\.UntypedStorage'"),
        (b"\x80\x02ctorch\nBFloat16Storage\n.", r"refuses 'torch\.BFloat16Storage'"),
        (b"\x80\x04\x8c\x05posix\x8c\x06system\x93.", r"refuses 'posix\.system'"),
        (b"\x80\x04K\x01K\x02\x93.", "whose name is no text"),
        (b"\x80\x02ctorch\nFloatStorage\n)\x81.", "pickle operation NEWOBJ"),
        (b"\x80\x02ctorch\nFloatStorage\n)R.", "a call of something that makes no tensor"),
        (b"\x80\x02ccollections\nOrderedDict\n]\x85R.", "a call of something that makes no tensor"),
        (b"\x80\x02\x82\x01.", "pickle operation EXT1"),
        (b"\x80\x02ccollections\nOrderedDict\n)R}X\x0c\x00\x00\x00__setstate__K\x01sb.", "attributes other than"),
        (b"\x80\x02}}b.", "no list or dictionary"),
        (b"\x80\x02X\x01\x00\x00\x00xQ.", "no tensor's storage"),
    ],
)
def test_what_no_tensor_needs_is_refused(code: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=r"policy\.pth: .*" + message):
        read_sb3(with_pickle("policy.pth", code))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (b"", "pickle exhausted|does not end"),
        (b"\x80\x02}", "exhausted"),
        (b"\x80\x02.", "end with one value"),
        (b"\x80\x02}}.", "end with one value"),
        (b"\x80\x02}.}.", "end with one value"),
        (b"\x80\x02u.", "no mark"),
        (b"\x80\x02(s.", "not there"),
        (b"\x80\x02h\x05.", "has not kept"),
        (b"\x80\x02q\x05.", "not there"),
        (b"\x80\x02}NK\x01s.", "neither text nor an integer"),
        (b"\x80\x02}K\x01K\x01sK\x01K\x01s.", "twice"),
        (b"\x80\x09}.", "protocol 9"),
        (b"\x80\x02]K\x01K\x01u.", "no mark"),
        (b"\x80\x02K\x01.", "no dictionary of tensors"),
        (b"\x80\x02}X\x01\x00\x00\x00aK\x01s.", "'a' is no tensor"),
        (b"\x80\x02]q\x00h\x00a.", "no dictionary of tensors"),  # a list that holds itself
        (b"\x80\x02" + b"]" * 5000 + b"a" * 4999 + b".", "no dictionary of tensors"),
        (b"\x80\x02" + b"N" + b"\x85" * 100_000 + b".", "no dictionary of tensors"),
        (b"\x80\x02}r\xff\xff\xff\x7f.", "is no policy"),  # the largest place of the memo: no table of that size
        (b"\x80\x02X\xff\xff\xff\x7fabc.", "expected 2147483647 bytes"),
        (b"\x80\x02\x8b\xff\xff\xff\x7fabc.", "not enough data"),
        (b"\x80\x04\x95" + b"\xff" * 7 + b"\x7f}.", "is no policy|frame|FRAME"),
    ],
)
def test_pickles_that_make_no_sense(code: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=r"policy\.pth: .*(" + message + ")"):
        read_sb3(with_pickle("policy.pth", code))


def test_names_with_escapes_where_warnings_are_errors() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"policy\.pth: invalid escape"):
            read_sb3(with_pickle("policy.pth", b"\x80\x02co\\Rs\nsystem\n."))
        with pytest.raises(ValueError, match=r"'a': holds no pickle \(invalid escape"):
            text = base64.b64encode(b"\x80\x02co\\Rs\nsystem\n.").decode()
            read_sb3(with_data(a={":serialized:": text}))


def test_a_large_pickle_is_not_read() -> None:
    with pytest.raises(ValueError, match=r"data\.pkl' has \d+ bytes; at most"):
        read_sb3(with_pickle("policy.pth", b"N" * (MAX_PICKLE_BYTES + 1)))


def number(value: int) -> bytes:
    return b"\x8a\x08" + struct.pack("<q", value)


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def tensor(
    size: tuple[int, ...], stride: tuple[int, ...], offset: int = 0, numel: int = 6, kind: str = "FloatStorage"
) -> bytes:
    """The pickle of a dictionary with one tensor, "t", over storage "0"."""
    sequences = b"".join(b"(" + b"".join(map(number, values)) + b"t" for values in (size, stride))
    entry = text("0") + text("cpu") + number(numel)
    storage = b"(" + text("storage") + b"ctorch\n" + kind.encode() + b"\n" + entry + b"tQ"
    function = b"ctorch._utils\n_rebuild_tensor_v2\n"
    arguments = storage + number(offset) + sequences + b"\x89" + b"ccollections\nOrderedDict\n)R"
    return b"\x80\x02}" + text("t") + function + b"(" + arguments + b"tRs."


def pth(code: bytes, storage: bytes = np.arange(6, dtype=np.float32).tobytes(), **more: bytes) -> bytes:
    return zipped({"archive/data.pkl": code, "archive/data/0": storage, "archive/version": b"3\n"} | more)


def test_views_of_a_storage() -> None:
    def read(*args: Any, **kwargs: Any) -> Any:
        return read_pth(pth(tensor(*args, **kwargs)), "file")["t"].tolist()

    assert read((2, 3), (3, 1)) == [[0, 1, 2], [3, 4, 5]]
    assert read((3, 2), (1, 3)) == [[0, 3], [1, 4], [2, 5]]
    assert read((2,), (2,), offset=3) == [3, 5]
    assert read((), (), offset=5) == 5
    assert read((0, 3), (3, 1)) == []


@pytest.mark.parametrize(
    "code",
    [
        tensor((7,), (1,)),
        tensor((2, 3), (4, 1)),
        tensor((3,), (1,), offset=4),
        tensor((1,), (1,), offset=6),
        tensor((6,), (1,), offset=-1),
        tensor((6,), (-1,), offset=5),
        tensor((-6,), (1,)),
        tensor((1 << 40,), (0,)),  # one number, seen a million million times
        tensor((1 << 40, 0), (1, 1)) + b"",
        tensor((1 << 62, 1 << 62), (1 << 62, 1 << 62)),
        tensor((2, 3), (1,)),
        tensor((1,) * 9, (1,) * 9),
        tensor((6,), (1,), numel=7),
        tensor((6,), (1,), numel=1 << 60),
        tensor((3,), (1,), numel=6, kind="DoubleStorage"),
        tensor((6,), (1,)).replace(b"\x89c", b"K\x07c"),
    ],
)
def test_tensors_beyond_their_storage(code: bytes) -> None:
    try:
        found = read_pth(pth(code), "file.pth")["t"]
    except ValueError as error:
        assert re.match(r"file\.pth: (a tensor|storage '0') ", str(error))
    else:
        assert found.size == 0  # no numbers, whatever its sizes


def test_storages_are_what_their_entries_hold() -> None:
    with pytest.raises(ValueError, match="storage '0' has 7 bytes, no multiple of 4"):
        read_pth(pth(tensor((1,), (1,), numel=1), b"1234567"), "f")
    with pytest.raises(ValueError, match="'archive/data/0' is missing"):
        read_pth(zipped({"archive/data.pkl": tensor((1,), (1,))}), "f")
    first, second = (tensor((6,), (1,), kind=kind)[3:-2] for kind in ("FloatStorage", "IntStorage"))
    both = b"\x80\x02}" + first + b"s" + second.replace(text("t"), text("u")) + b"s."
    with pytest.raises(ValueError, match="storage '0' is used with two types"):
        read_pth(pth(both), "f")
    with pytest.raises(ValueError, match="big-endian"):
        read_pth(pth(tensor((6,), (1,)), **{"archive/byteorder": b"big"}), "f")
    with pytest.raises(ValueError, match="no file of torch.save"):
        read_pth(pth(tensor((6,), (1,)), **{"archive/other.pkl": b"N."}), "f")
    with pytest.raises(ValueError, match="no file of torch.save"):
        read_pth(zipped({"data.pkl": tensor((1,), (1,))}), "f")


def raises_value_error(file: bytes) -> bool:
    """Whether a file is refused; what else than a ValueError comes of it fails the test."""
    try:
        read_sb3(io.BytesIO(file))
    except ValueError as error:
        assert str(error).startswith("model file: ") and len(str(error)) < 1000
        return True
    except NotImplementedError as error:  # a key of an optimiser, or a tensor, that is named otherwise now
        assert "model file: " in str(error)
        return True
    return False


def test_truncated_files() -> None:
    whole = MODEL.read_bytes()
    assert all(raises_value_error(whole[:n]) for n in range(0, len(whole), 97))


def test_damaged_bytes() -> None:
    whole = MODEL.read_bytes()
    refused = 0
    for at in range(0, len(whole), 97):
        refused += raises_value_error(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
    assert refused > 450  # of 500: the rest are times, attributes and the like, of which nothing is read


@pytest.mark.parametrize("name", [*PTH, "data"])
def test_damage_with_valid_checksums(name: str) -> None:
    """What a checksum would catch is damaged before the checksums are made."""
    rng = random.Random(7)
    contents = entries()
    inner = entries(contents[name]) if name != "data" else {"data": contents["data"]}
    key = next(k for k in inner if k.endswith("data.pkl") or k == "data")
    for _ in range(60):
        code = bytearray(inner[key])
        for _ in range(rng.choice([1, 1, 1, 4])):
            code[rng.randrange(len(code))] = rng.randrange(256)
        damaged = bytes(code) if name == "data" else zipped({**inner, key: bytes(code)})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            raises_value_error(zipped({**contents, name: damaged}))


def test_no_zip_file() -> None:
    for file in (b"", b"PK", b"PK\x05\x06" + bytes(18), b"\x80\x02}q\x00.", os.urandom(4096)):
        assert raises_value_error(file)


def refused_in_little_memory(file: io.BytesIO, message: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            read_sb3(file)
        assert tracemalloc.get_traced_memory()[1] < 5 << 20
    finally:
        tracemalloc.stop()


def test_bombs() -> None:
    zeros = bytes(80 << 20)
    bomb = zipped(entries() | {"policy.pth": zeros}, zipfile.ZIP_DEFLATED)
    refused_in_little_memory(io.BytesIO(bomb), r"declares \d+ bytes of contents in a file of \d+ bytes")
    inner = zipped({"archive/data.pkl": b"\x80\x02}.", "archive/data/0": zeros}, zipfile.ZIP_DEFLATED)
    refused_in_little_memory(with_entry("policy.pth", inner), r"policy\.pth: declares")


def patched(file: bytes, name: bytes, offset: int, value: bytes) -> bytes:
    """The file with bytes of an entry's central record replaced, at `offset` from its start."""
    at = file.rindex(b"PK\x01\x02", 0, file.rindex(name))
    return file[: at + offset] + value + file[at + offset + len(value) :]


def test_declared_sizes_that_are_not_true() -> None:
    whole = MODEL.read_bytes()
    for size in (0, 1, 12_000, 0xFFFFFFF0):
        assert raises_value_error(patched(whole, b"policy.pth", 24, struct.pack("<I", size)))
        assert raises_value_error(patched(whole, b"policy.pth", 20, struct.pack("<I", size)))
    deflated = zipped(entries(), zipfile.ZIP_DEFLATED)
    for size in (0, 12_000, 14_000, 60 << 20):
        assert raises_value_error(patched(deflated, b"policy.pth", 24, struct.pack("<I", size)))


def test_offsets_that_are_not_true() -> None:
    whole = MODEL.read_bytes()
    for offset in (0, 1, 60_000, 0x7FFFFFFF, 0xFFFFFFFF):
        assert raises_value_error(patched(whole, b"policy.pth", 42, struct.pack("<I", offset)))
    end = whole.rindex(b"PK\x05\x06")
    for offset in (0, 1, 60_000, 0x7FFFFFFF, 0xFFFFFFFF):
        assert raises_value_error(whole[: end + 16] + struct.pack("<I", offset) + whole[end + 20 :])


def test_encrypted_and_otherwise_compressed_entries() -> None:
    with pytest.raises(ValueError, match="'policy.pth' is encrypted"):
        read_sb3(io.BytesIO(patched(MODEL.read_bytes(), b"policy.pth", 8, b"\x01\x00")))
    with pytest.raises(ValueError, match="neither stored nor deflated"):
        read_sb3(io.BytesIO(zipped(entries(), zipfile.ZIP_LZMA)))


@pytest.mark.parametrize("name", ["../policy.pth", "/data", "a/b", "a\\b", "C:x", "folder/", "."])
def test_names_with_paths(name: str) -> None:
    with pytest.raises(ValueError, match="has a path in its name"):
        read_sb3(with_entry(name, b""))


@pytest.mark.parametrize("name", ["archive/../x", "/archive/x", "archive//x", "archive\\x"])
def test_names_with_paths_inside(name: str) -> None:
    with pytest.raises(ValueError, match=r"policy\.pth: entry .* has a path in its name"):
        read_sb3(with_entry("policy.pth", zipped(entries(entries()["policy.pth"]) | {name: b""})))


def test_entries_that_are_there_twice_or_unknown() -> None:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
        warnings.simplefilter("ignore")
        for name, contents in [*entries().items(), ("policy.pth", b"")]:
            archive.writestr(name, contents)
    with pytest.raises(ValueError, match="entry 'policy.pth' is there twice"):
        read_sb3(io.BytesIO(out.getvalue()))
    for name in ("evil.pkl", "policy.optimizer.pth", "readme.txt"):
        with pytest.raises(ValueError, match=f"'{name}' is no part of a SAC model"):
            read_sb3(with_entry(name, b""))
    for name in ("policy.pth", "data", "pytorch_variables.pth", "ent_coef_optimizer.pth", "critic.optimizer.pth"):
        others = {key: value for key, value in entries().items() if key != name}
        assert raises_value_error(zipped(others))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no JSON"),
        (b"[1, 2]", "no JSON object"),
        (b"\xff\xfe{}", "no JSON"),
        (b"[" * 200_000, "nested too deeply|no JSON"),
        (b'{"a": 1, "a": 2}', "a key is there twice"),
        (b'{"n": ' + b"9" * 5000 + b"}", "no JSON"),
        (b'{"a": {":serialized:": "%%%"}}', "'a': holds no pickle"),
        (b'{"a": {":serialized:": "gAR9"}}', "'a': holds no pickle"),
        (b'{"a": {":serialized:": "gASTLg=="}}', "refuses a global whose name is hidden"),
        (b" " * ((1 << 23) + 1), "at most 8388608 are read"),
    ],
)
def test_data_that_is_no_data(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_sb3(with_entry("data", data))


def test_data_of_other_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values of a wrong type are errors or unread values, never crashes."""
    monkeypatch.setattr(sb3_zip, "read_pth", functools.cache(read_pth))  # the tensors are the same each time
    known = json.loads(entries()["data"])
    for key in known:
        for value in (-1, 1e400, "x", [[1]], {":type:": 3}):
            raises_value_error(with_data(**{key: value}).getvalue())


def test_the_machine_reads_what_the_writer_writes() -> None:
    value: dict[Any, Any] = {
        "a": [1, -1, 255, 256, 1 << 40, -(1 << 40), 1.5, True, False, None, "tëxt", (), (1,), (1, 2), []],
        3: {"x": np.arange(6, dtype=np.float32).reshape(2, 3).T, "y": np.array([1.0, 2.0])},
    }
    read = read_pth(write_pth(value), "f")
    assert read["a"] == value["a"]
    assert np.array_equal(read[3]["x"], value[3]["x"]) and read[3]["y"].dtype == np.float64
    with pytest.raises(TypeError, match="complex cannot be written"):
        write_pth({"a": 1j})
