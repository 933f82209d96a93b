"""What was done before networks (the report's chapter 2): nuclei, hand-made features, classical classifiers."""
