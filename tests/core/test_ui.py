"""The page kit: fields, error summaries, small tags, navigation and error pages."""

import datetime
import re
from types import SimpleNamespace

import pytest
from django import forms
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.template import Context, Template, TemplateSyntaxError
from django.urls import reverse
from PIL import Image

from core import context, views
from core.rights import Right
from core.templatetags import ui

GUIDE = settings.BASE_DIR / "static" / "guide"


class Sample(forms.Form):
    given_on = forms.DateField(help_text="The day it was given.")
    kinds = forms.MultipleChoiceField(
        choices=[(str(n), f"Kind {n}") for n in range(12)], widget=forms.CheckboxSelectMultiple
    )
    place = forms.ChoiceField(choices=[("o", "Office"), ("h", "Home")], widget=forms.RadioSelect)
    cost = forms.DecimalField(required=False)
    agreed = forms.BooleanField(required=False)


class Filter(forms.Form):
    since = forms.DateField(required=False)


def render(source: str, **values: object) -> str:
    return Template(source).render(Context(values))


def tag_with(html: str, text: str) -> str:
    """The one tag of `html` that contains `text`."""
    (tag,) = [tag for tag in re.findall(r"<[^>]+>", html) if text in tag]
    return tag


def test_a_field_is_linked_to_its_label_its_hint_and_its_error():
    html = render("{% field form.given_on %}", form=Sample({}))
    control = tag_with(html, 'name="given_on"')
    assert 'for="id_given_on"' in html
    assert 'aria-describedby="id_given_on_helptext id_given_on_error"' in control
    assert 'aria-invalid="true"' in control
    assert "govuk-input--error" in control
    assert 'id="id_given_on_helptext"' in html
    assert 'id="id_given_on_error"' in html
    assert "govuk-form-group--error" in html


def test_a_field_without_errors_is_not_marked_as_wrong():
    html = render("{% field form.given_on %}", form=Sample())
    assert "error" not in html
    assert "aria-invalid" not in html


def test_a_group_of_ticks_is_a_fieldset_that_carries_its_error():
    html = render("{% field form.kinds %}", form=Sample({}))
    assert 'aria-describedby="id_kinds_error"' in tag_with(html, "<fieldset")
    assert "<legend" in html
    assert "app-scroll-group" in html, "twelve ticks scroll by themselves"
    assert html.count('class="govuk-checkboxes__input"') == 12


def test_a_plainly_printed_form_has_the_same_markup():
    html = render("{{ form }}", form=Sample({}))
    for name in Sample.base_fields:
        assert f'name="{name}"' in html
    assert html.count("govuk-form-group") >= len(Sample.base_fields)


def test_the_error_summary_links_to_inputs_that_exist():
    html = render("{% error_summary form %}{{ form }}", form=Sample({"cost": "x"}))
    targets = re.findall(r'href="#([^"]+)"', html)
    assert targets == ["id_given_on", "id_kinds_0", "id_place_0", "id_cost"]
    for target in targets:
        assert f'id="{target}"' in html
    assert "Given on: This field is required." in html


def test_the_error_summary_is_silent_when_nothing_is_wrong():
    assert render("{% error_summary form %}", form=Sample()).strip() == ""


def test_several_forms_share_one_error_summary():
    html = render("{% error_summary a b %}", a=Sample({}), b=Filter({"since": "never"}))
    assert html.count("<li>") == 4


def test_a_page_may_word_a_field_its_own_way_without_changing_the_form():
    form = Sample()
    html = render("{% field form.given_on label='When' hint='' %}", form=form)
    assert "When" in html
    assert "helptext" not in html
    assert form["given_on"].label != "When"


class Lists(forms.Form):
    where = forms.MultipleChoiceField(
        choices=[("Near <us>", [("a", "A & B"), ("b", "Über")]), ("Far", [("c'", "C")])],
        widget=forms.SelectMultiple,
    )
    which = forms.ChoiceField(
        choices=[("Some", [("x", "<X>")]), ("Others", [("y", "Y")])], widget=forms.RadioSelect
    )


