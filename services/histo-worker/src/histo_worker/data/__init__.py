"""BreakHis: its records, its folds, and an iterator of batches that any Keras backend can eat."""
