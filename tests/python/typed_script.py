"""A user's script for mypy --strict: what the stubs promise, and, where an error is ignored, what they refuse."""

import numpy as np
from numpy.typing import NDArray

import softac

agent = softac.Agent(3, 2, num_envs=4, buffer_size=1000, learning_rate=1e-3)
obs: NDArray[np.float32] = np.zeros((4, 3), np.float32)
action: NDArray[np.float32] = agent.random_action()
end = np.zeros(4, np.bool_)
agent.observe(obs, action, np.zeros(4, np.float32), obs, end, end)
losses: dict[str, float] = agent.update(2)
size: int = agent.replay.size
kept: dict[str, NDArray[np.float32]] = agent.replay.export()
agent.replay.extend(obs, action, np.zeros(4), obs, end, end)
version: str = softac.__version__
digest: int = agent.state_hash()
try:
    agent.save("agent.safetensors")
except softac.IoError as error:
    number: int | None = error.errno

agent.update("two")  # type: ignore[arg-type]
agent.act([0.0, 0.0, 0.0])  # type: ignore[arg-type]
agent.no_such_method()  # type: ignore[attr-defined]
wrong: str = agent.num_updates  # type: ignore[assignment]

model = softac.SAC("MlpPolicy", "HalfCheetah-v5", learning_rate=1e-3, seed=1)
model.learn(1000, progress_bar=True).save("model")
loaded: softac.SAC = softac.SAC.load("model")
chosen, state = loaded.predict(np.zeros(17, np.float32), deterministic=True)
steps: int = loaded.num_timesteps
