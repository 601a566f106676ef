"""Misuse of softac.Agent: operations with arguments from `hostile`, and checks that nothing came of them."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hostile import Fault, Hostile, require

import softac

SETTINGS: dict[str, Any] = {"net_arch": [8], "batch_size": 8}


def interrupted(seconds: float, work: Callable[[], object]) -> bool:
    """Whether Ctrl-C (SIGINT) after these seconds came in time to end the work."""
    before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
            work()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
    except KeyboardInterrupt:
        return True
    finally:
        signal.signal(signal.SIGALRM, before)
    return False


def in_threads(count: int, work: Callable[[int], None]) -> list[BaseException]:
    """What `count` threads raised that ran work(i) at the same time."""
    raised: list[BaseException] = []
    barrier = threading.Barrier(count)

    def run(i: int) -> None:
        try:
            barrier.wait()
            work(i)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def child_status(work: Callable[[], bool]) -> int:
    """The exit status of a forked process: 0 where work() is true."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if work() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def check_replay(agent: softac.Agent) -> None:
    """Rows of the right shapes, finite, of environments that are there, each continuing the one before."""
    rows = agent.replay.export()
    n = agent.num_transitions
    require(n == agent.replay.size == len(agent.replay) <= max(agent.replay.capacity, agent.num_envs))
    widths = {"obs": agent.obs_dim, "next_obs": agent.obs_dim, "action": agent.act_dim}
    for name, width in widths.items():
        values = rows[name]
        require(values.shape == (n, width) and values.dtype == np.float32 and np.isfinite(values).all(), name)
    require(rows["reward"].shape == (n,) and np.isfinite(rows["reward"]).all())
    require(rows["terminated"].dtype == rows["truncated"].dtype == np.bool_)
    require(not (rows["terminated"] & rows["truncated"]).any())
    env = rows["env"]
    require(n == 0 or (env.min() >= 0 and env.max() < agent.num_envs and (np.diff(env) >= 0).all()))
    goes_on = ~(rows["terminated"] | rows["truncated"])[:-1] & (np.diff(env) == 0)
    require(np.array_equal(rows["next_obs"][:-1][goes_on], rows["obs"][1:][goes_on]))


