"""The labels of marked regions."""

BENIGN, MALIGNANT, MASS_OF_UNKNOWN_CLASS = 1, 2, 3
"""Labels of masses; 0 is background, and pads. The last one is a mass, benign or malignant."""

LABELS = {"benign": BENIGN, "malignant": MALIGNANT, "ambiguous": MASS_OF_UNKNOWN_CLASS}
"""By the names that data sets give them."""
