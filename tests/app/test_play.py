"""softac play: videos in every format, pictures, windows, what is refused and what may fail; video_freq in training."""
import glob
import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import time
import unittest
import zlib

import command
from command import SMALL, CommandTest

FFPROBE = shutil.which("ffprobe")
XVFB = shutil.which("Xvfb")
XDOTOOL = shutil.which("xdotool")
NO_DISPLAY = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}


def probe(path):
    """The video stream's facts, frames counted by decoding."""
    done = subprocess.run([FFPROBE, "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries",
                           "stream=codec_name,width,height,pix_fmt,nb_read_frames,r_frame_rate:format=duration", "-of", "json", path],
                          capture_output=True, text=True, check=True)
    facts = json.loads(done.stdout)
    return {**facts["streams"][0], "duration": float(facts["format"]["duration"])}


def read_png(path):
    """(width, height, the filtered rows), every chunk's checksum checked."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    at, size, body = 8, None, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        chunk = data[at + 8:at + 8 + length]
        assert zlib.crc32(kind + chunk) == struct.unpack(">I", data[at + 8 + length:at + 12 + length])[0], path
        if kind == b"IHDR":
            size = struct.unpack(">II", chunk[:8])
        if kind == b"IDAT":
            body += chunk
        at += 12 + length
    rows = zlib.decompress(body)
    assert len(rows) == size[1] * (1 + 3 * size[0]), path
    return (*size, rows)


class AnyCode(CommandTest):
    def run_command(self, *arguments, code=0, **options):
        """code None: any."""
        if code is not None:
            return super().run_command(*arguments, code=code, **options)
        return subprocess.run([command.COMMAND, *arguments], cwd=self.folder, env=self.environment(options["env"]), capture_output=True,
                              text=True, timeout=120, stdin=subprocess.DEVNULL, check=False)


class Play(AnyCode):
    @classmethod
    def setUpClass(cls):
        # One small run for all tests that only read it.
        holder = command.tempfile.TemporaryDirectory(prefix="softac_play_")
        cls.addClassCleanup(holder.cleanup)
        cls.shared = os.path.join(holder.name, "run")
        subprocess.run([command.COMMAND, "train", "Pendulum-v1", "--steps", "200", *SMALL, "--set", "eval_freq=100", "--set",
                        "n_eval_episodes=1", "--set", "max_episode_steps=40", "--set", "checkpoint_freq=100", "--run-dir",
                        cls.shared, "-q"], check=True, stdout=subprocess.DEVNULL)

    def play(self, *arguments, run=None, env=None, **options):
        return self.run_command("play", run or self.shared, *arguments, env={**NO_DISPLAY, **(env or {})}, **options)

    def left(self):
        return sorted(os.listdir(self.folder))

    @unittest.skipUnless(FFPROBE, "ffprobe is not installed (apt-get install ffmpeg)")
    def test_every_format_is_what_it_says(self):
        for name, codec in [("a.mp4", "h264"), ("a.webm", "vp9"), ("a.gif", "gif")]:
            with self.subTest(name=name):
                done = self.play("--video", name, "--episodes", "2", "--size", "96x64")
                self.assertEqual(done.stdout.splitlines()[-1], name)
                facts = probe(self.path(name))
                self.assertEqual((facts["codec_name"], facts["width"], facts["height"]), (codec, 96, 64))
                self.assertEqual(int(facts["nb_read_frames"]), 2 * 41)  # the start, and what 40 steps led to
                self.assertAlmostEqual(facts["duration"], 82 * 0.05, delta=0.06)
                if codec != "gif":
                    self.assertEqual((facts["r_frame_rate"], facts["pix_fmt"]), ("20/1", "yuv420p"))
                first = self.path(name)
                os.rename(first, self.path("first"))
                self.play("--video", name, "--episodes", "2", "--size", "96x64")
                with open(first, "rb") as one, open(self.path("first"), "rb") as other:
                    self.assertEqual(one.read(), other.read(), "not the same bytes twice")
        self.assertEqual(self.left(), ["a.gif", "a.mp4", "a.webm", "first"])

    def test_pictures_in_a_folder(self):
        self.play("--video", "frames/", "--size", "33x21", "--max-episode-steps", "5")
        names = sorted(os.listdir(self.path("frames")))
        self.assertEqual(names, [f"{i:06d}.png" for i in range(1, 7)])
        pictures = [read_png(self.path("frames", name)) for name in names]
        self.assertEqual({p[:2] for p in pictures}, {(33, 21)})
        self.assertGreater(len({p[2] for p in pictures}), 3)
        plain = pictures[-1]
        os.mkdir(self.path("empty"))
        self.play("--video", "empty", "--size", "33x21", "--max-episode-steps", "5", "--overlay")
        self.assertNotEqual(read_png(self.path("empty", "000006.png")), plain)
        self.play("--video", "again/", "--size", "33x21", "--max-episode-steps", "5")
        self.assertEqual(read_png(self.path("again", "000006.png")), plain)
        self.play("--video", "natural/", "--max-episode-steps", "1")
        self.assertEqual(read_png(self.path("natural", "000001.png"))[:2], (500, 500))

    def test_plays_the_episodes_that_eval_counts(self):
        for options in [["--episodes", "3"], ["--episodes", "12", "--seed", "5"], ["--best"], ["--step", "100"],
                        ["--stochastic", "--episodes", "2"]]:
            with self.subTest(options=options):
                shutil.rmtree(self.path("f"), ignore_errors=True)
                played = json.loads(self.play(*options, "--video", "f/", "--size", "16x16", "--json").stdout)
                if "--episodes" not in options:
                    options = [*options, "--episodes", "1"]
                counted = json.loads(self.run_command("eval", self.shared, *options, "--json").stdout)
                for key in ["returns", "lengths", "mean_return", "episodes", "step", "env", "seed", "training_seed", "model",
                            "deterministic", "max_episode_steps", "cut_off"]:
                    self.assertEqual(played[key], counted[key], key)
                self.assertEqual(played["video"], "f/")

    def test_default_video_lies_in_the_run(self):
        run = self.path("run")
        shutil.copytree(self.shared, run)
        encoder = self.write("encoder", "#!/bin/sh\nfor last; do :; done\ncat > \"${last#file:}\"\n")
        os.chmod(encoder, 0o755)
        done = self.play("--max-episode-steps", "2", "--size", "16x16", run="run", env={"SOFTAC_FFMPEG": encoder})
        self.assertRegex(done.stdout, r"^episode 1: return -\d+\.\d\d, length 2\nrun/videos/step-000000200.mp4\n$")
        self.assertEqual(os.path.getsize(self.path("run", "videos", "step-000000200.mp4")), 3 * 16 * 16 * 3)
        self.play("--best", "--max-episode-steps", "1", run="run", env={"SOFTAC_FFMPEG": encoder})
        self.assertEqual(sorted(os.listdir(self.path("run", "videos"))), ["best.mp4", "step-000000200.mp4"])

    def test_misuse(self):
        os.mkdir(self.path("full"))
        self.write("full/file", "x")
        os.mkdir(self.path("dir.mp4"))
        for arguments, code, part in [
            (["--size", "0x0"], 3, "each side must be from 16 to 4096"),
            (["--size", "640"], 2, "expected WIDTHxHEIGHT"),
            (["--size", "640x480x2"], 2, "expected WIDTHxHEIGHT"),
            (["--size", "9999x16"], 3, "16 to 4096"),
            (["--size", "33x20", "--video", "a.mp4"], 3, "both sides must be even"),
            (["--size", "32x21", "--video", "a.webm"], 3, "both sides must be even"),
            (["--video", "a.avi"], 3, "must end in .mp4, .webm or .gif, or in / for a folder"),
            (["--video", "noextension"], 3, "must end in"),
            (["--video", "full"], 3, "holds something"),
            (["--video", "dir.mp4"], 3, "not a file that a video could replace"),
            (["--video", "none/a.mp4"], 4, "no such folder"),
            (["--episodes", "-1", "--seed", "-2"], 3, "--seed -2"),
            (["--step", "5"], 4, "step"),
            (["--step", "-1"], 3, "--step -1: must be at least 0"),
            (["--best", "--step", "100"], 2, "--best"),
            (["--deterministic", "--stochastic"], 2, "--deterministic"),
            (["--set", "learning_rate=1"], 3, "env_kwargs.NAME=VALUE"),
        ]:
            with self.subTest(arguments=arguments):
                done = self.play(*arguments, code=code)
                self.assertIn(part, done.stderr)
                self.assertEqual(done.stdout, "")
        self.assertEqual(self.left(), ["dir.mp4", "full"])

    def test_bad_runs(self):
        self.assertIn("config.toml", self.play("--video", "f/", run=self.folder, code=4).stderr)
        self.play("--video", "f/", run=self.path("none"), code=4)
        run = self.path("run")
        shutil.copytree(self.shared, run)
        for file in glob.glob(self.path("run", "checkpoints", "*", "model.safetensors")):
            with open(file, "r+b") as model:
                model.truncate(200)
        self.play("--video", "f/", run=run, code=4)
        shutil.rmtree(self.path("run", "checkpoints"))
        self.play("--video", "f/", run=run, code=4)
        self.assertEqual(self.left(), ["run"])

    def test_what_cannot_be_drawn(self):
        self.run_command("train", "GoodPoint-v0", "--env-plugin", command.PLUGIN, "--steps", "60", *SMALL, "--run-dir", "run", "-q")
        done = self.play("--video", "f/", run="run", code=3)
        self.assertIn("there are no pictures of GoodPoint-v0", done.stderr)
        self.assertEqual(self.left(), ["run"])

    def test_missing_and_dying_ffmpeg(self):
        done = self.play("--video", "a.mp4", env={"PATH": "/nonexistent"}, code=4)
        self.assertIn("sudo apt-get install ffmpeg", done.stderr)
        encoder = self.write("encoder", "#!/bin/sh\nfor last; do :; done\nhead -c 3000000 > \"${last#file:}\"\necho 'gave up' >&2\nexit 3\n")
        os.chmod(encoder, 0o755)
        done = self.play("--video", "a.mp4", env={"SOFTAC_FFMPEG": encoder}, code=4)
        self.assertIn("ffmpeg ended before the video was complete (exit code 3): gave up", done.stderr)
        self.write("encoder", "#!/bin/sh\ncat >/dev/null\necho 'a.mp4: No space left on device' >&2\nexit 1\n")
        self.play("--video", "a.mp4", env={"SOFTAC_FFMPEG": encoder}, code=8)
        self.assertEqual(self.left(), ["encoder"])

    def test_full_disk(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        for name in ["f/", *(["a.mp4"] if FFPROBE else [])]:
            done = self.play("--video", name, "--overlay", code=8, preexec_fn=limit)
            self.assertIn("size limit" if name == "a.mp4" else "File too large", done.stderr)
            self.assertEqual(self.left(), [])

    def test_ctrl_c_leaves_nothing(self):
        process = self.start_command("play", self.shared, "--video", "f/", "--episodes", "100000", env=NO_DISPLAY)
        self.wait_until(lambda: os.path.exists(self.path("f.tmp", "000003.png")), "pictures", process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.left(), [])

    def test_no_window_without_a_library(self):
        done = self.play(env={"DISPLAY": ":987", "SOFTAC_GLFW_LIBRARY": "libnone.so"}, code=4)
        self.assertIn("sudo apt-get install libglfw3", done.stderr)

    def open_display(self):
        """A virtual screen's folder and the variables that name it."""
        screens = self.path("screens")
        os.mkdir(screens)
        read, write = os.pipe()
        server = subprocess.Popen([XVFB, "-noreset", "-displayfd", str(write), "-screen", "0", "800x600x24", "-fbdir", screens, "-nolisten", "tcp"],
                                  pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        os.close(write)
        with os.fdopen(read) as pipe:
            env = {"DISPLAY": ":" + pipe.readline().strip(), "WAYLAND_DISPLAY": ""}
        done = self.run_command("play", self.shared, "--episodes", "1", "--max-episode-steps", "2", env=env, code=None)
        if done.returncode == 4 and "apt-get install" in done.stderr:
            self.skipTest(done.stderr.splitlines()[-1])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("episode 1: return", done.stdout)
        self.assertIn("keys: space", done.stderr)
        return screens, env

    @unittest.skipUnless(XVFB, "Xvfb is not installed (apt-get install xvfb)")
    def test_window_shows_the_task(self):
        screens, env = self.open_display()
        process = self.start_command("play", self.shared, env=env)

        def red_on_screen():
            with open(os.path.join(screens, "Xvfb_screen0"), "rb") as file:
                return bytes([77, 77, 204]) in file.read()  # the pendulum's rod, blue first

        self.wait_until(red_on_screen, "a pendulum on the screen", process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)

    @unittest.skipUnless(XVFB and XDOTOOL, "Xvfb or xdotool is not installed (apt-get install xvfb xdotool)")
    def test_keys_of_the_window(self):
        _, env = self.open_display()
        process = self.start_command("play", self.shared, env=env)

        def tool(*arguments):
            return subprocess.run([XDOTOOL, *arguments], env={**os.environ, **env}, capture_output=True, text=True, check=False).stdout

        def title():
            return tool("search", "--name", "Pendulum-v1", "getwindowname").strip()

        def step():
            return int(title().split(" step ")[-1].split()[0]) if "episode" in title() else 0

        self.wait_until(lambda: step() > 3, "a window that moves", process)
        tool("mousemove", "100", "100", "key", "space")
        self.wait_until(lambda: (lambda before: time.sleep(0.3) or step() == before)(step()), "a pause", process)
        tool("key", "space", "key", "equal", "key", "equal")
        self.wait_until(lambda: title().endswith("speed 2x"), "twice the speed", process)
        tool("key", "minus", "key", "minus")
        self.wait_until(lambda: title().endswith("speed 1x"), "the old speed", process)
        tool("key", "Escape")
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0)


