"""An App that keeps queries and pretends to update them, to test the driver of `make run` with."""
