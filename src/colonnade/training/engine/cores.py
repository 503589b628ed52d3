"""How many cores this process is granted, and how its threads wait for each other.

Imported before torch and scikit-learn, since OpenMP reads its settings once, when it is loaded.
"""

from __future__ import annotations

import os
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def available_cores(groups: Path = _GROUPS, membership: Path = _MEMBERSHIP) -> int:
    """Count the cores that this process may use: by its affinity, and by its container's quota.

    Args: groups, membership: where Linux lists control groups, and which this process is of.
    """
    cores = _affinity()
    quotas = [quota for folder in _folders(groups, membership) if (quota := _quota(folder))]
    return max(1, min([cores, *(int(quota) for quota in quotas)]))


def _affinity() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity
        return os.cpu_count() or 1


def _folders(groups: Path, membership: Path) -> list[Path]:
    """The groups of this process and those above them, of version 2 and of version 1."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:  # not Linux
        return []
    found: list[Path] = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = groups / "cpu" if controllers else groups
        own = root / path.lstrip("/")
        # Seen from within a container its own group is the root, whatever its path says.
        found += [own, *(folder for folder in own.parents if folder.is_relative_to(root))]
    return found


def _quota(folder: Path) -> float | None:
    """Cores' worth of time that a group is granted; None if no end is set."""
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text().split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text()
            period = (folder / "cpu.cfs_period_us").read_text()
        return float(quota) / float(period) if float(quota) > 0 else None
    except (OSError, ValueError):  # not given, or "max"
        return None


# Threads that wait by spinning take the core from the very thread they wait for: two trainings on
# two threads each, at once on two cores, took 27 s of processor time each instead of 5.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if available_cores() < _affinity():
    os.environ.setdefault("OMP_NUM_THREADS", str(available_cores()))
