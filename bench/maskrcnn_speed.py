"""Our Mask R-CNN for `mammo_speed.py`: analyses a film for every line of standard input and prints two numbers.

usage: python maskrcnn_speed.py HEIGHT WIDTH PRECISION

ResNet-101 with random weights, the thesis' configuration, one compiled graph from the canvas to boxes, scores and
masks; batch norms folded as in `mammo_worker.nn.fold`. It prints elapsed and processor seconds.
"""

import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

from mammo_worker.configs import reference
from mammo_worker.nn.fold import fold
from mammo_worker.nn.mask_rcnn import MaskRCNN


def main() -> None:
    height, width, precision = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    model = MaskRCNN(reference.thesis_network((height, width)))
    model = fold(model, "bfloat16" if precision == "bfloat16" else "float32")
    look = tf.function(model.detect)
    canvas = tf.constant(np.random.default_rng(0).integers(0, 255, (1, height, width, 2)).astype(np.uint8))
    look(canvas)
    print("ready", flush=True)
    for _ in sys.stdin:
        started, cpu = time.time(), time.process_time()
        found = look(canvas)
        assert np.isfinite(found["boxes"].numpy()).all()
        print(time.time() - started, time.process_time() - cpu, flush=True)


if __name__ == "__main__":
    main()
