"""examples/deploy, built against an install tree with the policy of a run of some hundred steps."""
import os
import subprocess

from install_tree import HERE, run

EXAMPLE = os.path.join(HERE, "..", "..", "examples", "deploy")


def has_fma():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return " fma " in file.read().replace("\n", " ")


class DeployExample:
    """plant, control: the programs; onnx: the same policy for onnx_policy.py; link: a name that no other test uses."""

    def __init__(self, tree):
        folder = os.path.join(tree.dir, "deploy run")
        self.link = f"/softac-test-{os.getpid()}"
        self.onnx, source = os.path.join(folder, "policy.onnx"), os.path.join(folder, "policy.c")
        if not os.path.exists(self.onnx):
            settings = ["env_kwargs.frame_skip=1", "net_arch=[64,64]", "learning_starts=100", "eval_freq=0", "tensorboard=false"]
            run([tree.command, "-q", "train", "Hopper-v5", "--steps", "200", "--run-dir", folder,
                 *[word for setting in settings for word in ("--set", setting)]])
            run([tree.command, "export", folder, "--to", "c", "-o", source])
            run([tree.command, "export", folder, "--to", "onnx", "-o", self.onnx])
        build = tree.build_project("deploy", EXAMPLE, f"-DPOLICY={source}", f"-DDEPLOY_FMA={'ON' if has_fma() else 'OFF'}")
        self.plant, self.control = os.path.join(build, "plant"), os.path.join(build, "control")

    def run(self, controller):
        """Runs a controller beside the plant; returns what both said."""
        plant = subprocess.Popen([self.plant, self.link, "Hopper-v5", "1"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            ready = plant.stdout.readline()
            said = run(controller, timeout=120) if ready.startswith("ready") else ""
            rest, _ = plant.communicate(timeout=60)
        finally:
            plant.kill()
            plant.wait()
        if plant.returncode != 0:
            raise AssertionError(f"the plant ended with {plant.returncode}:\n{ready}{rest}")
        return ready + rest, said
