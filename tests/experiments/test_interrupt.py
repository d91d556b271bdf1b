"""Ctrl-C in a comparison of many processes: one sentence, the exit code, and nobody left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from experiments.small import night
from processes import by_proc, members

from batchsim.formats import scenario_yaml


@pytest.mark.slow
@by_proc
def test_an_interrupt_ends_all_processes_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "night.yaml").write_text(scenario_yaml.dump(night()))
    words = ["compare", "night.yaml", "night.yaml", "--workers", "2", "--replications", "20000"]
    command = [sys.executable, "-m", "batchsim", *words]
    with subprocess.Popen(command, cwd=tmp_path, stdout=-1, stderr=-1, text=True, start_new_session=True) as process:
        until = time.monotonic() + 60
        while len(members(process.pid)) < 4 and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.startswith("batchsim: interrupted before its end; run again with: batchsim compare")
    assert said.count("\n") == 1
    assert members(process.pid) == []
