"""Trains the thesis' configuration for one step of its first phase (heads; frozen backbone) at full size.

    python bench/reference_step.py [--side 2048] [--scope heads]

ResNet-101 at 2048 x 2048 from random weights on a drawn film: prints shapes, parameters, every loss, seconds and the
largest memory of the process. A step that trains the backbone too (`--scope all`) holds all its activations and
takes about 4 times the memory.
"""

import resource
import time
from typing import Annotated, cast

import numpy as np
import typer

from mammo_worker.configs import reference
from mammo_worker.nn.anchor_stage import AnchorStage
from mammo_worker.nn.mask_head import MASK_STRIDE
from mammo_worker.training.network import build
from mammo_worker.training.plan import Phase, Scope


def drawn_batch(side: int) -> dict[str, np.ndarray]:
    """A film with a bright square as its mass, in the form that `nn.mask_rcnn.MaskRCNN` expects."""
    canvas = np.random.default_rng(0).integers(0, 60, (1, side, side, 2)).astype(np.uint8)
    low, high = side // 4, side // 4 + side // 16
    canvas[0, low:high, low:high] = 220
    mask = np.zeros((1, side // MASK_STRIDE, side // MASK_STRIDE, 1), np.uint8)
    mask[0, low // MASK_STRIDE : high // MASK_STRIDE, low // MASK_STRIDE : high // MASK_STRIDE] = 1
    return {
        "canvas": canvas,
        "boxes": np.array([[[low, low, high, high]]], np.float32),
        "labels": np.array([[2]], np.int32),
        "mask": mask,
        "has_mask": np.array([1], np.int32),
        "malignant": np.array([1], np.int32),
    }


def main(
    side: Annotated[int, typer.Option(help="side of the square canvas")] = 2048,
    scope: Annotated[str, typer.Option(help="trained part, as in the thesis' table 15")] = "heads",
) -> None:
    """Train one step, and print its losses, time and memory."""
    plan = reference.plan()
    model = build(plan, Phase(1, canvas=(side, side), scope=cast(Scope, scope)))
    levels = [tuple(x.shape[1:]) for x in model.parts.trunk.fpn.outputs]
    proposals = model.parts.proposals
    assert isinstance(proposals, AnchorStage)  # the thesis' first stage
    parameters = sum(int(np.prod(weight.shape)) for weight in model.weights)
    print(
        f"pyramid {levels}, {len(proposals.anchors):,} anchors, {parameters / 1e6:.1f} M parameters",
        flush=True,
    )
    before = [v.numpy() for v in model.trainable_variables]
    started, cpu = time.time(), time.process_time()
    logs = model.train_on_batch(drawn_batch(side), return_dict=True)
    took, cpu = time.time() - started, time.process_time() - cpu
    moved = sum(bool((v.numpy() != b).any()) for v, b in zip(model.trainable_variables, before, strict=True))
    print({name: round(float(value), 4) for name, value in logs.items()})
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{moved} of {len(before)} trained variables moved; {took:.0f} s ({cpu:.0f} s of the processor), tracing")
    print(f"included; {memory:.1f} GB at most")


if __name__ == "__main__":
    typer.run(main)
