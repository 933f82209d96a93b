"""A file's name as browsers, curl, Requests, .NET and hostile hands send it."""

import pytest

from gateway.uploads.file_names import file_name_of

FORM = 'form-data; name="file"'


@pytest.mark.parametrize(
    ("rest", "name"),
    [
        ('; filename="a.png"', "a.png"),
        ("; filename=a.png", "a.png"),
        ('; filename="乳腺 左.dcm"', "乳腺 左.dcm"),
        # Requests with urllib3 before 2.0
        ("; filename*=utf-8''na%C3%AFve%20%E4%B9%B3%E8%85%BA.png", "naïve 乳腺.png"),
        # .NET's HttpClient: the plain one first, then the extended one, which counts
        ("; filename=\"=?utf-8?B?w6k=?=\"; filename*=utf-8''%C3%A9.png", "é.png"),
        ("; filename*=UTF-8''%C3%A9.png; filename=\"e.png\"", "é.png"),
        ("; filename*=iso-8859-1'en'%A3%20rates.png", "£ rates.png"),
        ("; filename* = utf-8'de'%C3%BC.png", "ü.png"),
        ("; FILENAME*=utf-8''a.png", "a.png"),
        # what cannot be decoded leaves the plain name
        ("; filename*=utf-8''%FF%FE.png; filename=\"plain.png\"", "plain.png"),
        ("; filename*=koi8-r''%C1.png; filename=plain.png", "plain.png"),
        ("; filename*=utf-8%C3%A9.png; filename=plain.png", "plain.png"),
        ("; filename*=utf-8''%ZZ.png", "image"),
        # a parameter that stands within a quoted name is none
        ("; filename=\"a; filename*=utf-8''b.png\"", "a; filename*=utf-8''b.png"),
        ('; filename="a\\"b.png"', 'a"b.png'),
        # folders, control characters, marks that turn the direction of writing
        ("; filename*=utf-8''..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("; filename*=utf-8''C%3A%5Cscans%5Cleft.dcm", "left.dcm"),
        ('; filename="C:\\scans\\left.dcm"', "left.dcm"),
        ("; filename*=utf-8''a%0D%0Ab%00%1B.png", "ab.png"),
        ("; filename*=utf-8''a%E2%80%AEgnp.exe", "agnp.exe"),
        ("; filename*=utf-8''", "image"),
        ('; filename="///"', "image"),
        ("; filename*=utf-8''" + "a" * 400, "a" * 255),
    ],
)
def test_names(rest, name):
    assert file_name_of((FORM + rest).encode()) == name


@pytest.mark.parametrize("rest", ["", "; name=filename", "; nofilename=a", '; x="; filename=a"'])
def test_a_part_without_a_name_is_no_file(rest):
    assert file_name_of((FORM + rest).encode()) is None


def test_a_long_hostile_header_is_read_in_no_time():
    assert file_name_of((FORM + '; filename="' + '\\"' * 2000).encode()) is not None
    assert file_name_of((FORM + "; filename*=utf-8''" + "%41" * 1300).encode()) == "A" * 255
