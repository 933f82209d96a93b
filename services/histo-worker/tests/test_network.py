"""The classifier of a package as a compiled function: folded, and with oneDNN's kernels."""

import os
import subprocess
import sys

import numpy as np

from histo_worker.network import CompiledClassifier, build_network
from histo_worker.settings import HistoSettings
from lobule.model_package import open_package


def test_folded_network_says_what_the_package_says():
    package = open_package(HistoSettings().model, "histopathology")
    classifier = CompiledClassifier(package, 2)
    net = build_network(package.manifest.architecture, package.weights)
    patches = np.random.default_rng(0).integers(0, 256, (2, classifier.size, classifier.size, 3), np.uint8)
    said = net(patches.astype(np.float32))
    logits, evidence = classifier(patches)
    np.testing.assert_allclose(logits, said["logit"], atol=1e-4)
    np.testing.assert_allclose(evidence, said["evidence"], atol=1e-3)


def test_one_dnn_is_chosen_before_tensorflow_is_imported():
    code = "import os, sys, histo_worker; print(os.environ['TF_ENABLE_ONEDNN_OPTS'], 'tensorflow' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["1", "False"]
