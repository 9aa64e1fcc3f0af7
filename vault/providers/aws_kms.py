"""A symmetric key in AWS KMS. It never leaves there; credentials come the ways AWS's own tools know."""

from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from vault.providers.base import RootKey

TIMEOUT = 10  # seconds


class AwsKms(RootKey):
    """The key whose ARN TUTELA_AWS_KMS_KEY has. What is wrapped tells KMS its key itself."""

    name = "aws-kms"

    def wrap(self, key: bytes, context: bytes) -> bytes:
        answer = _ask("encrypt", KeyId=_key(), Plaintext=key, EncryptionContext=_bound_to(context))
        return answer["CiphertextBlob"]

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        answer = _ask("decrypt", CiphertextBlob=wrapped, EncryptionContext=_bound_to(context))
        _refuse_other_account(answer["KeyId"])
        return answer["Plaintext"]

    def rewrap(self, wrapped: bytes, context: bytes) -> bytes:
        answer = _ask(
            "re_encrypt",
            CiphertextBlob=wrapped,
            SourceEncryptionContext=_bound_to(context),
            DestinationKeyId=_key(),
            DestinationEncryptionContext=_bound_to(context),
        )
        _refuse_other_account(answer["SourceKeyId"])
        return answer["CiphertextBlob"]

    def key_id(self) -> str:
        return _key()

    def successor(self) -> NoReturn:
        raise ImproperlyConfigured(
            "Make a new key in AWS KMS, name it in TUTELA_AWS_KMS_KEY, allow ReEncrypt from the "
            "former one, and run this again."
        )

    def health(self) -> None:
        told = _ask("describe_key", KeyId=_key())["KeyMetadata"]
        if told["KeyState"] != "Enabled":
            raise ImproperlyConfigured(
                f"The KMS key {_key()} is in the state {told['KeyState']}. Enable it, or cancel its "
                "deletion."
            )
        if told.get("KeySpec") != "SYMMETRIC_DEFAULT":
            raise ImproperlyConfigured(
                f"The KMS key {_key()} is not a symmetric one for encryption. Name one that is."
            )


def _key() -> str:
    """The ARN in the settings: arn:aws:kms:region:account:key/id."""
    arn = settings.AWS_KMS_KEY
    if len(arn.split(":")) != 6 or ":key/" not in arn:
        raise ImproperlyConfigured(
            "TUTELA_AWS_KMS_KEY must be the ARN of a key: arn:aws:kms:region:account:key/…"
        )
    return arn


def _refuse_other_account(arn: str) -> None:
    """What is stored names its key: one of somebody else's account would be theirs to open, too."""
    if arn.rpartition(":")[0] != _key().rpartition(":")[0]:
        raise ImproperlyConfigured(
            "A key in the key store is wrapped by a KMS key of another account or region than "
            "TUTELA_AWS_KMS_KEY. Somebody changed the key store, or the setting names the wrong key."
        )


def _bound_to(context: bytes) -> dict[str, str]:
    return {"tutela": context.decode()}


def _ask(method: str, **arguments: Any) -> Any:
    """One request to KMS, in the region of the key."""
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        raise ImproperlyConfigured(
            "TUTELA_ROOT_KEY is aws-kms, which needs boto3. Run: pip install boto3 "
            "(requirements-aws-kms.in)"
        ) from None
    limits = Config(connect_timeout=TIMEOUT, read_timeout=TIMEOUT, retries={"max_attempts": 2})
    try:
        client = boto3.client("kms", region_name=_key().split(":")[3], config=limits)
        return getattr(client, method)(**arguments)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in ("InvalidCiphertextException", "IncorrectKeyException"):
            raise ImproperlyConfigured(
                f"The KMS key {_key()} does not open the keys of this installation. Name the right "
                "one in TUTELA_AWS_KMS_KEY. Nothing was changed."
            ) from None
        raise ImproperlyConfigured(
            f"AWS KMS refuses {method} with {_key()}: {code}. Look at the key, its policy and the "
            "role Tutela runs with."
        ) from None
    except BotoCoreError as error:
        raise ImproperlyConfigured(
            f"AWS KMS cannot be asked ({type(error).__name__}). Look at the network and at the "
            "credentials Tutela runs with."
        ) from None
