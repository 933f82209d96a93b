"""The parts of a Mask R-CNN, built from its configuration."""

from dataclasses import dataclass, replace

import keras

from mammo_worker.nn.anchor_stage import AnchorStage
from mammo_worker.nn.box_head import BoxHead
from mammo_worker.nn.centre_stage import CentreStage
from mammo_worker.nn.config import AnchorStageConfig, MaskRCNNConfig
from mammo_worker.nn.mask_head import MaskHead, build_mask_head
from mammo_worker.nn.proposals import ProposalStage
from mammo_worker.nn.roi import RoiPooler
from mammo_worker.nn.triage import TriageHead
from mammo_worker.nn.trunk import Trunk


@dataclass(frozen=True)
class Parts:
    """The parts of a network, each with the Keras networks that it needs.

    Attributes:
        trunk: Backbone and pyramid.
        proposals: The first stage.
        box_head: Class and box of the second stage.
        mask_head: Masks of the second stage.
        triage: The triage head, or None.
    """

    trunk: Trunk
    proposals: ProposalStage
    box_head: BoxHead
    mask_head: MaskHead
    triage: TriageHead | None

    @classmethod
    def build(cls, config: MaskRCNNConfig, trunk_precision: str = "float32") -> "Parts":
        """Build new parts with random weights.

        Args:
            config: Configuration of the network.
            trunk_precision: Keras dtype policy of backbone and pyramid; boxes, heads and losses always stay in float32,
                which coordinates need.
        """
        canvas, channels, strides = config.canvas, config.pyramid.channels, config.pyramid.strides
        pooler = RoiPooler(strides, config.rois.sampling)
        return cls(
            trunk=Trunk.build(config.backbone, config.pyramid, trunk_precision),
            proposals=_proposal_stage(config),
            box_head=BoxHead.build(config.box, channels, pooler, canvas),
            mask_head=build_mask_head(config.mask, channels, pooler),
            triage=TriageHead.build(config.triage, strides, channels) if config.triage else None,
        )

    def at_canvas(self, canvas: tuple[int, int]) -> "Parts":
        """The same networks for a canvas of another height and width."""
        box_head = replace(self.box_head, canvas=canvas)
        return replace(self, proposals=self.proposals.at_canvas(canvas), box_head=box_head)

    @property
    def networks(self) -> list[keras.Model]:
        """All networks in the order in which their weights are stored; packages and trainings depend on it."""
        heads = [self.proposals.network, self.box_head.network, self.mask_head.network]
        triage = [] if self.triage is None else [self.triage.network]
        return [self.trunk.backbone, self.trunk.fpn, *heads, *triage]


def _proposal_stage(config: MaskRCNNConfig) -> ProposalStage:
    strides, channels = config.pyramid.strides, config.pyramid.channels
    if isinstance(config.proposals, AnchorStageConfig):
        return AnchorStage(config.proposals, config.canvas, strides, channels)
    return CentreStage(config.proposals, config.canvas, strides, channels)
