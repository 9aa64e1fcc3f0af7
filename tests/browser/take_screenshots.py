"""Pictures of the demonstration for the README: python -m tests.browser.take_screenshots."""

import base64
import struct
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import FLAGS, find_chromium
from tests.browser.conftest import DESK, PHONE
from tests.browser.served import ROOT, Served, serving
from tests.browser.steps import open_case, sign_in

IMAGES = ROOT / "docs" / "images"
CASES = 300
LARGEST = 150_000  # bytes of a picture
READ_PIXELS = """async (png) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const bytes = canvas.getImageData(0, 0, image.width, image.height).data;
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768)
    text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return [btoa(text), image.width, image.height];
}"""
PLACES = ("A farm near the border", "A farm and a packing hall near the border")


def main() -> None:
    """Start Tutela, take every picture, stop it."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), cases=CASES) as served,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        take_all(browser, served)
        browser.close()


def take_all(browser: Browser, served: Served) -> None:
    def somebody(username: str, viewport: dict[str, int] = DESK) -> Page:
        context = browser.new_context(base_url=served.address, viewport=viewport)
        page = context.new_page()
        sign_in(page, username, served.password)
        return page

    entrance = browser.new_context(base_url=served.address, viewport=DESK).new_page()
    entrance.goto("/")
    take(entrance, "sign-in")
    officer = somebody("officer")
    officer.goto("/cases/")
    take(officer, "cases")
    reference = open_case(officer, _fullest(officer))
    take(officer, "case")
    for place in PLACES:
        officer.goto(f"/cases/{reference}/what-happened/")
        officer.get_by_label("Place of exploitation").fill(place)
        with officer.expect_navigation():  # it is sent a moment after the press
            officer.get_by_role("button", name="Save").click()
    take_trail(somebody, reference)
    analyst = somebody("analyst")
    analyst.goto("/statistics/?rows=year&columns=gender")
    analyst.locator("#result h2").evaluate("heading => heading.scrollIntoView()")
    take(analyst, "statistics")
    phone = somebody("officer", PHONE)
    phone.goto(f"/cases/{reference}/")
    take(phone, "phone")


def _fullest(officer: Page) -> int:
    """Which of the newest cases has the most assistance to show."""

    def records(number: int) -> int:
        open_case(officer, number)
        return officer.get_by_role("row").count()

    return max(range(8), key=records)


def take_trail(somebody: Callable[[str], Page], reference: str) -> None:
    supervisor = somebody("supervisor")
    supervisor.goto(f"/cases/{reference}/trail/")
    supervisor.locator("del").first.scroll_into_view_if_needed()
    take(supervisor, "trail")


def take(page: Page, name: str) -> None:
    """Save what the page shows as a PNG of at most LARGEST bytes."""
    page.wait_for_load_state("networkidle")
    picture = packed(pixels_of(page, page.screenshot(animations="disabled")))
    if len(picture) > LARGEST:
        raise SystemExit(f"{name}.png has {len(picture)} bytes, more than {LARGEST}.")
    (IMAGES / f"{name}.png").write_bytes(picture)


def pixels_of(page: Page, png: bytes) -> np.ndarray:
    """Red, green and blue of each pixel (height x width x 3), read by the browser itself."""
    blank = page.context.new_page()
    encoded, width, height = blank.evaluate(READ_PIXELS, base64.b64encode(png).decode())
    blank.close()
    pixels = np.frombuffer(base64.b64decode(encoded), dtype=np.uint8)
    return pixels.reshape(height, width, 4)[:, :, :3]


def packed(pixels: np.ndarray) -> bytes:
    """A PNG with a palette: a page has few colours, and its rare ones become the nearest of those."""
    height, width, _channels = pixels.shape
    colours, which, counts = np.unique(
        pixels.reshape(-1, 3).astype(np.int32), axis=0, return_inverse=True, return_counts=True
    )
    kept = colours[np.argsort(-counts)[:256]]
    nearest = [np.abs(kept - colour).sum(axis=1).argmin() for colour in colours]
    palette = kept.astype(np.uint8).tobytes()
    lines = np.zeros((height, width + 1), dtype=np.uint8)  # the first byte says: no filter
    lines[:, 1:] = np.array(nearest, dtype=np.uint8)[which].reshape(height, width)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)  # 8 bits, palette
    chunks = [(b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(lines.tobytes(), 9))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in [*chunks, (b"IEND", b"")])


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


if __name__ == "__main__":
    main()