def test_lines_of_a_list_are_escaped_in_groups_and_chosen():
    page = render("{% field form.where %}", form=Lists({"where": ["b", "c'"]}))
    assert '<optgroup label="Near &lt;us&gt;">' in page and page.count("</optgroup>") == 2
    assert '<option value="a">A &amp; B</option>' in page
    assert '<option value="b" selected>Über</option>' in page
    assert '<option value="c&#x27;" selected>C</option>' in page


def test_ticks_are_escaped_linked_and_chosen_and_scroll_when_they_are_in_groups():
    page = render("{% field form.which %}", form=Lists({"which": "y"}))
    assert "app-scroll-group" in page and '<p class="app-scroll-group__title">Others</p>' in page
    assert ">&lt;X&gt;</label>" in page and "<X>" not in page
    chosen = re.search(r'<input [^>]*value="y"[^>]*>', page)[0]
    assert (
        " checked" in chosen
        and chosen.count("class=") == 1
        and 'autocomplete="off"' in chosen
        and 'type="radio"' in chosen
    )
    identifier = re.search(r' id="([^"]+)"', chosen)[1]
    assert f'for="{identifier}"' in page


def test_optional_fields_say_so_and_filters_do_not():
    assert "(optional)" in render("{% field form.cost %}", form=Sample())
    assert "(optional)" not in render("{% field form.given_on %}", form=Sample())
    assert "(optional)" not in render("{% field form.since %}", form=Filter())


def test_a_long_form_may_mark_the_required_fields_instead():
    form = Sample()
    form.mark_required = True
    assert "(required)" in render("{% field form.given_on %}", form=form)
    assert "(optional)" not in render("{% field form.cost %}", form=form)


@pytest.mark.parametrize(
    ("typed", "kind", "shown"),
    [
        ("2026-03-27", "date", "2026-03-27"),
        ("27.03.2026", "date", "2026-03-27"),
        ("31.02.2026", "text", "31.02.2026"),
        ("about Easter", "text", "about Easter"),
    ],
)
def test_a_date_field_shows_again_what_was_typed(typed, kind, shown):
    control = tag_with(render("{{ form.given_on }}", form=Sample({"given_on": typed})), "given_on")
    assert f'type="{kind}"' in control
    assert f'value="{shown}"' in control


def test_an_unreadable_number_can_be_mended():
    control = tag_with(render("{{ form.cost }}", form=Sample({"cost": "12a"})), "cost")
    assert 'type="text"' in control
    assert 'value="12a"' in control


def test_what_people_typed_is_escaped():
    html = render("{% field form.given_on %}", form=Sample({"given_on": '"><script>'}))
    assert "<script>" not in html
    assert "<b>" not in ui.status_tag("x", "<b>")
    assert "<b>" not in ui.pill("<b>")


def test_a_status_is_told_in_words_and_in_a_known_tone():
    assert "Open" in ui.status_tag("open", "Open", tone="good")
    assert "app-tag--neutral" in ui.status_tag("never heard of", "?")
    with pytest.raises(TemplateSyntaxError):
        ui.status_tag("open", "Open", tone="mauve")


def test_days_read_as_days():
    day = datetime.date(2026, 3, 27)
    assert ">27 Mar 2026<" in ui.date_of(day)
    assert 'datetime="2026-03-27"' in ui.date_of(day)
    assert "–" in ui.date_of(None)


def test_hours_are_shown_in_local_time(settings):
    settings.TIME_ZONE = "Europe/Minsk"
    at = datetime.datetime(2026, 3, 27, 22, 30, tzinfo=datetime.UTC)
    assert "28 Mar 2026, 01:30" in ui.date_of(at, time=True)


