"""The least App that TcEx runs as an API service; it answers with what it was given."""
