"""One of something is not said in the plural."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lobule.words import Words, counted
from lobule.words.catalogue import sentences

ROOT = Path(__file__).parents[1]
ABOVE_ONE = {
    "activity.images_ahead": "count",  # one has a sentence of its own
    "errors.animated_image.frames": "frames",
    "errors.image_truncated.ljpeg_size": "found",  # the pixels of a film
    "errors.image_unreadable.ljpeg_size": "found",
    "errors.image_unreadable.jpeg_scans": "most",  # limits
    "errors.image_unreadable.jpeg_segments": "most",
    "errors.image_unreadable.png_chunks": "most",
    "errors.image_unreadable.tiff_directories": "most",
    "errors.image_unreadable.tiff_directory_tags": "tags",  # none, or more than the limit
    "errors.image_unreadable.tiff_parts": "parts",  # more than the limit
    "errors.invalid_request.too_many_drawn": "most",
    "errors.invalid_request.too_many_merges": "most",
    "errors.invalid_request.too_many_points": "most",
    "errors.malformed_upload.too_many_parts": "most",
    "errors.queue_full.previews": "most",
    "errors.too_many_pixels.size": "megapixels",
    "checks.too_many_pixels": "most",
    "errors.unsupported_format.dicom_bits_compressed": "bits",  # more than 16
    "errors.unsupported_format.dicom_bits_used": "bits",
    "help.files.text": "megapixels",
    "newcase.facts.deep": "bits",  # more than 8
    "notice.small_image": "pixels",  # the side of a patch
}
"""Sentences with a number that is never one."""
NO_NUMBERS = {"height", "modality", "prevalence", "side", "size"}
"""Values that are no numbers of things, or the sizes of pictures."""
NOUNS = (
    "analyses|bits|breasts|bytes|cancers|cases|chunks|colours|components|crops|days|directories|entries|events|faults|"
    "fields|files|films|findings|frames|hours|images|keys|marks|megapixels|messages|minutes|months|objects|parts|"
    "patients|pixels|points|previews|regions|reports|rows|samples|scans|seconds|segments|steps|strips|tags|tries|users|"
    "versions|views|weeks|workers|years"
)
COUNTED = re.compile(rf"(?<! x )\{{(\w+)\}} (?:[a-z]+ )?(?:{NOUNS})\b")
PRINTS = {"echo", "print", "fail"}


def test_every_number_before_a_noun_chooses_a_form():
    found = {
        key: numbers
        for key, sentence in sentences("en").items()
        if isinstance(sentence, str)
        and not key.startswith("package.")  # figures of training and evaluation
        and (numbers := set(COUNTED.findall(sentence)) - NO_NUMBERS)
    }
    assert found == {key: {number} for key, number in ABOVE_ONE.items()}


@pytest.mark.parametrize(("key", "values"), [("errors.queue_full.user", {"most": 1, "seconds": 1})])
def test_a_second_and_an_analysis(key, values):
    assert Words("en")(key, **values).endswith("allowed (1). Please try again in 1 s.")
    assert Words("zh")(key, **values) == "您已有 1 项分析在等待，达到允许的上限。请在 1 秒后重试。"


@pytest.mark.parametrize(
    ("key", "english", "chinese"),
    [
        ("doctor.certificate_ends", "ends in one day.", "证书将在 1 天后到期。"),
        ("cli.encryption.applied", "One object was encrypted.", "已加密 1 个对象。"),
        ("steps.bytes", "1 byte", "1 字节"),
    ],
)
def test_one_of_what_is_counted(key, english, chinese):
    assert english in Words("en")(key, count=1)
    assert chinese in Words("zh")(key, count=1)


def printed(tree: ast.AST) -> Iterator[str]:
    """The f-strings that a program prints, with a blank for each value."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (getattr(node.func, "attr", None) or getattr(node.func, "id", "")) in PRINTS:
            for string in ast.walk(node):
                if isinstance(string, ast.JoinedStr):
                    yield "".join(str(p.value) if isinstance(p, ast.Constant) else "{_}" for p in string.values)


def test_what_commands_print_counts_in_words_that_fit():
    """Some number `of {_} films` is said of data sets."""
    found = {
        f"{path.name}: {text}"
        for folder in ("shared", "services")
        for path in sorted((ROOT / folder).glob("**/src/**/*.py"))
        for text in printed(ast.parse(path.read_text("utf-8")))
        if COUNTED.search(re.sub(r"of \{_\} \w+", "", text))
    }
    assert found == set()


def test_counted():
    assert [counted(number, "film") for number in (0, 1, 2)] == ["0 films", "1 film", "2 films"]
