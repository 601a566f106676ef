"""What a model shows of its networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from softac.off_policy import OffPolicyAlgorithm

Array = npt.NDArray[Any]


class Networks:
    """Some of the model's tensors by name; copies."""

    def __init__(self, model: OffPolicyAlgorithm, prefix: str) -> None:
        self._model = model
        self._prefix = prefix

    def state_dict(self) -> dict[str, Array]:
        """Name → array, names without the prefix."""
        state = self._model.agent.model_state()
        return {name[len(self._prefix) :]: x for name, x in state.items() if name.startswith(self._prefix)}

    def parameters(self) -> list[Array]:
        return list(self.state_dict().values())


class Critic(Networks):
    """The critics, or their targets, as a function."""

    def __init__(self, model: OffPolicyAlgorithm, target: bool) -> None:
        super().__init__(model, "target.critic." if target else "critic.")
        self._target = target

    def __call__(self, obs: Any, actions: Any) -> tuple[Array, ...]:
        """Q_i(s, a) of each critic, (N, 1) each. obs: a batch of the observation space; actions (N, A) in [-1, 1]."""
        rows, _ = self._model.observation_codec.encode_any(obs)
        q = self._model.agent.q_values(rows, np.asarray(actions, np.float32).reshape(len(rows), -1), self._target)
        return tuple(values.reshape(-1, 1) for values in q)


class Policy:
    """The model's policy: predict, and its networks."""

    def __init__(self, model: OffPolicyAlgorithm) -> None:
        self._model = model
        self.observation_space = model.observation_space
        self.action_space = model.action_space
        self.actor = Networks(model, "actor.")
        self.critic = Critic(model, False)
        self.critic_target = Critic(model, True)
        self.squash_output = True

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Array, Any]:
        """As the model's predict."""
        return self._model.predict(observation, state, episode_start, deterministic)

    def state_dict(self) -> dict[str, Array]:
        return self._model.agent.model_state()

    def set_training_mode(self, mode: bool) -> None:
        """Nothing in softac's networks depends on it."""
