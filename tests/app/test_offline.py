"""Recorded data: softac data record and info, softac train --offline with softac's own data and with Minari's HDF5."""
import importlib.util
import json
import os
import shutil
import warnings

import command
from command import SMALL, CommandTest

TRAIN = ["train", "Pendulum-v1", "--seed", "3", *SMALL]


def missing_package():
    """Why Minari's files cannot be written or read here; "" if they can."""
    for name in ["h5py", "minari"]:
        if importlib.util.find_spec(name) is None:
            return f"the Python package {name} is not installed (scripts/requirements-test.txt)"
    return ""


class OfflineTest(CommandTest):
    """What both kinds of data need."""

    def state_hash(self, *arguments, **options):
        return json.loads(self.run_command(*arguments, "--json", "-q", **options).stdout)["state_hash"]

    def record(self, name="data", *more):
        """A dataset of three episodes of a policy that has hardly learnt; its JSON."""
        if not os.path.exists(self.path("source")):
            self.run_command(*TRAIN, "--steps", "300", "--run-dir", "source", "-q")
        done = self.run_command("data", "record", "source", "--episodes", "3", "-o", name, "--json", "-q", *more)
        return json.loads(done.stdout)

    def info(self, path, **options):
        return json.loads(self.run_command("data", "info", path, "--json", **options).stdout)

    def need_minari(self):
        if why := missing_package():
            self.skipTest(why)
        if not self.record()["minari"]:
            self.skipTest("this build has no HDF5 (libhdf5-dev)")

    def refused(self, data, *parts, code=4, more=()):
        """A run with these data ends at once, says why, and leaves nothing."""
        done = self.run_command(*TRAIN, "--steps", "300", "--run-dir", "run", "--offline", data, *more, code=code)
        for part in parts:
            self.assertIn(part, done.stderr)
        self.assertFalse(os.path.exists(self.path("run")))
        return done