class Mujoco(AnyCode):
    def setUp(self):
        super().setUp()
        self.run_command("train", "HalfCheetah-v5", "--steps", "60", *SMALL, "--run-dir", "run", "-q")

    def play(self, *arguments, env=None, **options):
        return self.run_command("play", "run", *arguments, "--max-episode-steps", "3", env={**NO_DISPLAY, **(env or {})}, **options)

    def test_without_opengl(self):
        missing = {"SOFTAC_EGL_LIBRARY": "libnone.so", "SOFTAC_OSMESA_LIBRARY": "libnone.so"}
        done = self.play("--video", "f/", env=missing, code=4)
        self.assertIn("sudo apt-get install libegl1 libgl1-mesa-dri", done.stderr)
        done = self.play("--video", "f/", env={**missing, "MUJOCO_GL": "osmesa"}, code=4)
        self.assertIn("sudo apt-get install libosmesa6", done.stderr)
        self.assertIn("MUJOCO_GL=osmesa", done.stderr)
        done = self.play("--video", "f/", env={"MUJOCO_GL": "vulkan"}, code=3)
        self.assertIn("MUJOCO_GL=vulkan: must be egl, osmesa or glfw", done.stderr)
        for gl, broken in [("egl", {"SOFTAC_EGL_LIBRARY": "libm.so.6"}), ("egl", {"__EGL_VENDOR_LIBRARY_DIRS": "/none"}),
                           ("osmesa", {"SOFTAC_OSMESA_LIBRARY": "libm.so.6"})]:  # not what it is named, no driver
            done = self.play("--video", "f/", env={**broken, "MUJOCO_GL": gl}, code=4)
            self.assertRegex(done.stderr, f"error: MUJOCO_GL={gl} asks for what cannot be used here; install it: sudo apt-get install lib")
        self.assertEqual(sorted(os.listdir(self.folder)), ["run"])

    def test_egl_and_osmesa_draw_the_same(self):
        pictures = {}
        for gl in ["egl", "osmesa", ""]:
            done = self.play("--video", f"f{gl}/", "--size", "64x48", env={"MUJOCO_GL": gl}, code=None)
            if done.returncode == 4 and "apt-get install" in done.stderr:
                self.skipTest(done.stderr.strip())
            self.assertEqual(done.returncode, 0, done.stderr)
            pictures[gl] = [read_png(path) for path in sorted(glob.glob(self.path(f"f{gl}", "*.png")))]
            self.assertEqual(len(pictures[gl]), 4)
        self.assertEqual(pictures["egl"], pictures[""])
        self.assertEqual(pictures["egl"], pictures["osmesa"])


