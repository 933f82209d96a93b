"""A trained Mask R-CNN made ready for inference."""

from lobule_ml.folding import Precision, folded
from mammo_worker.nn.mask_rcnn import MaskRCNN

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
    model.backbone = folded(model.backbone, precision, _EXACT)
    model.fpn = folded(model.fpn, precision, _EXACT)
    model.mask_head = folded(model.mask_head, precision, _EXACT)
    model.rpn = folded(model.rpn, precision if model.config.proposal_stage == "anchors" else "float32", _EXACT)
    model.box_head = folded(model.box_head)
    if model.mil_head is not None:
        model.mil_head = folded(model.mil_head)
    return model
