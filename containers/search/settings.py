"""What the program is told by its environment: where the reference versions are."""

REFERENCE = "LOUPE_REFERENCE"  # s3://bucket/prefix, or a folder
