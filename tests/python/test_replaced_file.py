"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import softac
from softac.log_formats import CSVOutputFormat
from softac.replaced_file import replaced_file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_old_file_stands_until_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "a" / "file"
    with replaced_file(target) as file:
        file.write(b"one")
        assert not target.exists()
    with replaced_file(target) as file:
        file.write(b"two")
        file.flush()
        assert target.read_bytes() == b"one"
    assert target.read_bytes() == b"two"
    assert names(target.parent) == ["file"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_raises_leaves_nothing_behind(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with pytest.raises(error), replaced_file(target) as file:
        file.write(b"new")
        raise error
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for target in (tmp_path / "pipe", tmp_path / "folder", Path("/dev/null")):
        with pytest.raises(softac.IoError, match=f"cannot replace {target}: not a regular file"), replaced_file(target):
            raise AssertionError("the block was entered")
    assert Path("/dev/null").is_char_device()
    assert names(tmp_path) == ["folder", "pipe"]


def test_the_mode_is_that_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with replaced_file(tmp_path / "replaced"):
        pass
    assert (tmp_path / "replaced").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_log_goes_on_where_a_new_column_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = CSVOutputFormat(str(tmp_path / "progress.csv"))
    log.write({"a": 1}, {})
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
        with pytest.raises(OSError, match="no space left"):
            log.write({"a": 2, "b": 3}, {})
    log.write({"a": 4, "b": 5}, {})
    log.close()
    assert (tmp_path / "progress.csv").read_text() == "a,b\n1,\n4,5\n"
    assert names(tmp_path) == ["progress.csv"]
