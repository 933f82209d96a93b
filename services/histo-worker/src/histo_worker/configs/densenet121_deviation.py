"""Linear head on how much the maps of a frozen DenseNet-121's block 2 vary over squares of equal tissue.

A square is as high as a field at 100X; at 40X it has the number of pixels that shows the same tissue, so that nuclei
have the same size. Both classes count alike at each magnification, because they are not equally frequent there.

Cost: ten minutes for 1,278 fields on two cores that other work shared, nearly all of it features (seconds when they are
cached).
Result: see MODEL_CARD.md of `breakhis-densenet121` 4.0.0, the shipped package, which this command writes with
`--set name=breakhis-densenet121` and `--set version=4.0.0`.

    histo-worker train densenet121_deviation --data BREAKHIS --data BREAKHIS_MORE --weights WEIGHTS --output FOLDER
"""

from histo_worker.field_reader import FieldReader
from histo_worker.training.frozen_head import FrozenHeadConfig


def plan() -> FrozenHeadConfig:
    """The shipped head."""
    return FrozenHeadConfig(
        name="densenet121-deviation",
        backbone="densenet121",
        taps=("block2_middle", "block2"),
        reader=FieldReader(size=224, window=460, window_at="100X", turned=True),
        c=0.003,
        shrinkage=60.0,
        statistic="deviation",
        by_magnification=True,
    )
