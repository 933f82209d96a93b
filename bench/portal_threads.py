"""Processor time of Chromium's threads: others on the machine add nothing to it, unlike to frame times by the clock."""

from pathlib import Path

THREADS = {
    ("renderer", "chromium"): "main thread",
    ("renderer", "chrome"): "main thread",
    ("renderer", "DedicatedWorker"): "workers",
    ("renderer", "Compositor"): "compositor",
    ("renderer", "ThreadPoolForeg"): "raster",
    ("gpu-process", "VizCompositorTh"): "display",
}
"""By kind of process and name of thread. Without a GPU, `display` blends all layers of each frame in software."""


def processor_ms(parent: int) -> dict[str, float]:
    """Milliseconds of processor time that the threads of all Chromium processes below a process have taken.

    Args:
        parent: Process id of whoever has started the browser.
    """
    taken = dict.fromkeys(THREADS.values(), 0.0)
    for process in _below(parent):
        try:
            kind = _kind(process)
            for thread in Path(f"/proc/{process}/task").iterdir():
                name = THREADS.get((kind, (thread / "comm").read_text().strip()))
                if name:
                    taken[name] += int((thread / "schedstat").read_text().split()[0]) / 1e6
        except OSError:
            continue  # it has ended meanwhile
    return taken


def _kind(process: int) -> str:
    arguments = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").split()
    return next((each.removeprefix("--type=") for each in arguments if each.startswith("--type=")), "browser")


def _below(parent: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [parent]
    for process in found:
        found += children.get(process, [])
    return found[1:]
