"""The web UI: pages that are thin shells, and ES modules that fill them from the public API alone.

pages       paths -> shells, by Jinja       static/lib/     what all modules use
policy      what a page may load            static/pages/   one module per page
files       static files, cached for ever   static/charts/  our own charts, on canvas
"""

from runner.server.ui.pages import Pages

__all__ = ["Pages"]
