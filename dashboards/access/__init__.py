"""Who is asking, whether they may, and what they did.

A route names who may use it: ``person: Annotated[Person, Depends(allowed("reviewer"))]``. Every unsafe method is
checked for its CSRF token by the application itself.
"""

from __future__ import annotations

from dashboards.access.audit import audit
from dashboards.access.person import Person
from dashboards.access.roles import Admin, Reviewer, Viewer, allowed

__all__ = ["Admin", "Person", "Reviewer", "Viewer", "allowed", "audit"]
