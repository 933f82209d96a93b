"""The examination: what the films of a breast, of both breasts, and of two dates say together."""
