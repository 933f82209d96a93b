"""Histopathology: the inference worker and its commands."""

import os

# On processors without AVX-512, TensorFlow leaves oneDNN out unless it is told before it is imported. The networks of
# this package take an eighth less time with it, those of mammo_worker more.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
