"""Where a program in a SageMaker job says why it failed."""

VARIABLE = "LOUPE_EXIT_MESSAGE"  # names the file
FILE = "/opt/ml/output/message"  # whose text SageMaker tells as the reason
