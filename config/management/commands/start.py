"""manage.py start: everything between an empty folder and a served page."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from granian import Granian
from granian.constants import Interfaces

from audit import trail
from audit.verbs import Verb
from config.beside import WorkerBeside
from config.demo import installation
from config.demo.office import CASES, accounts_text
from config.startup import (
    missing_guards,
    open_key_store,
    refuse_half_restored,
    refuse_unless_ready,
)
from vault.keyring import keyring


class Command(BaseCommand):
    help = "Prepare databases, keys and static files, then serve until stopped."
    requires_system_checks = ()  # run below, after the databases exist

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="load made-up cases, if there are none"
        )
        parser.add_argument(
            "--reset", action="store_true", help="with --demo: remove those before, and begin anew"
        )
        parser.add_argument("--demo-cases", type=int, default=CASES, help="how many of them")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ROOT_KEY_PROVIDER == "passphrase" and options["workers"] > 1:
            raise CommandError(
                "Tutela does not start. With TUTELA_ROOT_KEY=passphrase it runs one worker: the "
                "passphrase that somebody gives on a page reaches one process alone."
            )
        if options["reset"] and not options["demo"]:
            raise CommandError("--reset begins a demonstration anew: give it with --demo.")
        try:
            if options["reset"]:
                installation.remove(host=options["host"], port=options["port"])
            self._prepare(options["demo_cases"] if options["demo"] else None)
        except ImproperlyConfigured as error:
            raise CommandError(f"Tutela does not start. {error}") from None
        connections.close_all()
        keyring.forget()  # this process serves nothing itself, and its children may inherit
        address = f"http://{options['host']}:{options['port']}"
        self.stdout.write(self.style.SUCCESS(f"Tutela is served on {address} (Ctrl+C stops it)"))
        if settings.HTTPS and not settings.TRUSTED_PROXIES:
            self.stderr.write(
                "Pages are given out over TLS alone, and no proxy is trusted to say that it has it: name"
                " it in TUTELA_TRUSTED_PROXIES, or set TUTELA_HTTPS=false to use Tutela on this machine "
                "without one. Until then every page leads to itself."
            )
        if keyring.is_sealed():
            self.stdout.write("It is sealed: open that page and give the passphrase.")
        # With a passphrase, whoever has the keys does the background work, too: config/startup.py.
        beside = None if settings.ROOT_KEY_PROVIDER == "passphrase" else WorkerBeside()
        try:
            self._serve(options)
        finally:
            if beside:
                beside.stop()
        trail.record(Verb.SYSTEM_STOPPED, by=None)

    def _serve(self, options: dict[str, Any]) -> None:
        Granian(
            "config.wsgi:application",
            address=options["host"],
            port=options["port"],
            interface=Interfaces.WSGI,
            workers=options["workers"],
            blocking_threads=4,
            workers_kill_timeout=10,
            log_dictconfig=settings.LOGGING,
            log_access=False,
        ).serve()

    def _prepare(self, demo_cases: int | None) -> None:
        settings.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        refuse_half_restored()
        call_command("migrate", database="keys", verbosity=0)
        open_key_store()  # before anything is written that could never be read again
        if absent := missing_guards():
            self.stderr.write(
                f"{len(absent)} guards of the database are missing or changed and are put back, the "
                f"first is {absent[0]}. Unless Tutela was just upgraded, somebody changed the "
                "database: run manage.py verify_audit."
            )
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        call_command("check", databases=["keys"])
        call_command("collectstatic", interactive=False, verbosity=0)
        installation.refuse_real_data()
        if demo_cases is not None:
            call_command("load_demo", cases=demo_cases)
            self.stdout.write(accounts_text())
        refuse_unless_ready(serve=False)
