"""The support plan on the case page: goals, what serves them, who agreed and who approved."""

from collections import defaultdict
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec

from accounts.models import User
from assistance.kinds import KINDS
from assistance.models import Assistance, AssistanceStatus, PlanAgreement, SupportPlan
from assistance.panels import told as told_in_a_line
from assistance.plans.agreements import AGREEMENT, Since, since, wrote_of
from assistance.plans.goals import SUPPORT_PLAN
from assistance.sections import AgreementContent
from assistance.sections import Assistance as Content
from cases.access import Access
from cases.approvals import Standing, State, standings
from cases.door import Sections
from cases.entries import panel_of
from cases.models import Case, SealedModel
from cases.panels import Item, Panel
from cases.presenters import item_of, label_of, told
from cases.trail import section_differences

Opened = list[tuple[SealedModel, Sections]]
AHEAD = (AssistanceStatus.PLANNED, AssistanceStatus.UNDER_WAY)
_GOALS = panel_of("plan", SUPPORT_PLAN)


def _beside(rows: list[SealedModel]) -> list[SealedModel]:
    """The last agreement of the case of these goals, and how each that moved on stood then."""
    found = PlanAgreement.objects.filter(case__in={row.case_id_() for row in rows})
    last = found.select_related("recorded_by").first() if rows else None
    if last is None:
        return []
    # Ids of events sort by time.
    moved = [row.pk for row in rows if row.last_event > last.last_event]
    earlier: dict[UUID, Any] = {}
    if moved:
        versions = SupportPlan.history.filter(id__in=moved, last_event__lt=last.last_event)
        earlier = {version.id: version for version in versions.order_by("revision")}
    return [last, *earlier.values()]


def _is_earlier(row: Any) -> bool:
    return hasattr(row, "instance_type")


def _context(case: Case, user: User, access: Access, opened: Opened) -> dict[str, Any]:
    """Goals and agreement for those who read them; of what serves a goal, the records they read."""
    goals = [one for one in opened if isinstance(one[0], SupportPlan)]
    context = _GOALS.context(case, user, access, goals)
    served = _served(opened)
    for entry in context["entries"]:
        entry["served"] = served.get(str(entry["row"].pk))
        entry["progress"] = item_of("progress", entry["content"].progress)
    agreements = [one for one in opened if isinstance(one[0], PlanAgreement)]
    content = agreements[0][1].get("content") if agreements else None
    context["may_agree"] = context["may_add"] and bool(context["entries"])
    context["add_agreement"] = AGREEMENT.add
    if isinstance(content, AgreementContent):
        differs = since(content, list(SupportPlan.objects.filter(case=case)))
        for entry in context["entries"]:
            entry["is_new"] = entry["row"].pk in differs.new
            entry["is_changed"] = entry["row"].pk in differs.changed
        changes = _differences(context["entries"], opened)
        context |= {
            "changes": changes,
            "agreement": agreements[0][0],
            "agreed": content,
            "agreed_by": AGREEMENT.title(content),
            "agreement_told": told(content, without=AGREEMENT.titled),
            "differs": differs,
            "approval": _approval(case, user, agreements, differs, changes),
        }
    return context


def _served(opened: Opened) -> dict[str, dict[str, Any]]:
    """Goal → the records that serve it: those ahead, and how many there are of each status."""
    serving: dict[str, list[tuple[Assistance, Content]]] = defaultdict(list)
    for row, sections in opened:
        content = sections.get("content")
        if isinstance(row, Assistance) and isinstance(content, Content) and content.goal:
            serving[content.goal].append((row, content))
    return {
        goal: {
            "ahead": [
                {"row": row, "what": _in_a_line(content), "provider": content.provider}
                for row, content in sorted(records, key=lambda one: one[0].starts_on)
                if row.status in AHEAD
            ],
            "statuses": [
                (label, number)
                for status, label in AssistanceStatus.choices
                if (number := sum(row.status == status for row, _content in records))
            ],
        }
        for goal, records in serving.items()
    }


def _in_a_line(content: Content) -> str:
    kind, detail = str(KINDS[content.KIND].label), told_in_a_line(content)
    return f"{kind}, {detail}" if detail else kind


def _approval(
    case: Case, user: User, agreements: Opened, differs: Since, changes: list[dict[str, Any]]
) -> Standing | None:
    """Where the approval stands: it is of the plan, so what became of the goals since counts as well."""
    standing = standings(agreements, by=user).get(agreements[0][0].pk)
    if standing is None:
        return None
    if not differs.stands:
        is_approved = standing.state == State.APPROVED
        return replace(
            standing,
            state=State.CHANGED if is_approved else standing.state,
            may_approve=False,
            is_own=False,
            differences=changes if is_approved else [],
        )
    if standing.may_approve and wrote_of(case.pk, user):
        return replace(standing, may_approve=False, is_own=True)
    return standing


def _differences(entries: list[dict[str, Any]], opened: Opened) -> list[dict[str, Any]]:
    """What the goals say now and did not when they were agreed to, as rows of _components/diff.html."""
    before = {row.id: sections.get("content") for row, sections in opened if _is_earlier(row)}
    found: list[tuple[str, str, str]] = []
    for entry in entries:
        content, title, old = entry["content"], entry["title"], before.get(entry["row"].pk)
        if entry["is_new"]:
            found.append((title, "", content.objectives))
        elif entry["is_changed"] and old is not None:
            same = {name: getattr(old, name) for name in SUPPORT_PLAN.follows}
            for one in section_differences(old, msgspec.structs.replace(content, **same)):
                found.append((f"{title}: {one.label}", one.before, one.after))
    return [{"label": a, "before": b, "after": c, "changed": True} for a, b, c in found]


def _written(context: dict[str, Any]) -> list[Item]:
    """The goals, each with how far it is."""
    return [
        Item(
            entry["title"],
            [*entry["told"], (label_of("progress"), entry["progress"])],
            entry["row"].recorded_on,
        )
        for entry in context["entries"]
    ]


PLAN_PANEL = Panel(
    *("plan", SUPPORT_PLAN.heading, "assistance/plan_panel.html", _GOALS.rows, _context),
    beside=_beside,
    tells_of="assistance",
    written=_written,
)
