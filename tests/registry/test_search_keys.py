"""Keys of names in the database: the same as in Python, also for rows from before and for direct SQL."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from psycopg import Connection

from gisland.bench.search import misspelt
from gisland.database import Role, connect
from gisland.database.migrate import migrate
from gisland.demo.names import FAMILY, GIVEN_MEN, GIVEN_WOMEN, MIDDLE_MEN, MIDDLE_WOMEN
from gisland.kit.text import plain_name
from gisland.registry.search import search
from gisland.security.mask import OF_PERSONS
from gisland.settings import Settings
from tests.factories import VAULT, make_holder, make_ward, one
from tests.revisions import database_at, owner

VIETNAMESE = "aăâbcdđeêghiklmnoôơpqrstuưvxyàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ"
MARKS = "\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323"
texts = st.one_of(
    st.text(alphabet=VIETNAMESE + VIETNAMESE.upper() + MARKS + "Ðð '-.,()0123456789\u00a0\t", max_size=40),
    # All that a text column can hold.
    st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20),
)
words = st.sampled_from([*FAMILY, *MIDDLE_MEN, *MIDDLE_WOMEN, *GIVEN_MEN, *GIVEN_WOMEN])
names = st.lists(words, min_size=2, max_size=4).map(" ".join)
one_database = profile(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@one_database
@given(texts)
def test_python_and_the_database_make_the_same_of_a_name(app_connection: Connection, text: str) -> None:
    assert one(app_connection, "SELECT registry.plain_name(%s)", text) == plain_name(text)


@one_database
@given(names, st.integers(min_value=0, max_value=2**32 - 1))
def test_a_name_with_one_typo_shares_a_deletion(app_connection: Connection, name: str, seed: int) -> None:
    plain = plain_name(name)
    typed = plain_name(misspelt(plain, np.random.default_rng(seed)))
    query = "SELECT search.deletions(%s) && search.deletions(%s)"
    # Names of three letters and less are all alike.
    assert one(app_connection, query, plain, typed) == (len(typed.replace(" ", "")) > 3)


def test_rows_from_before_get_their_keys(settings: Settings) -> None:
    with database_at(settings, "0005") as old:
        with owner(old) as connection:
            holder = make_holder(connection, make_ward(connection), "Đặng Thị Ấn")
        with owner(old) as connection:
            connection.execute("UPDATE registry.holder SET full_name = 'Đặng Thị Ân' WHERE id = %s", [holder])
        migrate(old)
        with connect(old, Role.APP) as connection:
            assert connection.execute("SELECT full_name, plain_name, version FROM registry.holder").fetchall() == [
                ("Đặng Thị Ân", "dang thi an", 2)
            ]
            assert one(connection, "SELECT plain_name FROM history.holder") == "dang thi an"
            assert connection.execute("SELECT name, words FROM search.name").fetchall() == [
                ("dang thi an", ["dang", "thi", "an"])
            ]


def test_each_name_is_kept_once(app_connection: Connection) -> None:
    ward = make_ward(app_connection)
    for name in ("Lê An", "LÊ ẤN", "Lê Bình", "123"):
        make_holder(app_connection, ward, name)
    found = app_connection.execute("SELECT name FROM search.name ORDER BY 1").fetchall()
    assert found == [("le an",), ("le binh",)]


def test_who_brings_the_same_new_name_need_not_wait(
    app_connection: Connection, open_connection: Callable[[Role], Connection]
) -> None:
    ward = make_ward(app_connection)
    app_connection.commit()
    other = open_connection(Role.APP)
    other.execute("SET lock_timeout = '1s'")
    holders = [make_holder(connection, ward, "Lê An") for connection in (app_connection, other)]
    app_connection.commit()
    other.commit()
    for text in ("an", "lêan", "le ann"):
        assert [hit.id for hit in search(other, text, VAULT, held=OF_PERSONS)] == holders


def test_nobody_writes_the_key_by_hand(app_connection: Connection) -> None:
    make_holder(app_connection, make_ward(app_connection))
    with pytest.raises(psycopg.errors.GeneratedAlways):
        app_connection.execute("UPDATE registry.holder SET plain_name = 'x'")
