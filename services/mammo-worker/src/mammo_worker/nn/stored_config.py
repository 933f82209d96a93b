"""Reads configurations of model packages, which are nested, or flat in packages up to version 2."""

from typing import Any

from pydantic import TypeAdapter

from mammo_worker.nn.config import (
    AnchorStageConfig,
    BackboneConfig,
    BoxHeadConfig,
    CentreStageConfig,
    DetectionConfig,
    MaskHeadConfig,
    MaskRCNNConfig,
    MatcherConfig,
    PyramidConfig,
    RoiConfig,
    SelectionConfig,
    TriageConfig,
)

_NESTED = TypeAdapter(MaskRCNNConfig)


def read_config(values: dict[str, Any]) -> MaskRCNNConfig:
    """Read the network from a package's `architecture.config`, in either form.

    Args:
        values: Values from JSON, or from `MaskRCNNConfig.to_dict`.

    Raises:
        KeyError, TypeError, ValueError: The values do not describe a network of this version.
    """
    return from_flat(values) if "proposal_stage" in values else _NESTED.validate_python(values)


def from_flat(values: dict[str, Any]) -> MaskRCNNConfig:
    """Convert a flat record to a configuration.

    Raises:
        KeyError: A field is missing.
        ValueError: The first stage is unknown.
    """
    v: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    selection = SelectionConfig(
        nms=v["rpn_nms"],
        before=v["proposals_before_nms"],
        before_train=v["proposals_before_nms_train"],
        kept=v["proposals_test"],
        kept_train=v["proposals_train"],
    )
    stages = {
        "anchors": AnchorStageConfig(
            scales=v["anchor_scales"],
            ratios=v["anchor_ratios"],
            samples=v["rpn_samples"],
            box_loss=v["box_loss"],
            selection=selection,
        ),
        "centre": CentreStageConfig(selection=selection),
    }
    if v["proposal_stage"] not in stages:
        raise ValueError(f"there is no first stage {v['proposal_stage']!r}")
    return MaskRCNNConfig(
        canvas=v["canvas"],
        backbone=BackboneConfig(v["backbone"], v["frozen_blocks"], v["clahe"]),
        pyramid=PyramidConfig(v["pyramid_channels"], v["strides"]),
        proposals=stages[v["proposal_stage"]],
        rois=RoiConfig(
            matcher=MatcherConfig(v["match"], v["match_positive"], v["match_negative"]),
            samples=v["rois"],
            positive_share=v["roi_positive_share"],
            sampling=v["box_sampling"],
        ),
        box=BoxHeadConfig(v["roi_context"], v["box_pool"], v["box_head_units"], v["box_loss"]),
        mask=MaskHeadConfig(v["mask_supervision"], v["mask_pool"], v["mask_convs"], v["mask_channels"]),
        triage=TriageConfig(v["mil"], v["mil_top"], v["mil_sparsity"]) if v["mil"] else None,
        detections=DetectionConfig(v["detections"], v["detection_nms"], v["box_voting"]),
    )
