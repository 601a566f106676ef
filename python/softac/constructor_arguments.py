"""The arguments of SAC's and DiscreteSAC's constructors as attributes of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ConstructorArguments:
    """Their types; what each means is said by SAC's constructor."""

    buffer_size: int
    learning_rate: Any
    learning_starts: int
    batch_size: int
    tau: float
    gamma: float
    gradient_steps: int
    action_noise: Any
    replay_buffer_class: Any
    replay_buffer_kwargs: Mapping[str, Any] | None
    optimize_memory_usage: bool
    n_steps: int
    ent_coef: str | float
    target_update_interval: int
    target_entropy: str | float
    use_sde: bool
    sde_sample_freq: int
    use_sde_at_warmup: bool
    stats_window_size: int
    tensorboard_log: str | None
    verbose: int
    seed: int | None
    device: Any
    threads: int
    backend: str | None
    run_dir: str | None
