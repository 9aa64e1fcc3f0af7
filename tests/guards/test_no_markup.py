"""What people type is text: markup in every field of every form stays text on every page.

A robot fills in whatever form a page has, so a new form is tried as soon as its address stands in FORMS.
"""

import itertools
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.services import join_team, make_desk, make_office, make_organisation, make_user
from assistance.models import Referral
from assistance.reference import KINDS
from audit import review, trail
from audit.models import ReviewItem
from audit.verbs import Verb
from cases.models import Attachment, IncomingReferral, Transfer
from cases.services.intake import register_case
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

# Short, for most fields are; each would leave an element or an attribute called like this.
CORPUS = (
    "<planted-a>",
    "<img src=x onerror=planted()>",
    '"><script>planted()</script>',
    "'><planted-b>",
    '" onmouseover="planted()" planted-c="',
    "' autofocus onfocus=planted() planted-d='",
    "</textarea><planted-e>",
    "</title></style><planted-f>",
    "</select></option><planted-g>",
    "<svg/onload=planted()>",
    "--><planted-h><!--",
    "{{ planted }}{% planted %}",
    "javascript:planted()",
    "&lt;planted-i&gt;",
    "&#60;planted-j&#62;",
    "<a href=javascript:planted()>",
    "`planted-k=`",
    "]]><planted-l>",
)


@dataclass
class Form:
    """A form of a page that is posted."""

    action: str
    values: dict[str, list] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)  # fields that were refused
    typed: set[str] = field(default_factory=set)


class Page(HTMLParser):
    """Forms that are posted, in the main part of a page; and what text became that should not."""

    def __init__(self, content: str, texts) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.became: list[str] = []
        self.texts, self.now, self.selecting, self.is_main = texts, None, "", False
        self.shown = 0
        self.feed(content)

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        self.became += [tag] if "planted" in tag else []
        for name, value in attrs:
            if "planted" in name or name.startswith("on") or name == "style":
                self.became.append(f"{tag} {name}")
            if name in ("href", "src", "action", "formaction") and "javascript:" in (value or ""):
                self.became.append(f"{tag} {name}={value}")
            self.shown += "planted" in (value or "")
        if tag == "script" and "nonce" not in names:
            self.became.append("script")
        if tag == "main":
            self.is_main = True
        if tag == "form" and self.is_main and names.get("method", "").lower() == "post":
            self.now = Form(names.get("action") or "")
            self.forms.append(self.now)
        elif self.now is not None:
            self._fill(tag, names)

    def _fill(self, tag, names) -> None:
        name, kind, values = names.get("name", ""), names.get("type", "text"), self.now.values
        if tag == "select":
            self.selecting = name
        elif tag == "option" and self.selecting and names.get("value"):
            values.setdefault(self.selecting, [names["value"]])
        if not name or tag not in ("input", "textarea", "button"):
            return
        if names.get("aria-invalid") == "true":
            self.now.wrong.add(name)
        if tag == "textarea" or kind in ("text", "search", "tel", "url"):
            values[name] = [next(self.texts)[: int(names.get("maxlength", 1000))]]
            self.now.typed.add(name)
        elif kind in ("checkbox", "radio", "hidden") or tag == "button":
            values.setdefault(name, [names.get("value", "on")])
        else:
            usual = {"date": timezone.localdate().isoformat(), "number": "1"}
            values[name] = [usual.get(kind, "a@b.example")]
            if kind == "file":
                values[name] = [SimpleUploadedFile(f"{next(self.texts)}.txt", b"Told")]

    def handle_endtag(self, tag):
        if tag == "form":
            self.now = None
        if tag == "select":
            self.selecting = ""

    def handle_data(self, data):
        self.shown += "planted" in data