class AgentMisuse:
    """An agent that is misused. `poisoned`: something legal was done that no learner survives, such as NaN weights."""

    operations_per_round = 12

    def __init__(self, hostile: Hostile, folder: Path) -> None:
        self.hostile = hostile
        self.folder = folder
        self.agent: softac.Agent | None = None

    def renew(self) -> None:
        """Another kind of agent, now and then."""
        if self.agent is not None and self.hostile.chance(0.8):
            return
        self.n = self.hostile.one_of(1, 1, 4)
        self.actions = self.hostile.one_of(0, 0, 3)
        self.o, self.a = 3, 1 if self.actions else 2
        self.threads = self.hostile.one_of(1, 1, 2)
        settings = {"num_envs": self.n, "num_actions": self.actions, "threads": self.threads, **SETTINGS}
        seed = int(self.hostile.rng.integers(1000))
        self.agent = softac.Agent(self.o, self.a, buffer_size=120, seed=seed, **settings)
        self.poisoned = False
        self._feed(20)
        self.agent.update(2)
        self.healthy = (self.agent.model_state(), self.agent.optimizer_state())

    def drop(self) -> None:
        self.agent = None

    def operations(self, threads: bool) -> list[Callable[[], object]]:
        calm = [self.act, self.predict, self.aliases, self.random_action, self.observe, self.observe_one, self.update]
        calm += [self.values, self.state, self.settings, self.replay, self.files, self.copies, self.pickles, self.odd]
        calm += [self.cycle, self.attributes, self.ctrl_c, self.make]
        return calm + ([self.shared_by_threads, self.own_by_threads, self.fork] if threads else [])

    def check(self) -> None:
        """The agent works, at once or, after what no learner survives, with its old networks and another replay."""
        agent = self._agent
        check_replay(agent)
        if self.poisoned:
            agent.load_model_state(self.healthy[0])
            agent.load_optimizer_state(self.healthy[1])
            agent.replay.clear()
            agent.clear_batch_normalisation()
            agent.set_learning_rates(3e-4, 3e-4, 3e-4)
            self.poisoned = False
        self._feed(3)
        check_replay(agent)
        require(all(np.isfinite(value) for value in agent.update(2).values()))
        require(np.isfinite(agent.act(np.zeros((self.n, self.o), np.float32))).all())

    @property
    def _agent(self) -> softac.Agent:
        assert self.agent is not None
        return self.agent

    def _feed(self, steps: int) -> None:
        rng, agent, end = self.hostile.rng, self._agent, np.ones(self.n, bool)
        obs = rng.normal(size=(self.n, self.o)).astype(np.float32)
        for _ in range(steps):
            action = agent.random_action()
            next_obs = rng.normal(size=(self.n, self.o)).astype(np.float32)
            agent.observe(obs, action, rng.normal(size=self.n), next_obs, ~end, ~end)
            obs = next_obs

    # Operations.

    def act(self) -> None:
        h = self.hostile
        mask = h.mask(self.n)
        out = self._agent.act(h.array(self.n, self.o), h.chance(0.5), h.out(self.n, self.a), mask)
        require(mask is not None or np.abs(out).max() <= 1.0)  # masked rows are as they were given

    def predict(self) -> None:
        rows, h = int(self.hostile.rng.integers(0, 6)), self.hostile
        obs = h.array(rows, self.o) if rows else np.zeros((0, self.o))
        self._agent.predict(obs, h.chance(0.5), h.out(rows, self.a))

    def aliases(self) -> None:
        obs, out = self.hostile.aliased(self.n, self.o, self.a)
        expected = self._agent.predict(obs.copy(), True)
        given = self._agent.act(obs, True, out) if self.hostile.chance(0.5) else self._agent.predict(obs, True, out)
        require(np.array_equal(given, expected) or self.poisoned)

    def random_action(self) -> None:
        out = self._agent.random_action(self.hostile.out(self.n, self.a), self.hostile.mask(self.n))
        require(out.shape[-1] == self.a)

    def observe(self) -> None:
        h, n = self.hostile, self.n
        arrays = h.array(n, self.o), h.array(n, self.a), h.array(n), h.array(n, self.o)
        self.poisoned = True  # huge numbers, and actions of which log π is not finite, may be stored
        self._agent.observe(*arrays, h.flags(n), h.flags(n), h.mask(n))

    def observe_one(self) -> None:
        h = self.hostile
        self.poisoned = True
        flag = h.one_of(True, False, 0, 1, 2, -1, 0.5, float("nan"), None, np.bool_(True), np.int64(1), "1", h.thing())
        self._agent.observe(h.array(self.o), h.array(self.a), h.real(0.5), h.array(self.o), flag, h.one_of(True, False))

    def update(self) -> None:
        n = self.hostile.whole(1, 2, 3)
        if isinstance(n, (int, np.integer)) and n < 1000:
            self._agent.update(n)
        else:
            interrupted(0.02, lambda: self._agent.update(n))

    def values(self) -> None:
        h, rows = self.hostile, int(self.hostile.rng.integers(1, 4))
        kind = int(h.rng.integers(4))
        if kind == 0:
            self._agent.action_probabilities(h.array(rows, self.o))
        elif kind == 1:
            self._agent.diagnostics(h.whole(3))
        else:
            call = self._agent.q_values if kind == 2 else self._agent.log_prob
            call(h.array(rows, self.o), h.array(rows, self.a))

    def state(self) -> None:
        """States with things of other types, shapes and names in them."""
        h, agent = self.hostile, self._agent
        get, load = h.one_of(
            (agent.model_state, agent.load_model_state), (agent.optimizer_state, agent.load_optimizer_state)
        )
        values: dict[Any, Any] = get()
        for name in list(values):
            if h.chance(0.1):
                values[name] = h.array(*values[name].shape) if values[name].ndim else h.thing()
            if h.chance(0.02):
                values[h.one_of("other", 3, None)] = values.pop(name)
        self.poisoned = True
        load(h.one_of(values, values, values, h.thing()), h.chance(0.8))

    def settings(self) -> None:
        h, agent = self.hostile, self._agent
        self.poisoned = True
        kind = int(h.rng.integers(3))
        if kind == 0:
            rates = [h.real(1e-3) if h.chance(0.3) else 1e-3 for _ in range(3)]
            agent.set_learning_rates(*rates)
        elif kind == 1:
            mean, std, clip = (h.array(self.o) if h.chance(0.2) else np.full(self.o, 0.5) for _ in range(3))
            agent.set_batch_normalisation(mean, std, clip, *(h.real(2.0) if h.chance(0.3) else 2.0 for _ in range(2)))
        else:
            agent.set_counters(h.whole(5), h.whole(5), h.whole(3))

    def replay(self) -> None:
        h, replay, n = self.hostile, self._agent.replay, int(self.hostile.rng.integers(0, 200))
        kind = int(h.rng.integers(4))
        if kind == 0:
            replay.sample(h.whole(4, 100000))
        elif kind == 1:
            replay.end_episode(h.whole(0))
        else:
            self.poisoned = True
            columns = h.array(n, self.o), h.array(n, self.a), h.array(n), h.array(n, self.o), h.flags(n), h.flags(n)
            envs = (h.rng.integers(0, self.n, n).astype(np.int32), h.rng.integers(-1, 9, n, np.int32))
            replay.extend(*columns, h.one_of(None, None, h.array(n), *envs))

    def files(self) -> None:
        h, agent = self.hostile, self._agent
        path = h.path(self.folder)
        h.one_of(agent.save, agent.save_replay)(path)
        if h.chance(0.3):
            data = bytearray(Path(os.fsdecode(path)).read_bytes())
            place = int(h.rng.integers(len(data)))
            data[place] ^= 1 << int(h.rng.integers(8))
            Path(os.fsdecode(path)).write_bytes(data[: h.one_of(place, None)])
        if h.chance(0.5):
            softac.Agent.load(path, threads=h.whole(1))
        else:
            self.poisoned = True
            agent.load_replay(path)

    def copies(self) -> None:
        h, agent = self.hostile, self._agent
        other = h.one_of(copy.copy, copy.deepcopy)(agent)
        require(other.state_hash() == agent.state_hash() or self.poisoned)
        require(copy.deepcopy([agent, agent])[0] is not agent)
        if h.chance(0.5):
            self.agent = other

    def pickles(self) -> None:
        for thing in (self._agent, self._agent.replay):
            try:
                pickle.dumps(thing, self.hostile.one_of(0, 2, 5))
            except TypeError as error:
                require(thing is not self._agent or "save()" in str(error))
            else:
                raise Fault("pickled")

    def odd(self) -> None:
        """Objects without a constructor's work, constructors twice."""
        kind = self.hostile.one_of(softac.Agent, type(self._agent.replay))
        thing = kind.__new__(kind)
        name = self.hostile.one_of(*(name for name in dir(thing) if name != "__init__"))
        try:
            getattr(thing, name)
        except TypeError:
            pass
        del thing
        self._agent.__init__(3, 2)  # type: ignore[misc]

    def cycle(self) -> None:
        class Subclass(softac.Agent):
            me: Any

        threads = self.hostile.one_of(1, 2)
        agent = Subclass(3, 2, buffer_size=20, threads=threads, **SETTINGS)
        agent.me = [agent, agent.replay]
        replay = agent.replay
        del agent
        gc.collect()
        require(replay.size == 0)

    def attributes(self) -> None:
        agent = self._agent
        for name in ("settings", "num_updates", "num_transitions", "ent_coef", "target_entropy", "seed", "backend"):
            getattr(agent, name)
        setattr(agent, self.hostile.one_of("num_updates", "other", "replay"), 3)

    def ctrl_c(self) -> None:
        """Inside a long update: it ends soon, between two updates."""
        agent, before, begin = self._agent, self._agent.num_updates, time.monotonic()
        if agent.num_transitions == 0:
            return
        require(interrupted(float(self.hostile.rng.random()) * 0.01, lambda: agent.update(2**31 - 1)))
        require(agent.num_updates >= before and time.monotonic() - begin < 5.0)

    def make(self) -> None:
        h = self.hostile
        names = list(softac._core.learner_settings())
        settings: dict[str, Any] = {"net_arch": [4]}
        if h.chance(0.7):
            settings[h.one_of(*names)] = h.one_of(h.thing(), h.real(0.5), h.whole(1), 1, 2, 0.5, True, [3])
        if h.chance(0.5):
            settings[h.one_of("num_envs", "seed", "num_actions", "other", "backend", "threads")] = h.whole(1, 2)
        sizes = (h.whole(3), h.whole(2)) if h.chance(0.2) else (3, 2)
        size = h.one_of(0, -1, 10**15, None) if h.chance(0.2) else 2000
        softac.Agent(*sizes, buffer_size=size, **settings)

    def shared_by_threads(self) -> None:
        """Several threads in one agent: each call works or raises that the agent is in use."""
        agent, obs = self._agent, np.zeros((self.n, self.o), np.float32)
        self._feed(2)
        calls: list[Callable[[], object]] = [lambda: agent.act(obs), lambda: agent.update(2), agent.state_hash]
        calls += [lambda: agent.replay.export(), lambda: agent.replay.sample(5), lambda: copy.copy(agent)]
        zeros, flags = np.zeros((self.n, self.a), np.float32), np.zeros(self.n, bool)
        calls.append(lambda: agent.observe(obs, zeros, np.zeros(self.n), obs, flags, flags))
        poisoned = self.poisoned

        def work(i: int) -> None:
            for k in range(15):
                try:
                    calls[(i + k) % len(calls)]()
                except softac.NumericsError:
                    require(poisoned)
                except RuntimeError as error:
                    require("in use by another thread" in str(error) or poisoned, error)

        for error in in_threads(3, work):
            raise error

    def own_by_threads(self) -> None:
        """An agent for each thread gives what one thread alone gives."""

        def trained(seed: int) -> int:
            agent = softac.Agent(3, 2, buffer_size=50, seed=seed, threads=1 + seed % 2, **SETTINGS)
            obs = np.zeros(3, np.float32)
            for step in range(12):
                action = agent.act(obs)
                agent.observe(obs, action, 0.1 * step, obs + 1, False, step % 4 == 3)
                agent.update()
                obs = obs + 1 if step % 4 != 3 else obs * 0
            return agent.state_hash()

        hashes: dict[int, int] = {}
        for error in in_threads(3, lambda i: hashes.__setitem__(i, trained(i))):
            raise error
        require(hashes == {i: trained(i) for i in range(3)})

    def fork(self) -> None:
        """A child can use an agent without threads, and can only drop one with them."""
        agent, obs = self._agent, np.zeros((self.n, self.o), np.float32)
        self._feed(1)

        def child() -> bool:
            if self.threads > 1:
                try:
                    agent.update()
                except RuntimeError as error:
                    require("fork" in str(error))
                else:
                    return False
            else:
                agent.random_action()
                agent.replay.export()
                if not self.poisoned:
                    agent.act(obs)
                    agent.update()
            self.agent = None
            gc.collect()
            return True

        require(child_status(child) == 0)
