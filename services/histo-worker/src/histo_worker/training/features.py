"""Frozen features of fields, computed once: every experiment on heads then takes seconds."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from rich.progress import track

from histo_worker.data.breakhis import Field
from histo_worker.field_reader import FieldReader
from histo_worker.models.heads import STATISTICS, LocalDeviation, Statistic
from histo_worker.models.taps import pretrained_trunk
from lobule.contracts.result import Magnification
from lobule.imaging.decode import decode_rgb
from lobule_ml.backbones import BACKBONES

Float = NDArray[np.float32]


def field_features(
    fields: Sequence[Field],
    reader: FieldReader,
    backbone: str,
    taps: Sequence[str],
    weights: Path,
    cache: Path | None,
    read_as: Magnification | None = None,
) -> dict[Statistic, Float]:
    """Pooled features of each field, averaged over its patches.

    A head that is linear on them gives exactly the mean of its patch logits.

    Args:
        fields: The fields, in the order of the result.
        reader: How a field becomes patches.
        backbone: A key of `lobule_ml.backbones.BACKBONES`.
        taps: Feature maps to pool, joined in this order.
        weights: Folder of the pretrained weights.
        cache: Folder to keep the features in and to find them again; None keeps nothing.
        read_as: Reads every field as if it had this magnification.

    Returns:
        float32 (fields, features) for each statistic.
    """
    kept = cache / f"features-{_fingerprint(fields, reader, backbone, taps, read_as)}.npy" if cache else None
    if kept is not None and kept.exists():
        return dict(zip(STATISTICS, np.load(kept), strict=True))
    net = pretrained_trunk(backbone, taps, weights)
    extract = _pooler(net, taps)
    rows = []
    for field in track(fields, description=f"features of {backbone}"):
        reading = reader.read(decode_rgb(field.path.read_bytes()), read_as or field.magnification)[0]
        rows.append(extract(tf.constant(reading.patches)).numpy())
    features = np.stack(rows, axis=1).astype(np.float32)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, features)
    return dict(zip(STATISTICS, features, strict=True))


def _pooler(net: keras.Model, taps: Sequence[str]) -> Callable[[tf.Tensor], tf.Tensor]:
    local = LocalDeviation()

    @tf.function(reduce_retracing=True)
    def extract(patches: tf.Tensor) -> tf.Tensor:  # (statistics, features)
        maps = net(tf.cast(patches, tf.float32), training=False)
        pooled = [[tf.reduce_mean(m, [0, 1, 2]) for m in (maps[tap], local(maps[tap]))] for tap in taps]
        return tf.concat(pooled, axis=1)

    return extract


def _fingerprint(
    fields: Sequence[Field], reader: FieldReader, backbone: str, taps: Sequence[str], read_as: Magnification | None
) -> str:
    read = [repr(reader), str(read_as)]
    words = [backbone, BACKBONES[backbone].archive, *taps, *read, *(f.path.name for f in fields)]
    return hashlib.sha256("\n".join([*STATISTICS, *words]).encode()).hexdigest()[:16]
