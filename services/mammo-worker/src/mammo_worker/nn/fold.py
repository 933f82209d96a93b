"""Prepares a trained Mask R-CNN for inference."""

from dataclasses import replace

from lobule_ml.folding import Precision, folded
from mammo_worker.nn.mask_rcnn import MaskRCNN
from mammo_worker.nn.parts import Parts

# Their outputs become boxes and probabilities, and their cost is small compared with the convolutions before them.
_EXACT = ("rpn_logit", "rpn_delta", "mask_logit")


def fold(model: MaskRCNN, precision: Precision = "float32") -> MaskRCNN:
    """Return the same network without batch norms, which can be neither trained nor saved.

    Args:
        model: The network with trained weights.
        precision: Precision of backbone, pyramid, RPN and mask head, which need most of the time. In bfloat16 they are
            faster on CPUs with support for it (AVX512-BF16, AMX), with two to three significant digits; boxes, RoIs,
            class head and triage stay in float32.

    Returns:
        A new network that shares nothing with `model`.
    """
    trunk, stage, box, mask, triage = (
        model.parts.trunk,
        model.parts.proposals,
        model.parts.box_head,
        model.parts.mask_head,
        model.parts.triage,
    )
    of_stage = precision if stage.in_half_precision else "float32"
    parts = Parts(
        trunk=replace(
            trunk, backbone=folded(trunk.backbone, precision, _EXACT), fpn=folded(trunk.fpn, precision, _EXACT)
        ).halved(),
        proposals=stage.with_network(folded(stage.network, of_stage, _EXACT)),
        box_head=replace(box, network=folded(box.network)),
        mask_head=replace(mask, network=folded(mask.network, precision, _EXACT)),
        triage=None if triage is None else replace(triage, network=folded(triage.network)),
    )
    return MaskRCNN(model.config, parts=parts)
