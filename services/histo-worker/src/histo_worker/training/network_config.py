"""A configuration of the thesis' networks, and its training and scoring on given fields."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import keras
import numpy as np
from numpy.typing import NDArray

from histo_worker.data.batches import Cropping, PatchBatches, crop_field
from histo_worker.data.breakhis import LABELS, Field
from histo_worker.data.folds import Split, grouped_folds
from histo_worker.field_reader import FieldReader
from histo_worker.models.reference_resnet import reference_resnet
from histo_worker.preprocessing.augmentation import Augmentation
from histo_worker.preprocessing.operations import OPERATIONS
from histo_worker.training.config import HistologyConfig
from histo_worker.training.trainer import LogitsOf, Recipe, train_network
from lobule_ml.evaluation.statistics import auc
from lobule_ml.training.validation import Measures, Validation

Float = NDArray[np.floating]

_VALIDATION_FOLDS = 5
_MAX_TESTED = 24  # patches of a field; small windows overlap, so more of them add no information


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(HistologyConfig):
    """One cell of the thesis' comparisons.

    Attributes:
        variant: A key of `reference_resnet.FAMILY`.
        size: Side of the network's input: 64, 128, 256 or 512.
        window: Side of a patch in pixels of the field.
        cropping: Method for making training patches.
        operation: A key of `OPERATIONS`.
        recipe: Training recipe.
        augmentation: Random changes in training, or None.
        seeds: Seed of each repetition of the cross-validation.
        validate_every: Steps between two validations on a fifth of the training patients, which are excluded from
            training; 0 trains on all patients without validation.
        patience: Number of validations without a better loss that ends a training; 0 for no early stop.
        keep: The weights of the last step, or those of the best validation.
    """

    variant: str
    size: int
    window: int
    cropping: Cropping
    operation: str
    recipe: Recipe
    augmentation: Augmentation | None = None
    seeds: tuple[int, ...] = (0,)
    validate_every: int = 0
    patience: int = 0
    keep: Literal["last", "best"] = "last"

    def __post_init__(self) -> None:
        """Refuse unknown or inconsistent values."""
        super().__post_init__()
        if self.keep not in ("last", "best") or (not self.validate_every and (self.keep == "best" or self.patience)):
            raise ValueError("keep is last or best; best, and patience, need validations: --set validate_every=N")
        if self.operation not in OPERATIONS:
            raise ValueError(f"there is no operation {self.operation!r}; choose one of {', '.join(OPERATIONS)}")
        if self.cropping not in get_args(Cropping):
            raise ValueError(f"there is no cropping {self.cropping!r}; choose one of {', '.join(get_args(Cropping))}")

    @property
    def reader(self) -> FieldReader:
        """The field reader of the service for this network."""
        return FieldReader(self.size, self.window, operation=self.operation)

    def build(self) -> keras.Model:
        """Build the network, initialised by the seed.

        Raises:
            KeyError, ValueError: The variant is unknown or does not fit the size.
        """
        keras.utils.set_random_seed(self.seed)
        net = reference_resnet(self.variant, self.size, self.recipe.penalty)
        for layer in net.layers:
            if isinstance(layer, keras.layers.BatchNormalization):  # a short run must replace the initial averages
                layer.momentum = max(0.0, min(layer.momentum, 1 - 10 / self.recipe.steps))
        return net


def train_on_fields(
    config: NetworkConfig, fields: Sequence[Field], folder: Path, *, until: int | None = None
) -> tuple[keras.Model, bool]:
    """Train one of the thesis' networks on patches of given fields.

    Args:
        config: The configuration.
        fields: The training fields.
        folder: Folder for the log and the state, from which a stopped run resumes.
        until: Stop before this step, to resume later.

    Returns:
        The network, and whether it is finished.
    """
    net = config.build()
    validation = None
    if config.validate_every:
        learned, kept = _set_apart(fields, config.seed)
        validation = _validation(config, [fields[i] for i in kept])
        fields = [fields[i] for i in learned]
    batches = _batches(config, fields, config.augmentation)
    best = config.keep == "best"
    return net, train_network(net, batches, config.recipe, folder, until=until, validation=validation, best=best)


def _set_apart(fields: Sequence[Field], seed: int) -> Split:
    """Split fields into training fields and validation fields of a fifth of the patients, at least one of each class.

    Raises:
        ValueError: A class has only one patient.
    """
    fewest = min(len({f.patient for f in fields if f.label == label}) for label in LABELS)
    if fewest < 2:
        raise ValueError("validation needs two training patients of each class; set validate_every=0")
    return grouped_folds(fields, min(_VALIDATION_FOLDS, fewest), seed)[0]


def _batches(config: NetworkConfig, fields: Sequence[Field], augmentation: Augmentation | None) -> PatchBatches:
    return PatchBatches(
        fields, config.cropping, config.window, config.size, config.recipe.batch, OPERATIONS[config.operation],
        augmentation, config.seed,
    )  # fmt: skip


def _validation(config: NetworkConfig, fields: Sequence[Field]) -> Validation:
    """Loss, accuracy and AUC on one patch of each field, the same patches in every validation."""
    batches = _batches(config, fields, None)
    steps = range(math.ceil(len(fields) / config.recipe.batch))

    def measure(model: keras.Model) -> Measures:
        parts = [batches(step) for step in steps]
        logits = np.concatenate([np.asarray(model.predict_on_batch(patches)) for patches, _ in parts])[: len(fields)]
        target = np.concatenate([targets for _, targets in parts])[: len(fields)].astype(int)
        return {
            "loss": float(np.mean(np.logaddexp(0, logits) - target * logits)),
            "accuracy": float(np.mean((logits >= 0) == target)),
            "auc": auc(target, logits),
        }

    return Validation(measure, config.validate_every, patience=config.patience)


def patch_logits(config: NetworkConfig, net: keras.Model, fields: Sequence[Field]) -> list[Float]:
    """Logits of each field's patches, at most of `_MAX_TESTED` evenly chosen ones.

    Sliding windows replace random crops, so that scores are not random.
    """
    logits_of = LogitsOf(net)
    cropping: Cropping = "sliding" if config.cropping == "random" else config.cropping
    scores = []
    for field in fields:
        pixels = field.pixels()
        patches = crop_field(pixels, cropping, config.window, config.size, np.random.default_rng(0))
        patches = patches[np.linspace(0, len(patches) - 1, min(len(patches), _MAX_TESTED)).round().astype(int)]
        scores.append(logits_of(np.stack([OPERATIONS[config.operation](p) for p in patches])))
    return scores
