"""What the source may not say: the layers, the one door, and the ways around them."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.guards import source

# Who turns sealed bytes into plaintext. `unseal_system` opens sessions, seeds and hashes.
UNSEALERS = {
    "cases/door.py": {"unseal"},
    "jobs/keeping.py": {"unseal_system"},  # what background work is asked with, tells and makes
    "cases/services/workbooks.py": {"unseal_system"},  # why somebody asks for one
    "reporting/verification/services.py": {"unseal_system"},  # why somebody asks for exact figures
    "vault/sealing.py": {"unseal"},
    "vault/providers/local.py": {"unseal"},
    "vault/keyring.py": {"unseal"},
    "vault/secrets.py": {"unseal"},
    "accounts/second_factor.py": {"unseal_system"},
    "audit/review_pages.py": {"unseal_system"},  # notes of reviews
    "accounts/proposal_pages.py": {"unseal_system"},  # why something is asked for
    "accounts/sessions.py": {"unseal_system"},
    "cases/saved_lists.py": {"unseal_system"},  # the names that somebody gave their own lists
    "assistance/money/budgets.py": {"unseal_system"},  # amounts of ledgers, which name no case
    "reporting/loading.py": {"unseal_system"},  # rows that statistics are tried with
    "reporting/releases/services.py": {"unseal_system"},  # files of releases, which name nobody
    "accounts/hashers.py": {"unseal_system"},
}
COUNTING = ("accounts/guessing.py", "accounts/second_factor.py")
# Each goes around the guards, the escaping, the one rule or the log.
FORBIDDEN = {
    "_raw_delete",
    "bulk_update",
    "get_objects_for_user",
    "get_objects_for_group",
    "assign_perm",
    "mark_safe",
    "SafeData",
    "pickle",
    "cPickle",
    "marshal",
    "shelve",
    "eval",
    "exec",
    "print",
    "pprint",
    "breakpoint",
    "RawSQL",
    "csrf_exempt",
}


def test_imports_run_one_way():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-cache"], cwd=source.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "imports run one way KEPT" in done.stdout


def test_the_contract_names_every_package_in_its_order():
    settings = tomllib.loads((source.ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [contract] = settings["contracts"]
    assert contract["type"] == "layers"
    assert tuple(contract["layers"]) == tuple(settings["root_packages"]) == source.PACKAGES
    assert not {"ignore_imports", "exhaustive_ignores"} & contract.keys()


def test_only_the_door_and_the_vault_unseal():
    found: dict[str, set[str]] = {}
    for path, call in source.calls():
        if source.called(call).startswith("unseal"):
            found.setdefault(path, set()).add(source.called(call))
    assert found == UNSEALERS


def test_in_the_door_three_functions_unseal():
    door = source.modules()["cases/door.py"]
    unsealing = {
        function.name
        for function in ast.walk(door)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and source.called(node) == "unseal"
    }
    assert unsealing == {"_open_section", "_details", "_open_draft"}


def test_files_are_opened_by_the_door_and_while_they_come_in():
    """Whoever has a reader has the content. What arrives is read by those who look into it."""
    readers = {path for path, call in source.calls() if source.called(call) == "Reader"}
    coming_in = {"cases/uploads.py", "jobs/keeping.py"}
    assert readers == {"cases/door.py", *coming_in, "vault/files.py"}


def test_nobody_takes_the_private_ways_of_the_door():
    for path, tree in source.modules().items():
        for node in ast.walk(tree):
            match node:
                case ast.ImportFrom(module="cases.door", names=aliases):
                    taken = {alias.name for alias in aliases}
                case ast.Attribute(value=ast.Name(id="door"), attr=name):
                    taken = {name}
                case _:
                    continue
            assert not [name for name in taken if name.startswith("_")], path


def test_the_cipher_is_used_in_the_vault_alone():
    for path, tree in source.modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and not path.startswith("vault/"):
                names = {alias.name for alias in node.names}
                assert node.module != "vault" or "cipher" not in names, path
                if node.module == "vault.cipher":
                    assert names == {"CannotOpen"}, path


@pytest.mark.parametrize("name", sorted(FORBIDDEN))
def test_no_module_says(name):
    assert [path for path, used in source.names() if used == name] == []


def test_no_rows_are_changed_or_removed_past_their_events():
    """`update` and `delete` of a queryset write no event. A queryset's update takes keywords only."""
    wrong = []
    for path, call in source.calls():
        if path.startswith(
            "jobs/"
        ):  # how far work is: no part of the record; it holds no tracked row
            continue
        if source.called(call) == "update" and call.keywords:
            receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
            is_a_constant = isinstance(receiver, ast.Name) and receiver.id.isupper()
            if not is_a_constant:
                wrong.append(f"{path}:{call.lineno}")
        # A file of the storage; the keys of an erased case, whose events tell of it; what counts tries
        # for a while; second factors of somebody else, each after its event; rows of lists, which are
        # made out of grants; and what is no part of the record: sessions, unfinished forms, saved
        # lists, rows that statistics are tried with.
        may_delete = path in (
            *("cases/storage.py", "vault/keyring.py", "accounts/services.py", "cases/reach.py"),
            *("accounts/models/session.py", "cases/models/draft.py", "cases/models/saved_list.py"),
            "reporting/loading.py",
            *COUNTING,
        )
        is_allowed = may_delete and source.called(call) == "delete"
        if source.called(call) in ("delete", "raw", "extra") and not is_allowed:
            wrong.append(f"{path}:{call.lineno}")
    assert wrong == []


def test_sql_is_written_by_hand_for_the_log_for_lists_and_for_grants_alone():
    by_hand = {"execute", "executemany", "executescript"}
    paths = {path for path, call in source.calls() if source.called(call) in by_hand}
    paths -= {"vault/keyring.py", "core/planning.py"}  # PRAGMA and ANALYZE, which Django lacks
    paths -= {"cases/lists.py", "cases/reach.py"}  # what triggers write, and the merged pages of it
    paths -= {"cases/access.py"}  # what somebody holds, which each page asks several times
    assert {path.split("/")[0] for path in paths} == {"audit"}


def test_views_save_nothing():
    writing = {"save", "create", "bulk_create", "get_or_create", "update_or_create", "insert_many"}
    views = [path for path in source.modules() if "views" in path]
    assert len(views) >= 9
    wrong = [
        f"{path}:{call.lineno}"
        for path, call in source.calls()
        if path in views and source.called(call) in writing
    ]
    assert wrong == []


def test_templates_switch_escaping_off_for_the_square_code_alone():
    off = re.compile(r"\|\s*(?:safe|safeseq)\b|autoescape\s+off|\{%\s*debug")
    found = {
        str(path.relative_to(source.ROOT)): off.findall(path.read_text())
        for path in (source.ROOT / "templates").rglob("*")
        if path.is_file() and off.search(path.read_text())
    }
    assert found == {"templates/mfa/totp/activate_form.html": ["|safe"]}
