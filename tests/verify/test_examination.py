"""The checking itself, fed by hand as a program that has no files would."""

import pytest

from tests.verify.logs import Log, moment, root_of
from verify.tutela_verify import Examination, Findings, bundle_of, columns_of, stamp


def examine(log: Log, *positions: int) -> Findings:
    examination = Examination([])
    examination.expect(20, root_of(log.leaves(20)), "the checkpoint at 20")
    for position in positions:
        examination.add(position, log.entries[position])
    examination.end_of_log()
    return examination.findings


LOG = Log()
for _ in range(20):
    LOG.add()


def test_entries_in_order_hold() -> None:
    assert examine(LOG, *range(20)) == []


def test_a_missing_event_is_named() -> None:
    assert examine(LOG, *range(7), *range(8, 20)) == [
        "Missing from the log: event 7.",
        "Events are missing, so that the checkpoint at 20 at 20 cannot be compared.",
    ]


def test_missing_events_are_named() -> None:
    assert examine(LOG, *range(7), *range(11, 20))[0] == "Missing from the log: event 7 to 10."


def test_a_missing_beginning_is_named() -> None:
    assert examine(LOG, *range(3, 20))[0] == "Missing from the log: event 0 to 2."


def test_a_missing_end_is_named() -> None:
    assert examine(LOG, *range(19)) == [
        "The log was cut, or is an older copy: it ends after 19 events, and the checkpoint at 20"
        " covers 20."
    ]


def test_an_event_out_of_its_place_is_named() -> None:
    found = examine(LOG, *range(7), 3, *range(7, 20))
    assert found[0] == "Event 3 does not stand in its place."


def test_a_size_that_is_passed_can_no_longer_be_compared() -> None:
    examination = Examination(Findings())
    for number in range(3):
        examination.add(number, LOG.entries[number])
    with pytest.raises(ValueError, match="grown beyond"):
        examination.expect(2, root_of(LOG.leaves(2)), "somebody's checkpoint")
    examination.expect(3, root_of(LOG.leaves(3)), "somebody's checkpoint")
    assert examination.findings == []


@pytest.mark.parametrize("deed", ["none", "again", "dated back", "skipped", "read", "resealed"])
def test_a_bundle_gives_the_findings_of_its_entries(deed: str) -> None:
    """Whether they are taken at once or one by one, with expected roots between them."""
    log = Log().fill(200)
    case = log.uuid()
    log.add(verb="case_viewed", cases=[case], classes=["identity"])
    log.add(verb="case_erased", cases=[case])
    row = next(key for key, told in log.versions.items() if len(told) > 1)
    match deed:
        case "again":
            log.entries.append(log.entries[7])
        case "dated back":
            log.add(at=moment(3))
        case "skipped":
            log.write_row(*row)
            del log.entries[-1]
            log.write_row(*row)
        case "read":
            log.add(verb="case_viewed", cases=[case], classes=["identity"])
        case "resealed":
            log.seal_anew(*row, 1)
            log.add(verb="case_sealed_anew", resealed=[[*row, 99, log.digest()]])
    log.fill(600)
    sizes = [3, 100, 256, 257, 599, 600]

    def examination() -> Examination:
        made = Examination(Findings())
        for size in sizes:
            made.expect(size, root_of(log.leaves(size)), f"the checkpoint at {size}")
        return made

    one_by_one, at_once = examination(), examination()
    for number, entry in enumerate(log.entries):
        one_by_one.add(number, entry)
    for start in range(0, 600, 256):
        some = log.entries[start : start + 256]
        columns = columns_of(some)
        assert columns is not None
        at_once.take_bundle(start, bundle_of(some, columns))
    for made in (one_by_one, at_once):
        made.end_of_log()
        for told in log.rows():
            digest = bytes.fromhex(told["digest"])
            which = told["object_type"], told["object"], told["revision"], digest
            if told["live"]:
                made.live_row(*which)
            else:
                stamped = stamp(told["at"], told["verb"], told["actor"], told["first"])
                made.version(*which, stamped)
        made.end_of_rows()
    assert at_once.tree.root() == one_by_one.tree.root() == root_of(log.leaves())
    assert sorted(at_once.findings) == sorted(one_by_one.findings)
    assert bool(at_once.findings) == (deed not in ("none",))
    assert at_once.figures() == one_by_one.figures()


def test_an_empty_log_is_compared_too() -> None:
    examination = Examination([])
    examination.expect(0, bytes(32), "somebody's checkpoint")
    assert examination.findings == [
        "The log was rewritten: its first 0 events are not those of somebody's checkpoint."
    ]


def test_rows_of_impossible_versions_are_no_error() -> None:
    """A database can hold what an export cannot."""
    log = Log()
    told = log.write_row("cases.Case", row := log.uuid())
    examination = Examination([])
    examination.add(0, log.entries[0])
    digest = bytes.fromhex(told["digest"])
    stamped = stamp(told["at"], told["verb"], told["actor"], True)
    for revision in (0, -1, 2**40):
        examination.version("cases.Case", row, revision, digest, stamped)
        examination.live_row("cases.Case", row, revision, digest)
    assert len(examination.findings) == 6
    examination.findings.clear()
    examination.version("cases.Case", row, 1, digest, stamped)
    examination.end_of_rows()
    assert "removed" not in str(examination.findings)
