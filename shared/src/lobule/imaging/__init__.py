"""Reads untrusted images: the header first, then the pixels, with bounded time and memory."""
