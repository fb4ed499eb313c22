"""The head of a residential group prints its papers: names, never a number, and nothing of other groups."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from uuid import UUID

import pytest
from psycopg import Connection

from gisland.database import Role as DatabaseRole
from gisland.database import Scope, connect, run, scope
from gisland.errors import Forbidden, NotFound, UsageError
from gisland.printing import orders, work
from gisland.printing.choices import list_choices
from gisland.printing.orders import Asked, PrintJob
from gisland.security.permissions import Permission, Role
from gisland.security.subject import Grant, Subject
from gisland.settings import Settings
from tests.factories import make_account, make_certificate, make_group, make_holder, make_holding, one
from tests.printing.conftest import WHY, Land
from tests.printing.pdf_text import opened, read_page
from tests.printing.test_lists import rows

OWN, OTHER = "Trần Thị Của Mình", "Lê Văn Tổ Khác"
ID = "999085000321"
PAPERS = ("atlas", "receipts", "forms")


@dataclass
class Town:
    """Two groups of a ward, a parcel with its holder and certificate in each, and two people."""

    land: Land
    head: Subject
    officer: Subject

    @property
    def settings(self) -> Settings:
        return self.land.settings

    def order(self, who: Subject, product: str, **inputs: str) -> PrintJob:
        found = orders.product_called(product)
        given = orders.read_inputs(found, {"ward": "11311", "reason": WHY} | inputs)
        with scope(who.scope(Permission.MAP_PRINT)):
            return run(self.settings, lambda c: orders.order(c, self.settings, who, found, given))

    def draw(self, who: Subject, job: UUID) -> tuple[PrintJob, str]:
        """The print that was drawn, and all its text."""
        work.draw_print(self.settings, job, threading.Event())
        with scope(who.scope(Permission.MAP_PRINT)):
            found, content = run(self.settings, lambda c: orders.fetch(c, who, job))
        pdf = opened(content)
        lines = [line for index in range(len(pdf.pages)) for line in rows(read_page(pdf, index)[0])]
        return found, "\n".join(" ".join(line) for line in lines)


@pytest.fixture
def town(land: Land) -> Town:
    other = run(land.settings, lambda connection: make_group(connection, land.ward, "08"))
    parcels = [land.square(0, 0, 20, "41"), land.square(30, 0, 20, "42", group=other)]

    def fill(connection: Connection) -> tuple[Subject, Subject]:
        for index, name in enumerate((OWN, OTHER)):
            make_holding(connection, land.ward, parcels[index], make_holder(connection, land.ward, name, ID))
            make_certificate(connection, land.ward, f"AB 12345{index}", parcels[index])
        people = []
        for name, grant in (
            ("head", Grant(Role.GROUP_HEAD, land.ward, land.group)),
            ("officer", Grant(Role.OFFICER, land.ward)),
        ):
            make_account(connection, name, grant)
            account = one(connection, "SELECT id FROM security.account WHERE name = %s", name)
            people.append(Subject(f"account:{name}", (grant,), account_id=account))
        return people[0], people[1]

    return Town(land, *run(land.settings, fill))


@pytest.mark.parametrize("product", PAPERS)
def test_the_own_papers_are_printed_as_an_officer_prints_them(town: Town, product: str) -> None:
    job = town.order(town.head, product, group="07")
    assert job.residential_group_id == town.land.group
    found, said = town.draw(town.head, job.id)
    assert (found.state, found.names) == ("successful", True)
    assert OWN in said
    assert "AB 123450" in said or product == "atlas"
    for secret in (OTHER, "999", "AB 123451"):
        assert secret not in said
    theirs, by_officer = town.draw(town.officer, town.order(town.officer, product, group="07").id)
    assert found.pages == theirs.pages
    # Masked ids stand in the forms of an officer. Else the same is said, beside who printed it.
    assert ("999*****0321" in by_officer) == (product == "forms")
    if product == "atlas":
        # What lies around is muted and public: its number is there.
        assert " 42 " in f" {' '.join(said.split())} "


@pytest.mark.parametrize("product", PAPERS)
def test_nothing_of_another_group(town: Town, product: str) -> None:
    answers = []
    for group in ("08", "99"):
        with pytest.raises(NotFound) as refused:
            town.order(town.head, product, group=group)
        answers.append(f"{refused.value.detail} {refused.value.hint}".replace(group, "?"))
    assert answers[0] == answers[1], "another group looks as if it were not there"
    with pytest.raises(UsageError, match="needs a reason"):
        town.order(town.head, product, group="07", reason="")
    theirs = town.order(town.officer, product, group="08")
    with scope(town.head.scope(Permission.MAP_PRINT)), pytest.raises(NotFound):
        run(town.settings, lambda c: orders.look(c, theirs.id))
    ours = town.order(town.officer, product, group="07")
    with scope(town.head.scope(Permission.MAP_PRINT)):
        assert [each.id for each in run(town.settings, lambda c: orders.list_prints(c, Asked()))] == [ours.id]
    town.draw(town.officer, ours.id)
    with scope(town.head.scope(Permission.MAP_PRINT)), pytest.raises(Forbidden, match="requester only"):
        run(town.settings, lambda c: orders.fetch(c, town.head, ours.id))


def test_what_is_of_no_group_is_not_theirs(town: Town) -> None:
    for product, inputs in (
        ("atlases", {}),
        ("overview", {}),
        ("sheet", {"sheet": "12"}),
        ("extract", {"parcel": "12/41"}),
    ):
        with pytest.raises(Forbidden, match="your own group only"):
            town.order(town.head, product, **inputs)
    with pytest.raises(NotFound):
        town.order(town.head, "atlas", ward="99999", group="07")


def test_a_head_who_is_so_no_more_gets_nothing_drawn(town: Town) -> None:
    job = town.order(town.head, "atlas", group="07")
    run(town.settings, lambda c: c.execute("DELETE FROM security.grant WHERE account_id = %s", [town.head.account_id]))
    work.draw_print(town.settings, job.id, threading.Event())
    found = run(town.settings, lambda c: orders.look(c, job.id))
    assert (found.state, found.kept) == ("failed", False)
    assert "right to print was taken back" in found.message


def test_the_database_itself_shows_a_head_the_own_group_only(town: Town) -> None:
    """Row-level security: whatever statement forgets to ask for the group sees nothing else."""
    parcel = "SELECT parcel_no FROM registry.parcel ORDER BY 1"
    seen = {
        parcel: [("41",)],
        "SELECT full_name FROM registry.holder": [(OWN,)],
        "SELECT serial FROM registry.certificate": [("AB 123450",)],
        "SELECT count(*) FROM registry.holding": [(1,)],
        "SELECT count(*) FROM registry.certificate_parcel": [(1,)],
        "SELECT count(*) FROM verification.evidence": [(0,)],
        "SELECT count(*) FROM history.holder": [(0,)],
        "SELECT count(*) FROM history.parcel": [(0,)],
        "SELECT count(*) FROM registry.document": [(0,)],
        "SELECT count(*) FROM registry.change WHERE ward_id IS NOT NULL": [(0,)],
    }
    within = Scope(groups=frozenset({town.land.group}))
    with scope(within), connect(town.settings, DatabaseRole.APP) as connection:
        for query, expected in seen.items():
            assert connection.execute(query.encode()).fetchall() == expected, query
        # They read what their papers are made of, and write nothing of it.
        for table, column in (("parcel", "address"), ("holder", "address"), ("certificate", "issuer")):
            with pytest.raises(Exception, match="row-level security"), connection.transaction():
                connection.execute(f"UPDATE registry.{table} SET {column} = 'x'".encode())
    with scope(within):
        (ward,) = run(town.settings, list_choices)
        assert [each.code for each in ward.groups] == ["07"]
