"""The web UI: pages that are thin shells, and ES modules that fill them from the public API alone.

pages       paths -> shells (shells, Jinja)      static/lib/     what all modules use
sign_in     the form for strangers               static/pages/   one module per page
policy      what a page may load                 static/charts/  our own charts, on canvas
files       static files, kept for ever ...      static/style/   one style per page
joining     ... modules in few files (modules)   templates/      the shells
styles      ... a style with what it imports
"""

from runner.server.ui.pages import Pages

__all__ = ["Pages"]
