"""The web application. It refuses to start without its keys and its guards."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from granian.utils.proxies import wrap_wsgi_with_proxy_headers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# X-Forwarded-For and X-Forwarded-Proto of the proxies that are trusted, of nobody else.
application = wrap_wsgi_with_proxy_headers(get_wsgi_application(), settings.TRUSTED_PROXIES)

from config.startup import refuse_unless_ready  # noqa: E402  needs the applications
from core.logs import tell_what_nobody_caught  # noqa: E402

tell_what_nobody_caught()
refuse_unless_ready()
