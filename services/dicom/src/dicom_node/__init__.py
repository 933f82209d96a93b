"""The DICOM node: films come in from a PACS, results go back to it."""
