"""What the tree's contract means for the project bucket: how long objects are kept, and how they may be written."""

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3

from lambdas.archive.tree import Place, tree
from lambdas.plate_runs.settings import PLATES
from stacks.parts.refusals import refuse, without


def lifecycle() -> list[s3.LifecycleRule]:
    """A rule for each place that lets go of something, or moves it; uploads that were left are ended everywhere."""
    abort = s3.LifecycleRule(
        id="abort-uploads", abort_incomplete_multipart_upload_after=Duration.days(tree().abort_uploads_days)
    )
    return [abort, *(_rule(place) for place in tree().places if _lets_go(place))]


def keep_written(bucket: s3.Bucket) -> None:
    """What is written once cannot be overwritten; pointers only as they were seen. Plates have custody."""
    _refuse(bucket, "WrittenOnce", "once", "s3:if-none-match")
    _refuse(bucket, "ReplacedAsSeen", "as_seen", "s3:if-none-match", "s3:if-match")


def _refuse(bucket: s3.Bucket, statement_id: str, written: str, *headers: str) -> None:
    places = [place for place in tree().places if place.written == written and place.prefix != PLATES]
    globs = [glob for place in places for glob in place.globs]
    refuse(bucket, statement_id, ["s3:PutObject"], [bucket.arn_for_objects(glob) for glob in globs], without(*headers))


def _lets_go(place: Place) -> bool:
    return bool(place.expire_days or place.noncurrent_days or place.transitions)


def _rule(place: Place) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        id=place.name.replace("_", "-"),
        prefix=place.prefix,
        expiration=_days(place.expire_days),
        noncurrent_version_expiration=_days(place.noncurrent_days),
        transitions=[
            s3.Transition(storage_class=s3.StorageClass(step.storage_class), transition_after=Duration.days(step.days))
            for step in place.transitions
        ]
        or None,
    )


def _days(count: int | None) -> Duration | None:
    return Duration.days(count) if count else None
