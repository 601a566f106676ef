"""Compares the native MuJoCo tasks with Gymnasium's own classes, on the same libmujoco.

    parity.py --rollout path/to/env_rollout [--steps 500] [--seeds 3] [--only TASK]

Both sides play the same float64 actions from the same start states (Gymnasium's resets, injected into the native task).
Start observations, observations, rewards, flags and info values must be equal bit for bit. Two exceptions, where
NumPy's own arithmetic depends on the machine, are allowed 1e-12: distances (np.linalg.norm calls the BLAS) in info
values and in the rewards of Reacher and Pusher, and sines and cosines in the observations of Reacher and
InvertedDoublePendulum if NumPy's vector code cannot be switched off. Exit status 0: equal, 1: different, 77: not comparable here (with the reason).
"""
import argparse
import inspect
import json
import math
import os
import subprocess
import sys
import tempfile

# NumPy's AVX-512 sine and cosine differ from the C library's in the last bit; names of NumPy 2.4, and of those before.
VECTOR_FEATURES = {True: "X86_V4 AVX512_ICL AVX512_SPR",
                   False: "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"}
SKIPPED = 77
TOLERANCE = 1e-12
RENDERING = {"default_camera_config"}  # arguments that do not change the simulation

VARIANTS = {
    "Ant-v5": [dict(exclude_current_positions_from_observation=False, include_cfrc_ext_in_observation=False),
               dict(main_body=2, contact_force_range=[-0.5, 0.7], contact_cost_weight=0.01, healthy_z_range=[0.3, 0.9],
                    frame_skip=3, forward_reward_weight=0.7, ctrl_cost_weight=0.3, healthy_reward=0.9),
               dict(main_body="torso", terminate_when_unhealthy=False, reset_noise_scale=0.3)],
    "Ant-v4": [dict(use_contact_forces=True), dict(use_contact_forces=True, contact_force_range=[-3.0, 2.0],
               contact_cost_weight=0.003, exclude_current_positions_from_observation=False),
               dict(terminate_when_unhealthy=False, healthy_reward=0.3, healthy_z_range=[0.4, 0.8])],
    "HalfCheetah-v5": [dict(forward_reward_weight=1.7, ctrl_cost_weight=0.03, frame_skip=3, reset_noise_scale=0.5,
                            exclude_current_positions_from_observation=False)],
    "HalfCheetah-v4": [dict(forward_reward_weight=0.9, ctrl_cost_weight=0.2, reset_noise_scale=0.01,
                            exclude_current_positions_from_observation=False)],
    "Hopper-v5": [dict(terminate_when_unhealthy=False, exclude_current_positions_from_observation=False, frame_skip=8,
                       healthy_state_range=[-5.0, 5.0]),
                  dict(healthy_z_range=[0.5, 1.6], healthy_angle_range=[-0.4, 0.3], healthy_reward=2.3,
                       forward_reward_weight=0.3, ctrl_cost_weight=0.1, reset_noise_scale=0.05)],
    "Hopper-v4": [dict(terminate_when_unhealthy=False), dict(healthy_state_range=[-3.0, 2.0], healthy_reward=0.1)],
    "Humanoid-v5": [dict(include_cinert_in_observation=False, include_cfrc_ext_in_observation=False, frame_skip=2,
                         terminate_when_unhealthy=False, contact_cost_weight=1e-3, contact_cost_range=[0.01, 0.5]),
                    dict(include_cvel_in_observation=False, include_qfrc_actuator_in_observation=False,
                         exclude_current_positions_from_observation=False, healthy_z_range=[0.8, 1.9],
                         ctrl_cost_weight=0.2, healthy_reward=4.0, forward_reward_weight=1.1, reset_noise_scale=0.05)],
    "Humanoid-v4": [dict(terminate_when_unhealthy=False, exclude_current_positions_from_observation=False)],
    "HumanoidStandup-v5": [dict(uph_cost_weight=3.0, ctrl_cost_weight=0.02, impact_cost_weight=1e-4, frame_skip=2,
                                impact_cost_range=[0.5, 3.0], include_cvel_in_observation=False,
                                exclude_current_positions_from_observation=False, reset_noise_scale=0.1)],
    "InvertedDoublePendulum-v5": [dict(healthy_reward=3.0, frame_skip=2, reset_noise_scale=0.4)],
    "InvertedPendulum-v5": [dict(frame_skip=1, reset_noise_scale=0.1)],
    "Pusher-v5": [dict(reward_near_weight=0.7, reward_dist_weight=1.3, reward_control_weight=0.01, frame_skip=2)],
    "Reacher-v5": [dict(reward_dist_weight=0.6, reward_control_weight=0.2, frame_skip=4)],
    "Swimmer-v5": [dict(forward_reward_weight=2.0, ctrl_cost_weight=0.1, frame_skip=2, reset_noise_scale=0.5,
                        exclude_current_positions_from_observation=False)],
    "Swimmer-v4": [dict(exclude_current_positions_from_observation=False, ctrl_cost_weight=0.05)],
    "Walker2d-v5": [dict(healthy_z_range=[0.9, 1.6], healthy_angle_range=[-0.5, 0.6], healthy_reward=0.7,
                         exclude_current_positions_from_observation=False, frame_skip=6, reset_noise_scale=0.05),
                    dict(terminate_when_unhealthy=False, forward_reward_weight=0.8, ctrl_cost_weight=0.05)],
    "Walker2d-v4": [dict(terminate_when_unhealthy=False), dict(healthy_reward=3.0, healthy_z_range=[1.0, 1.5])],
}


