"""Names of files that are given out."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.downloads import attachment, safe_name


@pytest.mark.parametrize(
    "name, safe",
    [
        ("Справка из больницы.pdf", "Справка из больницы.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\boot.ini.txt", "boot.ini.txt"),
        ("C:\\Users\\Hanna\\a.pdf", "a.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie_ x_1.pdf"),
        ('a";filename="b.exe.pdf', "a__filename__b.exe.pdf"),
        ("a\u202efdp.exe.pdf", "afdp.exe.pdf"),
        ("\u200b\ufeff.PDF", "file.pdf"),
        ("...hidden.pdf", "hidden.pdf"),
        ("a.PDF", "a.pdf"),
        ("é.pdf", "é.pdf"),
        ("a\0b.pdf", "ab.pdf"),
        (" \t .pdf", "file.pdf"),
        ("x" * 400 + ".pdf", "x" * 120 + ".pdf"),
        ("", "file"),
        ("CON.txt", "CON_.txt"),
        ("0.\x08A", "0.a"),
        ("x.PDF .", "x.pdf"),
        (f"{'x' * 117}.AB CD", f"{'x' * 117}.ab"),
        ("lpt1", "lpt1_"),
        ("a.p\r\nX: y", "a.p X_ y"),
        ("<img src=x onerror=alert(1)>.html", "_img src_x onerror_alert(1)_.html"),
        ("~$name`$(id)`.csv", "~$name`$(id)`.csv"),
        ("/", "file"),
    ],
)
def test_names_come_back_as_one_line_without_a_path(name, safe):
    assert safe_name(name) == safe


def test_no_name_that_comes_back_can_be_misread():
    for start in range(0, 0x3000, 7):
        name = safe_name("".join(chr(start + n) for n in range(7)) + "/x" + chr(start) + ".pdf")
        assert name.endswith(".pdf") and not re.search(r'[/\\\x00-\x1f"<>:;%]', name[:-4])


@given(some.text(max_size=300))
def test_any_name_comes_back_as_one_line_that_stays_as_it_is(name):
    safe = safe_name(name)
    assert safe == safe_name(safe) != ""
    assert not re.search(r'[/\\<>:"|?*%;=]', safe) and len(safe) <= 130
    assert all(unicodedata.category(letter)[0] not in "C" for letter in safe)


@given(some.text(max_size=300))
def test_the_header_is_one_line_that_names_a_download(name):
    header = attachment(name)
    assert header.startswith("attachment; filename")
    assert re.fullmatch(r"[\x20-\x7e]+", header)
    assert header.count('"') in (0, 2) and header.count(";") == 1
