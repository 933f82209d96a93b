"""Trains the tissue network, and scores fields of other patients and laboratories with it."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.laboratories import Laboratory
from histo_worker.tissue.network import SIDE, UM_PER_PIXEL, tissue_network
from histo_worker.tissue.orientations import read_turned
from histo_worker.tissue.windows import bands, is_one_square
from histo_worker.tissue_training.batches import TissueBatches
from histo_worker.tissue_training.samples import Sample
from histo_worker.training.trained import TrainingStopped
from histo_worker.training.trainer import Recipe, train_network
from lobule_ml.training.record import write_record
from lobule_ml.training.state import saved_step

Floats = NDArray[np.floating]
Float = NDArray[np.float32]
RGB8 = NDArray[np.uint8]

_PREDICTED = 64  # squares in a batch
_OUTPUTS = "logit", "evidence"


@dataclass(frozen=True)
class TissueConfig:
    """The training configuration of the tissue network.

    Attributes:
        backbone: A key of `lobule_ml.backbones.BACKBONES`.
        steps: Number of batches; the rate rises over the first ones and then falls as a cosine.
        batch: Patches in a batch.
        rate: Largest learning rate.
        ema: Momentum of the weights' average, which is the result.
        frozen: Number of the backbone's first stages that keep their pretrained weights.
        idc_share: See `TissueBatches`.
        laboratory: Ranges of the random changes to patches.
        folds: Number of folds of patients for the measurement.
        seed: Seed of all random numbers.
    """

    backbone: str = "efficientnet_lite0"
    steps: int = 800
    batch: int = 64
    rate: float = 1e-3
    ema: float = 0.99
    frozen: int = 0
    idc_share: float = 0.8
    laboratory: Laboratory = field(default_factory=Laboratory)
    folds: int = 5
    seed: int = 0

    @property
    def recipe(self) -> Recipe:
        """The recipe of the training loop."""
        return Recipe("adamw", self.rate, self.steps, weight_decay=0.05, batch=self.batch, ema=self.ema)


def train_tissue(
    samples: Sequence[Sample], folder: Path, weights: Path | None, config: TissueConfig, until: int | None = None
) -> keras.Model:
    """Train on samples; resumes if the folder contains a state.

    Args:
        samples: The training samples.
        folder: Folder for the log, the state and the record of the run.
        weights: Folder of pretrained backbones; None for random weights.
        config: Training configuration.
        until: Stop before this step, to resume later.

    Raises:
        TrainingStopped: The training was asked to stop; its state is saved.
        ValueError: The folder contains a run with other samples or another configuration.
    """
    examples = {"fields": len(samples), "patients": len({(s.laboratory, s.patient) for s in samples})}
    write_record(folder, config, seed=config.seed, data_sha256=_digest(samples), examples=examples)
    keras.utils.set_random_seed(config.seed)
    net = tissue_network(config.backbone, weights, config.frozen)
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.95  # a short run must replace the statistics of photographs
    batches = TissueBatches(samples, config.batch, config.seed, config.laboratory, config.idc_share)
    if not train_network(net, batches, config.recipe, folder, until=until):
        raise TrainingStopped("the tissue network", saved_step(folder), config.steps)
    return net


def _digest(samples: Sequence[Sample]) -> str:
    digest = hashlib.sha256()
    for sample in samples:
        digest.update(f"{sample.laboratory} {sample.patient} {sample.target} {sample.pixels.shape}".encode())
        digest.update(sample.pixels.tobytes())
    return digest.hexdigest()


def squares_of(samples: Sequence[Sample]) -> list[RGB8]:
    """The squares of each sample, (n, SIDE, SIDE, 3), cut as the service cuts a field."""
    parts = [[b.patches for b in bands(s.pixels, UM_PER_PIXEL) if b.xs] for s in samples]
    return [np.concatenate(p) if p else np.zeros((0, SIDE, SIDE, 3), np.uint8) for p in parts]


def score(net: keras.Model, samples: Sequence[Sample]) -> Floats:
    """Compute logits (samples,) of the most suspicious squares, as the service reads a field.

    Args:
        net: The network.
        samples: Samples to score.
    """
    squares = squares_of(samples)
    lengths = [len(s) for s in squares]
    every = np.concatenate(squares)
    logits = _outputs(net, every)[0]
    sizes = [s.pixels.shape[:2] for s in samples]
    alone = np.repeat([is_one_square(height, width, UM_PER_PIXEL) for height, width in sizes], lengths)
    if alone.any():
        logits[alone] = read_turned(partial(_outputs, net), every[alone])[0]
    glass = float(logits.min())  # a field without tissue contains no carcinoma
    return np.array([part.max() if len(part) else glass for part in np.split(logits, np.cumsum(lengths)[:-1])])


def _outputs(net: keras.Model, squares: RGB8) -> tuple[Float, Float]:
    """Logits and evidence maps of squares."""
    outputs = [
        net.predict_on_batch(squares[start : start + _PREDICTED].astype(np.float32))
        for start in range(0, len(squares), _PREDICTED)
    ]
    logits, evidence = (np.concatenate([np.asarray(o[name], np.float32) for o in outputs]) for name in _OUTPUTS)
    return logits, evidence


def fold_of(samples: Sequence[Sample], folds: int, seed: int) -> NDArray[np.intp]:
    """Assign a fold to each sample; patients of a laboratory are dealt out by their share of carcinoma."""
    rng = np.random.default_rng(seed)
    place: dict[tuple[str, str], int] = {}
    for laboratory in sorted({s.laboratory for s in samples}):
        targets: dict[str, list[int]] = {}
        for s in samples:
            if s.laboratory == laboratory:
                targets.setdefault(s.patient, []).append(s.target)
        order = sorted(sorted(targets), key=lambda p: (round(float(np.mean(targets[p])), 1), rng.random()))
        place |= {(laboratory, patient): i % folds for i, patient in enumerate(order)}
    return np.array([place[s.laboratory, s.patient] for s in samples])


def out_of_fold(
    samples: Sequence[Sample], run: Path, weights: Path, config: TissueConfig, report: Callable[[str], Any] = print
) -> Floats:
    """Compute logits of every sample by a network that was not trained on its patient.

    Args:
        samples: All samples.
        run: Folder of the runs, one for each fold; stopped runs are resumed.
        weights: Folder of pretrained backbones.
        config: Training configuration.
        report: Called with a message for each fold.
    """
    fold = fold_of(samples, config.folds, config.seed)
    logits = np.zeros(len(samples))
    for k in range(config.folds):
        report(f"fold {k + 1} of {config.folds}")
        learned = [s for s, f in zip(samples, fold, strict=True) if f != k]
        net = train_tissue(learned, run / f"fold{k}", weights, config)
        chosen = np.flatnonzero(fold == k)
        logits[chosen] = score(net, [samples[int(i)] for i in chosen])
    return logits
