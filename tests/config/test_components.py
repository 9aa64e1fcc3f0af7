"""The page with every part of the kit: for developers, and complete."""

from importlib import reload

import pytest
from django.test import Client
from django.urls import clear_url_caches

from config import urls
from core.templatetags.ui import TONES

pytestmark = pytest.mark.django_db


@pytest.fixture
def developing(settings):
    """Addresses as they are where TUTELA_DEBUG is on."""
    settings.DEBUG = True
    reload(urls)
    clear_url_caches()
    yield
    settings.DEBUG = False
    reload(urls)
    clear_url_caches()


def test_nobody_reaches_it_where_people_work(alena, client_for):
    assert client_for(alena).get("/components/").status_code == 404
    assert Client().get("/components/").status_code == 404


def test_it_shows_every_part_in_every_state(developing):
    page = Client().get("/components/").content.decode()
    for name in (
        *(f"app-tag--{tone}" for tone in TONES),
        *(f"app-pill--{tone}" for tone in TONES),
        *(f"app-alert--{level}" for level in ("info", "success", "warning", "error")),
        *(f'class="bar-{series}"' for series in range(6)),
        *(f"app-heat-{step}" for step in range(1, 6)),
        *("govuk-button--secondary", "govuk-button--warning", "app-button-link", " disabled"),
        *("govuk-error-summary", "govuk-input--error", "govuk-select--error", "govuk-hint"),
        *("govuk-radios", "govuk-checkboxes", "govuk-textarea", "govuk-summary-list", "app-dense"),
        *("app-empty", "app-panel--good", "app-panel--stop", "moj-timeline__item--warn"),
        *("moj-timeline__item--quiet", "govuk-pagination", "govuk-details", "moj-identity-bar"),
        *("app-actions", "hidden-cell", "app-hidden", "app-diff", "app-filter", "app-sealed"),
    ):
        assert name in page, name
