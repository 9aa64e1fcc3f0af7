"""Settings of Tutela, from the environment only; docs/self-hosting/configuration.md explains each one.

A variable FOO may also be given as FOO_FILE, the path of a file that holds its value.
"""

import os
from fractions import Fraction
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

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


LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")  # reached without TLS, which is elsewhere a must

os.umask(0o077)  # what Tutela writes, nobody else on the machine reads

# --- Where things live ----------------------------------------------------------------
DATA_DIR = Path(env("TUTELA_DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DEBUG = env.bool("TUTELA_DEBUG", default=False)
DEMO = env.bool("TUTELA_DEMO", default=False)  # a demonstration, and nothing else (config/demo)
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
    "jobs",
    "accounts",
    "audit",
    "vault",
    "core",
    "django.forms",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "guardian",
    "simple_history",
    "template_partials",
    "django_tasks",
    "django_tasks_db",
]
MIDDLEWARE = [
    "core.middleware.each_request",
    "core.middleware.headers_of_all",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "core.middleware.OwnPagesCompressed",
    "core.middleware.three_methods",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.sealed.until_unsealed",
    "config.maintenance.unless_closed",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "core.middleware.whole_pages",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.language_of_account",
    "accounts.middleware.tokens_of_programs",
    "core.middleware.SignInRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.second_factor_required",
    "django_htmx.middleware.HtmxMiddleware",
    "audit.middleware.request_context",
    "accounts.middleware.session_in_use",
    "cases.drafts.nothing_is_lost",
    "audit.middleware.errors_as_pages",
    "audit.middleware.own_requests",
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
                "accounts.context.session_end",
                "accounts.context.single_sign_on",
                "accounts.context.colours",
                "config.demo.sign_in.demonstration",
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
PASSWORD_HASHERS = ["accounts.hashers.SealedArgon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.passwords.PasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300  # seconds that a sign-in is recent (accounts/confirming.py)
MFA_ADAPTER = "accounts.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Tutela"
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # finger, face or PIN: a passkey is two factors
MFA_FORMS = {
    "authenticate": "accounts.sign_in_forms.AuthenticateForm",
    "reauthenticate": "accounts.sign_in_forms.ReauthenticateForm",
    "activate_totp": "accounts.sign_in_forms.ActivateTOTPForm",
    "add_webauthn": "accounts.sign_in_forms.AddPasskeyForm",
    "authenticate_webauthn": "accounts.sign_in_forms.AuthenticatePasskeyForm",
    "login_webauthn": "accounts.sign_in_forms.LoginPasskeyForm",
    "reauthenticate_webauthn": "accounts.sign_in_forms.ReauthenticatePasskeyForm",
}
# Guesses are counted in accounts/guessing.py. These only keep a page from being flooded.
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": None}
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}
# Whose role opens identities or care has to have a second factor; only a demonstration goes without.
SECOND_FACTOR_REQUIRED = env.bool("TUTELA_SECOND_FACTOR", default=not DEMO)
if not (SECOND_FACTOR_REQUIRED or DEMO):
    raise ImproperlyConfigured("TUTELA_SECOND_FACTOR=false is for demonstrations (TUTELA_DEMO).")

# Single sign-on by OpenID Connect; without an issuer there is none (accounts/provider.py).
OIDC_ISSUER = env("TUTELA_OIDC_ISSUER", default="")
OIDC_CLIENT_ID = env("TUTELA_OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env_secret("TUTELA_OIDC_CLIENT_SECRET")
OIDC_NAME = env("TUTELA_OIDC_NAME", default="single sign-on")  # as its button calls it
if OIDC_ISSUER and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
    raise ImproperlyConfigured(
        "TUTELA_OIDC_ISSUER needs TUTELA_OIDC_CLIENT_ID and TUTELA_OIDC_CLIENT_SECRET beside it."
    )
_at_issuer = urlsplit(OIDC_ISSUER)
if OIDC_ISSUER and _at_issuer.scheme != "https" and _at_issuer.hostname not in LOCAL_HOSTS:
    raise ImproperlyConfigured("TUTELA_OIDC_ISSUER must begin with https://.")

SESSION_ENGINE = "accounts.sessions"  # sealed in the database
SESSION_IDLE = env.float("TUTELA_IDLE_MINUTES", default=15.0) * 60  # seconds
SESSION_COOKIE_AGE = env.float("TUTELA_SESSION_HOURS", default=8.0) * 3600  # seconds
if not 0 < SESSION_IDLE <= SESSION_COOKIE_AGE <= 24 * 3600:
    raise ImproperlyConfigured(
        "TUTELA_IDLE_MINUTES must be more than 0, and no longer than TUTELA_SESSION_HOURS, which must "
        "be 24 at most."
    )
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600  # seconds; of whoever is not signed in

# allauth's rate limits must hold across workers.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "core_cache"}
}

# --- Help -----------------------------------------------------------------------------
HOTLINES = [  # (name, number)
    tuple(part.strip() for part in line.rpartition(":")[::2])
    for line in env("TUTELA_HOTLINES", default="").split(";")
    if line.strip()
]
if any(not (name and number) for name, number in HOTLINES):
    raise ImproperlyConfigured("TUTELA_HOTLINES must be “name: number”, with semicolons between.")

# --- Background work: jobs/ ------------------------------------------------------------
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# --- Language and time ----------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский"), ("be", "Беларуская")]  # by their own names
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
TIME_ZONE = env("TUTELA_TIME_ZONE", default="Europe/Minsk")
USE_TZ = True

# --- Files ----------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_ALLOW_ALL_ORIGINS = False
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

# --- The log: who else keeps its checkpoints -------------------------------------------
WITNESSES = env.list("TUTELA_WITNESSES", default=[])  # each “address verifier-key”
CHECKPOINT_DIR = (
    Path(_checkpoints).resolve()
    if (_checkpoints := env("TUTELA_CHECKPOINT_DIR", default=""))
    else None
)
CHECKPOINT_MAIL = env.list("TUTELA_CHECKPOINT_MAIL", default=[])  # addresses, once a day

# --- Statistics -----------------------------------------------------------------------
# What publications may cost the persons of one year of registration altogether, in zero-concentrated
# differential privacy: tables for 0.5 and microdata for 0.31.
STATISTICS_PRIVACY_CAP = env("TUTELA_PRIVACY_CAP", default="0.81")
try:
    if not 0 <= Fraction(STATISTICS_PRIVACY_CAP) <= 10:
        raise ValueError
except (ValueError, ZeroDivisionError):
    raise ImproperlyConfigured("TUTELA_PRIVACY_CAP must be a number from 0 to 10.") from None
# Whether tables by countries come with a map. reporting.maps.note tells whose outlines they are.
STATISTICS_MAPS = env.bool("TUTELA_MAPS", default=True)

# --- Mail -----------------------------------------------------------------------------
vars().update(env.email_url("TUTELA_EMAIL_URL", default="smtp://localhost:25"))
DEFAULT_FROM_EMAIL = env("TUTELA_EMAIL_FROM", default="tutela@localhost")
EMAIL_TIMEOUT = 10  # seconds

# --- Security -------------------------------------------------------------------------
# Reached over TLS alone: cookies, redirects and HSTS follow. Not for a demonstration on one machine.
HTTPS = env.bool("TUTELA_HTTPS", default=not (DEMO or DEBUG))
# Who may say for whom it asks and that it was over TLS (config/wsgi.py); of others that is not believed.
TRUSTED_PROXIES = env.list("TUTELA_TRUSTED_PROXIES", default=[])
for _proxy in TRUSTED_PROXIES:
    try:
        ip_network(_proxy)
    except ValueError as _error:
        raise ImproperlyConfigured(f"TUTELA_TRUSTED_PROXIES: {_error}") from None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
LANGUAGE_COOKIE_NAME = "__Host-language" if HTTPS else "language"
THEME_COOKIE_NAME = "__Host-theme" if HTTPS else "theme"  # kept as the language is
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/$"]  # asked by a machine beside it, and says one word
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE],  # made anew for each page; on a page without scripts there is none
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
        "manifest-src": [SELF],
        # No script turns text into markup, but for htmx with the one policy of frontend/js/trusted.js.
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["tutela"],
    }
}
CSRF_FAILURE_VIEW = "core.views.csrf_failure"

# Log lines are made of an allow-list: core/logs.py.
_CONSOLE = {"handlers": ["console"], "propagate": False}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "core.logs.JsonLines"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Django's own handlers would mail or print request data.
        "django": {"handlers": [], "propagate": True, "level": "WARNING"},
        "django.server": {"handlers": [], "propagate": True},
        "django.request": {"level": "ERROR"},  # each answer has a line already
        "django_tasks": {"level": "WARNING"},
        "django_tasks_db": {"level": "WARNING"},
        # The server begins its own logging anew from these settings.
        "_granian": _CONSOLE | {"level": "INFO"},
        "granian.access": _CONSOLE | {"level": "CRITICAL"},
    },
}
