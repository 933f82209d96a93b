"""Compares `histo-worker predict` on many fields with the rate of the pipeline alone, and measures its memory.

uv run --no-sync python bench/histo_predict.py FIELD ... [--files 1000] [--own 300]

The files are different windows of the given fields, 660 x 430 pixels as PNG. The rate of the pipeline alone is that of
`HistologyPipeline.analyse` on the first of them, in this process, warm, measured before and after the command to reveal
other load on the machine; unlike the command, it also draws the pictures for the portal. The command's time
includes everything: start, warm-up, reading, writing. CPU seconds for a field are also printed, because other load
hardly affects them.
Limit: at least 0.9 of the pipeline's rate, and constant memory.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from histo_worker.pipeline import HistologyPipeline, build_pipeline
from histo_worker.predict import describer
from lobule.imaging.decode import decode_rgb, encode_png
from lobule_ml.batch import analyse

HEIGHT, WIDTH = 430, 660
MAGNIFICATION = "100X"


def write_windows(fields: list[Path], folder: Path, count: int) -> None:
    """Write windows of the fields, at different places in each round."""
    pictures = [decode_rgb(path.read_bytes()) for path in fields]
    for number, picture in enumerate(islice(cycle(pictures), count)):
        step = number // len(pictures)
        top = 7 * step % max(picture.shape[0] - HEIGHT + 1, 1)
        left = 11 * step % max(picture.shape[1] - WIDTH + 1, 1)
        window = picture[top : top + HEIGHT, left : left + WIDTH]
        (folder / f"{number:05d}.png").write_bytes(encode_png(window))


def own_rate(pipeline: HistologyPipeline, files: list[Path]) -> tuple[float, float]:
    """Fields a second in this process, and seconds of CPU for a field."""
    started, cpu = time.perf_counter(), time.process_time()
    done = sum(outcome.result is not None for outcome in analyse(pipeline, files, describer(MAGNIFICATION)))
    return done / (time.perf_counter() - started), (time.process_time() - cpu) / done


def run_command(folder: Path, count: int) -> tuple[float, float, list[float]]:
    """Fields a second of the command, seconds of CPU for a field, and its memory in MB at each tenth of its rows."""
    table = folder / "predictions.csv"
    command = [sys.executable, "-m", "histo_worker.cli", "predict", str(folder), "--output", str(table)]
    started = time.perf_counter()
    memory: list[float] = []
    with subprocess.Popen([*command, "--magnification", MAGNIFICATION]) as process:
        while process.poll() is None:
            rows = table.read_bytes().count(b"\n") - 1 if table.exists() else 0
            resident = _resident_mb(process.pid)
            if resident and rows >= (len(memory) + 1) * count // 10:
                memory.append(resident)
            time.sleep(0.1)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"predict ended with {process.returncode}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return count / seconds, (used.ru_utime + used.ru_stime) / count, memory


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    _, _, rest = status.partition("VmRSS:")  # missing once the process has ended
    return int(rest.split()[0]) / 1e3 if rest else 0.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fields", nargs="+", type=Path, help="H&E fields at 100X")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--own", type=int, default=300)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_windows(arguments.fields, folder, arguments.files)
        files = sorted(folder.glob("*.png"))[: arguments.own]
        pipeline = build_pipeline()
        own_rate(pipeline, files[:10])  # warm
        before, cpu_before = own_rate(pipeline, files)
        rate, cpu, memory = run_command(folder, arguments.files)
        after, cpu_after = own_rate(pipeline, files)
    own, cpu_own = (before + after) / 2, (cpu_before + cpu_after) / 2
    print(f"the pipeline alone: {before:.2f} fields a second before, {after:.2f} after; {cpu_own:.4f} s of CPU a field")
    print(f"predict, {arguments.files} files: {rate:.2f} fields a second, {rate / own:.2f} of it")
    print(f"predict: {cpu:.4f} s of CPU a field, start and all; by CPU {cpu_own / cpu:.2f} of the pipeline's own rate")
    print(f"memory of predict at each tenth, MB: {', '.join(f'{m:.0f}' for m in memory)}")


if __name__ == "__main__":
    main()
