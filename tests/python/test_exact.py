"""softac.exact: finite problems from NumPy, their exact solutions, Boltzmann targets."""
import math
import threading
import time

import gymnasium
import numpy as np
import pytest
import softac
from softac import exact


def dense_iteration(P, R, ends, alpha, gamma, sweeps=6000):
    """Soft value iteration on dense arrays: v (S), q (S, A) of problems whose actions are all available."""
    expected = (P * R).sum(axis=2)
    continuing = P * ~ends
    v = np.zeros(len(P))
    for _ in range(sweeps):
        q = expected + gamma * continuing @ v
        most = q.max(axis=1)
        v = most if alpha == 0.0 else most + alpha * np.log(np.exp((q - most[:, None]) / alpha).sum(axis=1))
    return v, q


PROBLEMS = [
    lambda: exact.frozen_lake(),
    lambda: exact.frozen_lake(8, slippery=False),
    lambda: exact.cliff_walking(slippery=True),
    lambda: exact.random_problem(7, 3, seed=4),
]


@pytest.mark.parametrize("alpha", [0.0, 0.05, 1.0])
@pytest.mark.parametrize("make", PROBLEMS, ids=range(len(PROBLEMS)))
def test_solutions_equal_value_iteration_in_numpy(make, alpha):
    problem = make()
    solution = exact.solve_soft(problem, alpha=alpha, gamma=0.95)
    v, q = dense_iteration(*exact.mdp_dense(problem), alpha, 0.95, sweeps=900)
    assert solution.error_bound <= 1e-9
    np.testing.assert_allclose(solution.v, v, atol=2e-9, rtol=0)
    np.testing.assert_allclose(solution.q, q, atol=2e-9, rtol=0)
    assert solution.pi.shape == q.shape and np.allclose(solution.pi.sum(axis=1), 1.0)
    if alpha > 0.0:
        np.testing.assert_allclose(solution.pi, np.exp((q - v[:, None]) / alpha), atol=1e-7)
        np.testing.assert_allclose(solution.log_z * alpha, v, atol=1e-8)
        logs = np.log(np.maximum(solution.pi, 1e-300))
        np.testing.assert_allclose(solution.entropy, -(solution.pi * logs).sum(axis=1), atol=1e-9)
        policy = exact.evaluate_policy(problem, solution.pi, alpha=alpha, gamma=0.95)
        np.testing.assert_allclose(policy.v, v, atol=1e-8)
    else:
        assert solution.log_z.size == 0
    plain = exact.evaluate_policy(problem, solution.pi, alpha=0.0, gamma=0.95)
    np.testing.assert_allclose(plain.v, solution.plain_return, atol=1e-8)


def test_gymnasiums_tables_are_the_same_problems():
    for name, problem, kwargs in (
        ("FrozenLake-v1", exact.frozen_lake(), {}),
        ("FrozenLake-v1", exact.frozen_lake(8), {"map_name": "8x8"}),
        ("CliffWalking-v1", exact.cliff_walking(), {}),
    ):
        made = exact.mdp_from_gym(gymnasium.make(name, **kwargs).unwrapped.P)
        for ours, theirs in zip(exact.mdp_dense(made), exact.mdp_dense(problem)):
            assert np.array_equal(ours, theirs)
        ours, theirs = (exact.solve_soft(mdp, alpha=0.1).v for mdp in (made, problem))
        np.testing.assert_allclose(ours, theirs, atol=1e-8)


def test_rows_dense_and_csv_describe_the_same_problem():
    problem = exact.random_problem(6, 2, seed=9)
    rows = exact.mdp_rows(problem)
    order = np.random.default_rng(0).permutation(len(rows["s"]))
    shuffled = {name: values[order] for name, values in rows.items()}
    reference = exact.solve_soft(problem, alpha=0.3).v
    from_rows = exact.mdp_from_rows(**shuffled)
    assert from_rows.num_transitions == problem.mdp.num_transitions == 48
    np.testing.assert_allclose(exact.solve_soft(from_rows, alpha=0.3).v, reference, atol=1e-9)
    P, R, ends = exact.mdp_dense(problem)
    np.testing.assert_allclose(exact.solve_soft(exact.mdp_from_dense(P, R, ends), alpha=0.3).v, reference, atol=1e-9)
    expected = exact.mdp_from_dense(P.tolist(), (P * R).sum(axis=2))
    np.testing.assert_allclose(exact.solve_soft(expected, alpha=0.3).v, reference, atol=1e-9)
    text = exact.to_csv(problem)
    assert text.startswith("s,a,s_next,p,r,terminated\n")
    again = exact.parse_csv(text)
    np.testing.assert_allclose(exact.solve_soft(again, alpha=0.3).v, reference, atol=1e-9)


