"""Contents of what a case file holds several of, one for each kind."""

from collections.abc import Callable

from django.utils import timezone

from assistance.sections import FollowUpContent, SupportPlanContent
from assistance.visits.visits import scored
from cases.sections import (
    CommentContent,
    ContactPointContent,
    DocumentContent,
    PerpetratorContent,
    ProtectionContent,
    RiskContent,
    ScreeningContent,
    StatusDecisionContent,
    TraffickingEventContent,
)
from core.schema import Section


def contents(word: Callable[[str], str] = lambda cls: "Told", cls: str = "narrative") -> dict:
    """Kind → content; `word` gives the text for a class, `cls` is that of the comment."""
    made: dict[str, Section] = {
        "risk": RiskContent(
            risk_level="high", review_due=timezone.localdate(), safety_plan=word("narrative")
        ),
        "document": DocumentContent(document_type="passport", document_remarks=word("identity")),
        "phone": ContactPointContent(
            channel="email", reached_at="a@b.example", channel_remarks=word("contact")
        ),
        "screening": ScreeningContent(
            indicators={"debt": "declined"}, other_signs=word("narrative")
        ),
        "protection": ProtectionContent(
            protection_step="reflection", determination=word("narrative")
        ),
        "decision": StatusDecisionContent(
            trafficking_status="PossibleVictimOfTrafficking", grounds=word("narrative")
        ),
        "event": TraffickingEventContent(event_type="Transit", event_description=word("narrative")),
        "perpetrator": PerpetratorContent(role_details=word("narrative")),
        "comment": CommentContent(cls=cls, comment=word(cls)),
        "plan": SupportPlanContent(plan_type="Health", objectives=word("narrative")),
        "visit": FollowUpContent(
            visited_on=timezone.localdate(),
            visit_by="office",
            visit_found=word("narrative"),
            **scored({"identity_paper": "yes"}),
        ),
    }
    return made
