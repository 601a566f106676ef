"""What observes and ends a run of softac.train: callbacks, signals, threads, forks."""

import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings

import pytest
import softac
from python_pendulum import SavingPendulum
from train_support import HERE, QUICK, Failing, Messages, StopAt, fail_with_error, train

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # what the trainer doubts of such short runs


class Everything(Messages):
    def __init__(self):
        super().__init__()
        self.calls = []
        self.summaries = []

    def on_start(self, summary, run_dir):
        self.calls.append(("start", summary.step, run_dir))

    def on_step(self, summary):
        self.summaries.append(summary)

    def on_log(self, summary):
        self.calls.append(("log", summary.step))

    def on_evaluation(self, summary, stats):
        self.calls.append(("evaluation", summary.step))
        self.stats = stats

    def on_diagnosis(self, summary, values):
        self.calls.append(("diagnosis", summary.step))
        self.values = values

    def on_checkpoint(self, summary, path):
        self.calls.append(("checkpoint", path))


def test_a_callback_hears_of_everything(tmp_path):
    heard = Everything()
    report = train(
        "Pendulum-v1", total_timesteps=250, run_dir=tmp_path / "run", callback=heard, eval_freq=200, n_eval_episodes=2,
        diag_freq=200, log_interval_steps=100, checkpoint_freq=100,
    )  # fmt: skip
    run_dir = str(tmp_path / "run")
    assert heard.calls[0] == ("start", 0, run_dir)
    assert [step for name, step in heard.calls[1:] if name == "log"] == [100, 200]
    assert ("evaluation", 200) in heard.calls and ("diagnosis", 200) in heard.calls
    paths = [path for name, path in heard.calls[1:] if name == "checkpoint"]
    assert paths[-1] == report.checkpoint == f"{run_dir}/checkpoints/step-000000250" and len(paths) == 3
    assert [s.step for s in heard.summaries] == list(range(1, 251))
    last = heard.summaries[-1]
    assert last.total_timesteps == 250 and last.num_episodes == 1 and last.last_eval.step == 200
    assert last.update.critic_loss > 0.0 and last.update.actor_step and last.num_updates == 199
    assert heard.summaries[0].last_eval is None and math.isnan(heard.summaries[0].ep_return_mean)
    assert heard.stats.returns.shape == heard.stats.lengths.shape == (2,)
    assert heard.stats.mean_return == pytest.approx(heard.stats.returns.mean()) == last.best_eval_return
    with pytest.raises(ValueError):
        heard.stats.returns[0] = 0.0
    with pytest.raises(AttributeError):
        report.step = 3
    assert "diag/q_bias_mean" in heard.values or len(heard.values) > 5
    assert heard.texts and "250 steps done" in heard.texts[-1]
    assert "finished at step 250" in repr(report) and "step 250 of 250" in repr(last)


def test_false_stops_with_a_checkpoint(tmp_path):
    report = train("Pendulum-v1", total_timesteps=300, run_dir=tmp_path / "run", callback=StopAt(130))
    assert report.reason == "stopped" and report.step == 130 and report.checkpoint.endswith("step-000000130")
    assert "step 130" in report.message

    class StopAtOnce:
        def on_start(self, summary, run_dir):
            return False

    assert train("Pendulum-v1", total_timesteps=300, records=False, callback=StopAtOnce()).reason == "stopped"


@pytest.mark.parametrize("method", ["on_start", "on_step", "on_log", "on_evaluation", "on_checkpoint", "on_message"])
def test_what_a_callback_raises_leaves_train(tmp_path, method):
    calls = []

    class Raises:
        pass

    def raise_it(self, *arguments):
        calls.append(arguments)
        if method != "on_step" or arguments[0].step == 120:
            raise KeyError("mine")

    setattr(Raises, method, raise_it)
    with pytest.raises(KeyError, match="mine"):
        train(
            "Pendulum-v1", total_timesteps=200, run_dir=tmp_path / "run", callback=Raises(), eval_freq=100,
            n_eval_episodes=1, log_interval_steps=100, checkpoint_freq=50,
        )  # fmt: skip
    if method == "on_step":
        assert len(calls) == 120
        assert "step-000000120" in {p.name for p in (tmp_path / "run" / "checkpoints").iterdir()}
        assert json.loads((tmp_path / "run" / "status.json").read_text())["state"] != "failed"
    else:
        assert len(calls) == 1
    softac.train("Pendulum-v1", **QUICK, total_timesteps=60, records=False)  # nothing is left behind


def test_objects_that_are_no_callbacks():
    class OfSb3:
        def on_step(self):
            return True

        def on_rollout_start(self):
            pass

    with pytest.raises(TypeError, match="on_rollout_start"):
        train("Pendulum-v1", callback=OfSb3())
    with pytest.raises(TypeError, match="none of on_start"):
        train("Pendulum-v1", callback=3)


def test_warnings_are_pythons_where_nobody_listens():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train(lambda: Failing(fail_with_error), total_timesteps=200, records=False, env_error_resets=True)
    assert any("the pole fell off" in str(w.message) and w.category is RuntimeWarning for w in caught)


def test_python_signal_handlers_run_as_steps_pass(tmp_path):
    heard = []

    def handle(*_):
        heard.append(1)
        if len(heard) == 2:
            raise TimeoutError("mine")

    class Sends:
        def on_step(self, summary):
            if summary.step in (5, 50):
                os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        with pytest.raises(TimeoutError, match="mine"):
            train("Pendulum-v1", total_timesteps=100000, run_dir=tmp_path / "run", callback=Sends())
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert heard == [1, 1] and any((tmp_path / "run" / "checkpoints").iterdir())