def test_terminal_states_and_actions_that_are_not_available(tmp_path):
    # State 2 has no action; action 1 is missing in state 0.
    P = np.zeros((3, 2, 3))
    P[0, 0, 1] = P[1, 0, 2] = P[1, 1, 0] = 1.0
    R = np.array([[1.0, 0.0], [2.0, 3.0], [0.0, 0.0]])
    mdp = exact.mdp_from_dense(P, R)
    assert (mdp.num_states, mdp.num_actions, mdp.num_transitions) == (3, 2, 3)
    assert mdp.terminal.tolist() == [False, False, True] and mdp.terminal.dtype == np.bool_
    assert mdp.available.tolist() == [[True, False], [True, True], [False, False]]
    assert mdp.reward.tolist() == R.tolist() and mdp.action_weight.tolist() == [1.0, 1.0]
    solution = exact.solve_soft(mdp, alpha=0.0, gamma=0.5)
    v1 = (3 + 0.5 * 1) / (1 - 0.25)
    assert solution.v == pytest.approx([1 + 0.5 * v1, v1, 0.0])
    assert np.isnan(solution.q[0, 1]) and solution.pi[0].tolist() == [1.0, 0.0]
    (tmp_path / "mdp.csv").write_text(exact.to_csv(mdp))
    assert exact.read_csv(tmp_path / "mdp.csv").mdp.available.tolist() == mdp.available.tolist()


def test_terminating_transitions_end_the_value():
    mdp = exact.mdp_from_rows([0, 0], [0, 1], [0, 0], [1.0, 1.0], [1.0, 5.0], [False, True])
    assert exact.solve_soft(mdp, alpha=0.0, gamma=0.5).v[0] == pytest.approx(5.0)
    assert exact.solve_soft(mdp, alpha=0.0, gamma=0.9).v[0] == pytest.approx(10.0)
    assert exact.mdp_rows(mdp)["terminated"].tolist() == [False, True]


def test_operators_have_their_shapes_and_values():
    problem = exact.random_problem(5, 3, seed=1)
    P, R, ends = exact.mdp_dense(problem)
    v = np.linspace(-1.0, 1.0, 5)
    q = exact.soft_q(problem, v, gamma=0.9)
    np.testing.assert_allclose(q, (P * R).sum(axis=2) + 0.9 * P @ v, atol=1e-12)
    energy = 0.5 * np.log(np.exp(q / 0.5).sum(axis=1))
    np.testing.assert_allclose(exact.soft_backup(problem, v.tolist(), alpha=0.5, gamma=0.9), energy, atol=1e-12)
    np.testing.assert_allclose(exact.free_energy(problem, q, alpha=0.5), energy, atol=1e-12)
    pi = exact.boltzmann_policy(problem, q, alpha=0.5)
    np.testing.assert_allclose(pi, np.exp((q - energy[:, None]) / 0.5), atol=1e-12)
    np.testing.assert_allclose(exact.policy_entropy(problem, pi), -(pi * np.log(pi)).sum(axis=1), atol=1e-12)
    greedy = exact.boltzmann_policy(problem, q.astype(np.float32), alpha=0.0)
    assert (greedy.argmax(axis=1) == q.argmax(axis=1)).all()
    occupancy = exact.discounted_occupancy(problem, pi, gamma=0.9)
    transition = np.einsum("sa,sat->st", pi, P)
    exact_one = 0.1 * np.linalg.solve(np.eye(5) - 0.9 * transition.T, problem.start)
    np.testing.assert_allclose(occupancy, exact_one, atol=1e-10)
    from_two = exact.discounted_occupancy(problem.mdp, pi, [0, 0, 1, 0, 0], gamma=0.0)
    assert from_two == pytest.approx([0, 0, 1, 0, 0])
    limit = exact.solve_soft(problem, alpha=math.inf)
    np.testing.assert_allclose(limit.pi, 1.0 / 3.0)
    weights = exact.gauss_legendre(4)
    assert weights[0].shape == weights[1].shape == (4,) and weights[1] @ weights[0] ** 6 == pytest.approx(2 / 7)


def test_results_are_read_only_and_outlive_their_owner():
    solution = exact.solve_soft(exact.frozen_lake(), alpha=0.1)
    v, pi = solution.v, solution.pi
    expected = v.copy()
    del solution
    exact.solve_soft(exact.frozen_lake(8), alpha=0.1)
    assert np.array_equal(v, expected) and not v.flags.writeable and not pi.flags.writeable
    reward = exact.frozen_lake().mdp.reward
    assert reward.shape == (16, 4) and reward[14].max() == pytest.approx(1 / 3)


