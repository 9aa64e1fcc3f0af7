"""Checkpoints, keys and witnesses: C2SP signed-note, tlog-checkpoint and tlog-cosignature."""

import base64
from itertools import count
from pathlib import Path

import pytest

from tests.verify.conftest import Check
from tests.verify.logs import Log, Signer, head, put
from verify.tutela_verify import LOG_KEY, Unusable, checkpoint_of, verifier_key

GO_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SAID = (
    b"If you think cryptography is the answer to your problem,\n"
    b"then you don't know what your problem is.\n"
)
SIGNATURE = (
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)


def test_a_published_key_and_note_are_read_as_others_read_them() -> None:
    """The example of the Go package that signed notes come from, and Go's own log."""
    assert str(verifier_key(GO_KEY, LOG_KEY)) == "sum.golang.org+033de0ae"
    key, packed = verifier_key(NEUMANN, LOG_KEY), base64.b64decode(SIGNATURE)
    assert packed[:4] == key.id
    assert key.signed(packed[4:], SAID)
    assert not key.signed(packed[4:], SAID + b"\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "example.org+00000000",
        GO_KEY.replace("033de0ae", "033de0af"),
        GO_KEY.replace("sum.golang.org", "sum.golang.com"),
        GO_KEY[:-4],
        GO_KEY.replace("Ac4z", "Bc4z"),
        GO_KEY[:-1] + "9",
        pytest.param(Signer("w", kind=4).vkey, id="of a witness"),
    ],
)
def test_what_is_not_the_key_of_a_log_cannot_be_used(
    text: str, log: Log, tmp_path: Path, check: Check
) -> None:
    said = check(log.write(tmp_path), "--key", text)
    assert said.code == 2
    assert "is not a" in said.err


NOTE = Log().fill(3).note()


@pytest.mark.parametrize(
    "note",
    [
        "",
        "hello\n",
        NOTE[:-1],
        NOTE + "\n",
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("\n3\n", "\n03\n"),
        NOTE.replace("\n3\n", "\n-3\n"),
        NOTE.replace("\n3\n", "\n3 \n"),
        NOTE.replace("\n3\n", "\n٣\n"),
        NOTE.replace("\n3\n", "\n" + "9" * 40 + "\n"),
        NOTE.replace("=\n\n", "\n\n"),
        NOTE.replace("— ", "- "),
        NOTE.replace("registry", "\x1b[31m"),
        NOTE.split("\n\n")[0] + "\n\n",
        NOTE.split("\n", 1)[1],
    ],
    ids=count(),
)
def test_what_is_no_checkpoint_cannot_be_used(
    note: str, log: Log, tmp_path: Path, check: Check
) -> None:
    with pytest.raises(Unusable, match=r"^it is not a checkpoint\.$"):
        checkpoint_of(note.encode(), "it")
    log.write(tmp_path / "log")
    put(tmp_path / "kept.txt", note.encode())
    key = ["--key", log.signer.vkey]
    said = check(tmp_path / "log", *key, "--checkpoint", tmp_path / "kept.txt")
    assert (said.code, said.out) == (2, "")
    assert said.err == f"{tmp_path / 'kept.txt'} is not a checkpoint.\n"
    put(tmp_path / "log" / "checkpoint", note.encode())
    said = check(tmp_path / "log", *key)
    assert (said.code, said.err) == (2, "The log's checkpoint is not a checkpoint.\n")


def test_a_checkpoint_may_have_more_lines_and_signatures(
    log: Log, tmp_path: Path, check: Check
) -> None:
    text = head(log.signer.name, log.leaves()) + "an extension\nof two lines\n"
    strangers = [Signer("stranger.example.org"), Signer("w.example.org", kind=4)]
    lines = [signer.line(text) for signer in [*strangers, log.signer] * 6]
    said = check(log.write(tmp_path, note=f"{text}\n{''.join(lines)}"), "--key", log.signer.vkey)
    assert said.findings == []


def test_one_wrong_line_of_the_log_s_key_spoils_the_others(
    log: Log, tmp_path: Path, check: Check
) -> None:
    other = log.signer.line("something else\n")
    said = check(log.write(tmp_path, note=log.note() + other), "--key", log.signer.vkey)
    assert said.findings == ["The log's checkpoint bears a signature that is not right."]


def test_a_kept_checkpoint_of_another_log_is_named(log: Log, tmp_path: Path, check: Check) -> None:
    kept = tmp_path / "kept.txt"
    log.write(tmp_path / "log")
    arguments = [tmp_path / "log", "--key", log.signer.vkey, "--checkpoint", kept]
    put(kept, Log(3, "other.example.org").fill(9).note().encode())
    assert check(*arguments).findings == [f"{kept} belongs to another log."]
    put(kept, log.note(9).replace("\n9\n", "\n8\n").encode())
    assert check(*arguments).findings == [f"{kept} bears a signature that is not right."]


# --- witnesses ----------------------------------------------------------------------------

