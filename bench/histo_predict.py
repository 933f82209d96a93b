"""`histo-worker predict` on many fields, against the pipeline's own rate, and its memory.

uv run --no-sync python bench/histo_predict.py FIELD ... [--files 1000] [--own 300]

The files are windows of the given fields, each another one, 660 x 430 pixels as PNG. The pipeline's own rate is that of
`HistologyPipeline.analyse` on the first of them, in this process, warm, measured before and after the command, so that
another load on the machine shows. The command's time counts everything: start, warming up, reading, writing.
Bar: at least 0.9 of the pipeline's own rate, and memory that stays flat.
"""

import argparse
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
    """Windows of the fields, at places that differ from round to round."""
    pictures = [decode_rgb(path.read_bytes()) for path in fields]
    for number, picture in enumerate(islice(cycle(pictures), count)):
        step = number // len(pictures)
        top = 7 * step % max(picture.shape[0] - HEIGHT + 1, 1)
        left = 11 * step % max(picture.shape[1] - WIDTH + 1, 1)
        window = picture[top : top + HEIGHT, left : left + WIDTH]
        (folder / f"{number:05d}.png").write_bytes(encode_png(window))


def own_rate(pipeline: HistologyPipeline, files: list[Path]) -> float:
    """Fields a second in this process."""
    started = time.perf_counter()
    done = sum(outcome.result is not None for outcome in analyse(pipeline, files, describer(MAGNIFICATION)))
    return done / (time.perf_counter() - started)


def run_command(folder: Path, count: int) -> tuple[float, list[float]]:
    """Fields a second of the command, and its memory in MB at each tenth of its rows."""
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
    return count / seconds, memory


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    _, _, rest = status.partition("VmRSS:")  # not there once it has ended
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
        before = own_rate(pipeline, files)
        rate, memory = run_command(folder, arguments.files)
        after = own_rate(pipeline, files)
    print(f"the pipeline alone: {before:.2f} fields a second before, {after:.2f} after")
    print(f"predict, {arguments.files} files: {rate:.2f} fields a second, {2 * rate / (before + after):.2f} of it")
    print(f"memory of predict at each tenth, MB: {', '.join(f'{m:.0f}' for m in memory)}")


if __name__ == "__main__":
    main()