def test_threads_change_nothing_and_python_goes_on_meanwhile():
    problem = exact.random_problem(10000, 4, seed=2)
    results = [exact.solve_soft(problem, alpha=0.1, gamma=0.99, threads=threads).v for threads in (1, 2)]
    assert np.array_equal(*results)
    solving = threading.Thread(target=lambda: exact.solve_soft(problem, alpha=0.1, gamma=0.99, threads=1))
    solving.start()
    beats = 0
    while solving.is_alive():
        time.sleep(0.001)
        beats += 1
    assert beats > 3


def test_a_problem_of_ones_own_is_drawn_and_trained_on(tmp_path):
    grid = exact.grid_world(2, 3)
    assert (grid.rows, grid.cols, grid.cells) == (2, 3, "FFGSFF") and grid.action_dx.tolist() == [0, 1, 0, -1]
    assert grid.action_value is None and grid.start.tolist() == [0, 0, 0, 1, 0, 0]
    mine = exact.problem(
        grid.mdp, grid.start, name="mine", rows=2, cols=3, cells=grid.cells,
        action_dx=grid.action_dx, action_dy=grid.action_dy,
    )  # fmt: skip
    solution = exact.solve_soft(mine, alpha=0.1)
    svg = exact.policy_svg(mine, solution)
    assert svg.startswith("<svg") and "mine" in svg and "ExactProblem('mine', 6 states, 4 actions)" == repr(mine)
    assert exact.problem(grid.mdp).start.tolist() == pytest.approx([0.2, 0.2, 0.0, 0.2, 0.2, 0.2])
    exact.register_env(mine, "Mine-v0", max_episode_steps=30)
    try:
        report = softac.train("Mine-v0", total_timesteps=150, records=False, eval_freq=0, threads=1, net_arch=[8])
        assert report.reason == "finished" and report.num_episodes >= 5
        with pytest.raises(ValueError, match="taken"):
            exact.register_env(mine, "Mine-v0")
    finally:
        exact.unregister_env("Mine-v0")
    with pytest.raises(ValueError, match="unknown environment"):
        softac.train("Mine-v0")
    with pytest.raises(ValueError, match="not added by register_env"):
        exact.unregister_env("Pendulum-v1")


def test_continuous_problems_on_grids():
    problem = exact.pendulum_grid(9, 8, 5)
    assert (problem.mdp.num_states, problem.mdp.num_actions, problem.rows, problem.cols) == (72, 5, 8, 9)
    assert problem.mdp.action_weight.sum() == pytest.approx(2.0) and problem.action_value[2] == pytest.approx(0.0)
    solution = exact.solve_soft(problem, alpha=0.5, gamma=0.9)
    assert exact.grid_value(problem, solution.v, -math.pi, -8.0) == pytest.approx(solution.v[0])
    assert solution.v.max() > exact.grid_value(problem, solution.v, math.pi, 0.0)
    car = exact.mountain_car_grid(6, 5, 3)
    assert car.mdp.num_states == 30 and car.start.sum() == pytest.approx(1.0)
    # The same by hand: weights of a continuous action turn sums into integrals.
    weighted = exact.mdp_from_rows(**exact.mdp_rows(problem), action_weight=problem.mdp.action_weight)
    np.testing.assert_allclose(exact.solve_soft(weighted, alpha=0.5, gamma=0.9).v, solution.v, atol=1e-8)


