"""What operators count: CloudWatch metrics in the namespace Loupe, as log lines (EMF), which need no permission."""

from aws_lambda_powertools.metrics import MetricUnit, single_metric


def count(name: str, slice_name: str) -> None:
    """Add one to what is counted of a slice."""
    with single_metric(name=name, unit=MetricUnit.Count, value=1, namespace="Loupe") as metric:
        metric.add_dimension(name="slice", value=slice_name)
