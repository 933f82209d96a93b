"""Processor time of Chromium's threads, which other work on the machine does not affect, unlike elapsed frame times."""

from pathlib import Path

THREADS = {
    ("renderer", "chromium"): "main thread",
    ("renderer", "chrome"): "main thread",
    ("renderer", "DedicatedWorker"): "workers",
    ("renderer", "Compositor"): "compositor",
    ("renderer", "ThreadPoolForeg"): "raster",
    ("gpu-process", "VizCompositorTh"): "display",
}
"""Labels by kind of process and thread name. Without a GPU, `display` blends all layers of each frame in software."""


def processor_ms(parent: int) -> dict[str, float]:
    """Processor time in milliseconds of the threads of all Chromium processes below a process.

    Args:
        parent: Process id of the browser's parent.
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
            continue  # the process has ended
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
