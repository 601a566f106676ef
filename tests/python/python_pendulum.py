"""A pendulum in plain Python for the tests, with a state that checkpoints can hold."""
import math

import gymnasium
import numpy as np


class PythonPendulum(gymnasium.Env):
    """Gymnasium's Pendulum-v1 by its equations: observation (cos, sin, speed) in float32, torque in [-2, 2]."""

    def __init__(self, limit=200, noise=0.0):
        high = np.array([1.0, 1.0, 8.0], np.float32)
        self.observation_space = gymnasium.spaces.Box(-high, high)
        self.action_space = gymnasium.spaces.Box(-2.0, 2.0, (1,))
        self.limit = limit
        self.noise = noise
        self.angle = self.speed = 0.0
        self.steps = 0
        self.seeds = []
        self.closed = False

    def observation(self):
        return np.array([math.cos(self.angle), math.sin(self.angle), self.speed], np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.seeds.append(seed)
        self.angle, self.speed = self.np_random.uniform([-math.pi, -1.0], [math.pi, 1.0]).tolist()
        self.steps = 0
        return self.observation(), {}

    def step(self, action):
        assert self.action_space.contains(action), action
        torque = float(action[0])
        wrapped = (self.angle + math.pi) % (2 * math.pi) - math.pi
        reward = -(wrapped**2 + 0.1 * self.speed**2 + 0.001 * torque**2)
        self.speed += (15.0 * math.sin(self.angle) + 3.0 * torque) * 0.05
        if self.noise > 0.0:
            self.speed += self.noise * self.np_random.normal()
        self.speed = min(max(self.speed, -8.0), 8.0)
        self.angle += self.speed * 0.05
        self.steps += 1
        return self.observation(), reward, False, self.steps >= self.limit, {}

    def close(self):
        self.closed = True


class SavingPendulum(PythonPendulum):
    def save_state(self):
        return {
            "place": np.array([self.angle, self.speed]),
            "steps": self.steps,
            "generator": self.np_random.bit_generator.state,
        }

    def load_state(self, state):
        self.angle, self.speed = state["place"].tolist()
        self.steps = state["steps"]
        self.np_random.bit_generator.state = state["generator"]
