"""What waits for workers, and in which order it is given to them."""
