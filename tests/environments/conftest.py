"""Every test here has an index of its own."""

from tests.environments.wheels import dated, index, uv_cache, workshop

__all__ = ["dated", "index", "uv_cache", "workshop"]
