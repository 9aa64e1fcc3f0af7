"""Asking for a secret: on the terminal without showing it, else the next line of the standard input."""

import getpass
import sys


def is_there() -> bool:
    """Does a person sit in front of the standard input?"""
    return sys.stdin.isatty()


def ask(prompt: str) -> str:
    """What was typed or piped in. Raises EOFError when nothing more comes."""
    if is_there():
        return getpass.getpass(prompt)
    if not (line := sys.stdin.readline()):
        raise EOFError
    return line.rstrip("\n")
