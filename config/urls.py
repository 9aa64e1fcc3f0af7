"""Every address of Tutela."""

from django.conf import settings
from django.urls import include, path

from assistance.referrals.views import referrals
from audit.urls import urlpatterns as log_pages
from cases.views.glossary import glossary
from cases.views.home import home
from config.components import components
from config.demo.sign_in import choose
from config.keys import keys
from config.sealed import health
from config.verifying import verify

urlpatterns = [
    path("health/", health, name="health"),
    path("", home, name="home"),
    path("account/demonstration/", choose, name="account_demonstration"),
    path("account/", include("accounts.urls")),
    path("people/", include("accounts.people_urls")),
    path("referrals/", referrals, name="referrals"),
    path("cases/", include("cases.urls")),
    path("cases/", include("assistance.urls")),
    path("assistance/", include("assistance.offers.urls")),
    path("budgets/report/", include("reporting.donors.urls")),
    path("budgets/", include("assistance.money.urls")),
    path("providers/", include("assistance.providers.urls")),
    path("audit/", include(([path("verify/", verify, name="verify"), *log_pages], "audit"))),
    path("keys/", keys, name="keys"),
    path("jobs/", include("jobs.urls")),
    path("statistics/verifications/", include("reporting.verification.urls")),
    path("statistics/", include("reporting.urls")),
    path("help/glossary/", glossary, name="glossary"),
    path("", include("core.urls")),
]
if settings.DEBUG:
    urlpatterns += [path("components/", components, name="components")]
handler400 = "core.views.handler400"
handler403 = "core.views.handler403"
handler404 = "core.views.handler404"
handler429 = "core.views.handler429"  # for the limits of the sign-in library
handler500 = "core.views.handler500"
