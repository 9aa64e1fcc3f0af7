"""The settings in force: recorded at each start, and which of them changed since the last one."""

from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from audit import trail
from audit.digests import canonical_json
from audit.verbs import Verb
from config.models import Configuration

ONLY = UUID(int=1)  # id of the one row

# Which settings steer what Tutela does. A test sees to it that each variable is here or in WITHHELD.
TOLD = (
    *("DATA_DIR", "DEBUG", "DEMO", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "ORIGIN", "HTTPS"),
    "TRUSTED_PROXIES",
    *("ROOT_KEY_PROVIDER", "ROOT_KEY_FILE", "ROOT_KEY_CREDENTIAL", "AWS_KMS_KEY"),
    *("TRANSIT_ADDRESS", "TRANSIT_MOUNT", "TRANSIT_KEY", "TRANSIT_CA_FILE"),
    *("PKCS11_MODULE", "PKCS11_TOKEN", "PKCS11_KEY"),
    *("BACKUP_DIR", "BACKUP_RECIPIENTS", "BACKUP_DATA_DAYS", "BACKUP_KEYS_DAYS", "PG_BIN"),
    *("WITNESSES", "CHECKPOINT_DIR", "CHECKPOINT_MAIL", "DEFAULT_FROM_EMAIL"),
    *("UPLOAD_MAX_MB", "CLAMD", "TIME_ZONE", "HOTLINES"),
    *("STATISTICS_PRIVACY_CAP", "STATISTICS_MAPS"),
    *("SECOND_FACTOR_REQUIRED", "SESSION_IDLE", "SESSION_COOKIE_AGE"),
    *("ACCOUNT_REAUTHENTICATION_TIMEOUT", "PASSWORD_HASHERS"),
    *("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_NAME"),
)
# Secrets, or with secrets in them; of some, the parts that are none are told below.
WITHHELD = (
    "SECRET_KEY",
    "TRANSIT_TOKEN",
    "PKCS11_PIN",
    "OIDC_CLIENT_SECRET",
    "DATABASES",
    "STORAGES",
    "EMAIL_HOST_PASSWORD",
)


def in_force() -> dict[str, str]:
    """Name → value as text of every setting that is told."""
    told = {name: _text(getattr(settings, name)) for name in TOLD}
    for alias, database in settings.DATABASES.items():
        parts = ("ENGINE", "HOST", "PORT", "NAME", "USER")
        told[f"DATABASES.{alias}"] = " ".join(str(database.get(part) or "-") for part in parts)
    place = settings.STORAGES["attachments"]
    parts = ("location", "endpoint_url", "region_name", "bucket_name")
    told["STORAGES.attachments"] = " ".join(
        [place["BACKEND"], *(str(place["OPTIONS"].get(part) or "-") for part in parts)]
    )
    return told


def tell_of_start() -> None:
    """Record that this process serves from now on, and settings that are not as they last were."""
    told = in_force()
    try:
        with transaction.atomic():
            _keep(told)
    except IntegrityError:  # a process that starts at the same moment was quicker
        pass
    digest = sha256(canonical_json(told)).hexdigest()
    trail.record(Verb.SYSTEM_STARTED, by=None, reason=f"settings {digest[:16]}")


def _keep(told: dict[str, str]) -> None:
    row = Configuration.objects.select_for_update().filter(id=ONLY).first()
    before = row.settings if row else {}
    if before == told:
        return
    changed = sorted(name for name in before | told if before.get(name) != told.get(name))
    row = row or Configuration(id=ONLY)
    row.settings = told
    names = " ".join(changed) if before else "first start"
    trail.save(row, verb=Verb.SETTINGS_CHANGED, by=None, reason=names)


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
