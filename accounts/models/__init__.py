"""People who work with Tutela, the offices they work in, their roles and teams, and how they sign in."""

from accounts.models.place import Office, Organisation, Team
from accounts.models.proposal import Proposal, ProposalState
from accounts.models.session import Session
from accounts.models.sign_in import LinkedIdentity, PasswordLink, Tally, UsedCode
from accounts.models.tenure import RoleHolding, TeamMembership
from accounts.models.token import AccessToken
from accounts.models.user import User

__all__ = [
    "AccessToken",
    "LinkedIdentity",
    "Office",
    "Organisation",
    "PasswordLink",
    "Proposal",
    "ProposalState",
    "RoleHolding",
    "Session",
    "Tally",
    "Team",
    "TeamMembership",
    "UsedCode",
    "User",
]
