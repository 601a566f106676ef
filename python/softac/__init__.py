"""softac: Soft Actor-Critic in C++, for Python."""
import ctypes as _ctypes
import importlib.util as _util
import pathlib as _pathlib

__all__ = ["__version__"]


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

from softac._core import __version__  # noqa: E402  (libmujoco comes first)