def test_boltzmann_targets():
    # Q = -a^2 / 2: Z is an error function's.
    estimate = exact.boltzmann_target([0.3], [-0.5], lambda actions: -0.5 * actions[:, 0] ** 2, alpha=0.5)
    assert estimate.log_z == pytest.approx(math.log(math.sqrt(math.pi) * math.erf(1.0)), abs=1e-9)
    assert estimate.kl > 0.0 and estimate.effective_samples == 0.0
    assert estimate.actor_loss == pytest.approx(0.5 * (estimate.kl - estimate.log_z), abs=1e-9)
    drawn = exact.boltzmann_target(
        [0.3], [-0.5], lambda actions: -0.5 * actions[:, 0] ** 2, 0.5, method="sampling", samples=20000, seed=3
    )
    assert abs(drawn.log_z - estimate.log_z) < 5 * drawn.log_z_error < 0.1
    nodes, weights = exact.gauss_legendre(400)
    density = exact.squashed_log_density([0.3], [-0.5], nodes[:, None])
    assert density.shape == (400,) and weights @ np.exp(density) == pytest.approx(1.0, abs=1e-3)
    mixture = exact.squashed_log_density(
        [[0.3], [-1.0]], [[-0.5], [0.0]], nodes[:, None], log_weight=np.log([0.25, 0.75])
    )
    other = exact.squashed_log_density([-1.0], [0.0], nodes[:, None])
    np.testing.assert_allclose(np.exp(mixture), 0.25 * np.exp(density) + 0.75 * np.exp(other), rtol=1e-9)
    plane = exact.boltzmann_target([0.0, 0.0], [0.0, 0.0], lambda a: np.zeros(len(a)), 1.0, shear=[0.5], nodes=64)
    assert plane.log_z == pytest.approx(math.log(4.0), abs=1e-9)
    with pytest.raises(ZeroDivisionError):
        exact.boltzmann_target([0.3], [-0.5], lambda actions: 1 // 0, 0.5)


LAKE = exact.frozen_lake()
TWO = exact.grid_world(1, 2)
ONE = np.ones((1, 1, 1))
UNIFORM = np.full((16, 4), 0.25)
TRANSITION = ([0], [0], [0], [1.0], [0.0])
MISUSES = [
    (lambda: exact.solve_soft("lake"), TypeError, "mdp: a str"),
    (lambda: exact.solve_soft(LAKE, alpha=-1.0), ValueError, "alpha = -1"),
    (lambda: exact.solve_soft(LAKE, gamma=1.0, tolerance=0.0), ValueError, "gamma = 1.*\n.*tolerance = 0"),
    (lambda: exact.solve_soft(LAKE, threads=-1), ValueError, "threads = -1"),
    (lambda: exact.evaluate_policy(LAKE, UNIFORM[:3]), ValueError, r"pi: shape \(3, 4\), expected \(16, 4\)"),
    (lambda: exact.evaluate_policy(LAKE, UNIFORM * 2), ValueError, "pi: the probabilities of s = 0 sum to 2"),
    (lambda: exact.evaluate_policy(LAKE, UNIFORM * np.nan), ValueError, "pi: expected finite"),
    (lambda: exact.evaluate_policy(LAKE, "pi"), ValueError, "pi: not an array of numbers"),
    (lambda: exact.policy_entropy(TWO, UNIFORM[:2]), ValueError, "pi: 0.25 at s = 1, a = 0"),
    (lambda: exact.soft_q(LAKE, np.zeros((16, 1))), ValueError, r"v: shape \(16, 1\)"),
    (lambda: exact.soft_q(LAKE, np.zeros(16), gamma=2.0), ValueError, "gamma = 2"),
    (lambda: exact.soft_backup(LAKE, np.zeros(16), alpha=math.inf), ValueError, "alpha = inf"),
    (lambda: exact.boltzmann_policy(LAKE, UNIFORM, alpha=math.nan), ValueError, "alpha = nan"),
    (lambda: exact.boltzmann_policy(LAKE, UNIFORM, tie_width=-1), ValueError, "tie_width = -1"),
    (lambda: exact.free_energy(LAKE, UNIFORM, alpha=0.0), ValueError, "alpha = 0"),
    (lambda: exact.discounted_occupancy(LAKE, UNIFORM, gamma=1.0), ValueError, "gamma = 1"),
    (lambda: exact.discounted_occupancy(LAKE.mdp, UNIFORM), ValueError, "start: a FiniteMdp has none"),
    (lambda: exact.discounted_occupancy(LAKE, UNIFORM, np.ones(16)), ValueError, "start: expected probabilities"),
    (lambda: exact.frozen_lake(5), ValueError, "size = 5"),
    (lambda: exact.grid_world(1, 1), ValueError, "rows = 1, cols = 1"),
    (lambda: exact.random_problem(0, 2), ValueError, "num_states = 0"),
    (lambda: exact.random_problem(2, 2, seed=-1), ValueError, "seed = -1"),
    (lambda: exact.random_problem(2**30, 2**30), MemoryError, "memory"),
    (lambda: exact.pendulum_grid(1, 5, 3), ValueError, "at least 2 points"),
    (lambda: exact.grid_value(LAKE, np.zeros(16), 0, 0), ValueError, "problem: 'frozenlake'"),
    (lambda: exact.mdp_from_dense(UNIFORM, UNIFORM), ValueError, r"P: shape \(16, 4\), expected \(S, A, S\)"),
    (lambda: exact.mdp_from_dense(ONE, np.ones(3)), ValueError, r"R: shape \(3,\)"),
    (lambda: exact.mdp_from_dense(0.5 * ONE, [[0.0]]), ValueError, "p: .* of s = 0, a = 0 sum to 0.5"),
    (lambda: exact.mdp_from_dense(-ONE, [[0.0]]), ValueError, "P: expected finite"),
    (lambda: exact.mdp_from_dense(np.zeros((1, 1, 1)), [[0.0]]), ValueError, "P: no transitions"),
    (lambda: exact.mdp_from_dense(ONE, [[0.0]], [True]), ValueError, r"terminated: shape \(1,\)"),
    (lambda: exact.mdp_from_rows([], [], [], [], []), ValueError, "s: no transitions"),
    (lambda: exact.mdp_from_rows([0.5], [0], [0], [1.0], [0.0]), ValueError, "s: expected one row of whole numbers"),
    (lambda: exact.mdp_from_rows([0], [0, 1], [0], [1.0], [0.0]), ValueError, r"a: shape \(2,\), expected \(1,\)"),
    (lambda: exact.mdp_from_rows([0], [-1], [0], [1.0], [0.0]), ValueError, "a: -1 is not among|num_actions = 0"),
    (lambda: exact.mdp_from_rows([0], [0], [3], 1.0, 0.0, num_states=2), ValueError, "s_next: 3 is not among 0"),
    (lambda: exact.mdp_from_rows([0], [0], [0], [1.0], [math.inf]), ValueError, "r: expected finite"),
    (lambda: exact.mdp_from_rows(*TRANSITION, num_actions=0), ValueError, "num_actions = 0"),
    (lambda: exact.mdp_from_rows(*TRANSITION, action_weight=[0.0]), ValueError, "action_weight: expected finite"),
    (lambda: exact.mdp_from_gym({0: {0: [(1.0, 0)]}}), ValueError, "P: expected"),
    (lambda: exact.mdp_from_gym(3), ValueError, "P: expected"),
    (lambda: exact.mdp_from_gym({}), ValueError, "no transitions|whole numbers"),
    (lambda: exact.problem(LAKE.mdp, rows=3, cols=3), ValueError, "rows, cols"),
    (lambda: exact.problem(LAKE.mdp, cells="S"), ValueError, "cells: 1 letters"),
    (lambda: exact.problem(LAKE.mdp, action_dx=[1.0]), ValueError, "action_dx: 1 numbers"),
    (lambda: exact.problem(LAKE), TypeError, "mdp: a ExactProblem"),
    (lambda: exact.policy_svg(LAKE, exact.solve_soft(exact.grid_world())), ValueError, "solution"),
    (lambda: exact.parse_csv("s,a\n", "mine.csv"), OSError, "mine.csv:1"),
    (lambda: exact.read_csv("no-such-file.csv"), OSError, "no-such-file"),
    (lambda: exact.register_env(exact.random_problem(2, 2), "Pendulum-v1"), ValueError, "taken"),
    (lambda: exact.register_env(LAKE, "Lake-v0", max_episode_steps=-1), ValueError, "max_episode_steps = -1"),
    (lambda: exact.gauss_legendre(0), ValueError, "n = 0"),
    (lambda: exact.boltzmann_target([0.0], [0.0, 0.0], np.sum, 1.0), ValueError, "log_std: shape"),
    (lambda: exact.boltzmann_target([0.0], [0.0], lambda a: a, 1.0), ValueError, "q: returned shape"),
    (lambda: exact.boltzmann_target([0.0], [0.0], np.sum, 0.0), ValueError, "alpha = 0"),
    (lambda: exact.boltzmann_target([0.0] * 3, [0.0] * 3, np.sum, 1.0), ValueError, 'use "sampling"'),
    (lambda: exact.boltzmann_target([0.0], [0.0], np.sum, 1.0, nodes=33), ValueError, "nodes = 33"),
    (lambda: exact.boltzmann_target([0.0], [0.0], np.sum, 1.0, method="guess"), ValueError, "method = 'guess'"),
    (lambda: exact.boltzmann_target([0.0], [0.0], np.sum, 1.0, log_weight=[0.0]), ValueError, "mu: shape"),
    (lambda: exact.boltzmann_target([math.nan], [0.0], np.sum, 1.0), ValueError, "mu: expected finite"),
    (lambda: exact.squashed_log_density([0.0], [0.0], [[1.0]]), ValueError, "actions: shape"),
    (lambda: exact.FiniteMdp(), TypeError, "constructor"),
]


@pytest.mark.parametrize("call, kind, text", MISUSES, ids=range(len(MISUSES)))
def test_misuse_is_a_python_exception_that_names_the_argument(call, kind, text):
    with pytest.raises(kind, match=text):
        call()
