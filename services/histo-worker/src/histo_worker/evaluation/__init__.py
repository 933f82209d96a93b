"""Metrics of classifiers over patches, images and patients, with intervals over patients."""
