"""What the program is told by its environment: where the reference versions are, and where to say why it failed."""

REFERENCE = "LOUPE_REFERENCE"  # s3://bucket/prefix, or a folder
EXIT_MESSAGE = "LOUPE_EXIT_MESSAGE"  # the file whose text SageMaker tells as the reason of a failure