class Robot:
    """Somebody who types markup wherever text can be typed."""

    def __init__(self, browser) -> None:
        self.browser, self.texts = browser, itertools.cycle(CORPUS)
        self.became: list[str] = []
        self.typed: set[tuple[str, str]] = set()
        self.shown = 0

    def see(self, answer) -> Page:
        """Look at a page, and at where it leads."""
        page = Page(answer.content.decode(), self.texts)
        where = answer.wsgi_request.path
        self.became += [f"{where}: {what}" for what in page.became]
        self.shown += page.shown
        return page

    def get(self, url: str) -> Page:
        return self.see(self.browser.get(url))

    def fill_in(self, url: str, page: Page | None = None, **more: str) -> int:
        """Fill in the first form of a page and send it; again without what was refused."""
        page = page or self.get(url)
        form = page.forms[0]
        for instead in ("", "1", None):  # of what was refused
            to = form.action or url
            answer = self.browser.post(to, form.values | {k: [v] for k, v in more.items()})
            if answer.status_code == 302:
                self.typed |= {
                    (url, name) for name in form.typed if form.values[name] not in ([""], ["1"])
                }
                self.get(answer.url)
                break
            wrong = self.see(answer).forms[0].wrong
            form.values |= {name: [instead] for name in wrong}
        return answer.status_code


@pytest.fixture
def planted_people(db):
    """An office and its people, whose names are markup, too."""
    organisation = make_organisation(name=CORPUS[2], kind="NGO", by=None)
    office = make_office(
        code="BY-XSS", name=CORPUS[1], country="BY", organisation=organisation, by=None
    )

    partner = make_organisation(name=CORPUS[3], kind="NGO", is_partner=True, by=None)
    elsewhere = make_office(
        code="BY-XSP", name=CORPUS[5], country="BY", organisation=partner, by=None
    )

    def person(username: str, name: str, *roles: str, office=office):
        return make_user(
            username=username,
            display_name=name,
            password=PASSWORD,
            roles=roles,
            office=office,
            by=None,
        )

    there = make_office(
        code="BY-XST", name=CORPUS[7], country="BY", organisation=organisation, by=None
    )
    person("newcomer", CORPUS[8], "case_officer", office=there)
    at_desk = person("desk", CORPUS[6], "partner_officer", office=elsewhere)
    join_team(user=at_desk, team=make_desk(partner, by=None), by=None)
    return {
        "desk": at_desk,
        "officer": person("officer", CORPUS[0], "case_officer"),
        "supervisor": person("supervisor", CORPUS[4], "supervisor"),
        "elsewhere": person("elsewhere", CORPUS[10], "supervisor", office=there),
        "doctor": person("doctor", CORPUS[9], "medical"),
        "auditor": person("auditor", CORPUS[11], "auditor"),
    }


FORMS = ("person", "victim", "consent", "sharing", "add_file", "hold", "close", "reopen", "erase")
FORMS += ("add_task", "transfer")
PAGES = (
    "detail",
    "person",
    "victim",
    "consent",
    "sharing",
    "add_file",
    "trail",
    "court",
    "who",
    "hold",
)


