"""Frozen features of fields, computed once, so that every experiment on heads takes seconds."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field
from histo_worker.evaluation.appearances import Appearance
from histo_worker.field_reader import FieldReader
from histo_worker.models.statistics import STATISTICS
from histo_worker.models.taps import pretrained_trunk
from histo_worker.training.cache import cached_rows, content_key
from lobule.contracts.result import Magnification
from lobule.model_package import sha256_of
from lobule_ml.backbones import archive_of

Float = NDArray[np.float32]


def field_features(
    fields: Sequence[Field],
    reader: FieldReader,
    backbone: str,
    taps: Sequence[str],
    weights: Path,
    cache: Path | None,
    read_as: Magnification | None = None,
    change: Appearance | None = None,
) -> dict[str, Float]:
    """Pool features of each field and average them over its patches.

    A head that is linear on them gives exactly the mean of its patch logits.

    Args:
        fields: The fields, in the order of the result.
        reader: Cuts a field into patches.
        backbone: A key of `lobule_ml.backbones.BACKBONES`.
        taps: Feature maps to pool, joined in this order.
        weights: Folder of the pretrained weights.
        cache: Folder in which parts of the features are stored by content; None stores nothing.
        read_as: Magnification at which every field is read, instead of its own.
        change: Changes each field before it is read.

    Returns:
        float32 (fields, features) for each statistic.
    """
    archive = archive_of(backbone, weights)
    kept = None
    if cache is not None:
        settings = (tuple(STATISTICS), backbone, sha256_of(archive), tuple(taps), reader, read_as)
        key = content_key(fields, *settings, *([change] if change else []))
        kept = cache / f"features-{key}.npz"

    @lru_cache(1)  # built when the first field is read, because stored features need no network
    def pooler() -> Callable[[tf.Tensor], tf.Tensor]:
        return _pooler(pretrained_trunk(backbone, taps, weights), taps)

    def extract(field: Field) -> list[Float]:
        pixels = change(field.pixels()) if change else field.pixels()
        pool, readings = pooler(), reader.read(pixels, read_as or field.magnification)
        read = np.mean([pool(tf.constant(reader.prepare(r.patches))).numpy() for r in readings], axis=0)
        return list(read.astype(np.float32))

    return dict(zip(STATISTICS, cached_rows(kept, fields, extract, f"features of {backbone}"), strict=True))


def _pooler(net: keras.Model, taps: Sequence[str]) -> Callable[[tf.Tensor], tf.Tensor]:
    local = [make(dtype="float32") for make in STATISTICS.values()]

    @tf.function(reduce_retracing=True, autograph=False)
    def extract(patches: tf.Tensor) -> tf.Tensor:  # (statistics, features)
        maps = net(patches, training=False)
        pooled = [[tf.reduce_mean(one(maps[tap]), [0, 1, 2]) for one in local] for tap in taps]
        return tf.concat(pooled, axis=1)

    return extract
