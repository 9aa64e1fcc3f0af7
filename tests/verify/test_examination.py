"""The checking itself, fed by hand as a program that has no files would."""

from tests.verify.logs import Log, root_of
from verify.tutela_verify import Examination, Findings, stamp


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
