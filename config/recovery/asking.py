"""Asking several people for their shares, one after the other."""

from collections.abc import Callable

from core.exceptions import BadInput
from core.terminal import ask, is_there
from vault import recovery


def join_shares(say: Callable[[str], object]) -> bytes:
    """The private recovery key, out of as many shares as are needed. Raises BadInput, WrongState.

    On a terminal a share that is wrong is asked for again, and nothing that is typed is shown.
    """
    needed, _all = recovery.needed()
    shares: list[str] = []
    while len(shares) < needed:
        try:
            shares.append(_share(f"Share {len(shares) + 1} of {needed}, all its words: ", shares))
        except BadInput as error:
            if not is_there():
                raise
            say(str(error.message))
    return recovery.join(shares)


def _share(prompt: str, before: list[str]) -> str:
    try:
        share = ask(prompt)
    except EOFError:
        raise BadInput("There are too few shares: give one on each line.") from None
    number = recovery.set_of(share)
    if before and number != recovery.set_of(before[0]):
        raise BadInput("This share is of another set than the first one: the sheets tell the set.")
    if recovery.words_of(share) in map(recovery.words_of, before):
        raise BadInput("This share was given already: another one is needed.")
    return share
