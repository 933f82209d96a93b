"""DICOMweb: films that other systems store by STOW-RS."""
