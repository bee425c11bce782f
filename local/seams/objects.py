"""Objects: what ministack answers of them otherwise than S3."""

from typing import Any

from ministack.services import s3

from local.seams.account import Answer


def serve_ranges_of_versions() -> None:
    """Answer a range of a version with that range; ministack sends the whole version."""
    get = s3._get_object

    def got(bucket: str, key: str, headers: dict[str, str], query: dict[str, Any] | None = None) -> Answer:
        wanted = headers.get("range", "")
        if not (wanted and (query or {}).get("versionId")):
            whole: Answer = get(bucket, key, headers, query)
            return whole
        unchecked = {name: value for name, value in headers.items() if name != "x-amz-checksum-mode"}
        return _range_of(get(bucket, key, unchecked, query), wanted, bucket, key)

    s3._get_object = got


def _range_of(whole: Answer, wanted: str, bucket: str, key: str) -> Answer:
    status, headers, body = whole
    if status != 200:
        return whole
    found = s3._parse_range(wanted, len(body))
    if found is None:
        answer: bytes = s3._xml_body(s3._range_error_xml(bucket, key))
        return 416, {"Content-Type": "application/xml", "Content-Range": f"bytes */{len(body)}"}, answer
    first, last = found
    part = body[first : last + 1]
    told = {"Content-Length": str(len(part)), "Content-Range": f"bytes {first}-{last}/{len(body)}"}
    return 206, {**headers, **told}, part


def keep_conditions_of_copies() -> None:
    """Refuse a copy over another object, and compute its checksum, where it asks for that; ministack does neither."""
    copy = s3._copy_object

    def copied(bucket: str, key: str, headers: dict[str, str]) -> Answer:
        there = (s3._ensure_bucket(bucket) or {"objects": {}})["objects"].get(key)
        refused: Answer | None = s3._check_put_preconditions(headers, there)
        if refused:
            return refused
        algorithm = headers.get("x-amz-checksum-algorithm")
        asked = {**headers, "x-amz-sdk-checksum-algorithm": algorithm} if algorithm else headers
        answer: Answer = copy(bucket, key, asked)
        return answer

    s3._copy_object = copied