def test_markup_in_any_field_stays_text_on_every_page(
    planted_people, new_case, client_for, own_files, settings
):
    settings.DATA_DIR = own_files
    people = planted_people
    officer = Robot(client_for(people["officer"]))
    assert officer.fill_in(reverse("cases:register")) == 302
    case = register_case(new_case, by=people["officer"])
    at = {name: reverse(f"cases:{name}", args=[case.reference]) for name in (*FORMS, *PAGES)}
    desk = reverse("assistance:record", args=[case.reference])
    for kind in KINDS:
        page = officer.see(officer.browser.post(desk, {"kind": kind}))
        assert officer.fill_in(desk, page, kind=kind) == 302, kind
    referring = reverse("assistance:refer", args=[case.reference])
    page = officer.see(officer.browser.post(referring, {"service": "documents"}))
    assert officer.fill_in(referring, page, service="documents") == 302
    sent = reverse("assistance:referral", args=[case.reference, Referral.objects.get().pk])
    desk_officer = Robot(client_for(people["desk"]))
    assert desk_officer.fill_in(sent) == 302
    officer.get(sent)
    officer.get(reverse("referrals"))
    desk_officer.get(reverse("referrals"))
    for name in (
        "person",
        "victim",
        "consent",
        "sharing",
        "add_file",
        "hold",
        "add_task",
        "transfer",
    ):
        assert officer.fill_in(at[name]) == 302, name
    assert officer.fill_in(reverse("cases:add_entry", args=[case.reference, "visit"])) == 302
    planning = reverse("cases:add_entry", args=[case.reference, "plan"])
    assert officer.fill_in(planning, progress="reached") == 302
    agreeing = reverse("assistance:agree", args=[case.reference])
    assert officer.fill_in(agreeing, form="written") == 302
    file = Attachment.objects.get(case=case)
    of_file = reverse("cases:file", args=[case.reference, file.pk])
    officer.get(of_file)
    for url in at.values():
        officer.get(url)
    for text in CORPUS:
        for answer in (
            officer.browser.post(reverse("cases:search"), {"q": text}, follow=True),
            officer.browser.get(f"/cases/{text.replace('/', '')}/"),
            officer.browser.get("/cases/", {"status": text, "before": text, "mine": text}),
            officer.browser.get(at["trail"], {"kind": text, "person": text, "since": text}),
        ):
            officer.see(answer)
    supervisor = Robot(client_for(people["supervisor"]))
    for text in CORPUS[:3]:
        made = {"act": "make", "name": text, "days": "9"}
        supervisor.see(supervisor.browser.post(reverse("people:tokens"), made))
    supervisor.get(reverse("people:tokens"))
    trail.record(Verb.STATISTICS_EXPORTED, by=people["officer"])
    review.look_through_log()
    item = ReviewItem.objects.first()
    assert supervisor.fill_in(reverse("audit:review_item", args=[item.pk])) == 302
    auditor, doctor = Robot(client_for(people["auditor"])), Robot(client_for(people["doctor"]))
    for robot, urls in (
        (supervisor, ["/", "/cases/", *at.values(), "/audit/officers/", "/audit/review/"]),
        (supervisor, [reverse("audit:officer", args=[people["officer"].pk]), "/cases/decoys/"]),
        (auditor, ["/", "/audit/", "/audit/officers/", "/audit/review/", "/audit/state/"]),
        (doctor, ["/", "/cases/", at["detail"]]),
    ):
        for url in urls:
            robot.get(url)
    other_supervisor = Robot(client_for(people["elsewhere"]))
    offer = reverse("cases:offer", args=[Transfer.objects.get().pk])
    other_supervisor.get("/cases/work/")
    other_supervisor.get(offer)
    declined = other_supervisor.browser.post(offer, {"act": "decline", "reason": CORPUS[2]})
    assert declined.status_code == 302
    officer.get(at["transfer"])
    assert officer.fill_in(reverse("cases:add_incoming")) == 302
    incoming = [IncomingReferral.objects.get().pk]
    officer.get(reverse("cases:incoming"))
    for name in ("incoming_one", "accept_incoming", "register_incoming"):
        officer.get(reverse(f"cases:{name}", args=incoming))
    assert officer.fill_in(reverse("cases:incoming_one", args=incoming), act="decline") == 302
    officer.get(reverse("cases:incoming_one", args=incoming))
    robots = (officer, supervisor, other_supervisor, auditor, doctor)
    assert [what for robot in robots for what in robot.became] == []
    assert all(robot.shown for robot in robots), "each saw some of it, as text"
    assert len(officer.typed) > 40, "in so many fields it was typed and taken"
    assert officer.shown > 150


@pytest.mark.parametrize("text", [text for text in CORPUS if "<" in text or "'" in text])
def test_it_would_be_noticed(text):
    """The same words, let through by a template that does not escape."""
    unescaped = (
        f"<main><p title='{text}'>{text}</p><textarea>{text}</textarea><title>{text}</title>"
        f'<input value="{text}"><a href="{text}">a</a></main>'
    )
    assert Page(unescaped, iter(CORPUS)).became
