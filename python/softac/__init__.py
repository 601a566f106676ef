"""softac: Soft Actor-Critic in C++, for Python."""

import ctypes as _ctypes
import importlib.util as _util
import pathlib as _pathlib


def _load_mujoco() -> None:
    """Loads libmujoco from the package mujoco, wherever that is installed, before the module that needs it."""
    spec = _util.find_spec("mujoco")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("softac needs the package mujoco: pip install mujoco==3.17.0")
    folder = _pathlib.Path(spec.submodule_search_locations[0])
    libraries = sorted(folder.glob("libmujoco.so.3.17.*"))
    if not libraries:
        raise ImportError(f"softac needs mujoco 3.17.0, but {folder} holds another version: pip install mujoco==3.17.0")
    _ctypes.CDLL(str(libraries[-1]), mode=_ctypes.RTLD_GLOBAL)


_load_mujoco()

# ruff: noqa: E402, I001  (libmujoco comes first)
from softac._core import Agent as Agent
from softac._core import (
    ConfigError as ConfigError,
    ContractError as ContractError,
    DiskError as DiskError,
    EnvError as EnvError,
    Error as Error,
    IoError as IoError,
    MemoryLimitError as MemoryLimitError,
    NumericsError as NumericsError,
    StoppedError as StoppedError,
    __version__ as __version__,
)
from softac.sac import SAC as SAC, DiscreteSAC as DiscreteSAC
from softac import exact as exact
from softac import figure as figure
from softac.evaluation import evaluate_policy as evaluate_policy
from softac.training import evaluate as evaluate, train as train
from softac import envs as _envs

_envs.register_all()
