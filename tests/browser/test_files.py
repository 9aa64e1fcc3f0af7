"""A file of a case, as people add, see, download and remove it; and not a byte of it in clear."""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.served import Served
from tests.browser.steps import open_case
from tests.browser.sweep import find_words
from tests.cases import made_files as made

SENTENCE = "Разалінда сказала, што пашпарт застаўся ў вяскоўцаў"
NAME = "Пратакол Журавінскай"
ABOUT = "Гутарка ў Пінскім прытулку"
LARGE = 12 * 2**20  # bytes; Django would write more than 2.5 MB to the disk in clear


def add(
    page: Page, name: str, content: bytes, part: str = "Legal records", about: str = ""
) -> None:
    """From the case page: choose a file, say what it is, send it."""
    page.get_by_role("link", name="Add a file").click()
    page.get_by_label(part).check()
    page.get_by_label("Description").fill(about)
    page.get_by_label("File", exact=True).set_input_files(
        {"name": name, "mimeType": "application/x-anything", "buffer": content}
    )
    page.get_by_role("button", name="Add the file").click()


def large_text() -> bytes:
    return (SENTENCE + "\n").encode() * (LARGE // len(SENTENCE.encode()))


@contextmanager
def looked_at(served: Served) -> Iterator[set[Path]]:
    """Every file that comes to be anywhere the server may write, looked into while it is there."""
    seen: set[Path] = set()
    found: list[str] = []
    over = threading.Event()
    word = SENTENCE[:20].encode()

    def look() -> None:
        while not over.is_set():
            for folder in (
                served.data / "uploads",
                served.data / "attachments",
                served.home / "tmp",
            ):
                for path in folder.rglob("*"):
                    try:
                        found.extend([path.name] if word in path.read_bytes() else [])
                        seen.add(path)
                    except (FileNotFoundError, IsADirectoryError):
                        continue
            time.sleep(0.005)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
    assert not found


def test_a_large_file_goes_in_and_out_and_never_lies_in_clear(visit, served):
    page, content = visit("officer"), large_text()
    open_case(page)
    with looked_at(served) as seen:
        add(page, f"{NAME}.txt", content, about=ABOUT)
        expect(page.get_by_text("The file is added.")).to_be_visible()
    assert any("uploads" in path.parts for path in seen), "it was looked at while it came in"
    page.get_by_role("link", name=NAME).click()
    expect(page.get_by_text(ABOUT)).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    download = waiting.value
    assert download.suggested_filename == f"{NAME}.txt"
    assert Path(download.path()).read_bytes() == content
    with served.held_still():
        files = [
            path
            for path in served.home.rglob("*")
            if path.is_file() and not path.is_relative_to(served.data / "static")
        ]
        assert any("attachments" in path.parts for path in files)
        assert not find_words([SENTENCE[:24], "вяскоўцаў", NAME, ABOUT, "Журавінскай"], files)
    assert not list((served.data / "uploads").iterdir())


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_picture_is_shown_and_removed_again(visit, phone):
    page = visit("officer", phone=phone)
    open_case(page, 2)
    add(page, "Фота.jpg", made.camera_picture(), "Identity")
    page.get_by_role("link", name="Фота.jpg").click()
    picture = page.get_by_role("img", name="Preview of Фота.jpg")
    expect(picture).to_have_js_property("naturalWidth", 200)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    assert made.PLACE not in Path(waiting.value.path()).read_bytes()
    page.get_by_text("Remove this file").click()
    page.get_by_role("button", name="Remove the file").click()
    expect(page.get_by_role("link", name="Say why the file is removed.")).to_be_visible()
    page.get_by_label("Reason").fill("Дадалі двойчы")
    page.get_by_role("button", name="Remove the file").click()
    expect(page.get_by_text("The file is removed.")).to_be_visible()
    expect(page.get_by_role("link", name="Фота.jpg")).to_have_count(0)


def test_what_is_not_taken_keeps_what_was_typed(visit):
    page = visit("officer")
    open_case(page, 1)
    add(page, "Фота.jpg", b"MZ" + bytes(5000), "Medical records", ABOUT)
    expect(page.get_by_role("alert")).to_contain_text("not a file of a kind that is taken")
    expect(page.get_by_label("Description")).to_have_value(ABOUT)
    expect(page.get_by_label("Medical records")).to_be_checked()


def test_without_scripts_it_is_the_same(visit):
    page = visit("officer", anew=True, java_script_enabled=False)
    open_case(page, 3)
    add(page, "Нататкі.txt", "Коротко".encode(), "Narrative")
    expect(page.get_by_text("The file is added.")).to_be_visible()
    page.get_by_role("link", name="Нататкі.txt").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    assert Path(waiting.value.path()).read_text() == "Коротко"


def test_a_file_opened_in_the_browser_runs_nothing(visit):
    """Should a browser show what it was told to save: no script runs, no page of ours is reached."""
    page = visit("officer")
    open_case(page, 1)
    script = b"<script>document.title = 'RUNS'; fetch('/cases/')</script>"
    add(page, "page.txt", script, "Narrative")
    page.get_by_role("link", name="page.txt").click()
    address = page.get_by_role("button", name="Download").get_attribute("href")
    answer = page.request.get(address)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment")
    part = page.request.get(address, headers={"Range": "bytes=1-6"})
    assert (part.status, part.body()) == (206, b"script")


def test_a_picture_sent_as_png_comes_back_as_one(visit):
    page = visit("officer")
    open_case(page, 1)
    add(page, "Малюнак.png", made.picture("PNG"), "Identity")
    page.get_by_role("link", name="Малюнак.png").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    image = Image.open(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    assert (image.format, image.size) == ("PNG", (300, 200))
