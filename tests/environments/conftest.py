"""Every test here has an index of its own."""

from tests.environments.wheels import index, uv_cache, workshop

__all__ = ["index", "uv_cache", "workshop"]
