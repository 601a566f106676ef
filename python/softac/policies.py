"""What a model shows of its networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from softac.model import Model

Array = npt.NDArray[Any]


class Networks:
    """Some of the model's tensors by name; copies."""

    def __init__(self, model: Model, prefix: str) -> None:
        self._model = model
        self._prefix = prefix

    def state_dict(self) -> dict[str, Array]:
        """Name → array, names without the prefix."""
        state = self._model.agent.model_state()
        return {name[len(self._prefix) :]: x for name, x in state.items() if name.startswith(self._prefix)}

    def parameters(self) -> list[Array]:
        return list(self.state_dict().values())


class Actor(Networks):
    """The actor as a function."""

    def __call__(self, rows: Array, deterministic: bool = False) -> Array:
        """Actions (n, A) in [-1, 1] of flattened observations (n, O), which obs_to_tensor gives."""
        return self._model.agent.predict(rows, deterministic)


class Critic(Networks):
    """The critics, or their targets, as a function."""

    def __init__(self, model: Model, target: bool) -> None:
        super().__init__(model, "target.critic." if target else "critic.")
        self._target = target

    def __call__(self, rows: Array, actions: Array) -> tuple[Array, ...]:
        """Q_i(s, a) of each critic, (n, 1) each, of flattened observations (n, O) and actions (n, A) in [-1, 1]."""
        q = self._model.agent.q_values(rows, actions, self._target)
        return tuple(values.reshape(-1, 1) for values in q)


class Policy:
    """The model's policy: predict, and its networks."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.observation_space = model.observation_space
        self.action_space = model.action_space
        self.actor = Actor(model, "actor.")
        self.critic = Critic(model, False)
        self.critic_target = Critic(model, True)
        self.squash_output = True
        self.device = model.device

    def obs_to_tensor(self, observation: Any) -> tuple[Array, bool]:
        """Flattened observations (n, O) float32, and whether they were a batch."""
        return self._model.observation_codec.encode_any(observation)

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Array, Any]:
        """As the model's predict."""
        return self._model.predict(observation, state, episode_start, deterministic)

    def state_dict(self) -> dict[str, Array]:
        return self._model.agent.model_state()

    def set_training_mode(self, mode: bool) -> None:
        """Nothing in softac's networks depends on it."""
