"""Pages that keep people, teams and offices, what waits for a second person, and one's own page."""

from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import links, proposals, selectors, services
from accounts.identities import is_linked, unlink_identity
from accounts.models import Office, Organisation, Team, TeamMembership, User
from accounts.people_forms import (
    AccountForm,
    AskForm,
    NameForm,
    OfficeForm,
    OrganisationForm,
    PeopleFilter,
    TokenForm,
)
from accounts.proposal_pages import told
from accounts.second_factor import has_second_factor
from accounts.tokens import end_token, make_token, tokens_of
from core.access import require
from core.classes import LONG_NAMES
from core.exceptions import BadInput, NotFound, WrongState
from core.http import StaffRequest
from core.rights import Right
from core.sorting import by_words


# --- People ---------------------------------------------------------------------------
@require_GET
@require(Right.ACCOUNTS_KEEP)
def people(request: StaffRequest) -> HttpResponse:
    """The accounts this person keeps."""
    form = PeopleFilter(request.GET, by=request.user)
    wanted = form.cleaned_data if form.is_valid() else {}
    found, more = selectors.people_page(
        request.user,
        office=_uuid(wanted.get("office")),
        is_active=wanted.get("state") != "suspended",
        after=_uuid(request.GET.get("after")),
    )
    kept = request.GET.copy()
    kept.pop("after", None)
    context = {"people": found, "more": more, "form": form, "query": kept.urlencode()}
    context["is_first_page"] = "after" not in request.GET
    context["may_keep_places"] = request.user.has_right(Right.ACCOUNTS_ALL)
    return render(request, "people/list.html", context)


