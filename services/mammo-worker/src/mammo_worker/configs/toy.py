"""A small network that trains in seconds, to try out and test the commands.

Command: `mammo-worker train toy --data DATA --cbis-ddsm all --weights WEIGHTS --out RUN`

Cost: half a minute on one core, most of it for preparing the films. Expected result: none.
"""

from dataclasses import replace

from mammo_worker.configs import light
from mammo_worker.detector.plan import DetectorPlan
from mammo_worker.nn.config import AnchorStageConfig, BackboneConfig, MaskRCNNConfig, SelectionConfig
from mammo_worker.training.plan import Phase, TrainingPlan


def network(canvas: tuple[int, int] = (128, 64)) -> MaskRCNNConfig:
    """The light network, narrow and without frozen blocks."""
    base = light.network(canvas)
    return replace(
        base,
        backbone=BackboneConfig("efficientnet_lite0"),
        pyramid=replace(base.pyramid, channels=16),
        rois=replace(base.rois, samples=8),
        box=replace(base.box, units=16),
        mask=replace(base.mask, channels=8, convs=1),
    )


def anchor_network(canvas: tuple[int, int] = (128, 64)) -> MaskRCNNConfig:
    """The toy network with an RPN, and without triage."""
    selection = SelectionConfig(before_train=64, kept_train=32)
    stage = AnchorStageConfig(scales=(16.0, 32.0, 64.0), samples=32, selection=selection)
    return replace(network(canvas), proposals=stage, triage=None)


def plan() -> DetectorPlan:
    """Train at two sizes for two steps each."""
    phases = (Phase(2, canvas=(64, 64)), Phase(2, canvas=(128, 64)))
    return DetectorPlan(TrainingPlan(network(), phases, batch=2, warm_up=1))
