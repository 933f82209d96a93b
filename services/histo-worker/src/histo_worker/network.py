"""Builds a network from a model package: loads its weights, compiles it once and warms it up."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from histo_worker.field_reader import FieldReader
from histo_worker.models import build_architecture
from lobule.errors import AnalysisError
from lobule.model_package import ModelPackage
from lobule_ml.folding import folded
from lobule_ml.packages import building
from lobule_ml.variables import set_variables

Float = NDArray[np.float32]


def build_network(architecture: dict[str, Any], weights: Path) -> keras.Model:
    """Rebuild a network from a manifest's `architecture` and load its weights.

    Raises:
        KeyError, TypeError, ValueError: Architecture and weights do not match each other or this version.
    """
    net = build_architecture(architecture)
    with np.load(weights) as archive:
        set_variables(net, archive)
    return net


def compiled(net: keras.Model, batch: int | None, size: int) -> Any:
    """Compile a network for one signature, so that it is never traced again.

    Args:
        net: A network with the outputs `logit` and `evidence`.
        batch: Patches per call; None for any number.
        size: Side of a patch in pixels.

    Returns:
        A function of float32 (batch, size, size, 3) that returns logits and evidence maps.
    """

    @tf.function(input_signature=[tf.TensorSpec((batch, size, size, 3), tf.float32)], autograph=False)
    def infer(pixels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        outputs = net(pixels, training=False)
        return outputs["logit"], outputs["evidence"]

    return infer  # TensorFlow's stubs type a tf.function as a plain function


class CompiledClassifier:
    """A patch classifier as one compiled function with one signature, so that it is never traced again.

    Args:
        package: A verified model package.
        batch: Patches per call; the last batch of an image is padded with zeros.

    Raises:
        AnalysisError: `model_unavailable` if this version cannot build the package's network.
    """

    def __init__(self, package: ModelPackage, batch: int) -> None:
        if keras.backend.backend() != "tensorflow":
            raise AnalysisError("model_unavailable", "backend")
        manifest = package.manifest
        with building(package):
            net = build_network(manifest.architecture, package.weights)
            self._prepare = FieldReader.from_manifest(manifest.input.values()).prepare
            self.size = int(manifest.architecture["size"])
        self.trunk: keras.Model | None = next((part for part in net.layers if isinstance(part, keras.Model)), None)
        """The backbone; None if the network was built without one."""
        self.batch = batch
        self._infer = compiled(folded(net), batch, self.size)
        for _ in range(2):  # the first call traces, the second completes the library's optimisation
            self(np.zeros((1, self.size, self.size, 3), np.uint8))

    @property
    def traces(self) -> int:
        """Number of traces of the function, which stays 1."""
        return self._infer.experimental_get_tracing_count()

    def __call__(self, patches: NDArray[np.uint8], done: Callable[[int], None] | None = None) -> tuple[Float, Float]:
        """Classify patches.

        Args:
            patches: uint8 (n, size, size, 3).
            done: Called after each batch with the number of finished patches.

        Returns:
            Logits (n,) and evidence maps (n, rows, columns).
        """
        logits: list[Float] = []
        evidence: list[Float] = []
        for start in range(0, len(patches), self.batch):
            part = self._prepare(patches[start : start + self.batch])
            filler = np.zeros((self.batch - len(part), *part.shape[1:]), np.float32)
            logit, maps = self._infer(tf.constant(np.concatenate([part, filler])))
            logits.append(logit.numpy()[: len(part)])
            evidence.append(maps.numpy()[: len(part)])
            if done is not None:
                done(start + len(part))
        return np.concatenate(logits), np.concatenate(evidence)
