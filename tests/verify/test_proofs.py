"""One event proved without the log, as C2SP tlog-proof."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.verify.conftest import Check, Said
from tests.verify.logs import Log, Signer, head

Prove = Callable[..., Said]


@pytest.fixture
def prove(tmp_path: Path, keep: Callable[..., Path], check: Check, log: Log) -> Prove:
    """prove(proof, entry): what the program says, without a log."""

    def run(proof: str, entry: bytes, *more: Any, **how: Any) -> Said:
        files = ["--proof", keep("the.tlog-proof", proof), "--entry", keep("entry.json", entry)]
        return check(*more, "--key", log.signer.vkey, *files, **how)

    return run


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 255, 256, 257, 600])
def test_a_proof_of_every_place_holds(log: Log, prove: Prove, size: int) -> None:
    for index in {0, 1, 2, size // 2, size - 2, size - 1} & set(range(size)):
        said = prove(log.proof(index, size), log.entries[index])
        assert (said.code, said.findings) == (0, [])
        assert (said.json["proof"]["event"], said.json["proof"]["in a log of"]) == (index, size)


def test_a_proof_says_what_it_proves(log: Log, prove: Prove) -> None:
    case = log.uuid()
    told = log.add(verb="case_erased", cases=[case])
    said = prove(log.proof(600), log.entries[600], plain=True)
    assert f"at {told['at']}, verb case_erased, actor {told['actor']}, cases {case}" in said.out
    assert said.out.endswith("\nThe proof holds.\n")


def test_a_proof_holds_for_its_entry_alone(log: Log, prove: Prove) -> None:
    words = ["The proof does not lead from this entry to its checkpoint."]
    for entry in (log.entries[6], log.entries[7] + b"\n", b""):
        said = prove(log.proof(7), entry)
        assert (said.code, said.findings) == (1, words)
    said = prove(log.proof(7), log.entries[6], plain=True)
    assert said.out.endswith("\nThe proof does NOT hold.\n")


def other_place(lines: list[str]) -> None:
    lines[1] = "index 8"


def place_beyond(lines: list[str]) -> None:
    lines[1] = "index 600"


def shorter(lines: list[str]) -> None:
    del lines[2]


def longer(lines: list[str]) -> None:
    lines.insert(2, lines[2])


def longer_at_the_end(lines: list[str]) -> None:
    lines.insert(lines.index(""), lines[2])


def exchanged(lines: list[str]) -> None:
    lines[2], lines[3] = lines[3], lines[2]


@pytest.mark.parametrize(
    "deed", [other_place, place_beyond, shorter, longer, longer_at_the_end, exchanged]
)
def test_a_changed_proof_leads_nowhere(
    log: Log, prove: Prove, deed: Callable[[list[str]], None]
) -> None:
    lines = log.proof(7).split("\n")
    deed(lines)
    said = prove("\n".join(lines), log.entries[7])
    assert said.findings == ["The proof does not lead from this entry to its checkpoint."]


@pytest.mark.parametrize("place", [1, 2, 600])
def test_a_place_beyond_the_end_is_none(log: Log, prove: Prove, place: int) -> None:
    """In a log of one event the root is the hash of the event, whatever place is claimed."""
    proof = log.proof(0, 1).replace("index 0", f"index {place}")
    said = prove(proof, log.entries[0])
    assert said.findings == ["The proof does not lead from this entry to its checkpoint."]


def test_a_proof_under_the_head_of_a_stranger_is_none(log: Log, prove: Prove) -> None:
    said = prove(log.proof(7, by=[Signer(log.signer.name)]), log.entries[7])
    assert said.findings == ["The proof's checkpoint is signed by none of the log's keys."]


def test_a_proof_needs_the_witnesses_that_are_asked_for(log: Log, prove: Prove) -> None:
    witness = Signer("w.example.org", kind=4)
    said = prove(log.proof(7), log.entries[7], "--witness", witness.vkey)
    assert said.findings == ["The proof's checkpoint is cosigned by 0 witnesses, where 1 have to."]
    proof = log.proof(7) + witness.line(head(log.signer.name, log.leaves()))
    assert prove(proof, log.entries[7], "--witness", witness.vkey).code == 0


def test_a_proof_may_carry_extra_data_that_nobody_reads(log: Log, prove: Prove) -> None:
    extra = base64.b64encode(b"anything").decode()
    proof = log.proof(7).replace("\nindex", f"\nextra {extra}\nindex", 1)
    assert prove(proof, log.entries[7]).code == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("@v1", "@v2"),
        ("index 7", "index 07"),
        ("index 7", "index -7"),
        ("index 7", "place 7"),
        ("index 7\n", "index 7\nAAAA\n"),
        ("index 7\n", "index 7\n" + "A" * 42 + "B=\n"),
        ("\n\n", "\n"),
        ("c2sp", "\nc2sp"),
    ],
)
def test_what_is_no_proof_cannot_be_used(log: Log, prove: Prove, old: str, new: str) -> None:
    said = prove(log.proof(7).replace(old, new, 1), log.entries[7])
    assert said.code == 2
    assert said.err.endswith(("is not a proof.\n", "is not a checkpoint.\n"))


def test_an_entry_that_is_none_is_named_though_it_stands_in_the_log(log: Log, prove: Prove) -> None:
    log.entries.append(b"{}")
    said = prove(log.proof(600), b"{}")
    assert said.findings == [
        "The entry of the proof is of a version that this program does not know."
    ]


def test_a_proof_and_a_log_are_checked_against_each_other(
    log: Log, prove: Prove, tmp_path: Path
) -> None:
    proof, entry = log.proof(7, 300), log.entries[7]
    said = prove(proof, entry, log.write(tmp_path / "log"))
    assert (said.code, said.json["size"]) == (0, 600)
    log.entries[200] = log.entries[201]
    said = prove(proof, entry, log.write(tmp_path / "log"))
    file = tmp_path / "the.tlog-proof"
    words = f"The log was rewritten: its first 300 events are not those of {file}."
    assert words in said.findings
