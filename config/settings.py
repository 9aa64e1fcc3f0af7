"""Settings of Tutela, from the environment only; docs/self-hosting/configuration.md explains each one.

A variable FOO may also be given as FOO_FILE, the path of a file that holds its value.
"""

import os
from functools import partial
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def env_secret(name: str, default: str = "") -> str:
    """The value of NAME, or the stripped contents of the file that NAME_FILE names."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE: {error.strerror}: {path}") from error
    return os.environ.get(name, default)


os.umask(0o077)  # what Tutela writes, nobody else on the machine reads

# --- Where things live ----------------------------------------------------------------
DATA_DIR = Path(env("TUTELA_DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DEBUG = env.bool("TUTELA_DEBUG", default=False)
DEMO = env.bool("TUTELA_DEMO", default=False)  # shows a coloured strip on every page
ALLOWED_HOSTS = env.list("TUTELA_ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("TUTELA_ORIGINS", default=[])
ORIGIN = env(
    "TUTELA_LOG_NAME", default="tutela.local/log"
)  # names this log in its signed checkpoints

# Signs cookies and forms, never data. Made on first start when nobody gives one.
SECRET_KEY = env_secret("TUTELA_SECRET_KEY")
if not SECRET_KEY:
    _secret_file = DATA_DIR / "secret_key"
    if _secret_file.exists():
        SECRET_KEY = _secret_file.read_text().strip()
    else:
        DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        SECRET_KEY = os.urandom(48).hex()
        _secret_file.touch(mode=0o600)
        _secret_file.write_text(SECRET_KEY)

# --- The root key: docs/self-hosting/keys.md says which provider needs what -------------
ROOT_KEY_PROVIDER = env("TUTELA_ROOT_KEY", default="file")
_config_home = Path(env("XDG_CONFIG_HOME", default=str(Path.home() / ".config")))
ROOT_KEY_FILE = Path(env("TUTELA_KEY_FILE", default=str(_config_home / "tutela" / "root.key")))
ROOT_KEY_CREDENTIAL = env("TUTELA_CREDENTIAL", default="tutela-root-key")
TRANSIT_ADDRESS = env("TUTELA_TRANSIT_ADDRESS", default="")
TRANSIT_MOUNT = env("TUTELA_TRANSIT_MOUNT", default="transit")
TRANSIT_KEY = env("TUTELA_TRANSIT_KEY", default="tutela")
TRANSIT_CA_FILE = env("TUTELA_TRANSIT_CA_FILE", default="")
TRANSIT_TOKEN = partial(env_secret, "TUTELA_TRANSIT_TOKEN")  # read when it is needed
AWS_KMS_KEY = env("TUTELA_AWS_KMS_KEY", default="")
PKCS11_MODULE = env("TUTELA_PKCS11_MODULE", default="")
PKCS11_TOKEN = env("TUTELA_PKCS11_TOKEN", default="tutela")
PKCS11_KEY = env("TUTELA_PKCS11_KEY", default="tutela-root")
PKCS11_PIN = partial(env_secret, "TUTELA_PKCS11_PIN")

# --- Applications: each may import those below it, never those above ------------------
INSTALLED_APPS = [
    "config",
    "reporting",
    "assistance",
    "cases",
    "accounts",
    "audit",
    "vault",
    "core",
    "django.forms",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "guardian",
    "simple_history",
    "template_partials",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.middleware.private_responses",
    "config.sealed.until_unsealed",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "audit.middleware.request_context",
    "audit.middleware.errors_as_pages",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.context.site",
            ],
            "builtins": ["core.templatetags.ui"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Databases ------------------------------------------------------------------------
_SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "OPTIONS": {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        # FULL: a power cut loses no acknowledged write. secure_delete: nothing stays in freed pages.
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
            "PRAGMA secure_delete=ON; PRAGMA recursive_triggers=ON;"
            "PRAGMA temp_store=MEMORY;"
        ),
    },
}


def _database(variable: str, file_name: str) -> dict:
    """PostgreSQL when the variable names one, an SQLite file in the data directory otherwise."""
    if url := env_secret(variable):
        return env.db_url_config(url)
    DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _SQLITE | {"NAME": DATA_DIR / file_name}


DATABASES = {
    "default": _database("DATABASE_URL", "tutela.sqlite3"),
    "keys": _database("KEYS_DATABASE_URL", "keys.sqlite3"),  # wrapped keys only, backed up apart
}
PG_BIN = env("TUTELA_PG_BIN", default="")  # folder of pg_dump and pg_restore, for backups
DATABASE_ROUTERS = ["vault.routers.KeyStoreRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# History rows are written by database triggers, which no code path can go around.
SIMPLE_HISTORY_ENABLED = False

# --- Sign-in --------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "cases.backends.CaseGrantBackend",
]
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]  # CaseGrantBackend is guardian's, with our rule
ANONYMOUS_USER_NAME = None  # guardian would otherwise make a row that could hold grants
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300  # seconds; what cannot be undone asks for a fresh sign-in
MFA_ADAPTER = "accounts.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Tutela"

SESSION_ENGINE = "accounts.sessions"  # sealed in the database
SESSION_COOKIE_AGE = 8 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True

# allauth's rate limits and its guard against a replayed code must hold across workers.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "core_cache"}
}

# --- Language and time ----------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]  # one whose texts are not here would give half-translated pages
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env("TUTELA_TIME_ZONE", default="Europe/Minsk")
USE_TZ = True

# --- Files ----------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Sealed bytes of attachments: in the data directory, or in a bucket of S3-compatible storage.
if _bucket := env("TUTELA_S3_BUCKET", default=""):
    _endpoint = env("TUTELA_S3_ENDPOINT", default="") or None
    STORAGES["attachments"] = {
        "BACKEND": "cases.s3.Bucket",
        "OPTIONS": {
            "bucket_name": _bucket,
            "endpoint_url": _endpoint,
            "region_name": env("TUTELA_S3_REGION", default="") or None,
            "access_key": env_secret("TUTELA_S3_ACCESS_KEY") or None,
            "secret_key": env_secret("TUTELA_S3_SECRET_KEY") or None,
            "addressing_style": "path" if _endpoint else "auto",
        },
    }
else:
    STORAGES["attachments"] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": DATA_DIR,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }
UPLOAD_DIR = DATA_DIR / "uploads"  # sealed, on their way into the storage
UPLOAD_MAX_MB = env.int("TUTELA_UPLOAD_MAX_MB", default=100)
CLAMD = env("TUTELA_CLAMD", default="")  # host:port or path of a socket; empty: no virus scanner
# Files are sealed as they come, and on the one page that takes them; elsewhere they are dropped.
FILE_UPLOAD_HANDLERS = ["cases.uploads.SealingUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20  # of a form without its files
DATA_UPLOAD_MAX_NUMBER_FILES = 1
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Backups --------------------------------------------------------------------------
# Where backups lie, and beside them the list of erased cases that a restore reads.
BACKUP_DIR = (
    Path(_backups).resolve() if (_backups := env("TUTELA_BACKUP_DIR", default="")) else None
)
BACKUP_RECIPIENTS = env.list("TUTELA_BACKUP_RECIPIENTS", default=[])  # age public keys
BACKUP_DATA_DAYS = env.int("TUTELA_BACKUP_DATA_DAYS", default=1826)  # five years
# As long as a copy of the key store is kept, it opens cases that were erased after it was made.
BACKUP_KEYS_DAYS = env.int("TUTELA_BACKUP_KEYS_DAYS", default=7)

# --- Security -------------------------------------------------------------------------
HTTPS = env.bool("TUTELA_HTTPS", default=False)  # served behind TLS: cookies and HSTS follow
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
        "manifest-src": [SELF],
    }
}
CSRF_FAILURE_VIEW = "core.views.csrf_failure"

# Log lines carry codes and identifiers, never request bodies, query strings or values.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"no_details": {"()": "core.logs.WithoutDetails"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["no_details"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    # Django's own handlers would mail or print request data.
    "loggers": {"django": {"handlers": [], "propagate": True, "level": "WARNING"}},
}