ANNA, BORIS, VERA = (Signer(f"{name}.example.org", kind=4) for name in ("anna", "boris", "vera"))
ALL = [word for witness in (ANNA, BORIS, VERA) for word in ("--witness", witness.vkey)]


def cosigned(log: Log, folder: Path, *witnesses: Signer, at: int = 1_772_360_000) -> Path:
    text = head(log.signer.name, log.leaves())
    lines = "".join(witness.line(text, at) for witness in witnesses)
    return log.write(folder, note=log.note() + lines)


def test_every_witness_is_wanted_unless_a_quorum_is_named(
    log: Log, tmp_path: Path, check: Check
) -> None:
    cosigned(log, tmp_path, ANNA, VERA)
    arguments = [tmp_path, "--key", log.signer.vkey, *ALL]
    words = "The log's checkpoint is cosigned by 2 witnesses, where 3 have to."
    assert check(*arguments).findings == [words]
    said = check(*arguments, "--quorum", 2)
    assert said.findings == []
    assert said.json["cosigned"] == {
        f"anna.example.org+{ANNA.id.hex()}": 1_772_360_000,
        f"vera.example.org+{VERA.id.hex()}": 1_772_360_000,
    }
    plain = check(*arguments, "--quorum", 2, plain=True)
    assert f"cosigned by anna.example.org+{ANNA.id.hex()} at 2026-03-01 10:13:20 UTC" in plain.out


def test_one_witness_counts_once(log: Log, tmp_path: Path, check: Check) -> None:
    cosigned(log, tmp_path, ANNA, ANNA, ANNA)
    said = check(tmp_path, "--key", log.signer.vkey, *ALL, "--quorum", 2)
    assert said.findings == ["The log's checkpoint is cosigned by 1 witnesses, where 2 have to."]


def test_one_key_under_two_names_is_refused(log: Log, tmp_path: Path, check: Check) -> None:
    double = Signer("other.example.org", 4, ANNA.key)
    own = Signer("own.example.org", 4, log.signer.key)
    cosigned(log, tmp_path, ANNA, double, own)
    for witness in (double, own):
        arguments = ["--witness", ANNA.vkey, "--witness", witness.vkey]
        said = check(tmp_path, "--key", log.signer.vkey, *arguments)
        assert said.code == 2
        assert "each witness has a key of its own" in said.err


def test_the_time_is_part_of_what_is_cosigned(log: Log, tmp_path: Path, check: Check) -> None:
    text = head(log.signer.name, log.leaves())
    packed = base64.b64decode(ANNA.line(text, at=1_000).split()[2])
    moved = packed[:4] + (2_000).to_bytes(8) + packed[12:]
    line = f"— {ANNA.name} {base64.b64encode(moved).decode()}\n"
    said = check(
        *(log.write(tmp_path, note=log.note() + line), "--key", log.signer.vkey),
        *("--witness", ANNA.vkey),
    )
    anna = f"{ANNA.name}+{ANNA.id.hex()}"
    assert said.findings == [
        f"The log's checkpoint bears a cosignature of {anna} that is not right.",
        "The log's checkpoint is cosigned by 0 witnesses, where 1 have to.",
    ]


@pytest.mark.parametrize("at", [253_402_300_800, 2**63])
def test_a_cosignature_of_an_impossible_time_is_none(
    log: Log, tmp_path: Path, check: Check, at: int
) -> None:
    cosigned(log, tmp_path, ANNA, at=at)
    said = check(tmp_path, "--key", log.signer.vkey, "--witness", ANNA.vkey)
    assert any("cosignature" in finding for finding in said.findings)


def test_a_cosignature_of_another_checkpoint_is_none(
    log: Log, tmp_path: Path, check: Check
) -> None:
    line = ANNA.line(head(log.signer.name, log.leaves(500)))
    log.write(tmp_path, note=log.note() + line)
    said = check(tmp_path, "--key", log.signer.vkey, "--witness", ANNA.vkey)
    assert any("cosignature" in finding for finding in said.findings)


def test_a_plain_signature_of_a_witness_is_no_cosignature(
    log: Log, tmp_path: Path, check: Check
) -> None:
    plain = Signer(ANNA.name, 1, ANNA.key)
    said = check(cosigned(log, tmp_path, plain), "--key", log.signer.vkey, "--witness", ANNA.vkey)
    assert said.findings == ["The log's checkpoint is cosigned by 0 witnesses, where 1 have to."]
    assert check(tmp_path, "--key", log.signer.vkey, "--witness", plain.vkey).code == 2


@pytest.mark.parametrize("quorum", [-1, 4])
def test_a_quorum_that_cannot_be_is_refused(
    log: Log, tmp_path: Path, check: Check, quorum: int
) -> None:
    said = check(log.write(tmp_path), "--key", log.signer.vkey, *ALL, f"--quorum={quorum}")
    assert (said.code, said.err) == (2, f"3 witnesses do not make a quorum of {quorum}.\n")
