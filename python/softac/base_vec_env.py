"""The vectorised environment that the agent steps: the interface of SB3's VecEnv, with softac's own checks."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from softac.sb3_interop import register_vec_env
from softac.spaces import Array, Observation

Indices = int | Iterable[int] | None
StepReturn = tuple[Observation, npt.NDArray[np.float32], npt.NDArray[np.bool_], list[dict[str, Any]]]


class VecEnv(ABC):
    """N environments of equal spaces, stepped together. Where an episode ends, the next one begins by itself.

    `reset()` returns the first observations: an array (N, *shape) in the space's dtype, for a Dict space a dict of such
    arrays. `step(actions)` takes actions (N, *shape) in the action space's own units and returns (observations, rewards
    (N,) float32, dones (N,) bool, infos); where an episode ended, the observation is the next episode's first. All
    arrays are new.

    infos[i] holds what environment i returned, and:
    - "TimeLimit.truncated": the episode was cut short (truncated and not terminated);
    - where done, "terminal_observation": the last observation, and "episode": {"r": return, "l": length, "t": seconds}.

    Attributes: `num_envs`, `observation_space`, `action_space` (of one environment), `render_mode`, `metadata`,
    `reset_infos` (the infos of each environment's last reset) and `valid` (N,) bool: after a step, False for a row that
    was only a reset (Gymnasium's NEXT_STEP): its action was ignored, its reward is 0, and it is no transition.

    Errors: RuntimeError for a step before reset(), after a step that failed, or after close(); ValueError or TypeError
    where an environment returns something else than Gymnasium's interface says, or numbers that are not finite as
    float32.
    """

    def __init__(
        self,
        num_envs: int,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        render_mode: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        if not isinstance(action_space, (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)):
            raise NotImplementedError(f"The action space is a {type(action_space).__name__}, which is not supported.")
        self.num_envs = num_envs
        self.observation_space = observation_space
        self.action_space = action_space
        self.render_mode = render_mode
        self.metadata: dict[str, Any] = dict(metadata or {})
        self.reset_infos: list[dict[str, Any]] = [{} for _ in range(num_envs)]
        self.valid: npt.NDArray[np.bool_] = np.ones(num_envs, dtype=np.bool_)
        self._seeds: list[int | None] = [None] * num_envs
        self._options: list[dict[str, Any]] = [{} for _ in range(num_envs)]
        self._actions: Array | None = None
        self._can_step = False
        self._closed = False
        register_vec_env(VecEnv)

    # Stepping.

    def reset(self) -> Observation:
        """Begins an episode in every environment, with the seeds and options set since the last reset."""
        self._check_open()
        register_vec_env(VecEnv)
        self._actions = None
        self._can_step = False
        seeds, options = self._seeds, self._options
        self._seeds, self._options = [None] * self.num_envs, [{} for _ in range(self.num_envs)]
        obs = self._reset(seeds, options)
        self.valid = np.ones(self.num_envs, dtype=np.bool_)
        self._can_step = True
        return obs

    def step_async(self, actions: Any) -> None:
        """Takes the actions (N, *shape) of the step that `step_wait` does. They are copied."""
        self._check_open()
        if not self._can_step:
            raise RuntimeError(
                "reset() must be called first: before the first step, and after a step that raised an exception."
            )
        own = np.array(actions)
        expected = (self.num_envs, *(self.action_space.shape or ()))
        if own.shape != expected:
            raise ValueError(f"Actions of shape {expected} are expected, one per environment, not {own.shape}.")
        self._actions = own

    def step_wait(self) -> StepReturn:
        """Steps every environment with the actions of `step_async`."""
        self._check_open()
        if self._actions is None:
            raise RuntimeError("step_async(actions) must be called before step_wait().")
        actions, self._actions = self._actions, None
        self._can_step = False
        result = self._step(actions)
        self._can_step = True
        return result

    def step(self, actions: Any) -> StepReturn:
        """`step_async`, then `step_wait`."""
        self.step_async(actions)
        return self.step_wait()

    def close(self) -> None:
        """Closes the environments. A second call does nothing."""
        if not self._closed:
            self._closed = True
            self._close()

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Environment i gets seed + i at the next reset; None draws a seed from np.random. Returns the N seeds."""
        first = int(np.random.randint(0, 2**32 - 1, dtype=np.uint32)) if seed is None else int(seed)
        self._seeds = [first + i for i in range(self.num_envs)]
        return list(self._seeds)

    def set_options(self, options: list[dict[str, Any]] | dict[str, Any] | None = None) -> None:
        """Options of the next reset: one dict for all environments or a list of N."""
        if isinstance(options, list):
            if len(options) != self.num_envs:
                raise ValueError(
                    f"{self.num_envs} dicts of options are expected, one per environment, not {len(options)}."
                )
            self._options = deepcopy(options)
        else:
            self._options = [deepcopy(options or {}) for _ in range(self.num_envs)]

    # Attributes and methods of the environments.

    @abstractmethod
    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """The attribute of each environment. AttributeError where there is none."""

    @abstractmethod
    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Sets the attribute where a wrapper or the environment has it, else in the outermost wrapper."""

    @abstractmethod
    def env_method(
        self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Calls the method of each environment and returns what they return."""

    @abstractmethod
    def env_is_wrapped(self, wrapper_class: type[Any], indices: Indices = None) -> list[bool]:
        """Whether each environment has a wrapper of this class. SB3's Monitor: True, its statistics are in infos."""

    def has_attr(self, attr_name: str) -> bool:
        """Whether every environment has the attribute."""
        try:
            self.get_attr(attr_name)
        except AttributeError:
            return False
        return True

    @property
    def unwrapped(self) -> VecEnv:
        return self

    def getattr_depth_check(self, name: str, already_found: bool) -> str | None:
        """SB3's wrappers ask so whether they hide an attribute of what they wrap; the class's name if so."""
        hidden = already_found and hasattr(self, name)
        return f"{type(self).__module__}.{type(self).__name__}" if hidden else None

    # Rendering.

    @abstractmethod
    def get_images(self) -> Sequence[Array | None]:
        """An RGB image (height, width, 3) of each environment; None each if the render mode is not "rgb_array"."""

    def render(self, mode: str | None = None) -> Array | None:
        """Shows the environments (render mode "human"), or returns their images side by side in one (mode "rgb_array").

        The mode is chosen where environments are made; another one here only warns and returns None.
        """
        if self.render_mode is None:
            warnings.warn("render() does nothing: the environments were made without a render_mode.", stacklevel=2)
            return None
        if mode == "human" and self.render_mode == "rgb_array":
            raise NotImplementedError(
                "render('human'): softac opens no windows. Make the environments with render_mode='human'."
            )
        if mode is not None and mode != self.render_mode:
            warnings.warn(
                f"render({mode!r}) does nothing: the environments have render_mode={self.render_mode!r}.", stacklevel=2
            )
            return None
        if self.render_mode == "rgb_array":
            return tile_images([image for image in self.get_images() if image is not None])
        self.env_method("render")
        return None

    # For subclasses.

    @abstractmethod
    def _reset(self, seeds: list[int | None], options: list[dict[str, Any]]) -> Observation: ...

    @abstractmethod
    def _step(self, actions: Array) -> StepReturn: ...

    @abstractmethod
    def _close(self) -> None: ...

    def _indices(self, indices: Indices) -> list[int]:
        if indices is None:
            return list(range(self.num_envs))
        chosen = [indices] if isinstance(indices, (int, np.integer)) else list(indices)
        for index in chosen:
            if not -self.num_envs <= index < self.num_envs:
                raise IndexError(f"There is no environment {index}: there are {self.num_envs}.")
        return [int(index) % self.num_envs for index in chosen]

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("The environments are closed: make new ones (and pass them to set_env).")


def tile_images(images: Sequence[Array]) -> Array:
    """N images (height, width, channels) in one, in rows of nearly a square; places left over are black."""
    if not images:
        raise ValueError("There are no images.")
    first = np.asarray(images[0])
    rows = int(np.ceil(np.sqrt(len(images))))
    columns = -(-len(images) // rows)
    height, width = first.shape[:2]
    tiled = np.zeros((rows * height, columns * width, *first.shape[2:]), dtype=first.dtype)
    for place, image in enumerate(images):
        top, left = place // columns * height, place % columns * width
        tiled[top : top + height, left : left + width] = image
    return tiled
