"""Prepares networks for inference: merges batch norms into the layers before them and lowers the precision."""

from collections import Counter
from collections.abc import Collection
from typing import Any, Literal

import keras

Precision = Literal["float32", "bfloat16"]
_MERGING = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)
_EXACT = (keras.layers.Reshape, keras.layers.Rescaling)  # they are cheap, and rounding in them would affect every value


def folded(model: keras.Model, precision: Precision = "float32", exact: Collection[str] = ()) -> keras.Model:
    """Build the same function for inference, without the batch norms that can be merged.

    Args:
        model: A functional model. A batch norm directly behind a convolution or dense layer without an activation and
            with no other consumer is merged into that layer; others stay. Models among its layers are folded, too.
        precision: Precision of weights and activations.
        exact: Names of layers that stay in float32, such as those whose outputs become boxes or probabilities.
    """
    before = {layer.name: layer.input._keras_history.operation for layer in model.layers if _is_norm(layer)}
    consumers = _consumers(model)
    merged = {name for name, layer in before.items() if _takes_norm(layer) and consumers[layer.name] == 1}
    norms = {before[name].name: model.get_layer(name) for name in merged}

    def clone(layer: Any) -> Any:
        if isinstance(layer, keras.Model):
            return folded(layer, precision, exact)
        if layer.name in merged:
            return keras.layers.Identity(name=layer.name)
        config = layer.get_config()
        config["dtype"] = "float32" if layer.name in exact or isinstance(layer, _EXACT) else precision
        if layer.name in norms:
            config["use_bias"] = True
        return type(layer).from_config(config)

    def call(layer: Any, *inputs: Any, **options: Any) -> Any:
        return layer(*inputs) if layer.name in merged else layer(*inputs, **options)

    copy = keras.models.clone_model(model, call_function=call, clone_function=clone)
    for layer in model.layers:
        if layer.weights and layer.name not in merged and not isinstance(layer, keras.Model):
            target = copy.get_layer(layer.name)
            target.set_weights(_merged(layer, norms[layer.name]) if layer.name in norms else layer.get_weights())
    return copy


def _consumers(model: Any) -> Counter[str]:
    """How often each layer's output is used, as an output of the model, too."""
    nodes = [node for nodes in model._nodes_by_depth.values() for node in nodes]
    used = [parent.operation.name for node in nodes for parent in node.parent_nodes]
    return Counter([*used, *(output._keras_history.operation.name for output in model.outputs)])


def _takes_norm(layer: Any) -> bool:
    return isinstance(layer, _MERGING) and layer.activation is keras.activations.linear


def _is_norm(layer: Any) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization)


def _merged(layer: Any, norm: Any) -> list[Any]:
    """Kernel and bias of a layer with the batch norm behind it."""
    mean, variance = (v.numpy() for v in (norm.moving_mean, norm.moving_variance))
    factor = (variance + norm.epsilon) ** -0.5
    if norm.scale:
        factor = factor * norm.gamma.numpy()
    shift = norm.beta.numpy() if norm.center else 0.0
    kernel, *bias = layer.get_weights()
    # A depthwise kernel has its channels on the last axis but one; its last axis has one entry.
    along = factor[:, None] if isinstance(layer, keras.layers.DepthwiseConv2D) else factor
    return [kernel * along, ((bias[0] if bias else 0.0) - mean) * factor + shift]
