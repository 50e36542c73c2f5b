"""The three stages of an update: download, convert, upload."""
