"""The web application. It refuses to start without its keys and its guards."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from config.startup import refuse_unless_ready  # noqa: E402  needs the applications

refuse_unless_ready()
