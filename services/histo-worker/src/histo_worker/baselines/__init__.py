"""What was done before networks (the thesis' chapter 2): nuclei, hand-made features, classical classifiers."""
