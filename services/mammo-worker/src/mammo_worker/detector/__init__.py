"""Training the detector in folds: lesions moved between breasts, films made normal, scanners imitated."""
