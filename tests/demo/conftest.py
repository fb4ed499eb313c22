"""One small and one middling ward for all tests of this room."""

from pathlib import Path

import pytest

from gisland.demo.generate import DemoFiles, generate


@pytest.fixture(scope="session")
def small_ward(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    """300 parcels with their forms."""
    return generate(300, 1, tmp_path_factory.mktemp("small") / "ward")


@pytest.fixture(scope="session")
def ward(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    """3,000 parcels: enough for every kind of quarter."""
    return generate(3000, 7, tmp_path_factory.mktemp("ward"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder that does not exist yet."""
    return tmp_path / "new" / "ward"
