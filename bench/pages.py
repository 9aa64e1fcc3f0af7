"""Every page that people reach, beside 200,000 cases: python -m bench.pages [CASES]

Follows the links from the start page of each account of the demonstration and takes the time of whole
requests, in turns, one after the other. Fails where a page's median takes longer than it may. On SQLite.
"""

import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urldefrag, urljoin

CASES = 200_000
DEMONSTRATION = 120  # of them with all that a case can have
EACH = 3  # addresses of a page, with parameters and without
MOST_STEPS = 400  # of one person's way through the pages
TURNS = 5
MOST = 60.0  # milliseconds
IMPORTER = "importer"  # brought the cases in from a file, and is not asked for pages
ENDS = ("core:exit",)  # the session of whoever asks


class Place(NamedTuple):
    """An address, and who asks for it."""

    view: str
    person: str
    address: str


def main() -> None:
    from bench.lists import prepare

    cases = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    os.environ["TUTELA_DEMO"] = "1"
    with tempfile.TemporaryDirectory(prefix="tutela-bench-") as home:
        prepare(Path(home))
        fill(cases)
        slow = measure()
    if slow:
        sys.exit(f"Longer than {MOST:.0f} ms: {', '.join(slow)}")


def fill(cases: int) -> None:
    """The demonstration, then cases of its officers with a person each, and a snapshot of them all."""
    from accounts.models import User
    from accounts.services import make_user
    from audit.review import look_through_log
    from bench.lists import register
    from config.demo import office
    from core.planning import note_sizes
    from reporting.services import take_snapshot

    office.load(cases=DEMONSTRATION)
    officers = [
        User.objects.get(username=n) for n in ("officer", "officer.brest", "officer.vitebsk")
    ]
    importer = make_user(
        username=IMPORTER,
        display_name="Import",
        password="only for measuring",
        roles=["supervisor"],
        office=officers[0].office,
        by=None,
    )
    began = time.perf_counter()
    for number, officer in enumerate(officers):
        register((cases - DEMONSTRATION + number) // len(officers), officer, by=importer)
    print(f"{cases} cases in {time.perf_counter() - began:.0f} s", flush=True)
    take_snapshot(by=User.objects.get(username="analyst"))
    look_through_log()  # as the worker does every minute
    note_sizes()  # and every hour


def measure() -> list[str]:
    """Print the time of each page; the names of those that take too long."""
    from accounts.models import User

    people = User.objects.filter(is_active=True).exclude(username=IMPORTER)
    browsers = {user.username: browser_of(user) for user in people}
    places: list[Place] = []
    for person, browser in browsers.items():
        found = list(walk(person, browser))
        print(f"{person} comes to {len(found)} addresses", flush=True)
        places += found
    taken: dict[str, list[float]] = defaultdict(list)
    busy: dict[str, list[float]] = defaultdict(list)
    for _turn in range(TURNS):
        for view, person, address in places:
            began, worked = time.perf_counter(), time.process_time()
            browsers[person].get(address)
            taken[view].append(1e3 * (time.perf_counter() - began))
            busy[view].append(1e3 * (time.process_time() - worked))
    medians = {view: statistics.median(times) for view, times in taken.items()}
    print(f"{'milliseconds, median':<34}{'whole':>8}{'90 %':>8}{'processor':>11}")
    for view in sorted(medians, key=medians.__getitem__, reverse=True):
        ninetieth, worked = (
            statistics.quantiles(taken[view], n=10)[-1],
            statistics.median(busy[view]),
        )
        print(f"{view:<34}{medians[view]:>8.1f}{ninetieth:>8.1f}{worked:>11.1f}", flush=True)
    print(f"{len(medians)} pages, {len(places)} addresses")
    return [view for view, milliseconds in medians.items() if milliseconds > MOST]


def browser_of(user: Any) -> Any:
    from django.test import Client

    from tests.conftest import sign_in

    browser = Client()
    sign_in(browser, user)
    return browser


def walk(person: str, browser: Any) -> Iterator[Place]:
    """EACH addresses of every page that this person comes to, the nearest first."""
    from django.urls import Resolver404, resolve

    from core.downloads import is_download

    waiting, seen, found = deque(["/"]), {"/"}, defaultdict(int)
    for _step in range(MOST_STEPS):
        if not waiting:
            return
        address = waiting.popleft()
        try:
            match = resolve(address.partition("?")[0])
        except Resolver404:
            continue
        enough = found[match.view_name] == EACH
        if enough or match.view_name in ENDS or is_download(match.func):
            continue
        answer = browser.get(address)
        if answer.status_code == 302 and answer["Location"] not in seen:
            seen.add(answer["Location"])
            waiting.append(answer["Location"])
        if answer.status_code != 200 or "text/html" not in answer["Content-Type"]:
            continue
        found[match.view_name] += 1
        yield Place(match.view_name, person, address)
        for link in links(answer.content.decode(), address):
            if link not in seen:
                seen.add(link)
                waiting.append(link)


def links(page: str, address: str) -> list[str]:
    """Addresses of this site that a page leads to."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            href = dict(attrs).get("href")
            if tag == "a" and href:
                found.append(urldefrag(urljoin(address, href)).url)

    Reader().feed(page)
    return [link for link in found if link.startswith("/")]


if __name__ == "__main__":
    main()
