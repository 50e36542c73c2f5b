"""The HTTP API and the pages, as one WSGI application."""
