"""Matterport's Mask R-CNN for `mammo_speed.py`: analyses a film for every line of standard input, prints two numbers.

usage (Python 3.7): python matterport_speed.py SIDE

Needs a separate interpreter with `pip install mrcnn-colab==2.1 tensorflow==1.15.5 keras==2.2.5 'h5py<3'
'protobuf<3.21' 'numpy<1.19' scikit-image imgaug`. It uses random weights and the defaults (ResNet-101, 1000
proposals), and prints elapsed and processor seconds. Only `predict` is timed, without the resizing before it and the
pasting of masks after it.
"""

import os
import sys
import tempfile
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # discard the output of TensorFlow and Keras

import numpy as np  # noqa: E402
from mrcnn.config import Config  # noqa: E402
from mrcnn.model import MaskRCNN  # noqa: E402


class FilmConfig(Config):
    NAME = "film"
    NUM_CLASSES = 3
    GPU_COUNT = IMAGES_PER_GPU = 1
    BACKBONE = "resnet101"
    IMAGE_MIN_DIM = IMAGE_MAX_DIM = int(sys.argv[1])


config = FilmConfig()
model = MaskRCNN("inference", config=config, model_dir=tempfile.gettempdir())
side = config.IMAGE_MAX_DIM
film = np.random.RandomState(0).randint(0, 255, (side, side, 3)).astype(np.uint8)
images, metas, _ = model.mold_inputs([film])
inputs = [images, metas, model.get_anchors(images[0].shape)[None]]
model.keras_model.predict(inputs)
answers.write("ready\n")
answers.flush()
for _ in sys.stdin:
    started, cpu = time.time(), time.process_time()
    model.keras_model.predict(inputs)
    answers.write(f"{time.time() - started} {time.process_time() - cpu}\n")
    answers.flush()
