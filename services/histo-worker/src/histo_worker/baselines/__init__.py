"""Methods before deep learning (the thesis' chapter 2): nuclei, hand-crafted features, classical classifiers."""
