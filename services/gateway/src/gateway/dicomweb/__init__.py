"""DICOMweb: STOW-RS for films; QIDO-RS and WADO-RS for films and results."""
