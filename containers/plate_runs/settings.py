"""What the program is told by its environment: the dataset, the models, which shard of its plates, and the run's id."""

DATASET = "BWS_DATASET_S3_PREFIX"  # s3://bucket/prefix, or a folder
MODELS = "BWS_MODELS"  # their names, with commas between
SHARD = "BWS_PLATE_SHARD"  # i/n, i from 0
RUN_ID = "BWS_RUN_ID"  # run-YYYYMMDD-HHMMSS-<8 hex digits>
