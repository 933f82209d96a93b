"""The labels of marked regions."""

BENIGN, MALIGNANT, MASS_OF_UNKNOWN_CLASS = 1, 2, 3
"""Labels of masses; 0 is background and padding. The last one is a mass of unknown class."""

LABELS = {"benign": BENIGN, "malignant": MALIGNANT, "ambiguous": MASS_OF_UNKNOWN_CLASS}
"""Labels by their names in data sets."""
