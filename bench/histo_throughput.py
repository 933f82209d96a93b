"""Measures patches a second of our compiled function, of a naive loop of `predict`, and of OpenVINO.

uv run --no-sync python bench/histo_throughput.py [FIELD]
uv run --no-sync --with openvino python bench/histo_throughput.py [FIELD]     includes OpenVINO
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from histo_worker.field_reader import FieldReader
from histo_worker.network import CompiledClassifier, build_network
from histo_worker.settings import HistoSettings
from lobule.contracts.result import Magnification
from lobule.imaging.decode import decode_rgb
from lobule.model_package import ModelPackage, open_package


def seconds(run: Callable[[], Any], repeats: int = 5) -> tuple[float, float]:
    """The shortest elapsed time and processor time of several runs, after one to warm up."""
    run()
    wall, processor = float("inf"), float("inf")
    for _ in range(repeats):
        started, worked = time.perf_counter(), time.process_time()
        run()
        wall, processor = min(wall, time.perf_counter() - started), min(processor, time.process_time() - worked)
    return wall, processor


def openvino_logits(network: Any, batch: int, size: int) -> Callable[[Any], Any] | None:
    """The network compiled by OpenVINO for one batch size, or None if OpenVINO is not installed."""
    try:
        import openvino  # pyright: ignore[reportMissingImports] - an optional package
    except ImportError:
        return None
    import tensorflow as tf

    signature = [tf.TensorSpec((batch, size, size, 3), tf.float32)]
    function = tf.function(lambda pixels: network(pixels, training=False)["logit"], input_signature=signature)
    model = openvino.convert_model(function, example_input=[np.zeros((batch, size, size, 3), np.float32)])
    compiled = openvino.compile_model(model, "CPU")
    return lambda patches: compiled([patches])[0]


def main() -> None:
    """Measure and print a Markdown table."""
    if len(sys.argv) > 1:
        field = decode_rgb(Path(sys.argv[1]).read_bytes())
    else:
        noise = np.random.default_rng(0).integers(0, 255, (58, 88, 3), dtype=np.uint8)
        field = cv2.resize(noise, (700, 460)).astype(np.uint8)
    package = open_package(HistoSettings().model)
    reader = FieldReader.from_manifest(package.manifest.input)
    network = build_network(package.manifest.architecture, package.weights)
    readings: dict[str, Magnification | None] = {"100X": "100X", "40X": "40X", "of unknown magnification": None}
    for name, magnification in readings.items():
        patches = np.concatenate([reading.patches for reading in reader.read(field, magnification)])
        print(
            f"\na {field.shape[1]}x{field.shape[0]} field {name}, {len(patches)} patches of {patches.shape[1]} pixels"
        )
        measure(package, network, patches)


def measure(package: ModelPackage, network: Any, patches: NDArray[np.uint8]) -> None:
    """Measure all implementations side by side."""
    pixels = patches.astype(np.float32)
    rows: dict[str, tuple[float, float]] = {}
    for batch in (1, 2, 4):
        compiled = CompiledClassifier(package, batch)
        rows[f"compiled, batch {batch}"] = seconds(lambda c=compiled: c(patches))
    quiet: Any = 0  # Keras' stub accepts only strings
    rows["naive predict, patch by patch"] = seconds(
        lambda: [network.predict(p[None], verbose=quiet) for p in pixels], 2
    )
    vino = openvino_logits(network, len(patches), patches.shape[1])
    if vino is None:
        print("openvino is not installed; its row is left out (run with `uv run --with openvino`)")
    else:
        difference = float(np.abs(vino(pixels) - np.asarray(network(pixels, training=False)["logit"])).max())
        rows[f"OpenVINO, all patches at once (logits differ by {difference:.1e})"] = seconds(lambda: vino(pixels))
    print("| implementation | seconds a field | processor seconds | patches a second |\n| --- | ---: | ---: | ---: |")
    for way, (wall, processor) in rows.items():
        print(f"| {way} | {wall:.3f} | {processor:.3f} | {len(patches) / wall:.1f} |")


if __name__ == "__main__":
    main()
