"""Who may come in: somebody can always let others in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from db.catalog import Catalog
from db.errors import Conflict
from db.people import add_person, change_person


def test_of_admins_who_put_each_other_out_at_once_one_stays(catalog: Catalog) -> None:
    names = ("ada", "bob", "cyd")
    with catalog.write() as session:
        for name in names:
            add_person(session, name, role="admin", password_hash=None)

    def put_out(name: str) -> str:
        try:
            with catalog.write() as session:
                change_person(session, name, disabled=True)
        except Conflict as refused:
            return refused.what
        return ""

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(put_out, names)) == ["", "", "no admin would be left"]
    assert [person.disabled for person in catalog.people()].count(False) == 1
