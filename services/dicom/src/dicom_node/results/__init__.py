"""Results as DICOM objects of the study that they are about."""
