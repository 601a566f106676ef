"""The Python of README.md and docs/ runs: each block in a folder of its own, with a fiftieth of its steps."""

from __future__ import annotations

import builtins
import importlib.util
import inspect
import json
import re
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import pytest

import softac

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
OPTIONAL = ("stable_baselines3", "matplotlib")


def blocks(path: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def shortened(code: str) -> str:
    """Numbers written in thousands, as 6_000, divided by fifty, and at most 200."""
    return re.sub(r"\b(\d+)_000\b", lambda found: str(min(int(found[1]) * 20, 200)), code)


CASES = [(f"{path.name}-{i}", code) for path in DOCUMENTS for i, code in enumerate(blocks(path), 1)]


@pytest.mark.parametrize(("name", "code"), CASES, ids=[name for name, _ in CASES])
def test_block_runs(name: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in OPTIONAL:
        if re.search(rf"^\s*(import|from) {module}\b", code, re.MULTILINE) and importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        exec(compile(shortened(code), name, "exec"), {"__name__": "__main__"})  # noqa: S102  (the documents' own)


def test_blocks_are_found() -> None:
    names = [name for name, _ in CASES]
    assert sum(name.startswith("python.md") for name in names) >= 8
    assert any(name.startswith("README.md") for name in names)


def test_every_argument_is_in_the_table() -> None:
    arguments = list(inspect.signature(softac.SAC.__init__).parameters)[1:]
    missing = [
        name for name in arguments if f"`{name}`" not in PAGE and not name.startswith("_") and name != "settings"
    ]
    assert missing == []


def test_settings_named_in_the_text_exist() -> None:
    named = dict(re.findall(r'`(\w+)="(\w+)"`', PAGE))
    others = {*inspect.signature(softac.SAC).parameters, "render_mode", "method"}  # no settings of the learner
    settings = {name: value for name, value in named.items() if name not in others}
    assert {"critic_loss", "norm_layer_critic", "actor_covariance"} <= set(settings)
    assert softac.Agent(2, 2, net_arch=[4], **settings).settings.items() >= settings.items()


def test_public_names_are_described() -> None:
    public = [name for name in vars(softac) if not name.startswith("_") and not inspect.ismodule(getattr(softac, name))]
    assert [name for name in public if name not in PAGE] == []


def test_counts_of_sb3s_tests() -> None:
    suite = json.loads((ROOT / "tests" / "python_all" / "sb3_suite.json").read_text(encoding="utf-8"))
    passed, vacuous, skipped, excluded = (len(suite[key]) for key in ("passed", "vacuous", "skipped", "excluded"))
    assert f"{passed + vacuous + skipped + excluded} about SAC" in PAGE
    assert f"{passed} pass, {vacuous} return before they test anything, {skipped} are skipped" in PAGE
    assert f"{excluded} are excluded" in PAGE
    table = PAGE[PAGE.index("| tests | reason |") :].split("\n\n")[0]
    by_reason = sorted(Counter(suite["excluded"].values()).values())
    assert sorted(int(count) for count in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)) == by_reason


def test_columns_of_exceptions() -> None:
    rows = re.findall(r"^\| `(\w+Error)`(?:, `(\w+)`)? \| (\w+|–) \|", PAGE, re.MULTILINE)
    assert len(rows) == 7
    for *names, kind in rows:
        for name in filter(None, names):
            error = getattr(softac, name)
            assert issubclass(error, softac.Error) and issubclass(softac.Error, RuntimeError)
            assert kind == "–" or issubclass(error, getattr(builtins, kind))


def test_formats_names_all_that_the_files_hold(tmp_path: Path) -> None:
    formats = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    section = formats[formats.index("## Models of Python") :].split("\n## ")[0]
    model = softac.SAC("MlpPolicy", "Pendulum-v1", policy_kwargs={"net_arch": [4]}, learning_starts=10, seed=1)
    model.learn(12).save(tmp_path / "model.zip", include=["replay_buffer"])
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        assert all(f"`{name}`" in section for name in archive.namelist())
        data = json.loads(archive.read("data.json"))
        learner, replay = archive.read("learner.safetensors"), archive.read("replay")
    metadata = json.loads(learner[8 : 8 + int.from_bytes(learner[:8], "little")])["__metadata__"]
    for name in (*data, *metadata, *json.loads(metadata["state"]), data["format"], metadata["format"]):
        assert f"`{name}`" in section, name
    magic, size, rings = replay[:8], int.from_bytes(replay[8:16], "little"), replay[16:24]
    assert (magic, rings) == (b"softRPL1", b"softRNG1")
    assert replay[16 + size + 8 :][:8] == b"softSEG1"
