"""The products: what they ask for is described, and what they give is a file."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gisland.printing.files import plain
from gisland.printing.products import PRODUCTS, AtlasInputs
from gisland.settings import Settings
from tests.printing.conftest import ADMIN, WHY


@pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)
def test_each_says_what_it_asks_for(product) -> None:  # type: ignore[no-untyped-def]  # of PRODUCTS
    schema = product.inputs.model_json_schema()
    assert schema["additionalProperties"] is False
    assert {"ward", "language", "reason"} <= schema["properties"].keys()
    for name, each in schema["properties"].items():
        assert " · " in each["description"], name
    assert PRODUCTS[product.id] is product


@pytest.mark.parametrize(
    "wrong", [{"ward": " 1"}, {"ward": "1\n2"}, {"scale": 7}, {"paper": "A9"}, {"x": 1}, {"group": ""}]
)
def test_inputs_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AtlasInputs.model_validate({"ward": "11311", "group": "02"} | wrong)


def test_an_atlas(demo: Settings) -> None:
    told: list[float] = []
    asked = AtlasInputs(ward="11311", group="02", reason=WHY)
    file = PRODUCTS["atlas"].draw(demo, ADMIN, asked, lambda part, _: told.append(part))
    assert file.content.startswith(b"%PDF")
    assert (file.name, file.media_type, file.names) == ("atlas-11311-02.pdf", "application/pdf", True)
    assert told
    assert plain("Tổ 7/B") == "T--7-B"
