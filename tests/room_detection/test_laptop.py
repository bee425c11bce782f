"""The synthesized stacks on the laptop engine: real handlers, the real container program, policies enforced."""

import io
import json
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from PIL import Image

from local.laptop import Laptop
from tests.conftest import EXAMPLES
from tests.permissions import assert_named, denied, permissions, without
from tests.room_detection.platform import (
    ENDED,
    PLAN,
    Platform,
    as_user,
    depth,
    left_output,
    memory_mib,
    queue_url,
    servers,
)
from tests.waiting import eventually, happens

pytestmark = pytest.mark.laptop
ENCRYPTED_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\n"
    b"4 0 obj<</Filter/Standard/V 1/R 2/P -4/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">>>endobj\n"
    b"trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]/Size 5>>\n%%EOF\n"
)


@pytest.fixture(scope="module")
def platform(running_laptop: Laptop) -> Platform:
    return Platform(running_laptop)


@pytest.fixture(autouse=True)
def _nothing_is_denied(platform: Platform, request: pytest.FixtureRequest) -> Iterator[None]:
    """A permission that a stack forgot fails the test that needed it, by name."""
    before = platform.laptop.denials()
    yield
    if "denies" not in request.keywords:
        assert platform.laptop.denials() == before, platform.laptop.last_denials()


@pytest.mark.parametrize(
    "name", ["plan.png", "a plan.png", "50%+1 %2B.png", "Grundriß 平面图 🏠.PNG", "x" * 240 + ".png"]
)
def test_a_blueprint_that_lands_becomes_rooms_and_one_notification(platform: Platform, name: str) -> None:
    key = platform.lands(name)
    [job] = platform.ended(key)
    assert (job["state"], job["file_name"]) == ("SUCCEEDED", name)
    assert int(job["rooms"]) >= 5
    assert platform.answers(job["job_id"]) == {"rooms.json", "rooms.geojson", "rooms.csv", "overlay.svg"}
    eventually(lambda: len(platform.told(job["job_id"])) == 1)


def test_an_upload_through_the_api_is_followed_to_its_rooms_by_its_owner_only(platform: Platform) -> None:
    alice, bob = platform.user("alice"), platform.user("bob")
    request = {"file_name": "Küche & Bad.png", "content_type": "image/png", "size": len(PLAN)}
    form = platform.call("POST", "/blueprints", request, user=alice).json()
    assert platform.call("GET", f"/blueprints/{form['job_id']}", user=alice).json()["state"] == "UPLOADING"
    posted = requests.post(form["url"], data=form["fields"], files={"file": PLAN}, timeout=30)
    assert posted.status_code in {200, 204}, posted.text
    [key] = [job["key"] for job in platform.jobs() if job["job_id"] == form["job_id"]]
    platform.ended(key)
    job = platform.call("GET", f"/blueprints/{form['job_id']}", user=alice).json()
    assert (job["state"], job["file_name"]) == ("SUCCEEDED", "Küche & Bad.png")
    rooms = requests.get(job["results"]["json"], timeout=30).json()
    assert platform.call("GET", f"/blueprints/{form['job_id']}/rooms", user=alice).json() == rooms
    assert [j["job_id"] for j in platform.call("GET", "/blueprints", user=alice).json()["jobs"]] == [form["job_id"]]
    assert platform.call("GET", "/blueprints", user=bob).json() == {"jobs": []}
    refused = platform.call("GET", f"/blueprints/{form['job_id']}/rooms", user=bob)
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "job_not_found")


@pytest.mark.denies
def test_an_unsigned_or_wrongly_signed_request_is_refused(platform: Platform) -> None:
    url = platform.laptop.reachable(platform.parameter("api/url")).rstrip("/") + "/blueprints"
    assert requests.get(url, timeout=30).status_code == 403
    stranger = {"AccessKeyId": "AKIANOBODY", "SecretAccessKey": "x"}
    assert platform.call("GET", "/blueprints", user=stranger).status_code == 403


def test_a_form_takes_no_more_bytes_than_were_announced(platform: Platform) -> None:
    request = {"file_name": "plan.png", "content_type": "image/png", "size": 10}
    form = platform.call("POST", "/blueprints", request).json()
    posted = requests.post(form["url"], data=form["fields"], files={"file": PLAN}, timeout=30)
    assert posted.status_code == 400
    assert "EntityTooLarge" in posted.text