def skip(reason):
    print("SKIPPED:", reason)
    sys.exit(SKIPPED)


def import_packages():
    """NumPy reads the switch once, at its first import: start over with it set."""
    if "NPY_DISABLE_CPU_FEATURES" not in os.environ:
        try:
            from importlib.metadata import version
            new_names = tuple(map(int, version("numpy").split(".")[:2])) >= (2, 4)
        except Exception as error:
            skip(f"{sys.executable} has no NumPy ({error})")
        os.environ["NPY_DISABLE_CPU_FEATURES"] = VECTOR_FEATURES[new_names]
        os.execv(sys.executable, [sys.executable, "-W", "ignore"] + sys.argv)
    try:
        import gymnasium
        import mujoco
        import numpy
        import gymnasium.envs.mujoco.mujoco_env
    except ImportError as error:
        skip(f"{sys.executable}: {error}")
    gymnasium.logger.min_level = gymnasium.logger.ERROR      # not that version 4 is old
    mujoco.set_mju_user_warning(lambda message: None)        # nor MuJoCo's deprecation notes
    return gymnasium, mujoco, numpy


gym, mujoco, np = import_packages()


def scalar_trigonometry():
    values = np.random.default_rng(0).normal(size=20000) * 3
    return all(np.array_equal(f(values), [g(v) for v in values]) for f, g in ((np.sin, math.sin), (np.cos, math.cos)))


def check_facts(task):
    """The id's limits, bounds, argument names and defaults against Gymnasium's."""
    env = gym.make(task["id"], disable_env_checker=True)
    facts = [("max_episode_steps", task["max_episode_steps"], env.spec.max_episode_steps),
             ("reward_threshold", task["reward_threshold"], env.spec.reward_threshold),
             ("obs_dim", task["obs_dim"], env.observation_space.shape[0]),
             ("act_low", task["act_low"], env.action_space.low.astype(float).tolist()),
             ("act_high", task["act_high"], env.action_space.high.astype(float).tolist())]
    expected = {}
    for name, parameter in inspect.signature(type(env.unwrapped).__init__).parameters.items():
        if parameter.default is not inspect.Parameter.empty and name not in RENDERING:
            expected[name] = parameter.default
    found = {}
    for name, value in task["arguments"].items():
        if isinstance(value, list):
            value = tuple(map(float, value))
        found[name] = int(value) if name == "main_body" else value
    facts.append(("arguments", found, expected))
    wrong = [f"{task['id']}: {name}: native {native!r}, Gymnasium {theirs!r}"
             for name, native, theirs in facts if native != theirs]
    env.close()
    return wrong


def info_row(info, infos, stage):
    """The info's numbers in the native order; NaN where neither side has the value, after a reset."""
    expected = {field["name"] for field in infos if stage == "step" or field["at_start"]}
    if set(info) != expected:
        raise SystemExit(f"info of a {stage}: Gymnasium has {sorted(info)}, native {sorted(expected)}")
    parts = [np.atleast_1d(info.get(field["name"], np.full(max(field["size"], 1), np.nan))) for field in infos]
    return np.concatenate([*parts, []])


def play(env, infos, seed, steps, overdrive):
    """Gymnasium's side: random actions, beyond the bounds where overdrive > 1; a fresh start at every episode's end."""
    rng = np.random.default_rng(seed)
    low, high = (bound.astype(np.float64) * overdrive for bound in (env.action_space.low, env.action_space.high))
    actions = rng.uniform(low, high, size=(steps, len(low)))
    starts, start_rows, rows = [], [], []
    set_state = env.unwrapped.set_state

    def recording_set_state(qpos, qvel):  # the state as drawn: MuJoCo below 3.2 normalises quaternions in place
        starts.append((qpos.copy(), qvel.copy()))
        set_state(qpos, qvel)

    env.unwrapped.set_state = recording_set_state

    def reset(seed=None):
        obs, info = env.reset(seed=seed)
        start_rows.append(np.concatenate([obs, info_row(info, infos, "start")]))

    reset(seed)
    for t, action in enumerate(actions):
        obs, reward, terminated, truncated, info = env.step(action)
        rows.append(np.concatenate([obs, [reward, terminated, truncated], info_row(info, infos, "step")]))
        if (terminated or truncated) and t + 1 < steps:
            reset()
    return actions, starts, np.array(start_rows), np.array(rows)


