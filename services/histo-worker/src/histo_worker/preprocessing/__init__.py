"""Operations on pixels before a network sees them: normalisation, augmentation, stains, windows."""