def test_every_changed_row_of_a_diff_says_so_in_words():
    rows = [
        {"label": "Address", "before": "", "after": "Homel", "changed": True},
        {"label": "Phone", "before": "1", "after": "1", "changed": False},
    ]
    html = render("{% include '_components/diff.html' %}", rows=rows)
    assert html.count("app-diff__flag") == 1
    assert html.count("<ins>") == 1
    assert "empty" in html


class Person:
    is_authenticated = True

    def __init__(self, *rights: Right) -> None:
        self.rights = rights

    def has_right(self, right: Right) -> bool:
        return right in self.rights


@pytest.fixture
def two_pages(monkeypatch):
    """A navigation of two pages, one behind a right."""
    pages = [
        context.NavItem("Help", "core:help"),
        context.NavItem("Away", "core:exit", Right.LOG_READ),
    ]
    monkeypatch.setattr(context, "NAV", pages)


def labels_for(user: object, path: str = "/") -> list[tuple[str, bool]]:
    request = SimpleNamespace(user=user, path=path)
    return [(item["label"], item["current"]) for item in context.site(request)["nav"]]


def test_navigation_shows_what_the_person_may_open(two_pages):
    assert labels_for(Person()) == [("Help", False)]
    assert labels_for(Person(Right.LOG_READ)) == [("Help", False), ("Away", False)]
    assert labels_for(AnonymousUser()) == []


def test_navigation_knows_where_the_person_is(two_pages):
    assert labels_for(Person(), reverse("core:help")) == [("Help", True)]


def test_search_stands_in_the_header_only_for_those_who_may_search():
    for rights, expected in (((), False), ((Right.CASE_SEARCH,), True)):
        request = SimpleNamespace(user=Person(*rights), path="/")
        assert context.site(request)["nav_rights"]["search"] is expected


def test_a_request_that_never_met_a_user_still_gets_a_page():
    values = context.site(SimpleNamespace(path="/"))
    assert list(values["nav"]) == []
    assert not values["nav_rights"]


@pytest.mark.parametrize("status", [400, 413, 500, 403])
def test_plain_error_pages_need_nothing(status, rf):
    """No database is allowed in this test, and the request has no user and no session."""
    request = rf.get("/")
    response = {
        400: lambda: views.handler400(request, SuspiciousOperation("secret detail")),
        413: lambda: views.handler400(request, RequestDataTooBig("secret detail")),
        500: lambda: views.handler500(request),
        403: lambda: views.csrf_failure(request, "secret detail"),
    }[status]()
    assert response.status_code == status
    assert b"<h1" in response.content
    assert b"secret detail" not in response.content


@pytest.mark.django_db(databases=["default", "keys"])
def test_leaving_shows_a_calendar_and_nothing_of_the_product(client):
    response = client.get(reverse("core:exit"))
    page = response.content.decode()
    assert response.status_code == 200
    assert "<title>Calendar</title>" in page
    assert "Tutela" not in page


def test_leaving_forgets_the_session(rf):
    request = rf.get("/")
    request.user = AnonymousUser()
    request.session = SessionStore()
    request.session["kept"] = "until now"
    views.exit_page(request)
    assert "kept" not in request.session


@pytest.mark.django_db(databases=["default", "keys"])
def test_help_is_open_to_those_who_cannot_sign_in(client):
    assert client.get(reverse("core:help")).status_code == 200


@pytest.mark.parametrize("path", sorted(GUIDE.rglob("*.webp")), ids=lambda path: path.stem)
def test_a_picture_of_the_guide_waits_until_it_is_seen_and_keeps_its_place(path):
    name = f"{path.parent.name}/{path.stem}"
    html = render(f'{{% picture "{name}" "Форма входа" %}}')
    with Image.open(path) as opened:
        size = f'width="{opened.width}" height="{opened.height}"'
    assert f'src="/static/guide/{name}.webp" {size} alt="Форма входа" loading="lazy"' in html
