"""A stand-in for the ThreatConnect platform around an API service App.

A message broker, a key-value store, an HTTP front that turns requests into `RunService` messages,
and the start, watching and stopping of the App's process. Nothing here imports TcEx or the App.
"""
