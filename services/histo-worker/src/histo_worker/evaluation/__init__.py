"""How good a classifier is: metrics over patches, images and patients, with intervals over patients."""
