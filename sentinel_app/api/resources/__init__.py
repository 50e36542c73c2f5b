"""One resource class for each noun of the API."""
