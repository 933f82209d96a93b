"""The error of an embedded deployment that cannot start."""

from lobule.words import Words


class StartError(Exception):
    """The system cannot start.

    Args:
        code: Code of the sentence `launcher.<code>` of the catalogue.
        values: Values in the sentence.
    """

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code, values)
        self.code, self.values = code, values

    def __str__(self) -> str:
        """The sentence in English."""
        return self.sentence(Words("en"))

    def sentence(self, words: Words) -> str:
        """The sentence in the language of `words`."""
        return words(f"launcher.{self.code}", **self.values)
