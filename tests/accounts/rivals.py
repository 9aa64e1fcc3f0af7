"""Run by test_proposals.py in a process of its own, on databases of its own: people who act at once.

`python -m tests.accounts.rivals ROUNDS` prints, for each round, what became of each act, the state
of the proposal and who holds what in the end.
"""
# ruff: noqa: E402  models can be imported after the setup only

import json
import os
import sys
from collections.abc import Callable
from threading import Barrier, Thread

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

import django

django.setup()

from django.db import connections

from accounts.links import accept, make_link
from accounts.models import PasswordLink, User
from accounts.proposals import approve_proposal, decline_proposal, propose, withdraw_proposal
from accounts.services import change_account, give_role, make_user, take_role
from audit import verifier
from audit.context import RequestContext, serving
from audit.models import Event
from audit.sequencer import sequence
from audit.verbs import Verb
from tests.databases import make_databases


def prepare() -> dict[str, User]:
    make_databases()
    roles = {"viktar": "administrator", "sviatlana": "administrator", "pavel": "supervisor"}
    people = dict.fromkeys(("vera", "nina"), None) | roles
    return {
        name: make_user(
            username=name,
            display_name=name,
            password=None,
            roles=[role] if role else [],
            office=None,
            by=None,
        )
        for name, role in people.items()
    }


def decided_by_many(people: dict[str, User]) -> dict[str, object]:
    """Two approve, one declines, and whoever asked withdraws."""
    subject, asker = people["vera"], people["viktar"]
    take_role(user=subject, role="legal", by=None)
    asked = _ask(subject, asker)
    done = _at_once(
        {
            "pavel": lambda: approve_proposal(asked, by=people["pavel"]),
            "sviatlana": lambda: approve_proposal(asked, by=people["sviatlana"]),
            "no": lambda: decline_proposal(asked, by=people["sviatlana"]),
            "viktar": lambda: withdraw_proposal(asked, by=asker),
        }
    )
    asked.refresh_from_db()
    return {"done": done, "state": asked.state, "holds": _holds(subject)}


def while_the_asker_falls(people: dict[str, User], *, is_suspended: bool) -> dict[str, object]:
    """One approves while the asker loses the role, or the account."""
    subject, asker = people["nina"], people["viktar"]
    take_role(user=subject, role="legal", by=None)
    change_account(asker, is_active=True, by=None)
    give_role(user=asker, role="administrator", by=None)
    asked = _ask(subject, asker)
    fall = {
        True: lambda: change_account(asker, is_active=False, by=None),
        False: lambda: take_role(user=asker, role="administrator", by=None),
    }
    approve = {"approve": lambda: approve_proposal(asked, by=people["pavel"])}
    done = _at_once(approve | {"fall": fall[is_suspended]})
    asked.refresh_from_db()
    if asked.state == "asked":
        decline_proposal(asked, by=people["sviatlana"])
    sequence()
    verb = Verb.ACCOUNT_CHANGED if is_suspended else Verb.ROLE_TAKEN
    fell = Event.objects.filter(verb=verb).order_by("-seq")[0]
    approved = Event.objects.filter(object=asked.pk, verb=Verb.PROPOSAL_APPROVED).first()
    return {
        "done": done,
        "holds": _holds(subject),
        "approved_after_the_fall": approved is not None and approved.seq > fell.seq,
    }


def asked_by_many(people: dict[str, User]) -> dict[str, object]:
    """Two ask for the same at once."""
    subject = people["vera"]
    take_role(user=subject, role="legal", by=None)
    done = _at_once(
        {name: lambda name=name: _ask(subject, people[name]) for name in ("viktar", "sviatlana")}
    )
    for row in subject.proposals.filter(state="asked"):
        withdraw_proposal(row, by=row.asked_by)
    return {"done": done}


def link_used_while_renewed(people: dict[str, User]) -> dict[str, object]:
    """Somebody uses a link while a new one is made."""
    subject = people["nina"]
    _link, token = make_link(subject, by=None)
    done = _at_once(
        {
            "use": lambda: accept(token, "giraffe whistle carpet nine"),
            "renew": lambda: make_link(subject, by=None),
        }
    )
    still = PasswordLink.objects.filter(user=subject, used_at=None, withdrawn_at=None)
    return {"done": done, "open": still.count()}


def _ask(subject: User, asker: User) -> object:
    with serving(RequestContext("request", "elsewhere")):
        return propose("give_role", subject=subject, parameter="legal", note="Why", by=asker)


def _holds(user: User) -> bool:
    return user.role_holdings.now().filter(role="legal").exists()


def _at_once(acts: dict[str, Callable[[], object]]) -> dict[str, str]:
    done: dict[str, str] = {}
    ready = Barrier(len(acts))
    threads = [Thread(target=_try, args=(name, act, ready, done)) for name, act in acts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def _try(name: str, act: Callable[[], object], ready: Barrier, done: dict[str, str]) -> None:
    try:
        ready.wait()
        act()
        done[name] = "done"
    except Exception as error:
        done[name] = type(error).__name__
    finally:
        connections.close_all()


if __name__ == "__main__":
    people, rounds = prepare(), range(int(sys.argv[1]))
    told = {
        "decided": [decided_by_many(people) for _round in rounds],
        "asked": [asked_by_many(people) for _round in rounds],
        "renewed": [link_used_while_renewed(people) for _round in rounds],
        "fallen": [while_the_asker_falls(people, is_suspended=n % 2 == 0) for n in rounds],
        "findings": verifier.verify().findings,
    }
    sys.stdout.write(json.dumps(told, default=str))
