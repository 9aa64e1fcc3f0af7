"""What Tutela says when it understood and will not. Each message is fit for the person who meets it."""


class DomainError(Exception):
    """Base of the family. `status` is the HTTP status of the page that shows it."""

    status = 400

    def __init__(self, message: object = "") -> None:
        super().__init__(message)
        self.message = message


class BadInput(DomainError):
    """What came in cannot be used; nothing was changed."""


class NotAllowed(DomainError):
    """The person is known and may not do this."""

    status = 403


class NotFound(DomainError):
    """There is no such thing, or it is not this person's to know of: the answer is the same."""

    status = 404


class Erased(NotFound):
    """It was here and was erased: its key is destroyed, and nobody can open what is left."""

    status = 410


class TooOften(DomainError):
    """Done more often than work needs. It goes on after `seconds`."""

    status = 429

    def __init__(self, message: object, *, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class WrongState(DomainError):
    """The thing is not in a state that allows this."""

    status = 409


class Conflict(DomainError):
    """Somebody else changed it in the meantime."""

    status = 409
