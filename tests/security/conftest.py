"""What tests of security share with those of published layers."""

from __future__ import annotations

from tests.publish import conftest as published

admin = published.admin
client = published.client
ward = published.ward
