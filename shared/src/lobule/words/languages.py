"""How each language is written and named: all that is known of it besides its sentences."""

from collections.abc import Mapping
from typing import NamedTuple

from babel import Locale

from lobule.contracts.language import Language


class Marks(NamedTuple):
    """Punctuation with the space that belongs to it."""

    comma: str
    semicolon: str
    colon: str
    stop: str
    opening: str
    closing: str
    enumeration: str


class Writing(NamedTuple):
    """A language as it is written.

    Attributes:
        locale: Its CLDR data: numbers, dates, lists and plural forms.
        tag: Its name in HTML.
        own_name: Its name in itself.
        marks: Its punctuation.
        space: What separates two sentences.
    """

    locale: Locale
    tag: str
    own_name: str
    marks: Marks
    space: str


_ENGLISH = Marks(", ", "; ", ": ", ". ", opening=" (", closing=")", enumeration=", ")
_CHINESE = Marks("，", "；", "：", "。", opening="（", closing="）", enumeration="、")
WRITING: Mapping[Language, Writing] = {
    "en": Writing(Locale("en", "GB"), "en", "English", _ENGLISH, space=" "),
    "zh": Writing(Locale("zh", "CN", script="Hans"), "zh-Hans", "中文", _CHINESE, space=""),
}
