"""What every request leaves in the log of the program, and what every response carries."""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any
from uuid import uuid4

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from whitenoise.middleware import WhiteNoiseFileResponse

from core.http import is_of_program, not_signed_in
from core.logs import request_id

log = logging.getLogger(__name__)

METHODS = ("GET", "HEAD", "POST")
ACCOUNT = "/account/"  # below it one signs in, confirms, and sets up the second factor
EVERYTHING = '"cache", "cookies", "storage"'

GetResponse = Callable[[HttpRequest], HttpResponse]

# What a browser can do for a page and no page of ours asks for. Chromium warns about a name it does not
# know, so these are the ones it does.
NOT_USED = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "clipboard-read"),
    *("clipboard-write", "compute-pressure", "display-capture", "encrypted-media", "fullscreen"),
    *("gamepad", "geolocation", "gyroscope", "hid", "identity-credentials-get", "idle-detection"),
    *("keyboard-map", "local-fonts", "magnetometer", "microphone", "midi", "otp-credentials"),
    *("payment", "picture-in-picture", "screen-wake-lock", "serial", "speaker-selection"),
    *("storage-access", "sync-xhr", "usb", "window-management", "xr-spatial-tracking"),
)
PASSKEYS = ("publickey-credentials-create", "publickey-credentials-get")  # for our own pages
PERMISSIONS = ", ".join(
    [*(f"{name}=()" for name in NOT_USED), *(f"{name}=(self)" for name in PASSKEYS)]
)
# Some of these Django would set as well, but not on what it refuses before it comes to that.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Nothing goes to others. With no-referrer a browser would send forms with "Origin: null", which
    # the check of forms refuses.
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS,
}


def each_request(get_response: GetResponse) -> GetResponse:
    """Stands first. One line for each answer: which page, never its address, and how long it took."""

    def middleware(request: HttpRequest) -> HttpResponse:
        begun, token = monotonic(), request_id.set(uuid4().hex[:16])
        try:
            response = get_response(request)
            match = request.resolver_match
            told: dict[str, object] = {
                "view": match.view_name if match else "",
                "method": request.method,
                "status": response.status_code,
                "ms": round((monotonic() - begun) * 1000),
            }
            log.info("answered", extra=told)
            return response
        finally:
            request_id.reset(token)

    return middleware


def headers_of_all(get_response: GetResponse) -> GetResponse:
    """Stands before whatever can refuse. No page is kept by a browser, a proxy or a search engine.

    Style and scripts are: they say nothing, and their names change with their content.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in HEADERS.items():
            response[name] = value
        if not isinstance(response, WhiteNoiseFileResponse):
            response["Cache-Control"] = "no-store"
        return response

    return middleware


def three_methods(get_response: GetResponse) -> GetResponse:
    """Refuse every method that no page is made for, whoever asks and whatever for.

    Django and the sign-in library would answer some: OPTIONS with a list of methods, PUT as POST.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method in METHODS:
            return get_response(request)
        return HttpResponseNotAllowed(METHODS)

    return middleware


def whole_pages(get_response: GetResponse) -> GetResponse:
    """Keep whole pages out of the parts of a page that htmx asks for.

    Who has to sign in or confirm is led there, and a refusal that is a page stands in the place of the
    page: htmx would follow the one and put either into the part that was asked for.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "HX-Request" not in request.headers:
            return response
        if response.status_code == 302 and response["Location"].startswith(ACCOUNT):
            response["HX-Redirect"] = response["Location"]
            response.status_code = 200
            del response["Location"]
        elif response.status_code >= 400 and _is_page(response):
            response["HX-Retarget"], response["HX-Reswap"] = "body", "innerHTML"
        return response

    return middleware


def _is_page(response: HttpResponse) -> bool:
    return not response.streaming and response.content.startswith(b"<!doctype html>")


class OwnPagesCompressed(GZipMiddleware):
    """Compress the pages that one of ours, or its reader's press in it, asks for.

    The length of what is compressed tells a secret to whoever can have it stand beside words of their
    choice over and over (BREACH; Gluck, Harris and Prado, 2013). Another site's pages could: a browser
    marks what they ask for, and that stays as it is. Django adds up to 100 random bytes besides.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        is_own = request.headers.get("Sec-Fetch-Site") == "same-origin"
        if is_own and response.get("Content-Type", "").startswith("text/html"):
            return super().process_response(request, response)
        return response


class SignInRequired(LoginRequiredMiddleware):
    """Whoever is not signed in is led to the sign-in, and told so when their session just ended. A
    program is told in its own way: it could not follow."""

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Any
    ) -> HttpResponse:
        if is_of_program(request):
            return not_signed_in()
        answer = super().handle_no_permission(request, view_func)
        if request.session.was_of:  # type: ignore[attr-defined]
            answer["Location"] += "&over=1"  # behind the address to go on at
        return answer


def leave_nothing(response: HttpResponse) -> HttpResponse:
    """Have the browser forget what it keeps of this site, with the answer that signs somebody out."""
    response["Clear-Site-Data"] = EVERYTHING
    return response
