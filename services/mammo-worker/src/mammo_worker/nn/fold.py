"""A trained Mask R-CNN made ready for inference."""

from dataclasses import replace

from lobule_ml.folding import Precision, folded
from mammo_worker.nn.mask_rcnn import MaskRCNN
from mammo_worker.nn.parts import Parts

# Their outputs become boxes and probabilities; what they cost is nothing beside the convolutions before them.
_EXACT = ("rpn_logit", "rpn_delta", "mask_logit")


def fold(model: MaskRCNN, precision: Precision = "float32") -> MaskRCNN:
    """The same network without batch norms; it can no longer be trained, nor its weights saved.

    Args:
        model: With trained weights.
        precision: Of backbone, pyramid, RPN and mask head, where nearly all the arithmetic is. In bfloat16 they are
            faster on CPUs that have it (AVX512-BF16, AMX), with three significant digits; boxes, RoIs,
            class head and triage stay in float32.

    Returns:
        A new network, which shares nothing with `model`.
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
        ),
        proposals=stage.with_network(folded(stage.network, of_stage, _EXACT)),
        box_head=replace(box, network=folded(box.network)),
        mask_head=replace(mask, network=folded(mask.network, precision, _EXACT)),
        triage=None if triage is None else replace(triage, network=folded(triage.network)),
    )
    return MaskRCNN(model.config, parts=parts)
