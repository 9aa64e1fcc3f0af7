"""Days as moments, in the time zone of the installation."""

from datetime import date, datetime, time

from django.utils import timezone


def end_of(day: date) -> datetime:
    """The last second of a day: what holds until a day holds through it."""
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))