class OwnData(OfflineTest):
    def test_record_and_info(self):
        result = self.record()
        self.assertEqual((result["env"], result["episodes"], result["transitions"]), ("Pendulum-v1", 3, 600))
        played = json.loads(self.run_command("eval", "source", "--episodes", "3", "--json").stdout)
        self.assertEqual(result["mean_return"], played["mean_return"])
        described = json.loads(self.read("data", "dataset.json"))
        self.assertEqual((described["obs_dim"], described["act_low"], described["transitions"]), (3, [-2.0], 600))
        info = self.info("data")
        self.assertEqual((info["env"], info["episodes"], info["transitions"], info["longest_episode"]), ("Pendulum-v1", 3, 600, 200))
        self.assertEqual((info["terminated"], info["truncated"]), (0, 3))
        self.assertAlmostEqual(info["mean_return"], played["mean_return"], places=2)
        self.assertIn("600 transitions of 3 episodes", self.run_command("data", "info", "data").stdout)
        self.assertEqual(os.path.exists(self.path("data", "data", "main_data.hdf5")), result["minari"])

    def test_recording_again_gives_the_same_bytes_and_overwrites_nothing(self):
        self.record()
        self.record("again")
        for name in ["replay/segment-000000001.bin", *(["data/main_data.hdf5"] if self.record("third")["minari"] else [])]:
            with open(self.path("data", name), "rb") as one, open(self.path("again", name), "rb") as other:
                self.assertEqual(one.read(), other.read(), name)
        done = self.run_command("data", "record", "source", "--episodes", "1", "-o", "data", code=3)
        self.assertIn("is in the way", done.stderr)
        self.run_command("data", "record", "source", "--episodes", "1", "-o", "noisy", "--stochastic", "--step", "300")
        self.run_command("data", "record", "nowhere", "-o", "x", code=4)
        self.run_command("data", "record", "source", "--episodes", "0", "-o", "x", code=3)
        self.run_command("data", "record", "source", code=2)
        self.assertFalse(os.path.exists(self.path("x")))
        self.assertFalse(os.path.exists(self.path("x.tmp")))

    def test_resume_goes_on_exactly(self):
        """train 600 = train 300, resume, 300 more; another half of the batch is another run."""
        self.record()
        offline = [*TRAIN, "--offline", "data"]
        whole = self.state_hash(*offline, "--steps", "600", "--run-dir", "whole")
        said = self.run_command(*offline, "--steps", "300", "--run-dir", "run").stderr
        self.assertIn("offline data: 600 transitions of 3 episodes", said)
        self.assertEqual(self.state_hash("resume", "run", "--steps", "600", "--threads", "2"), whole)
        self.assertNotEqual(self.state_hash(*TRAIN, "--steps", "600", "--run-dir", "without"), whole)
        self.assertNotEqual(self.state_hash(*offline, "--steps", "600", "--run-dir", "less", "--set", "offline_ratio=0.25"), whole)
        config = self.read("run", "config.toml")
        self.assertIn("[inputs.offline_data]", config)
        self.assertIn("segment-000000001.bin", config)
        self.assertIn('offline_data = "--offline"', config)
        self.assertEqual(json.loads(self.run_command("eval", "run", "--episodes", "1", "--json").stdout)["step"], 600)

    def test_a_killed_run_resumes_exactly(self):
        self.record()
        arguments = [*TRAIN, "--offline", "data", "--run-dir", "run", "--set", "checkpoint_freq=200"]
        process = self.start_command(*arguments, "--steps", "1000000")
        self.wait_until(self.checkpoints, "a checkpoint", process)
        process.kill()
        process.wait()
        step = json.loads(self.run_command("ckpt", "verify", "run", "--json").stdout)["step"]
        resumed = self.state_hash("resume", "run", "--steps", str(step + 300))
        whole = self.state_hash(*TRAIN, "--offline", "data", "--run-dir", "whole", "--steps", str(step + 300))
        self.assertEqual(resumed, whole)

    def test_other_data_are_refused_on_resume(self):
        self.record()
        self.record("other", "--seed", "7")
        self.run_command(*TRAIN, "--offline", "data", "--steps", "200", "--run-dir", "run", "-q")
        done = self.run_command("resume", "run", "--steps", "400", "--set", "offline_data=other", code=4)
        self.assertIn("is not what the run had", done.stderr)
        os.rename(self.path("data"), self.path("moved"))
        done = self.run_command("resume", "run", "--steps", "400", code=4)
        self.assertIn("no such file or folder", done.stderr)
        self.run_command("eval", "run", "--episodes", "1")  # needs no data
        done = self.run_command("resume", "run", "--steps", "400", "--set", "offline_data=moved")
        self.assertIn("is what the run had as", done.stderr)
        self.run_command("resume", "run", "--steps", "500", "--set", "offline_data=other", "--allow-changed")

    def test_forks_begin_and_end_with_data(self):
        self.record()
        self.run_command(*TRAIN, "--steps", "200", "--run-dir", "plain", "-q")
        self.run_command("train", "--fork", "plain", "--offline", "data", "--steps", "400", "--run-dir", "with", "-q")
        self.run_command("train", "--fork", "with", "--set", 'offline_data=""', "--steps", "600", "--run-dir", "after", "-q")
        self.run_command("resume", "after", "--steps", "700", "-q")
        self.assertNotIn("inputs.offline_data", self.read("after", "config.toml"))

    def test_what_data_may_be(self):
        """A run, its checkpoint, its folder of segments, one segment: the same transitions, so the same run."""
        self.record()
        segment = os.path.join("data", "replay", "segment-000000001.bin")
        hashes = {self.state_hash(*TRAIN, "--steps", "200", "--run-dir", f"own{i}", "--offline", path)
                  for i, path in enumerate(["data", "data/", os.path.join("data", "replay"), segment])}
        self.assertEqual(len(hashes), 1)
        # The newest of its 300 transitions leads to what no segment holds.
        for path in ["source", os.path.join("source", "checkpoints", "step-000000300"), os.path.join("source", "replay")]:
            self.assertEqual(self.info(path)["transitions"], 299, path)
        hashes = {self.state_hash(*TRAIN, "--steps", "200", "--run-dir", f"run{i}", "--offline", path)
                  for i, path in enumerate(["source", os.path.join("source", "checkpoints", "step-000000300")])}
        self.assertEqual(len(hashes), 1)
        self.run_command(*TRAIN, "--steps", "200", "--run-dir", "none", "--set", "checkpoint_replay=false", "-q")
        self.refused("none", "this checkpoint holds no replay")

    def test_mistakes(self):
        self.record()
        self.refused("nowhere", "nowhere: no such file or folder")
        os.mkdir(self.path("empty"))
        self.refused("empty", "no dataset of Minari")
        self.refused("data", "offline_ratio = 0: no row of a batch", code=3, more=["--set", "offline_ratio=0"])
        self.refused("data", "offline_ratio", code=3, more=["--set", "offline_ratio=1.5"])
        done = self.run_command(*TRAIN, "--steps", "200", "--run-dir", "run", "--set", "offline_ratio=0.25", code=3)
        self.assertIn("is of no use without offline_data", done.stderr)
        done = self.run_command("train", "MountainCarContinuous-v0", *SMALL, "--steps", "200", "--run-dir", "run", "--offline",
                                "data", code=4)
        self.assertIn("observations of 3 and actions of 1 numbers, MountainCarContinuous-v0 has 2 and 1", done.stderr)
        segment = self.path("data", "replay", "segment-000000001.bin")
        with open(segment, "r+b") as file:
            file.seek(2000)
            file.write(b"\xff\xff\xff\xff")
        self.refused("data", "the checksum of bytes")
        with open(segment, "r+b") as file:
            file.truncate(1000)
        self.refused("data", "expected")
        os.remove(segment)
        self.refused("data", "it lacks replay/segment-")
        self.run_command("data", "info", "data", code=4)

    def test_all_rows_from_data(self):
        """offline_ratio 1: the replay fills, nothing is drawn from it."""
        self.record()
        self.run_command(*TRAIN, "--offline", "data", "--steps", "200", "--run-dir", "run", "--set", "offline_ratio=1", "-q")
        whole = self.state_hash(*TRAIN, "--offline", "data", "--steps", "400", "--run-dir", "whole", "--set", "offline_ratio=1")
        self.assertEqual(self.state_hash("resume", "run", "--steps", "400"), whole)


