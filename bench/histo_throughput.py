"""Patches a second: our compiled function against a naive loop of `predict`, and against ONNX Runtime where installed.

uv run --no-sync python bench/histo_throughput.py [FIELD]
"""

import sys
import time
from pathlib import Path

import cv2
import numpy as np

from histo_worker.field_reader import FieldReader
from histo_worker.network import CompiledClassifier, build_network
from histo_worker.settings import HistoSettings
from lobule.imaging.decode import decode_rgb
from lobule.model_package import open_package


def seconds(run, repeats: int = 5) -> float:
    """Best of several runs, after one to warm."""
    run()
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - started)
    return best


def main() -> None:
    if len(sys.argv) > 1:
        field = decode_rgb(Path(sys.argv[1]).read_bytes())
    else:
        noise = np.random.default_rng(0).integers(0, 255, (58, 88, 3), dtype=np.uint8)
        field = cv2.resize(noise, (700, 460))
    package = open_package(HistoSettings().model)
    patches, _, _ = FieldReader.from_manifest(package.manifest.input).read(field)
    network = build_network(package.manifest.architecture, package.weights)
    rows = {}
    for batch in (1, 2, 4):
        compiled = CompiledClassifier(package, batch)
        rows[f"compiled, batch {batch}"] = seconds(lambda c=compiled: c(patches))
    rows["naive predict, patch by patch"] = seconds(
        lambda: [network.predict(p[None].astype(np.float32), verbose=0) for p in patches], 2
    )
    try:
        import onnxruntime
    except ImportError:
        print("onnxruntime is not installed; its row is left out")
    else:
        path = Path("/tmp") / "histo_bench.onnx"
        network.export(str(path), format="onnx", verbose=False)
        session = onnxruntime.InferenceSession(str(path))
        name = session.get_inputs()[0].name
        rows["ONNX Runtime"] = seconds(lambda: session.run(None, {name: patches.astype(np.float32)}))
    print(f"a {field.shape[1]}x{field.shape[0]} field, {len(patches)} patches of {patches.shape[1]} pixels")
    print("| way | seconds a field | patches a second |\n| --- | ---: | ---: |")
    for way, taken in rows.items():
        print(f"| {way} | {taken:.3f} | {len(patches) / taken:.1f} |")


if __name__ == "__main__":
    main()
