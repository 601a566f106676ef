"""SAC and DiscreteSAC with Stable-Baselines3's interface."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, BinaryIO

from softac.off_policy import OffPolicyAlgorithm

StrPath = str | os.PathLike[str]


class _WithSb3Arguments(OffPolicyAlgorithm):
    """The constructor of both; SAC says what its arguments are."""

    def __init__(
        self,
        policy: Any,
        env: Any,
        learning_rate: Any = 3e-4,
        buffer_size: int = 1_000_000,
        learning_starts: int = 100,
        batch_size: int = 256,
        tau: float = 0.005,
        gamma: float = 0.99,
        train_freq: Any = 1,
        gradient_steps: int = 1,
        action_noise: Any = None,
        replay_buffer_class: Any = None,
        replay_buffer_kwargs: Mapping[str, Any] | None = None,
        optimize_memory_usage: bool = False,
        n_steps: int = 1,
        ent_coef: str | float = "auto",
        target_update_interval: int = 1,
        target_entropy: str | float = "auto",
        use_sde: bool = False,
        sde_sample_freq: int = -1,
        use_sde_at_warmup: bool = False,
        stats_window_size: int = 100,
        tensorboard_log: str | None = None,
        policy_kwargs: Mapping[str, Any] | None = None,
        verbose: int = 0,
        seed: int | None = None,
        device: Any = "auto",
        _init_setup_model: bool = True,
        *,
        threads: int = 0,
        backend: str | None = None,
        run_dir: StrPath | None = None,
        native: bool = False,
        **settings: Any,
    ) -> None:
        arguments = {name: value for name, value in locals().items() if name not in ("self", "settings", "__class__")}
        if self.discrete and action_noise is not None:
            raise ValueError("action_noise: discrete actions have none.")
        super().__init__(arguments, settings)


class SAC(_WithSb3Arguments):
    """Soft Actor-Critic (arXiv 1812.05905) for continuous actions.

    Arguments up to device are Stable-Baselines3's, in its order and meaning (docs/python.md has the differences).
    env: a gymnasium.Env, a gymnasium.vector.VectorEnv, a VecEnv of softac or SB3, or a name. Then: threads inside an
    update (0: all cores; results do not depend on it), backend (None: the best), native (a name means softac's own
    environment), and every setting of the learner in docs/settings.md by name.

    ValueError (ConfigError with all that is wrong), NotImplementedError for what SB3 has and softac has not.
    """

    @classmethod
    def load_sb3(cls, path: StrPath | BinaryIO, env: Any = None, **kwargs: Any) -> SAC:
        """The model of a zip that Stable-Baselines3's SAC saved: networks, log α, Adam's moments, counters, arguments.

        Nothing in the file is executed: its tensors are read by a reader that knows nothing else. UnsafeFileError
        (ValueError) on a file with anything else in their place. kwargs: arguments in place of the file's.
        """
        from softac import sb3_transfer

        return sb3_transfer.load(cls, path, env, kwargs)

    def export_sb3(self, path: StrPath | BinaryIO) -> None:
        """Writes a zip that stable_baselines3.SAC.load reads, optimiser and log α included. ValueError on settings that
        SB3 has not."""
        from softac import sb3_transfer

        sb3_transfer.export(self, path)


class DiscreteSAC(_WithSb3Arguments):
    """Soft Actor-Critic for discrete actions: expectations over actions are sums, critics give Q of all actions.

    Arguments as SAC's; action_noise must be None. target_entropy "auto": ½ log A with A actions.
    """

    discrete = True

    def action_probabilities(self, observation: Any) -> Any:
        """π(a|s) of one observation (num_actions,) or of a batch (N, num_actions), float32."""
        rows, batched = self.observation_codec.encode_any(observation)
        probabilities = self.agent.action_probabilities(rows)
        return probabilities if batched else probabilities[0]
