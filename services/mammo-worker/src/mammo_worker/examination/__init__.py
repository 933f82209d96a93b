"""The examination: the films of a breast, of both breasts, and of two dates, read together."""