class MinariData(OfflineTest):
    """With files that Minari wrote, and readers that are Minari's."""

    def setUp(self):
        super().setUp()
        self.need_minari()

    def test_minari_reads_what_was_recorded(self):
        import minari
        import numpy as np
        dataset = minari.MinariDataset(self.path("data", "data"))
        self.assertEqual((dataset.total_episodes, dataset.total_steps), (3, 600))
        self.assertEqual(dataset.action_space.low.tolist(), [-2.0])
        self.assertEqual(dataset.env_spec.id, "Pendulum-v1")
        played = json.loads(self.run_command("eval", "source", "--episodes", "3", "--json").stdout)
        for episode, total in zip(dataset.iterate_episodes(), played["returns"]):
            self.assertEqual(episode.observations.shape, (201, 3))
            self.assertEqual(episode.actions.shape, (200, 1))
            self.assertAlmostEqual(float(episode.rewards.sum()), total, places=2)
            self.assertEqual((episode.terminations.dtype, int(episode.terminations.sum())), (np.dtype(bool), 0))
            self.assertEqual(episode.truncations.nonzero()[0].tolist(), [199])

    def test_both_forms_hold_the_same(self):
        own, theirs = self.info("data"), self.info(os.path.join("data", "data"))
        for key in ["env", "obs_dim", "act_dim", "episodes", "transitions", "mean_return", "truncated"]:
            self.assertEqual(own[key], theirs[key], key)
        self.assertEqual(theirs["kind"], "Minari's HDF5")

    def collect(self, name="made", env_id="Pendulum-v1", episodes=3):
        """A dataset of random actions in Gymnasium's environment that Minari itself writes."""
        import gymnasium
        import minari
        import numpy as np
        from minari.data_collector.episode_buffer import EpisodeBuffer
        os.environ["MINARI_DATASETS_PATH"] = self.path("minari")
        env = gymnasium.make(env_id)
        env.action_space.seed(1)
        buffers = []
        for seed in range(episodes):
            observations, steps = [env.reset(seed=seed)[0]], []
            while not steps or not (steps[-1][2] or steps[-1][3]):
                action = env.action_space.sample()
                observation, *rest, _ = env.step(action)
                observations.append(observation)
                steps.append((action, *rest))
            actions, rewards, terminations, truncations = zip(*steps)
            buffers.append(EpisodeBuffer(id=seed, seed=seed, observations=np.array(observations), actions=np.array(actions),
                                         rewards=list(rewards), terminations=list(terminations), truncations=list(truncations)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that nobody is named as its author
            minari.create_dataset_from_buffers(f"{name}-v0", buffers, env=env, algorithm_name="random")
        env.close()
        return os.path.join("minari", f"{name}-v0")

    def test_trains_from_what_minari_wrote(self):
        data = self.collect()
        info = self.info(data)
        self.assertEqual((info["env"], info["episodes"], info["transitions"], info["truncated"]), ("Pendulum-v1", 3, 600, 3))
        whole = self.state_hash(*TRAIN, "--offline", data, "--steps", "400", "--run-dir", "whole")
        file = os.path.join(data, "data", "main_data.hdf5")
        self.run_command(*TRAIN, "--offline", file, "--steps", "200", "--run-dir", "run", "-q")
        self.assertEqual(self.state_hash("resume", "run", "--steps", "400"), whole)
        self.assertIn("main_data.hdf5", self.read("run", "config.toml"))

    def test_discrete_actions(self):
        data = self.collect("cart", "CartPole-v1", 5)
        done = self.run_command("train", "CartPole-v1", *SMALL, "--steps", "200", "--run-dir", "run", "--offline", data)
        self.assertIn("of 5 episodes", done.stderr)
        self.assertEqual(self.info(data)["terminated"], 5)
        recorded = json.loads(self.run_command("data", "record", "run", "--episodes", "2", "-o", "mine", "--json", "-q").stdout)
        self.assertTrue(recorded["minari"])
        import minari
        episode = next(iter(minari.MinariDataset(self.path("mine", "data")).iterate_episodes()))
        self.assertEqual(str(episode.actions.dtype), "int64")
        self.assertLessEqual(set(episode.actions.tolist()), {0, 1})
        hashes = {self.state_hash("train", "CartPole-v1", *SMALL, "--steps", "200", "--run-dir", f"two{i}", "--offline", path)
                  for i, path in enumerate(["mine", os.path.join("mine", "data")])}
        self.assertEqual(len(hashes), 1)

    def test_another_environment_of_the_same_shape_is_a_warning(self):
        metadata = self.path("data", "data", "metadata.json")
        text = self.read("data", "data", "metadata.json").replace("Pendulum-v1", "Pendulum-v0")
        with open(metadata, "w", encoding="utf-8") as file:
            file.write(text)
        done = self.run_command(*TRAIN, "--steps", "100", "--run-dir", "run", "--offline", os.path.join("data", "data"))
        self.assertIn("are of Pendulum-v0, this run is of Pendulum-v1", done.stderr)

    def changed(self, change):
        """A copy of the recorded file, changed through h5py."""
        import h5py
        path = self.path("changed.hdf5")
        shutil.copy(self.path("data", "data", "main_data.hdf5"), path)
        with h5py.File(path, "r+") as file:
            change(file)
        return "changed.hdf5"

    def test_bad_files(self):
        import numpy as np

        def put(name, values, **options):
            def change(file):
                del file[name]
                file.create_dataset(name, data=values, **options)
            return change

        def value(name, place, number):
            def change(file):
                file[name][place] = number
            return change

        def link(file):
            import h5py
            del file["episode_1/rewards"]
            file["episode_1/rewards"] = h5py.ExternalLink("other.hdf5", "/x")

        def outside(file):
            del file["episode_1/rewards"]
            file.create_dataset("episode_1/rewards", shape=(200,), dtype="f8", external=[("/etc/passwd", 0, 1600)])

        def renamed(file):
            for i in range(3):
                file.move(f"episode_{i}", f"part_{i}")

        def hostile_name(file):
            file.create_group(b"episode_\x1b[31m\xff")

        def removed(name):
            def change(file):
                del file[name]
            return change

        def dict_space(file):
            del file["episode_0/observations"]
            file.create_dataset("episode_0/observations/goal", data=np.zeros((201, 3)))

        def huge(file):
            del file["episode_0"]
            group = file.create_group("episode_0")
            count = 10**11
            for name, shape in {"observations": (count + 1, 3), "actions": (count, 1), "rewards": (count,),
                                "terminations": (count,), "truncations": (count,)}.items():
                group.create_dataset(name, shape=shape, dtype="f4", chunks=(1024, *shape[1:]))

        for change, part in [
            (renamed, "no episodes: expected groups episode_0, episode_1, …, found part_0, part_1, part_2"),
            (hostile_name, "not a dataset of Minari alone: expected groups episode_0, episode_1, …, found episode_?[31m?"),
            (removed("episode_1/rewards"), "episode_1: it lacks rewards; it has actions, observations"),
            (put("episode_1/observations", np.zeros((200, 3))), "episode_1: observations have the shape (200, 3), expected (steps + 1, size), of 200 steps"),
            (put("episode_1/actions", np.zeros((7, 1))), "actions have the shape (7, 1)"),
            (put("episode_1/truncations", np.zeros(199, dtype=bool)), "truncations have the shape (199), expected (200)"),
            (put("episode_2/observations", np.zeros((201, 4))), "episode_2: observations of 4 and actions of 1 numbers, the episodes before it have 3 and 1"),
            (put("episode_0/observations", ["a"] * 201), "observations holds no numbers"),
            (dict_space, "observations is a group (a space of the kind Dict or Tuple: goal)"),
            (value("episode_1/observations", (12, 2), float("nan")), "episode_1: observations[12][2] is NaN"),
            (put("episode_1/rewards", np.full(200, 1e300)), "episode_1: rewards[0] is 1e+300, which float32 cannot hold"),
            (value("episode_2/actions", (5, 0), 2.5), "episode_2: actions[5][0] is 2.5: Pendulum-v1 takes -2 to 2"),
            (value("episode_0/truncations", 100, True), "truncations[100] is set before the last of its 200 steps"),
            (put("episode_0/truncations", np.full(200, 7)), "truncations[0] is 7"),
            (link, "rewards is a link to another place"),
            (outside, "rewards lies in another file"),
            (huge, "episode_0: the episodes up to it have 400000000003 numbers, the file"),
        ]:
            with self.subTest(part=part):
                self.refused(self.changed(change), part)

    def test_no_hdf5_at_all(self):
        with open(self.path("text.hdf5"), "w", encoding="utf-8") as file:
            file.write("not a dataset\n" * 100)
        self.refused("text.hdf5", "not an HDF5 file")
        with open(self.path("empty.hdf5"), "w", encoding="utf-8"):
            pass
        self.refused("empty.hdf5", "not an HDF5 file")
        with open(self.path("data", "data", "main_data.hdf5"), "r+b") as file:
            file.truncate(5000)
        self.refused(os.path.join("data", "data"), "not an HDF5 file, or a damaged one")

    def test_without_the_library(self):
        done = self.run_command("data", "info", os.path.join("data", "data"), code=4, env={"SOFTAC_HDF5_LIBRARY": "libnone.so"})
        self.assertIn("apt-get install libhdf5-dev", done.stderr)

    def test_too_many_for_the_memory(self):
        """A file may be small and its numbers many: they are counted before anything is taken."""
        import h5py
        import numpy as np
        with h5py.File(self.path("zeros.hdf5"), "w") as file:
            group = file.create_group("episode_0")
            count = 20_000_000
            for name, shape in {"observations": (count + 1, 3), "actions": (count, 1), "rewards": (count,),
                                "terminations": (count,), "truncations": (count,)}.items():
                data = group.create_dataset(name, shape=shape, dtype="i1", chunks=(1_000_000, *shape[1:]), compression="gzip")
                data[:10] = np.zeros((10, *shape[1:]), dtype="i1")
        size = os.path.getsize(self.path("zeros.hdf5"))
        self.refused("zeros.hdf5", "numbers, the file", str(size))


if __name__ == "__main__":
    command.main()
