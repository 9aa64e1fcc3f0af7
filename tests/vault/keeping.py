"""Every place a root key can be kept in, set up for a test. `use` configures one of them."""

import base64
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.vault import transit
from vault import providers
from vault.providers import passphrase
from vault.providers.local import PREFIX

NAMES = ("file", "systemd", "passphrase", "transit", "aws-kms", "pkcs11")
SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "123456"
FIRST = "first passphrase of six dull words"
SECOND = "second passphrase of six dull words"


class Places:
    """What a test says: keep the root key there; name a new one; what is typed is this."""

    engine: transit.Engine

    def __init__(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch, folder: Path, stack: ExitStack
    ) -> None:
        self.settings, self.monkeypatch, self.folder = settings, monkeypatch, folder
        self._stack = stack

    def use(self, name: str) -> None:
        """Configure this provider, with a key in it where people make the keys."""
        {
            "file": self._file,
            "systemd": self._systemd,
            "passphrase": self._passphrase,
            "transit": self._transit,
            "aws-kms": self._aws_kms,
            "pkcs11": self._pkcs11,
        }[name]()
        self.settings.ROOT_KEY_PROVIDER = name

    def name_a_new_key(self) -> None:
        """What somebody does before `rotate_keys --root`, where Tutela cannot do it alone."""
        match self.settings.ROOT_KEY_PROVIDER:
            case "systemd":
                self._credential("second")
            case "passphrase":
                self.type(SECOND)
            case "aws-kms":
                self._kms_key()
            case "pkcs11":
                self.settings.PKCS11_KEY = "second"

    def another_key(self) -> None:
        """The settings name a key that did not wrap what was wrapped, and the right one is gone."""
        match self.settings.ROOT_KEY_PROVIDER:
            case "file":
                self.settings.ROOT_KEY_FILE = self.folder / "other" / "root.key"
                providers.configured().create()
            case "systemd":
                for path in (self.folder / "credentials").iterdir():
                    path.unlink()
                self._credential("other")
            case "passphrase":
                providers.forget()
                self.type("another passphrase altogether")
            case "transit":
                self.engine.keys["tutela"] = transit.Key(derived=True)
            case "aws-kms":
                self.settings.AWS_KMS_KEY = "arn:aws:kms:eu-central-1:999999999999:key/other"
            case "pkcs11":
                self.settings.PKCS11_TOKEN = self._token("other")
                providers.configured().create()

    def type(self, *lines: str) -> None:
        """What comes in where a terminal would be."""
        self.monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    def _file(self) -> None:
        self.settings.ROOT_KEY_FILE = self.folder / "keys" / "root.key"

    def _systemd(self) -> None:
        (self.folder / "credentials").mkdir()
        (self.folder / "credentials" / "mail-password").write_text("something else\n")
        self.monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(self.folder / "credentials"))
        self._credential("first")

    def _credential(self, name: str) -> None:
        text = PREFIX + base64.b64encode(os.urandom(32)).decode() + "\n"
        path = self.folder / "credentials" / name
        path.write_text(text)
        path.chmod(0o440)  # as systemd does for a service of a user of its own
        self.settings.ROOT_KEY_CREDENTIAL = name

    def _passphrase(self) -> None:
        self.monkeypatch.setattr(passphrase, "MEMORY", 64)
        self.monkeypatch.setattr(passphrase, "PASSES", 1)
        self.type(FIRST)

    def _transit(self) -> None:
        self.engine = self._stack.enter_context(transit.running())
        self.settings.TRANSIT_ADDRESS = self.engine.address
        self.settings.TRANSIT_TOKEN = lambda: transit.TOKEN

    def _aws_kms(self) -> None:
        from moto.server import ThreadedMotoServer

        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        self._stack.callback(server.stop)
        host, port = server.get_host_and_port()
        for name, value in {
            "AWS_ENDPOINT_URL_KMS": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }.items():
            self.monkeypatch.setenv(name, value)
        self._kms_key()

    def kms(self) -> Any:
        import boto3

        return boto3.client("kms", region_name="eu-central-1")

    def _kms_key(self) -> None:
        self.settings.AWS_KMS_KEY = self.kms().create_key()["KeyMetadata"]["Arn"]

    def _pkcs11(self) -> None:
        if not SOFTHSM.exists():
            pytest.skip(f"{SOFTHSM} is not on this machine (on Debian: apt-get install softhsm2)")
        tokens = self.folder / "tokens"
        tokens.mkdir()
        configuration = self.folder / "softhsm2.conf"
        configuration.write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n")
        self.monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
        self.settings.PKCS11_MODULE = str(SOFTHSM)
        self.settings.PKCS11_TOKEN = self._token("first")
        self.settings.PKCS11_KEY = "first"
        self.settings.PKCS11_PIN = lambda: PIN

    @staticmethod
    def _token(label: str) -> str:
        words = ["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "654321"]
        subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)
        return label


@contextmanager
def set_up(settings: Any, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Places]:
    """Somewhere below `folder`, until the block ends."""
    with ExitStack() as stack:
        stack.callback(providers.forget)
        yield Places(settings, monkeypatch, folder, stack)
