"""Reading images from strangers: the header first, then, within bounds, the pixels."""
