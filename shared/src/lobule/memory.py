"""The memory of this process's control group, which the container's limit applies to."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

CGROUP = Path("/sys/fs/cgroup")
_UNLIMITED = 1 << 60  # version 1 writes a number near 2^63 if there is no limit


def container_memory(folder: Path = CGROUP) -> tuple[int, int] | None:
    """Bytes in use, without files that the kernel can drop, and the limit; None if there is no limit.

    Args:
        folder: Mount point of the control groups, version 2 or 1.
    """
    for used, most, dropped in (
        ("memory.current", "memory.max", "inactive_file"),
        ("memory/memory.usage_in_bytes", "memory/memory.limit_in_bytes", "total_inactive_file"),
    ):
        try:
            limit = (folder / most).read_text("ascii").strip()
            in_use = int((folder / used).read_text("ascii"))
            lines = (folder / used).with_name("memory.stat").read_text("ascii").splitlines()
        except OSError:
            continue
        if limit == "max" or int(limit) >= _UNLIMITED:
            return None
        return in_use - int(dict(line.split() for line in lines).get(dropped, 0)), int(limit)
    return None


class MemoryCollector(Collector):
    """The container's memory; nothing if it has no limit."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the control group at each scrape."""
        memory = container_memory()
        if memory is not None:
            yield GaugeMetricFamily("lobule_memory_used_bytes", "Memory in use of the container", memory[0])
            yield GaugeMetricFamily("lobule_memory_limit_bytes", "The container's limit of memory", memory[1])
