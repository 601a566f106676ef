"""TwoWay-v0 on a grid, solved by `softac exact`: the Boltzmann policy that no learner has touched.

The next position is shared among the four corners of its cell; actions are the midpoints of equal squares of [-1, 1]².
Entropies over N actions are larger than those of densities by log N/4; every step's reward is lower by as much.
Constants as in src/env/two_way.cc.
"""

import json
import math
import pathlib
import random
import subprocess

STEP, START_Y, START_NOISE, DISC, COST, DISC_COST, GOAL = 0.2, -0.6, 0.05, 0.5, 0.15, 0.5, 5.0
GOAL_X, GOAL_Y, GOAL_RADIUS, MAX_STEPS = 0.7, 0.5, 0.25, 50
POINTS, ACTIONS = 41, 9  # along one axis


def step(x, y, action):
    """Next position, reward, whether the episode ends."""
    near = [min(max(p + STEP * a, -1.0), 1.0) for p, a in zip((x, y), action)]
    blocked = near[0] ** 2 + near[1] ** 2 < DISC ** 2
    x, y = (x, y) if blocked else near
    arrived = (abs(x) - GOAL_X) ** 2 + (y - GOAL_Y) ** 2 < GOAL_RADIUS ** 2
    return x, y, GOAL * arrived - COST - DISC_COST * blocked, arrived


def corners(x, y):
    """(state, weight) of the four points around a position."""
    out = []
    places = []
    for p in (x, y):
        at = (p + 1) / 2 * (POINTS - 1)
        low = min(int(at), POINTS - 2)
        places.append([(low, 1 - (at - low)), (low + 1, at - low)])
    for i, wx in places[0]:
        for j, wy in places[1]:
            if wx * wy > 0:
                out.append((j * POINTS + i, wx * wy))
    return out


def actions():
    ticks = [(2 * i + 1) / ACTIONS - 1 for i in range(ACTIONS)]
    return [(a, b) for b in ticks for a in ticks]


class ExactPolicy:
    def __init__(self, softac, folder, alpha, gamma):
        path = pathlib.Path(folder) / "two_way.csv"
        excess = alpha * math.log(ACTIONS ** 2 / 4)
        with open(path, "w", encoding="utf-8") as file:
            file.write("s,a,s_next,p,r,terminated\n")
            for s in range(POINTS * POINTS):
                x, y = (2 * p / (POINTS - 1) - 1 for p in (s % POINTS, s // POINTS))
                for a, action in enumerate(actions()):
                    next_x, next_y, reward, arrived = step(x, y, action)
                    for s_next, weight in corners(next_x, next_y):
                        file.write(f"{s},{a},{s_next},{weight!r},{reward - excess!r},{int(arrived)}\n")
        done = subprocess.run([softac, "exact", path, "--alpha", str(alpha), "--gamma", str(gamma), "--json"], check=True,
                              capture_output=True, text=True)
        self.pi = json.loads(done.stdout)["pi"]

    def sample(self, x, y, rng):
        states, weights = zip(*corners(x, y))
        pi = self.pi[rng.choices(states, weights)[0]]
        centre = actions()[rng.choices(range(len(pi)), pi)[0]]
        return [a + rng.uniform(-1, 1) / ACTIONS for a in centre]


def shares(policy, episodes, kept_paths):
    """As the learners' part of multimodal.json."""
    rng = random.Random(17)
    out = {"left": 0.0, "right": 0.0, "return": 0.0, "paths": []}
    for episode in range(episodes):
        x, y, arrived = 0.0, START_Y + rng.uniform(-START_NOISE, START_NOISE), False
        path = [x, y]
        for _ in range(MAX_STEPS):
            x, y, reward, arrived = step(x, y, policy.sample(x, y, rng))
            out["return"] += reward / episodes
            path += [x, y]
            if arrived:
                out["left" if x < 0 else "right"] += 1 / episodes
                break
        if episode < kept_paths:
            out["paths"].append(path)
    return out
