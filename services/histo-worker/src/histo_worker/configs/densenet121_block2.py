"""Linear head on block 2 of a frozen DenseNet-121, patches of 448 pixels read at half size.

Cost: four minutes on two cores for 586 fields, nearly all of it features (seconds when they are cached).
Result: see MODEL_CARD.md of `breakhis-densenet121`, which the same command writes.

    histo-worker train densenet121_block2 --data BREAKHIS --weights WEIGHTS --output FOLDER
"""

from histo_worker.field_reader import FieldReader
from histo_worker.training.frozen_head import FrozenHeadConfig

CONFIG = FrozenHeadConfig(
    name="breakhis-densenet121",
    version="1.1.0",
    backbone="densenet121",
    taps=("block2",),
    reader=FieldReader(size=224, window=448),
    c=0.05,
    shrinkage=1.0,
)
