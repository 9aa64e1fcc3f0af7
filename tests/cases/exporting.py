"""Run by test_exports.py in a process and on databases of its own: people decide on an export, and
collect it, at the same moment."""
# ruff: noqa: E402  models can be imported after the setup only

import json
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()


from accounts.services import make_user, take_role
from audit.context import RequestContext, serving
from audit.models import Event
from audit.verbs import Verb
from cases.models import ExportRequest
from cases.services import exports
from cases.services.intake import register_case
from cases.services.new_case import NewCase
from cases.trail_finding import TrailFilter
from tests.audit.people import somebody
from tests.cases.breaking import at_once
from tests.databases import make_databases

ROUNDS = 6


def main() -> None:
    make_databases()
    office, owner = somebody()
    case = register_case(NewCase(), by=owner)
    first, second = (
        make_user(
            username=name,
            display_name=name,
            password=None,
            roles=["supervisor"],
            office=office,
            by=None,
        )
        for name in ("first", "second")
    )

    def ask():
        wanted = {"reason": "court", "note": "Order", "wanted": TrailFilter()}
        with serving(RequestContext("request", "elsewhere")):
            return exports.ask_for_export(case, by=owner, **wanted)

    def round_of() -> dict[str, object]:
        asking = at_once(ask, ask)
        asked = exports.open_request(case)
        decided = at_once(
            lambda: exports.approve_export(asked, note="", by=first),
            lambda: exports.approve_export(asked, note="", by=second),
            lambda: exports.decline_export(asked, note="", by=second),
        )
        state = ExportRequest.objects.get(pk=asked.pk).state
        collect = lambda: exports.collect_export(asked, by=owner)  # noqa: E731
        return {
            "asking": asking,
            "decided": decided,
            "state": state,
            "collected": at_once(collect, collect, collect),
        }

    told = {"rounds": [round_of() for _round in range(ROUNDS)]}
    asked = ask()
    told["fallen"] = at_once(
        lambda: exports.approve_export(asked, note="", by=first),
        lambda: take_role(user=owner, role="case_officer", by=None),
    )
    told["after"] = at_once(lambda: exports.collect_export(asked, by=owner))
    told["collected"] = Event.objects.filter(verb=Verb.EXPORT_COLLECTED).count()
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
