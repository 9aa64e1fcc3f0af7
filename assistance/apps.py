from datetime import timedelta

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from core.rights import Right

REFERRAL_LABELS = {
    "service": _("What the person needs"),
    "withdrawn_because": _("Withdrawn because"),
    "declined_because": _("Declined because"),
    "fallback": _("What is done instead"),
    "feedback": _("Feedback"),
}


class AssistanceConfig(AppConfig):
    name = "assistance"

    def ready(self) -> None:
        from assistance import kinds, reference
        from assistance.due import costs_to_approve, plans_to_approve
        from assistance.forms import FORMS
        from assistance.models import (
            Assistance,
            AssistanceSession,
            AssistanceStatus,
            Cost,
            FollowUpVisit,
            PlanAgreement,
            Referral,
        )
        from assistance.money.forms import CostForm, PayForm, ReverseForm
        from assistance.money.panel import MONEY_PANEL, is_cost
        from assistance.panels import ASSISTANCE_PANEL, is_payment
        from assistance.plans.agreements import AgreementForm, approving_act, is_agreement
        from assistance.plans.goals import SUPPORT_PLAN, goals_reached
        from assistance.plans.panel import PLAN_PANEL
        from assistance.providers.directory import agreements_link
        from assistance.referrals.forms import ReferralForm
        from assistance.referrals.panel import (
            REFERRAL_PANEL,
            by_us_link,
            to_decide_link,
            to_us_link,
        )
        from assistance.referrals.services import end_with_its_grant
        from assistance.referrals.table import SERVICES
        from assistance.selectors import is_under_way
        from assistance.sittings import SESSION, SessionForm
        from assistance.timeline import of_assistance, of_entry, of_referral
        from assistance.visits.visits import DUE_VISIT, VISIT, visit_panel
        from assistance.visits.words import told_answer, told_score
        from audit.rules import RULES, Rule, each_of
        from audit.verbs import Verb
        from cases import drafts
        from cases.approvals import APPROVABLE, Approvable
        from cases.closing import CLOSURE_CHECKS, GOALS, ClosureCheck
        from cases.due import DUE_KINDS, DueKind
        from cases.entries import ENTRY_KINDS, panel_of
        from cases.panels import CASE_PANELS, START_LINKS
        from cases.presenters import CODES, LABELLED, LABELS, LINKS, PAIRS
        from cases.reference import ANSWERS, SUPPORT_PLAN_TYPE
        from cases.services.grants import ON_TAKING_BACK
        from cases.timeline import KINDS as KINDS_OF_EVENTS
        from cases.timeline import TELLS, Kind, of_something
        from core.context import NAV, NavItem
        from core.templatetags.ui import STATUS_TONES

        ENTRY_KINDS.update(plan=SUPPORT_PLAN, visit=VISIT)
        DUE_KINDS.append(DUE_VISIT)
        LABELLED.extend([*FORMS.values(), SUPPORT_PLAN.form, VISIT.form, SessionForm, ReferralForm])
        LABELLED.extend([CostForm, PayForm, ReverseForm, AgreementForm])
        LABELS.update(
            kind=_("Kind of assistance"),
            planned_from=_("Planned from"),
            planned_until=_("Planned until"),
            line_code=_("Budget line"),
            booked=_("Booked on the budget line"),
            ledger=_("Entry of the ledger"),
            survey=_("Survey"),
            survey_version=_("Version of the survey"),
            scores=_("Scores of the survey"),
            agreed_goals=_("Goals as they stood"),
        )
        LABELS.update(REFERRAL_LABELS)
        LINKS.update(
            {"goal", "assistance", "line", "ledger", "agreed_goals", "signed_file", "files"}
        )
        PAIRS.update(survey=told_answer, scores=told_score)
        CODES.update(
            visit_by=reference.VISIT_WAYS,
            person_is_safe=ANSWERS,
            status=dict(AssistanceStatus.choices),
            method=reference.PSYCHOLOGICAL_METHODS,
            stage=reference.LEGAL_STAGES,
            dimension=reference.REINTEGRATION_DIMENSIONS,
            plan_dimension=reference.REINTEGRATION_DIMENSIONS,
            plan_type=SUPPORT_PLAN_TYPE,
            progress=reference.PROGRESS,
            type=kinds.TYPES,
            kind=reference.KINDS,
            phase=reference.RETURN_PHASES,
            satisfaction=reference.SATISFACTION,
            service={code: service.name for code, service in SERVICES.items()},
        )
        CASE_PANELS.extend([PLAN_PANEL, ASSISTANCE_PANEL, panel_of("session", SESSION)])
        CASE_PANELS.extend([visit_panel(), MONEY_PANEL, REFERRAL_PANEL])
        recorded = frozenset({Verb.ASSISTANCE_RECORDED, Verb.ASSISTANCE_CHANGED})
        KINDS_OF_EVENTS[:0] = [
            Kind("assistance", _("Assistance"), recorded),
            Kind("sessions", _("Sessions"), frozenset({Verb.SESSION_HELD})),
            Kind(
                *("visits", _("Follow-up visits")),
                frozenset({Verb.VISIT_RECORDED, Verb.VISIT_CHANGED}),
            ),
            Kind(
                *("referrals", _("Referrals")),
                frozenset(verb for verb in Verb if verb.startswith("referral_")),
            ),
        ]
        TELLS.update(
            {
                Assistance._meta.label: of_assistance,
                Referral._meta.label: of_referral,
                AssistanceSession._meta.label: of_entry(SESSION),
                FollowUpVisit._meta.label: of_entry(VISIT),
                Cost._meta.label: of_something(_("Costs and payments")),
                PlanAgreement._meta.label: of_something(SUPPORT_PLAN.heading),
            }
        )
        START_LINKS.extend([to_us_link, by_us_link, to_decide_link, agreements_link])
        RULES.append(
            Rule(
                "override",
                _("A case was referred without consent"),
                _(
                    "Two people referred a case for a danger to life though the person had not "
                    "agreed. Ask whether it was one, and whether the person knows of it now."
                ),
                each_of({Verb.OVERRIDE_APPROVED}),
                also_for=Right.GLASS_OVERSEE,
                waits=timedelta(hours=72),
            )
        )
        ON_TAKING_BACK.append(end_with_its_grant)
        drafts.FORMS |= {
            f"assistance:{name}" for name in ("record", "change", "session", "agree", "refer")
        }
        GOALS.append(goals_reached)
        CLOSURE_CHECKS.append(
            ClosureCheck(
                "assistance",
                _("No assistance, and no payment, is planned or under way"),
                is_under_way,
            )
        )
        drafts.FORMS |= {
            f"assistance:{name}" for name in ("plan_cost", "change_cost", "pay", "reverse")
        }
        planned = frozenset({Verb.COST_PLANNED, Verb.COST_CHANGED})
        APPROVABLE[Cost._meta.label] = Approvable(Cost, planned, is_cost)
        APPROVABLE[PlanAgreement._meta.label] = Approvable(
            PlanAgreement, frozenset({Verb.PLAN_AGREED}), is_agreement, approving_act
        )
        DUE_KINDS.append(
            DueKind("plan", _("Support plan to approve"), plans_to_approve, waits=True)
        )
        DUE_KINDS.append(DueKind("cost", _("Cost to approve"), costs_to_approve, waits=True))
        NAV.append(NavItem(_("Providers"), "providers:list", Right.PROVIDER_SEE))
        NAV.append(NavItem(_("Budgets"), "budgets:list", Right.BUDGET_SEE))
        APPROVABLE[Assistance._meta.label] = Approvable(Assistance, recorded, is_payment)
        STATUS_TONES.update(not_begun="neutral", reached="good", given_up="neutral")
        STATUS_TONES.update(planned="info", under_way="wait", delivered="good", cancelled="neutral")
        STATUS_TONES.update(sent="info", received="info", accepted="good", completed="good")
        STATUS_TONES.update(declined="stop", withdrawn="neutral", refused="stop")