def test_events_doubled_and_out_of_order_are_one_job_each(platform: Platform) -> None:
    queue = queue_url(platform, "Arrivals")
    key = platform.lands("plan.png")
    [job] = platform.ended(key)
    version = platform.s3.head_object(Bucket=platform.blueprints, Key=key)["VersionId"]
    thing = {"key": key, "size": len(PLAN), "etag": "e", "version-id": version}
    detail = {"bucket": {"name": platform.blueprints}, "object": thing}
    event = {"source": "aws.s3", "detail-type": "Object Created", "account": "000000000000", "detail": detail}
    sqs = platform.laptop.client("sqs")
    for _ in range(49):
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    eventually(lambda: depth(platform, queue) == 0)
    assert platform.ended(key) == [job]
    assert len(platform.answers(job["job_id"])) == 4
    assert len(platform.told(job["job_id"])) == 1


def pictures() -> dict[str, tuple[bytes, str | None]]:
    """File name → bytes and what its job's reason says; None where rooms, even none, are the answer."""
    wide = Image.new("1", (30_000, 30_000), 1)
    bomb, white, tiny = io.BytesIO(), io.BytesIO(), io.BytesIO()
    wide.save(bomb, "PNG")
    Image.new("L", (800, 600), 255).save(white, "PNG")
    Image.new("L", (1, 1)).save(tiny, "PNG")
    return {
        "empty.png": (b"", "empty"),
        "truncated.png": (PLAN[: len(PLAN) // 2], "truncated|damaged|incomplete|cut"),
        "renamed.png": (b"GIF89a" + b"\0" * 100, "GIF"),
        "text.pdf": (b"This is no PDF.", "no image and no PDF"),
        "bomb.png": (bomb.getvalue(), "30000 x 30000"),
        "notes.txt": (b"hello", "must end in"),
        "encrypted.pdf": (ENCRYPTED_PDF, "encrypted|password"),
        "large.png": (PLAN + b"\0" * (51 * 2**20), "51.0 MiB"),
        "white.png": (white.getvalue(), None),
        "tiny.png": (tiny.getvalue(), None),
    }


def test_every_kind_of_bad_file_ends_with_one_sentence_and_the_next_plan_still_works(platform: Platform) -> None:
    files = pictures()
    keys = {platform.lands(name, body): name for name, (body, _) in files.items()}
    for job in platform.ended(*keys, seconds=90):
        expected = files[keys[job["key"]]][1]
        assert job["state"] == ("FAILED" if expected else "SUCCEEDED"), job
        assert not expected or re.search(expected, job["reason"], re.IGNORECASE), job["reason"]
        assert "\n" not in job.get("reason", "")
    [after] = platform.ended(platform.lands("after.png"))
    assert after["state"] == "SUCCEEDED"


def test_a_server_killed_in_the_middle_loses_no_job_and_comes_back(platform: Platform) -> None:
    keys = [platform.lands(f"{number}.png") for number in range(8)]
    eventually(lambda: any(job["state"] == "RUNNING" for job in platform.jobs_of(*keys)))
    found = servers(platform)
    assert found
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    jobs = platform.ended(*keys)
    assert {job["state"] for job in jobs} <= ENDED
    assert all(job["reason"] for job in jobs if job["state"] == "FAILED")
    assert len(jobs) == 8
    [after] = platform.ended(platform.lands("after.png"))
    assert after["state"] == "SUCCEEDED"


def test_a_lost_notification_of_the_endpoint_is_made_up_for_by_the_sweep(platform: Platform) -> None:
    platform.laptop.inject({"action": "sns:Publish", "effect": "drop", "times": 1})
    key = platform.lands("lost.png")
    eventually(lambda: bool(left := platform.jobs_of(key)) and left_output(platform, left[0]))
    [job] = platform.jobs_of(key)
    assert job["state"] == "RUNNING"
    platform.make_due(job["job_id"])
    platform.sweep()
    [job] = platform.ended(key)
    assert job["state"] == "SUCCEEDED"
    eventually(lambda: len(platform.told(job["job_id"])) == 1)


def test_a_doubled_notification_of_the_endpoint_changes_nothing(platform: Platform) -> None:
    platform.laptop.inject({"action": "sns:Publish", "effect": "double", "times": 1})
    key = platform.lands("doubled.png")
    [job] = platform.ended(key)
    eventually(lambda: depth(platform, queue_url(platform, "Answers")) == 0)
    assert len(platform.answers(job["job_id"])) == 4
    assert len(platform.told(job["job_id"])) == 1


def test_a_throttled_endpoint_delays_a_job_and_loses_nothing(platform: Platform) -> None:
    platform.laptop.inject({"action": "sagemaker:InvokeEndpointAsync", "times": 3, "error": "ThrottlingException"})
    [job] = platform.ended(platform.lands("throttled.png"))
    assert job["state"] == "SUCCEEDED"


def test_two_hundred_uploads_at_once_are_two_hundred_jobs_and_answers(platform: Platform) -> None:
    small, before = (EXAMPLES / "listing.png").read_bytes(), memory_mib(platform)
    with ThreadPoolExecutor(16) as uploads:
        keys = list(uploads.map(lambda number: platform.lands(f"{number}.png", small), range(200)))
    jobs = platform.ended(*keys, seconds=240)
    assert memory_mib(platform) - before < 1792
    assert Counter((job["state"], job.get("reason")) for job in jobs) == {("SUCCEEDED", None): 200}
    assert all(len(platform.answers(job["job_id"])) == 4 for job in jobs)
    eventually(lambda: {job["job_id"] for job in jobs} <= {told["job_id"] for told in platform._drain()})
    ours = {job["job_id"] for job in jobs}
    heard = {json.dumps(told, sort_keys=True) for told in platform._drain() if told["job_id"] in ours}
    assert len(heard) == 200, "a publish that is answered late is repeated, as SNS allows, but never with other words"


@pytest.mark.denies
def test_an_answer_can_be_neither_overwritten_nor_replaced(platform: Platform) -> None:
    [job] = platform.ended(platform.lands("kept.png"))
    key = f"room_detection/{job['job_id']}/rooms.json"
    writer = platform.user("writer")
    statement = {"Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    platform.laptop.client("iam").put_user_policy(UserName="writer", PolicyName="s3", PolicyDocument=policy)
    s3 = as_user(platform, writer, "s3")
    with pytest.raises(s3.exceptions.ClientError, match=r"s3:PutObject.*explicit deny"):
        s3.put_object(Bucket=platform.results, Key=key, Body=b"{}")
    with pytest.raises(s3.exceptions.ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=platform.results, Key=key, Body=b"{}", IfNoneMatch="*")


UNSEEN = {
    "cloudwatch:PutMetricData": "the laptop's endpoint sends no metrics",
    "s3:ListBucket": "the engine says 404 of a missing key to everybody",
    "Upload kms:Decrypt": "the engine does not ask for the key of an object that comes by form",
    "Endpoint ecr:BatchCheckLayerAvailability": "an image is pulled when its endpoint is made, not per blueprint",
    "Endpoint ecr:GetAuthorizationToken": "as above",
    "Endpoint logs:CreateLogGroup": "a server's log is opened when its endpoint is made",
}


def exercise(platform: Platform, role: str) -> None:
    """What a role is for."""
    {"UploadRole": upload, "StatusRole": look}.get(role, detect)(platform)


def upload(platform: Platform) -> None:
    request = {"file_name": "plan.png", "content_type": "image/png", "size": len(PLAN)}
    form = platform.call("POST", "/blueprints", request).json()
    if "url" in form:
        requests.post(form["url"], data=form["fields"], files={"file": PLAN}, timeout=30)


def look(platform: Platform) -> None:
    [job] = platform.ended(platform.lands("seen.png"))
    platform.call("GET", "/blueprints")
    platform.call("GET", f"/blueprints/{job['job_id']}/rooms")


def detect(platform: Platform) -> None:
    """A lost answer that is swept up, a refused file, a broken one."""
    platform.laptop.inject({"action": "sns:Publish", "effect": "drop", "times": 1})
    before, lost = platform.laptop.denials(), platform.lands("lost.png")
    happens(
        lambda: any(left_output(platform, job) for job in platform.jobs_of(lost)) or denied(platform.laptop, before), 10
    )
    for job in platform.jobs_of(lost):
        platform.make_due(job["job_id"])
    platform.sweep()
    platform.lands("notes.txt", b"no plan")
    platform.lands("broken.png", b"no plan")


@pytest.mark.denies
@pytest.mark.parametrize(("role", "actions"), permissions("RoomDetection", unseen=UNSEEN))
def test_a_missing_permission_is_named_with_its_action_and_resource(
    platform: Platform, role: str, actions: list[str]
) -> None:
    before = platform.laptop.denials()
    with without(platform.laptop, "room-detection", role, actions):
        for _ in range(3):
            exercise(platform, role)
            if happens(lambda: denied(platform.laptop, before), 10):
                break
        denial = next(iter(platform.laptop.last_denials()[-1:]), {"principal": "nobody was denied"})
    assert denied(platform.laptop, before)
    assert_named(denial, role, actions)


@pytest.mark.denies
def test_a_job_that_a_missing_permission_stopped_fails_and_says_which(platform: Platform) -> None:
    with without(platform.laptop, "room-detection", "TriggerRole", ["sagemaker:InvokeEndpointAsync"]):
        key = platform.lands("plan.png")
        eventually(lambda: any("last_error" in job for job in platform.jobs_of(key)))
        [job] = platform.jobs_of(key)
        platform.make_due(job["job_id"], expired=True)
        platform.sweep()
    [job] = platform.ended(key)
    assert "sagemaker:InvokeEndpointAsync" in job["reason"]
    assert "arn:aws:sagemaker:us-east-1:000000000000:endpoint/" in job["reason"]
