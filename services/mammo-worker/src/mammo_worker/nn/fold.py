"""A trained network made ready for looking only: batch norms merged away, fewer bits where wanted."""

from typing import Any, Literal

import keras

from mammo_worker.nn.backend import ops
from mammo_worker.nn.mask_rcnn import MaskRCNN

Precision = Literal["float32", "bfloat16"]
_MERGING = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)
# Their outputs become boxes and probabilities; what they cost is nothing beside the convolutions before them.
_EXACT = ("rpn_logit", "rpn_delta", "mask_logit")


def fold(model: MaskRCNN, precision: Precision = "float32") -> MaskRCNN:
    """Fold a network's batch norms, in place; it can be no longer trained, nor its weights saved.

    Args:
        model: With trained weights, built.
        precision: Of backbone, pyramid, RPN and mask head, where nearly all the arithmetic is. In bfloat16 they are
            faster on CPUs that have it (AVX512-BF16, AMX), with three significant digits; boxes, RoIs,
            class head and triage stay in float32.

    Returns:
        The same model.
    """
    model.backbone = folded(model.backbone, precision)
    model.fpn = folded(model.fpn, precision)
    model.mask_head = folded(model.mask_head, precision)
    model.rpn = folded(model.rpn, precision if model.config.proposal_stage == "anchors" else "float32")
    model.box_head = folded(model.box_head)
    if model.mil_head is not None:
        model.mil_head = folded(model.mil_head)
    return model


def folded(model: keras.Model, precision: Precision = "float32") -> keras.Model:
    """The same function for inference, without the batch norms that can be merged.

    Args:
        model: Functional. A batch norm right behind a convolution or dense layer, which nothing else may look at, is
            merged into it; others stay.
        precision: Of weights and activations.
    """
    before = {layer.name: layer.input._keras_history.operation for layer in model.layers if _is_norm(layer)}
    merged = {name for name, layer in before.items() if isinstance(layer, _MERGING)}
    norms = {before[name].name: model.get_layer(name) for name in merged}

    def clone(layer: Any) -> Any:
        if layer.name in merged:
            return keras.layers.Identity(name=layer.name)
        config = layer.get_config()
        exact = layer.name in _EXACT or isinstance(layer, keras.layers.Reshape)
        config["dtype"] = "float32" if exact else precision
        if layer.name in norms:
            config["use_bias"] = True
        return type(layer).from_config(config)

    def call(layer: Any, *inputs: Any, **options: Any) -> Any:
        return layer(*inputs) if layer.name in merged else layer(*inputs, **options)

    copy = keras.models.clone_model(model, call_function=call, clone_function=clone)
    for layer in model.layers:
        if layer.weights and layer.name not in merged:
            target = copy.get_layer(layer.name)
            target.set_weights(_merged(layer, norms[layer.name]) if layer.name in norms else layer.get_weights())
    return copy


def _is_norm(layer: Any) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization)


def _merged(layer: Any, norm: Any) -> list[Any]:
    """Kernel and bias of a layer with the batch norm behind it."""
    mean, variance = (ops.convert_to_numpy(v) for v in (norm.moving_mean, norm.moving_variance))
    factor = (variance + norm.epsilon) ** -0.5
    if norm.scale:
        factor = factor * ops.convert_to_numpy(norm.gamma)
    shift = ops.convert_to_numpy(norm.beta) if norm.center else 0.0
    kernel, *bias = layer.get_weights()
    # A depthwise kernel has its channels on the axis before the last, which has one entry.
    along = factor[:, None] if isinstance(layer, keras.layers.DepthwiseConv2D) else factor
    return [kernel * along, ((bias[0] if bias else 0.0) - mean) * factor + shift]