class VideosInTraining(CommandTest):
    def train(self, run, *more, env=None, code=0):
        return json.loads(self.run_command(
            "train", "Pendulum-v1", "--steps", "300", *SMALL, "--set", "max_episode_steps=20", "--set", "checkpoint_freq=100",
            "--run-dir", run, "--json", *more, env={**NO_DISPLAY, **(env or {})}, code=code).stdout)

    def encoder(self, script):
        path = self.write("encoder", "#!/bin/sh\nfor last; do :; done\n" + script)
        os.chmod(path, 0o755)
        return {"SOFTAC_FFMPEG": path}

    def log(self, run):
        return self.read(run, "log.txt")

    def test_bits_stay_and_videos_come(self):
        plain = self.train("plain")
        with_videos = self.train("run", "--set", "video_freq=150", env=self.encoder("cat > \"${last#file:}\"\n"))
        self.assertEqual(with_videos["state_hash"], plain["state_hash"])
        self.assertFalse(os.path.exists(self.path("plain", "videos")))
        videos = sorted(os.listdir(self.path("run", "videos")))
        self.assertEqual(videos[-1], "step-000000300.mp4")  # the last one is waited for
        self.assertTrue(set(videos) <= {"step-000000200.mp4", "step-000000300.mp4"}, videos)
        if len(videos) == 1:
            self.fail(f"no video of step 200\n{self.log('run')}")
        self.assertNotIn("warning", self.log("run"))

    def test_one_at_a_time(self):
        self.train("run", "--set", "video_freq=100", env=self.encoder("cat > /dev/null\nsleep 1\necho x > \"${last#file:}\"\n"))
        self.assertEqual(self.log("run").count("is left out"), 1)
        self.assertIn("step-000000100.mp4 is still being made", self.log("run"))
        # The last checkpoint's is made when the other is done.
        self.assertEqual(sorted(os.listdir(self.path("run", "videos"))), ["step-000000100.mp4", "step-000000300.mp4"])

    def test_failing_videos_do_not_harm_the_run(self):
        result = self.train("run", "--set", "video_freq=100", env=self.encoder("echo 'codec fell over' >&2\nexit 1\n"))
        self.assertEqual((result["reason"], result["step"]), ("finished", 300))
        log = self.log("run")
        self.assertEqual(log.count("warning"), 1, log)
        self.assertIn("codec fell over", log)
        self.assertEqual(os.listdir(self.path("run", "videos")), [])

    def test_a_stop_does_not_wait(self):
        process = self.start_command(
            "train", "Pendulum-v1", "--steps", "100000000", *SMALL, "--set", "checkpoint_freq=100", "--set", "video_freq=100", "--run-dir",
            "run", env={**NO_DISPLAY, **self.encoder("echo x > \"${last#file:}\"\ncat > /dev/null\nsleep 100\n")})
        self.wait_until(lambda: glob.glob(self.path("run", "videos", "*.tmp")), "a video has begun", process)
        process.send_signal(signal.SIGTERM)
        start = time.monotonic()
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75)
        self.assertLess(time.monotonic() - start, 20)
        self.assertEqual(os.listdir(self.path("run", "videos")), [])

    def test_a_killed_run_leaves_no_process(self):
        process = self.start_command(
            "train", "Pendulum-v1", "--steps", "100000000", *SMALL, "--set", "checkpoint_freq=100", "--set", "video_freq=100", "--run-dir",
            "run", env={**NO_DISPLAY, **self.encoder(f"echo $PPID > {self.path('pid')}\necho x > \"${{last#file:}}\"\ncat > /dev/null\nsleep 100\n")})
        self.wait_until(lambda: glob.glob(self.path("run", "videos", "*.tmp")), "a video has begun", process)
        player = int(self.read("pid"))
        process.kill()
        process.communicate()
        self.wait_until(lambda: not os.path.exists(f"/proc/{player}"), "the end of softac play")
        self.assertEqual(os.listdir(self.path("run", "videos")), [])


if __name__ == "__main__":
    command.main()
