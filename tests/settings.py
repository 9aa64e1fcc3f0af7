"""Settings of the tests: throwaway data and key, a fast hasher, nothing leaves the machine."""

import os
import tempfile
from pathlib import Path

_home = Path(tempfile.mkdtemp(prefix="tutela-test-"))
os.environ["TUTELA_DATA_DIR"] = str(_home / "data")
os.environ["TUTELA_KEY_FILE"] = str(_home / "keys" / "root.key")
os.environ["TUTELA_HTTPS"] = "false"
os.environ["TUTELA_SECRET_KEY"] = "only-for-tests-" + "0" * 40

from config.settings import *  # noqa: E402, F403

# A reading that a failed test broke off is closed whenever its frame goes, in the middle of the next
# test's transaction; closing a cursor of the server there would end that transaction.
for database in DATABASES.values():  # noqa: F405
    database["DISABLE_SERVER_SIDE_CURSORS"] = True
# Work is done where it is asked for; tests/jobs/test_worker.py has a worker.
TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {  # noqa: F405
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
ALLOWED_HOSTS = ["testserver", "127.0.0.1"]
STATIC_ROOT.mkdir(parents=True)  # noqa: F405
