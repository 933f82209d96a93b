"""Gated attention pooling over the patches of a field (Ilse, Tomczak & Welling, ICML 2018)."""

from typing import Any

import keras
from keras import layers


def attention_mil(features: int, hidden: int = 64, dropout: float = 0.25, regulariser: float = 1e-4) -> keras.Model:
    """A classifier of bags of patch features.

    Args:
        features: Features of a patch.
        hidden: Width of embedding and attention.
        dropout: Share of features dropped in training.
        regulariser: L2 penalty of all kernels.

    Returns:
        A network from `patches`, float32 (batch, patches, features), and `present`, float32 (batch, patches) with 1 for
        a patch and 0 for filler, to `logit` (batch,) and `attention` (batch, patches), which sums to 1 over present
        patches.
    """
    penalty = keras.regularizers.L2(regulariser)
    patches = keras.Input((None, features), name="patches")
    present = keras.Input((None,), name="present")
    x = layers.Dropout(dropout, name="dropout")(patches)
    x = layers.Dense(hidden, "relu", kernel_regularizer=penalty, name="embedding")(x)
    tanh = layers.Dense(hidden, "tanh", kernel_regularizer=penalty, name="attention_tanh")(x)
    gate = layers.Dense(hidden, "sigmoid", kernel_regularizer=penalty, name="attention_gate")(x)
    scores = layers.Dense(1, kernel_regularizer=penalty, name="attention_score")(
        layers.Multiply(name="gated")([tanh, gate])
    )
    attention = MaskedSoftmax(name="attention")([layers.Reshape((-1,), name="scores")(scores), present])
    pooled = keras.ops.sum(keras.ops.expand_dims(attention, -1) * x, axis=1)
    logit = layers.Reshape((), name="logit")(layers.Dense(1, kernel_regularizer=penalty, name="classifier")(pooled))
    return keras.Model([patches, present], {"logit": logit, "attention": attention}, name="attention_mil")


@keras.saving.register_keras_serializable("lobule")
class MaskedSoftmax(layers.Layer):
    """Softmax over the present patches; exactly 0 elsewhere."""

    def call(self, inputs: list[Any]) -> Any:  # a tensor of any backend
        """Compute weights (batch, patches) from scores (batch, patches) and presence (batch, patches)."""
        scores, present = inputs
        lowered = scores - 1e9 * (1 - present)
        exponents = keras.ops.exp(lowered - keras.ops.max(lowered, axis=-1, keepdims=True)) * present
        return exponents / keras.ops.maximum(keras.ops.sum(exponents, axis=-1, keepdims=True), 1e-9)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The shape of the scores."""
        return input_shape[0]
