"""Backups: the data and the keys in two files, encrypted to age recipients, and the way back."""


class BackupError(Exception):
    """A backup or a restore cannot go on. The message says why and what to do."""
