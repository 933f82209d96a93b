"""Grad-CAM for networks without the evidence head (Selvaraju et al., ICCV 2017), and feature maps to look at."""

import cv2
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Float = NDArray[np.float32]


def grad_cam(net: keras.Model, layer: str, patches: Float) -> Float:
    """Where the logit comes from, for any head.

    Needs gradients, so TensorFlow's backend.

    Args:
        net: A network with a `logit` output.
        layer: Name of the layer whose maps are weighted by their mean gradients.
        patches: float32 (n, size, size, 3), as the network takes them.

    Returns:
        float32 (n, rows, columns), not negative.
    """
    inner = keras.Model(net.input, {"maps": net.get_layer(layer).output, "logit": net.output["logit"]})  # pyright: ignore
    with tf.GradientTape() as tape:
        outputs = inner(tf.constant(patches), training=False)
        tape.watch(outputs["maps"])
        total = tf.reduce_sum(outputs["logit"])
    gradients = tape.gradient(total, outputs["maps"])
    weights = tf.reduce_mean(gradients, axis=[1, 2], keepdims=True)
    return tf.nn.relu(tf.reduce_sum(weights * outputs["maps"], axis=-1)).numpy()


def feature_map_sheet(net: keras.Model, layer: str, patch: Float, columns: int = 4) -> NDArray[np.uint8]:
    """The maps of a layer side by side, each stretched to the full range of greys (the report's figure 44).

    Args:
        net: The network.
        layer: Name of the layer, such as the first convolution.
        patch: float32 (size, size, 3), as the network takes it.
        columns: Maps in a row.

    Returns:
        uint8 (rows * side, columns * side).
    """
    inner = keras.Model(net.input, net.get_layer(layer).output)
    maps = np.asarray(keras.ops.convert_to_numpy(inner(patch[None], training=False)))[0]
    tiles = [
        cv2.normalize(maps[:, :, c], np.zeros(maps.shape[:2], np.float32), 0, 255, cv2.NORM_MINMAX)
        for c in range(maps.shape[2])
    ]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.vstack(rows).astype(np.uint8)
