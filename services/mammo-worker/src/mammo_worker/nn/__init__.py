"""Networks and their parts, in Keras 3 with `keras.ops` only."""
