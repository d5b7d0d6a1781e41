"""Schedules, in the browser."""

from playwright.sync_api import Page, expect

from tests.server.ui.conftest import Seeded
