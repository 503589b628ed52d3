"""Cores are counted as they are granted, and threads that wait leave them to others."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from colonnade.training.engine.cores import available_cores


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def granted(tmp_path, membership, files):
    (tmp_path / "cgroup").write_text(membership)
    for name, text in files.items():
        path = tmp_path / "fs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return available_cores(tmp_path / "fs", tmp_path / "cgroup")


@pytest.mark.parametrize(
    ("text", "cores"),
    [("200000 100000", 2), ("max 100000", 8), ("50000 100000", 1), ("1600000 100000", 8)],
)
def test_a_containers_quota_is_its_cores(tmp_path, text, cores):
    assert granted(tmp_path, "0::/\n", {"cpu.max": text}) == cores


def test_the_narrowest_group_above_decides(tmp_path):
    files = {"a.slice/cpu.max": "300000 100000", "a.slice/b/cpu.max": "max 100000"}
    assert granted(tmp_path, "0::/a.slice/b\n", files) == 3


@pytest.mark.parametrize(("quota", "cores"), [("250000", 2), ("-1", 8)])
def test_a_quota_of_version_one_is_read(tmp_path, quota, cores):
    files = {"cpu/docker/x/cpu.cfs_quota_us": quota, "cpu/docker/x/cpu.cfs_period_us": "100000"}
    assert granted(tmp_path, "4:memory:/m\n2:cpu,cpuacct:/docker/x\n", files) == cores


def test_without_control_groups_affinity_alone_counts(tmp_path):
    assert available_cores(tmp_path, tmp_path / "none") == 8


def imported(code, **settings):
    """A process that imports what trains, beginning without a word on OpenMP but these."""
    usual = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_"))}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**usual, **settings},
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="another OpenMP, which tells it otherwise")
def test_threads_do_not_spin_while_they_wait_for_others():
    ran = imported("import colonnade.training.fit, torch", OMP_DISPLAY_ENV="TRUE")
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in ran.stderr


def test_a_user_may_set_how_threads_wait():
    code = "import colonnade.training, os; print(os.environ['OMP_WAIT_POLICY'])"
    assert imported(code, OMP_WAIT_POLICY="ACTIVE").stdout.strip() == "ACTIVE"
