"""The environment variable that tells the program where the reference versions are."""

REFERENCE = "LOUPE_REFERENCE"