INTERRUPTED = """
    import os, signal, sys
    sys.path.insert(0, {here!r})
    import softac
    from python_pendulum import SavingPendulum

    class Env(SavingPendulum):
        def step(self, action):
            self.total = getattr(self, "total", 0) + 1
            if self.total == 150:
                os.kill(os.getpid(), signal.SIGINT)
            return super().step(action)

    class Callback:
        def on_step(self, summary):
            if summary.step == 150 and {native}:
                os.kill(os.getpid(), signal.SIGINT)

    try:
        softac.train({env}, total_timesteps=100000, run_dir=sys.argv[1], callback=Callback(), threads=1,
                     net_arch=[16, 16], batch_size=16, eval_freq=0, seed=5)
    except KeyboardInterrupt as interrupt:
        print("interrupted:", interrupt)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        try:
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):
                pass
        except KeyboardInterrupt:
            print("and again")
"""


@pytest.mark.parametrize("env", ['"Pendulum-v1"', "Env"])
def test_ctrl_c_takes_a_checkpoint_and_raises(tmp_path, env):
    script = textwrap.dedent(INTERRUPTED).format(here=str(HERE), env=env, native=env != "Env")
    out = subprocess.run([sys.executable, "-c", script, tmp_path / "run"], capture_output=True, text=True, timeout=60)
    assert out.returncode == 0, out.stderr
    assert "interrupted: stopped by signal 2 at step 150" in out.stdout and "and again" in out.stdout
    assert {p.name for p in (tmp_path / "run" / "checkpoints").iterdir()} == {"step-000000150", "latest"}
    assert json.loads((tmp_path / "run" / "status.json").read_text())["reason"] == "interrupted"


def test_ctrl_c_ends_an_evaluation(tmp_path):
    script = textwrap.dedent("""
        import os, signal, sys, threading
        import softac

        def interrupt_soon(*_):
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

        class Callback:
            def on_step(self, summary):
                if summary.step == 100:
                    interrupt_soon()

        settings = dict(threads=1, net_arch=[8], batch_size=8)
        try:
            softac.train("Pendulum-v1", total_timesteps=1000, run_dir=sys.argv[1], eval_freq=100,
                         n_eval_episodes=200000, callback=Callback(), **settings)
        except KeyboardInterrupt as interrupt:
            print(interrupt)
        softac.train(run_dir=sys.argv[1], resume=True, eval_freq=0, total_timesteps=200)
        interrupt_soon()
        try:
            softac.evaluate(sys.argv[1], episodes=1000000)
        except KeyboardInterrupt as interrupt:
            print("evaluate", interrupt)
    """)
    out = subprocess.run([sys.executable, "-c", script, tmp_path / "run"], capture_output=True, text=True, timeout=60)
    first, second = out.stdout.splitlines()
    assert first.startswith(
        "stopped by signal 2 at step 100; its evaluation is still to come; resume=True goes on with"
    )
    assert second.startswith("evaluate") and out.returncode == 0


def test_a_second_ctrl_c_interrupts_the_environment_itself(tmp_path):
    script = textwrap.dedent("""
        import os, signal, sys, time
        sys.path.insert(0, {here!r})
        import softac
        from python_pendulum import PythonPendulum

        class Stuck(PythonPendulum):
            def step(self, action):
                for _ in range(2):
                    os.kill(os.getpid(), signal.SIGINT)
                for _ in range(6000):
                    time.sleep(0.01)

        try:
            softac.train(Stuck, total_timesteps=1000, records=False, threads=1, eval_freq=0)
        except KeyboardInterrupt:
            print("interrupted")
    """).format(here=str(HERE))
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert out.returncode == 0 and out.stdout == "interrupted\n", out.stderr


def test_other_python_threads_go_on_meanwhile():
    beats = []
    running = threading.Event()

    class Counts:
        def on_start(self, summary, run_dir):
            running.set()

        def on_log(self, summary):
            self.beats = len(beats)

    def beat():
        running.wait()
        for i in range(200):
            beats.append(i)
            time.sleep(0.001)

    thread = threading.Thread(target=beat)
    thread.start()
    counts = Counts()
    train("Pendulum-v1", total_timesteps=3000, records=False, callback=counts, log_interval_steps=3000)
    thread.join()
    assert counts.beats > 5


def test_two_runs_of_one_environment_side_by_side():
    expected = train(SavingPendulum, total_timesteps=150, records=False).state_hash
    found = {}

    def work(i):
        found[i] = train(SavingPendulum, total_timesteps=150, records=False).state_hash

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {0: expected, 1: expected}


def test_a_run_within_a_callback_of_a_run():
    class Nested:
        def on_step(self, summary):
            if summary.step == 20:
                self.report = train(SavingPendulum, total_timesteps=60, records=False)

    nested = Nested()
    outer = train(SavingPendulum, total_timesteps=60, records=False, callback=nested)
    assert outer.state_hash == nested.report.state_hash


def test_training_in_a_forked_child(tmp_path):
    expected = train(SavingPendulum, total_timesteps=150, records=False, threads=2).state_hash
    child = os.fork()
    if child == 0:
        status = 1
        try:
            report = train(SavingPendulum, total_timesteps=150, records=False, threads=2)
            status = 0 if report.state_hash == expected else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