def native(rollout, task_id, kwargs, actions, starts, start_width):
    with tempfile.TemporaryDirectory() as folder:
        header = {"id": task_id, "kwargs": {k: str(v) if k == "main_body" else v for k, v in kwargs.items()},
                  "starts": len(starts), "steps": len(actions)}
        with open(f"{folder}/in", "wb") as file:
            file.write(json.dumps(header).encode() + b"\n")
            for array in (np.array([s[0] for s in starts]), np.array([s[1] for s in starts]), actions):
                file.write(array.astype(np.float64).tobytes())
        subprocess.run([rollout, f"{folder}/in", f"{folder}/out"], check=True)
        values = np.fromfile(f"{folder}/out")
    start_values = len(starts) * start_width
    expected = start_values + len(actions) * (start_width + 3)
    if len(values) != expected:
        raise SystemExit(f"{task_id} {kwargs}: {len(values)} numbers from the native task, expected {expected}")
    return values[:start_values].reshape(-1, start_width), values[start_values:].reshape(len(actions), -1)


def allowed(task, exact_trigonometry, obs_dim):
    """Per column of (obs, reward, terminated, truncated, infos): the allowed difference."""
    task_id, info_limits = task["id"], []
    distances = {"distance_from_origin"}
    if task_id.startswith(("Reacher", "Pusher")):
        distances |= {"reward_dist", "reward_near"}
    for field in task["infos"]:
        info_limits += max(field["size"], 1) * [TOLERANCE if field["name"] in distances else 0.0]
    limits = np.concatenate([np.zeros(obs_dim + 3), info_limits])
    if task_id.startswith(("Reacher", "Pusher")):
        limits[obs_dim] = TOLERANCE
    if not exact_trigonometry and task_id.startswith("Reacher"):
        limits[0:4] = TOLERANCE
    if not exact_trigonometry and task_id.startswith("InvertedDoublePendulum"):
        limits[1:5] = TOLERANCE
    return limits


def compare(theirs, ours, limits):
    """Largest difference, number of differing numbers, and whether all lie within limits (exactly equal where 0)."""
    same = (theirs == ours) & (np.signbit(theirs) == np.signbit(ours)) | np.isnan(theirs) & np.isnan(ours)
    difference = np.where(same, 0.0, np.abs(theirs - ours))
    return difference.max(), int((~same).sum()), bool((same | ((limits > 0) & (difference <= limits))).all())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rollout", required=True)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    listed = json.loads(subprocess.run([options.rollout, "--list"], check=True, capture_output=True, text=True).stdout)
    if listed["mujoco_version"] != mujoco.mj_versionString():
        skip(f"Python has MuJoCo {mujoco.mj_versionString()}, the library links {listed['mujoco_version']}")
    exact_trigonometry = scalar_trigonometry()
    tasks = [task for task in listed["tasks"] if task["id"].startswith(options.only)]
    print(f"MuJoCo {listed['mujoco_version']}, Gymnasium {gym.__version__}, NumPy {np.__version__}; NumPy's sin and "
          f"cos {'are' if exact_trigonometry else 'are not'} the C library's")
    print(f"{'task':28} {'runs':>4} {'steps':>6} {'episodes':>8} {'obs':>4} {'differ':>7} {'max difference':>15}")
    failures, total_steps = [], 0
    for task in tasks:
        failures += check_facts(task)
        runs = [({}, seed) for seed in range(options.seeds)]
        runs += [(kwargs, 100 + i) for i, kwargs in enumerate(VARIANTS.get(task["id"], []))]
        episodes, differing, largest = 0, 0, 0.0
        for kwargs, seed in runs:
            env = gym.make(task["id"], disable_env_checker=True, **kwargs)
            actions, starts, their_starts, their_rows = play(env, task["infos"], seed, options.steps,
                                                             1.3 if seed % 2 else 1.0)
            obs_dim = env.observation_space.shape[0]
            env.close()
            our_starts, our_rows = native(options.rollout, task["id"], kwargs, actions, starts, their_starts.shape[1])
            limits = allowed(task, exact_trigonometry, obs_dim)
            at_start = np.r_[:obs_dim, obs_dim + 3:len(limits)]
            for part, theirs, ours, limit in (("starts", their_starts, our_starts, limits[at_start]),
                                              ("steps", their_rows, our_rows, limits)):
                difference, count, fits = compare(theirs, ours, limit)
                largest, differing = max(largest, difference), differing + count
                if not fits:
                    row, column = np.argwhere((theirs != ours) & ~(np.abs(theirs - ours) <= limit))[0] \
                        if (theirs != ours).any() else (0, 0)
                    failures.append(f"{task['id']} {kwargs} seed {seed}: {part} differ, first at row {row}, column "
                                    f"{column} of {theirs.shape[1]}: Gymnasium {theirs[row, column]!r}, native "
                                    f"{ours[row, column]!r}")
            episodes += len(starts)
        total_steps += len(runs) * options.steps
        print(f"{task['id']:28} {len(runs):4} {len(runs) * options.steps:6} {episodes:8} {task['obs_dim']:4} "
              f"{differing:7} {largest:15.3g}", flush=True)
    if not tasks:
        failures.append(f"no task begins with '{options.only}'")
    for failure in failures:
        print("DIFFERENT:", failure)
    print(f"{len(tasks)} tasks, {total_steps} steps: {'DIFFERENT' if failures else 'equal'}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
