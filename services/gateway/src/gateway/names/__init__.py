"""What becomes of patients' names in DICOM files: removed, replaced, or kept apart and encrypted."""
