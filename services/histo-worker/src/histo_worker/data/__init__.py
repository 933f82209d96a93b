"""BreakHis: its records, its folds, and an iterator of batches for any Keras backend."""
