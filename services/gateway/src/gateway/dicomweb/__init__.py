"""DICOMweb: films that other systems store by STOW-RS, and what they search by QIDO-RS and retrieve by WADO-RS."""
