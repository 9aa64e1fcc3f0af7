"""Which cases a person or a team reaches, in the order of their list."""

from django.db import models

from cases.models.case import CaseStatus


class Reach(models.Model):
    """A grant that is not revoked, as the list of whoever holds it needs it.

    Made out of grants and cases by the database itself (cases/reach.py), and again when it is lost. No
    foreign keys: it never blocks a change, and opens nothing. What a grant opens is asked of the grant.
    """

    class Privacy:
        open = (
            *("grant", "principal", "case", "organisation", "status", "is_own"),
            *("starts", "ends", "event"),
        )
        sealed = ()

    grant = models.UUIDField(primary_key=True, db_column="grant_id")
    principal = models.UUIDField()  # the person or the team that holds it
    case = models.UUIDField(db_column="case_id", db_index=True)
    # Whose people it counts for: those of the organisation of the case; empty after a referral: anybody.
    organisation = models.UUIDField(null=True, db_column="organisation_id")
    status = models.CharField(max_length=20, choices=CaseStatus)
    is_own = models.BooleanField()  # the principal is the officer of the case
    starts = models.DateTimeField()
    ends = models.DateTimeField(db_index=True)
    event = models.UUIDField()  # the last change of the case: a version 7, so it sorts by time

    class Meta:
        default_permissions = ()
        # They hold all that a list asks for, so its rows are not looked up one by one.
        indexes = [
            models.Index(
                fields=[
                    "principal",
                    "event",
                    "case",
                    "starts",
                    "ends",
                    "organisation",
                    "status",
                    "is_own",
                ],
                name="reach_by_change",
            ),
            # Registered last first; no write in a case changes what it holds.
            models.Index(fields=["principal", "case"], name="reach_by_case"),
            # Cases that are worked on are the ones that changed last. They are found without this
            # index, so the many writes to them do not have to keep it.
            models.Index(
                fields=[
                    "principal",
                    "status",
                    "event",
                    "case",
                    "starts",
                    "ends",
                    "organisation",
                    "is_own",
                ],
                condition=~models.Q(status=CaseStatus.ACTIVE),
                name="reach_by_status",
            ),
        ]
