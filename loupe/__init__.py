"""What Loupe is wherever it runs; the only code that two slices share."""
