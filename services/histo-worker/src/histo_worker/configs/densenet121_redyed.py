"""The shipped head, whose network is trained further on fields with other dyes.

Half of the patches have both dyes replaced by drawn ones; all vary in geometry, dyes, light, sharpness and compression.
Block 2 of the DenseNet-121 is trained; what lies before it stays frozen, so that the network costs the service what the
shipped one costs.

Cost: 16 networks, for five folds with three seeds and for all fields, of 300 steps: 8 to 13 minutes each on one core.
Result: with `--set by_magnification=False` it does not ship; with the head that ships now, it is not measured yet
(docs/results/tissue-tried.md).

    histo-worker train densenet121_redyed --data BREAKHIS --data BREAKHIS_MORE --weights WEIGHTS --output PACKAGE
"""

from dataclasses import fields

from histo_worker.configs.densenet121_deviation import plan as shipped
from histo_worker.preprocessing.laboratories import Laboratory
from histo_worker.training.changed_patches import Changes
from histo_worker.training.fine_tuned import FineTunedConfig
from histo_worker.training.trainer import Recipe


def plan() -> FineTunedConfig:
    """The shipped head, trained further."""
    head = shipped()
    kept = {one.name: getattr(head, one.name) for one in fields(head) if one.name not in ("name", "seeds")}
    return FineTunedConfig(
        **kept,
        name="densenet121-redyed",
        seeds=(0, 1, 2),
        frozen_stages=2,
        recipe=Recipe("adamw", rate=1e-4, steps=300, weight_decay=0.05, batch=16, ema=0.99),
        changes=Changes(Laboratory(stretch=1.3, dyes=0.5, hue=0.04, light=0.07, blur=1.2, quality=30)),
    )
