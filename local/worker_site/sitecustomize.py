"""Gives functions what AWS's Python runtime gives them: a root logger that writes."""

import logging
import os
import sys

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    _lines = logging.StreamHandler(sys.stderr)
    _lines.setFormatter(
        logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(message)s", "%Y-%m-%dT%H:%M:%S")
    )
    logging.getLogger().addHandler(_lines)
