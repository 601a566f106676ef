"""The run directory of a model's `learn`: records under the names and in the forms of softac's runs (docs/formats.md).

status.json     {state, reason, message, step, total_timesteps, updated}; replaced atomically
config.json     arguments and settings (as data.json of a saved model)
progress.csv    the log's rows            events.out.tfevents.*    the same for TensorBoard
monitor.csv     an episode a line: return, length, seconds since the start
model.zip       the model with its replay, at the end of each learn, however it ends
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from softac import saving
from softac.log_formats import make_output_format
from softac.logger import Logger
from softac.replaced_file import replaced_file

if TYPE_CHECKING:
    from softac.model import Model


class RunDirectory:
    """Made by the first learn; the folder must be new or empty (FileExistsError)."""

    def __init__(self, model: Model, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        if any(self.path.iterdir()):
            raise FileExistsError(f"run_dir: {self.path} is not empty; give a new folder.")
        self._start = time.time()
        self._monitor: TextIO = open(self.path / "monitor.csv", "w", encoding="utf-8")  # noqa: SIM115
        env_id = getattr(getattr(model.env, "spec", None), "id", None)
        self._monitor.write(f"#{json.dumps({'t_start': self._start, 'env_id': env_id})}\nr,l,t\n")
        self._replace("config.json", json.dumps(saving.model_data(model, set()), indent=1))
        formats = ["stdout"] if model.verbose else []
        outputs = [make_output_format(name, str(self.path)) for name in (*formats, "csv", "tensorboard")]
        self.logger = Logger(str(self.path), outputs)

    def episode(self, info: Mapping[str, Any]) -> None:
        """A line for an episode that ended: {"r", "l"}."""
        elapsed = round(time.time() - self._start, 6)
        self._monitor.write(f"{float(info['r']):.6f},{int(info['l'])},{elapsed}\n")

    def status(self, model: Model, state: str, reason: str, message: str) -> None:
        """state: running, finished, stopped or failed."""
        text = {
            "state": state,
            "reason": reason,
            "message": message,
            "step": model.num_timesteps,
            "total_timesteps": model._total_timesteps,
            "updated": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        self._replace("status.json", json.dumps(text, indent=2) + "\n")

    def finish(self, model: Model, error: BaseException | None) -> None:
        """The end of a learn: the model, then what became of it."""
        self._monitor.flush()
        model.save(self.path / "model.zip", include=["replay_buffer"])
        if error is None:
            done = model.num_timesteps >= model._total_timesteps
            self.status(
                model, *(("finished", "finished", "") if done else ("stopped", "stopped", "a callback stopped it"))
            )
        elif isinstance(error, KeyboardInterrupt):
            self.status(model, "stopped", "interrupted", "Ctrl-C")
        else:
            self.status(model, "failed", type(error).__name__, str(error))

    def _replace(self, name: str, text: str) -> None:
        with replaced_file(self.path / name) as file:
            file.write(text.encode())
