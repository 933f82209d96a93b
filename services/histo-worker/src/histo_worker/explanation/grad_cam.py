"""Grad-CAM for networks without the evidence head (Selvaraju et al., ICCV 2017), and pictures of feature maps."""

import cv2
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Float = NDArray[np.float32]


def grad_cam(net: keras.Model, maps: keras.KerasTensor, patches: Float) -> Float:
    """Compute which places contribute to the logit, for any head.

    Needs gradients, so it runs only on the TensorFlow backend.

    Args:
        net: A network with a `logit` output.
        maps: Feature maps within the network, (batch, rows, columns, channels), weighted by their mean gradients.
        patches: float32 (n, size, size, 3), in the form of the network's input.

    Returns:
        float32 (n, rows, columns), not negative.
    """
    inner = keras.Model(net.input, {"maps": maps, "logit": net.output["logit"]})  # pyright: ignore
    with tf.GradientTape() as tape:
        outputs = inner(tf.constant(patches), training=False)
        total = tf.reduce_sum(outputs["logit"])
    gradients = tape.gradient(total, outputs["maps"])
    weights = tf.reduce_mean(gradients, axis=[1, 2], keepdims=True)
    return tf.nn.relu(tf.reduce_sum(weights * outputs["maps"], axis=-1)).numpy()


def last_maps(net: keras.Model) -> keras.KerasTensor:
    """The feature maps that the head of one of our networks reads; the coarsest of several."""
    layer = [one for one in net.layers if one.name.startswith("evidence_")][-1]
    return layer.input


def first_convolution(net: keras.Model) -> tuple[keras.Model, keras.layers.Layer]:
    """The first convolution of a network, and the network that contains it, which may be nested in this one.

    Raises:
        ValueError: There is no convolution.
    """
    for layer in net.layers:
        if isinstance(layer, keras.Model):
            return first_convolution(layer)
        if isinstance(layer, keras.layers.Conv2D):
            return net, layer
    raise ValueError(f"{net.name} has no convolution")


def feature_map_sheet(net: keras.Model, layer: keras.layers.Layer, patch: Float, columns: int = 8) -> NDArray[np.uint8]:
    """The maps of a layer side by side, each stretched to the full range of greys (the thesis' figure 44).

    Args:
        net: The network that contains the layer.
        layer: The layer, such as the first convolution.
        patch: float32 (size, size, 3), in the form of the network's input.
        columns: Number of maps in a row.

    Returns:
        uint8 (rows * side, columns * side).
    """
    inner = keras.Model(net.input, layer.output)
    maps = np.asarray(keras.ops.convert_to_numpy(inner(patch[None], training=False)))[0]
    tiles = [
        cv2.normalize(maps[:, :, c], np.zeros(maps.shape[:2], np.float32), 0, 255, cv2.NORM_MINMAX)
        for c in range(maps.shape[2])
    ]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.vstack(rows).astype(np.uint8)
