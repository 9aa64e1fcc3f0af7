"""`user.has_perm("cases.read_case", case)` answers by the same rule as everything else."""

from typing import Any

from guardian.backends import ObjectPermissionBackend

from cases import access
from cases.models import Case


class CaseGrantBackend(ObjectPermissionBackend):
    """guardian's own check knows neither end nor revocation, so it is replaced, not extended."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return perm.split(".")[-1] in self.get_all_permissions(user_obj, obj)

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not isinstance(obj, Case) or not user_obj.is_authenticated:
            return set()
        found = access.access_to(user_obj, [obj.pk]).get(obj.pk)
        if found is None:
            return set()
        return {access.READ, access.WRITE} if found.write else {access.READ}