@require_http_methods(["GET", "POST"])
@require(Right.ACCOUNTS_KEEP)
def new_person(request: StaffRequest) -> HttpResponse:
    """Make an account. How its owner comes to sign in is said on its page."""
    form = AccountForm(request.POST or None, by=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            user = services.open_account(**form.cleaned_data, by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The account is made. It holds no role yet."))
            return redirect("people:person", person=user.pk)
    return _form_page(request, "people/new.html", form)


@require_GET
@require(Right.ACCOUNTS_KEEP, Right.ACTS_DECIDE)
def person(request: StaffRequest, person: UUID) -> HttpResponse:
    """One account: what it holds and what can be done about it."""
    subject = selectors.person_of(request.user, person)
    may_keep = request.user.has_right(Right.ACCOUNTS_KEEP)
    context = _standing_of(subject) | {
        "may_keep": may_keep,
        "may_keep_teams": request.user.has_right(Right.ACCOUNTS_ALL),
        "kinds": _kinds_for(request.user, subject) if may_keep else [],
        "link_takes_two": links.takes_two(subject),
    }
    return render(request, "people/person.html", context)


@require_http_methods(["GET", "POST"])
@require(Right.ACCOUNTS_KEEP)
def change_person(request: StaffRequest, person: UUID) -> HttpResponse:
    """What somebody is called; and the office of somebody who holds no role yet."""
    subject = selectors.person_of(request.user, person)
    form = AccountForm(request.POST or None, by=request.user, subject=subject)
    if subject.role_holdings.now().exists():
        del form.fields["office"]
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.rename_account(subject, display_name=data["display_name"], by=request.user)
            if "office" in data:
                services.place_account(subject, office=data["office"], by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("people:person", person=subject.pk)
    return _form_page(request, "people/change.html", form, person=subject)


@require_POST
@require(Right.ACCOUNTS_KEEP)
def link(request: StaffRequest, person: UUID) -> HttpResponse:
    """Make the link with which the owner of a new account chooses a password."""
    subject = selectors.person_of(request.user, person)
    _made, token = links.make_first_link(subject, by=request.user)
    return _show_link(request, subject, token)


@require_POST
@require(Right.ACCOUNTS_KEEP)
def suspend(request: StaffRequest, person: UUID) -> HttpResponse:
    """Let nobody use an account from now on."""
    subject = selectors.person_of(request.user, person)
    services.suspend_account(subject, by=request.user)
    messages.success(request, _("Suspended. Whoever was signed in is out at the next click."))
    return redirect("people:person", person=subject.pk)


@require_POST
@require(Right.ACCOUNTS_KEEP)
def unlink(request: StaffRequest, person: UUID) -> HttpResponse:
    """Take the link of somebody's account with single sign-on away."""
    if not settings.OIDC_ISSUER:
        raise NotFound(_("There is no such page."))
    subject = selectors.person_of(request.user, person)
    unlink_identity(subject, by=request.user)
    messages.success(request, _("Taken away. Whoever was signed in is out at the next click."))
    return redirect("people:person", person=subject.pk)


@require_POST
@require(Right.ACCOUNTS_ALL)
def leave_team(request: StaffRequest, person: UUID, team: UUID) -> HttpResponse:
    """Take somebody out of a team."""
    subject, found = selectors.person_of(request.user, person), _team(team)
    if services.is_of_supervisors(found):
        raise WrongState(_("The supervisors of an office are those who hold the role."))
    services.leave_team(user=subject, team=found, by=request.user)
    messages.success(request, _("They are out of the team now."))
    return redirect("people:person", person=subject.pk)


# --- What takes two people ------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@require(Right.ACCOUNTS_KEEP)
def ask(request: StaffRequest, person: UUID, kind: str) -> HttpResponse:
    """Ask for something about somebody that takes two people."""
    subject = selectors.person_of(request.user, person)
    if kind not in proposals.KINDS:
        raise NotFound(_("There is no such page."))
    return _ask(request, subject, proposals.KINDS[kind])


@reauthentication_required
def _ask(request: StaffRequest, subject: User, kind: proposals.Kind) -> HttpResponse:
    """After a fresh sign-in, which leads back here with what was typed."""
    form = AskForm(request.POST or None, kind=kind, by=request.user, subject=subject)
    if not form.choices:
        raise WrongState(_("There is nothing of this kind to ask for."))
    if request.method == "POST" and form.is_valid():
        try:
            proposals.propose(kind.code, subject=subject, by=request.user, **form.cleaned_data)
        except (BadInput, WrongState) as error:
            form.add_error(None, str(error.message))
        else:
            messages.success(request, _("You asked for it. Somebody else has to decide."))
            return redirect("people:person", person=subject.pk)
    return _form_page(request, "people/ask.html", form, person=subject, kind=kind)


@require_GET
@require(Right.ACTS_DECIDE)
def waiting(request: StaffRequest) -> HttpResponse:
    """What waits for this person to decide, and what they asked for themselves."""
    proposals.end_expired()
    context = {
        "to_decide": told(proposals.open_for(request.user)),
        "asked": told(proposals.asked_by(request.user)),
        "may_decide_erasure": request.user.has_right(Right.ERASURE_DECIDE),
    }
    return render(request, "people/waiting.html", context)


@require_POST
@require(Right.ACTS_DECIDE)
def decide(request: StaffRequest, proposal: UUID) -> HttpResponse:
    """Approve, decline or withdraw."""
    return _decide(request, proposals.proposal_for(request.user, proposal))


@reauthentication_required
def _decide(request: StaffRequest, found: Any) -> HttpResponse:
    """After a fresh sign-in, which leads back here with what was typed."""
    note = request.POST.get("note", "")
    match request.POST.get("act"):
        case "approve":
            token = proposals.approve_proposal(found, note=note, by=request.user)
            if token:
                return _show_link(request, found.subject, token)
            messages.success(request, _("Approved, and done."))
        case "decline":
            proposals.decline_proposal(found, note=note, by=request.user)
            messages.success(request, _("Declined. Nothing was changed."))
        case "withdraw":
            proposals.withdraw_proposal(found, by=request.user)
            messages.success(request, _("Withdrawn."))
        case _act:
            raise BadInput(_("Choose what to do."))
    return redirect("people:waiting")


@require_GET
def me(request: StaffRequest) -> HttpResponse:
    """What this person may do and see, and why; and what is being asked for about them."""
    subject = User.objects.select_related("office__organisation").get(pk=request.user.pk)
    classes = [(name, _admitted_by(subject, cls)) for cls, name in LONG_NAMES.items()]
    context = _standing_of(subject) | {
        "classes": [(name, roles) for name, roles in classes if roles],
        "may_read_cases": subject.has_right(Right.CASE_READ),
    }
    return render(request, "people/me.html", context)


@require_http_methods(["GET", "POST"])
@require(Right.STATISTICS_BUILD)
def tokens(request: StaffRequest) -> HttpResponse:
    """The tokens with which this person's programs ask for statistics. POST makes one, or ends one."""
    act = request.POST.get("act")
    if act == "end":
        end_token(_uuid(request.POST.get("token")), by=request.user)
        messages.success(request, _("Ended. The program that uses it is refused from now on."))
        return redirect("people:tokens")
    form = TokenForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made, secret = make_token(**form.cleaned_data, by=request.user)
            return render(request, "people/token.html", {"made": made, "secret": secret})
        except (BadInput, WrongState) as error:
            form.add_error(None, str(error.message))
    return _form_page(request, "people/tokens.html", form, tokens=tokens_of(request.user))


def _admitted_by(user: User, cls: str) -> list[str]:
    return [str(role.display_name) for role in user.roles if cls in role.classes]


# --- Teams ----------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@require(Right.ACCOUNTS_ALL)
def teams(request: StaffRequest) -> HttpResponse:
    """Every team with its number of members; set up one more."""
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            team = services.make_team(**form.cleaned_data, by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The team is set up, with nobody in it."))
            return redirect("people:team", team=team.pk)
    members = TeamMembership.objects.now().filter(user__is_active=True).values_list("team")
    numbers: dict[UUID, int] = {}
    for (team_pk,) in members:
        numbers[team_pk] = numbers.get(team_pk, 0) + 1
    found = Team.objects.select_related("group__office")
    rows = [(selectors.team_name(one), one, numbers.get(one.pk, 0)) for one in found]
    rows.sort(key=lambda row: by_words(row[0]))
    return _form_page(request, "people/teams.html", form, teams=rows)


@require_http_methods(["GET", "POST"])
@require(Right.ACCOUNTS_ALL)
def team(request: StaffRequest, team: UUID) -> HttpResponse:
    """Who is in a team; and another name for it."""
    found = _team(team)
    is_fixed = services.is_of_supervisors(found)
    form = NameForm(request.POST or None, initial={"name": found.name})
    if request.method == "POST" and form.is_valid():
        try:
            services.rename_team(found, name=form.cleaned_data["name"], by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("people:team", team=found.pk)
    memberships = found.memberships.now().select_related("user__office")
    context = {"team": found, "title": selectors.team_name(found), "is_fixed": is_fixed}
    context["members"] = memberships.order_by("user__display_name")
    return _form_page(request, "people/team.html", form, **context)


# --- Offices and organisations --------------------------------------------------------
@require_GET
@require(Right.ACCOUNTS_ALL)
def offices(request: StaffRequest) -> HttpResponse:
    """Every organisation with its offices."""
    found = Organisation.objects.select_related("desk").prefetch_related("office_set")
    found = found.order_by("is_partner", "name")
    return render(request, "people/offices.html", {"organisations": found})


@require_http_methods(["GET", "POST"])
@require(Right.ACCOUNTS_ALL)
def new_organisation(request: StaffRequest) -> HttpResponse:
    """Note one more organisation."""
    return _make(request, OrganisationForm, services.make_organisation, _("A new organisation"))


@require_http_methods(["GET", "POST"])
@require(Right.ACCOUNTS_ALL)
def new_office(request: StaffRequest) -> HttpResponse:
    """Set up one more office."""
    return _make(request, OfficeForm, services.make_office, _("A new office"))


@require_http_methods(["GET", "POST"])
@require(Right.ACCOUNTS_ALL)
def organisation(request: StaffRequest, organisation: UUID) -> HttpResponse:
    """Another name for an organisation."""
    found = Organisation.objects.filter(pk=organisation).first()
    return _rename(request, found, services.rename_organisation)


@require_http_methods(["GET", "POST"])
@require(Right.ACCOUNTS_ALL)
def office(request: StaffRequest, office: UUID) -> HttpResponse:
    """Another name for an office."""
    return _rename(request, Office.objects.filter(pk=office).first(), services.rename_office)


@require_POST
@require(Right.ACCOUNTS_ALL)
def make_desk(request: StaffRequest, organisation: UUID) -> HttpResponse:
    """Set up the desk of an organisation. Who is at it takes two people."""
    found = Organisation.objects.filter(pk=organisation).first()
    if found is None:
        raise NotFound(_("There is no such page."))
    desk = services.make_desk(found, by=request.user)
    messages.success(request, _("The desk is set up, with nobody at it."))
    return redirect("people:team", team=desk.pk)


def _make(
    request: StaffRequest, form_class: type[forms.Form], service: Any, title: str
) -> HttpResponse:
    form = form_class(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            service(**form.cleaned_data, by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("people:offices")
    back = reverse("people:offices")
    return _form_page(request, "people/form.html", form, title=title, back=back)


def _rename(request: StaffRequest, found: Any, service: Any) -> HttpResponse:
    if found is None:
        raise NotFound(_("There is no such page."))
    form = NameForm(request.POST or None, initial={"name": found.name})
    if request.method == "POST" and form.is_valid():
        try:
            service(found, name=form.cleaned_data["name"], by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("people:offices")
    back = reverse("people:offices")
    return _form_page(request, "people/form.html", form, title=found.name, back=back)


# --- What they have in common ---------------------------------------------------------
def _form_page(
    request: StaffRequest, template: str, form: forms.Form, **context: Any
) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    return render(request, template, {"form": form} | context, status=status)


def _show_link(request: StaffRequest, subject: User, token: str) -> HttpResponse:
    """The one answer that ever holds a link: not kept by browsers, and on no page again."""
    made = links.find(token)
    address = request.build_absolute_uri(reverse("account_password_link", args=[token]))
    context = {"person": subject, "link": made, "address": address}
    return render(request, "people/link.html", context)


def _standing_of(subject: User) -> dict[str, Any]:
    """What an account is, as two pages tell it."""
    return {
        "person": subject,
        "roles": selectors.held_roles(subject),
        "memberships": [
            (selectors.team_name(one.team), one) for one in selectors.memberships_of(subject)
        ],
        "has_second_factor": has_second_factor(subject),
        "is_linked": is_linked(subject),
        "last_sign_in": selectors.last_sign_in(subject),
        "about": told(proposals.about(subject)),
    }


def _kinds_for(by: User, subject: User) -> list[proposals.Kind]:
    """What `by` can ask for about the subject."""
    return [
        kind
        for kind in proposals.KINDS.values()
        if by.has_right(kind.right) and kind.choices(by, subject)
    ]


def _team(pk: UUID) -> Team:
    found = Team.objects.select_related("group__office").filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such team."))
    return found


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
