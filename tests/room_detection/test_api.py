"""The HTTP API's functions: forms, jobs and rooms, each to its owner only; refusals in one shape."""

import base64
import json
from typing import Any

import pytest

from lambdas.room_detection import status, upload
from loupe import contracts
from tests.functions import Context
from tests.room_detection.conftest import ACCOUNT, ALICE, BLUEPRINTS, RESULTS, ROOMS, Account

BOB = "arn:aws:iam::123456789012:user/bob"
PLAN = {"file_name": "Küche.png", "content_type": "image/png", "size": 4}


def event(route: str, *, caller: str = ALICE, body: Any = None, **parts: Any) -> dict[str, Any]:
    """What API Gateway (payload format 2.0) makes of a signed request."""
    identity = {"authorizer": {"iam": {"userArn": caller, "accountId": ACCOUNT}}}
    return {"routeKey": route, "requestContext": identity, "body": body, **parts}


def ask(**request: Any) -> dict[str, Any]:
    text = request.pop("text", None) or json.dumps({**PLAN, **request})
    return upload.handle(event("POST /blueprints", body=text), Context())  # type: ignore[arg-type]  # a stand-in


def look(route: str, job_id: str = "", *, caller: str = ALICE, **query: str) -> dict[str, Any]:
    found = event(f"GET {route}", caller=caller, pathParameters={"job": job_id}, queryStringParameters=query or None)
    return status.handle(found, Context())  # type: ignore[arg-type]  # as above


def body(reply: dict[str, Any]) -> Any:
    return json.loads(reply["body"])


def refused(reply: dict[str, Any]) -> tuple[int, str]:
    """Status and code of a refusal that keeps its contract."""
    return reply["statusCode"], contracts.check("api/error", body(reply))["error"]["code"]


def uploaded(account: Account, *, caller: str = ALICE) -> Any:
    """A job of a caller's that runs."""
    sent = event("POST /blueprints", caller=caller, body=json.dumps(PLAN))
    form = body(upload.handle(sent, Context()))  # type: ignore[arg-type]  # as above
    account.trigger(account.lands(form["fields"]["key"]))
    return account.jobs.get(form["job_id"])


def test_a_form_takes_this_type_and_size_under_a_key_that_carries_the_job(account: Account) -> None:
    reply = ask()
    form = contracts.check("room_detection/upload", body(reply))
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    assert reply["statusCode"] == 201
    assert form["fields"]["key"] == f"blueprints/{form['job_id']}/Küche.png"
    assert {"Content-Type": "image/png"} in policy["conditions"]
    assert ["content-length-range", 1, 4] in policy["conditions"]
    assert account.the_job()["state"] == "UPLOADING"
    assert account.the_job()["owner"] == ALICE


def test_a_request_may_come_encoded(account: Account) -> None:
    sent = event("POST /blueprints", body=base64.b64encode(json.dumps(PLAN).encode()).decode(), isBase64Encoded=True)
    assert upload.handle(sent, Context())["statusCode"] == 201  # type: ignore[arg-type]  # as above
    assert account.the_job()["file_name"] == "Küche.png"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"text": "{"}, "invalid_request"),
        ({"text": "[]"}, "invalid_request"),
        ({"size": 0}, "invalid_request"),
        ({"size": True}, "invalid_request"),
        ({"owner": "me"}, "invalid_request"),
        ({"content_type": "image/gif"}, "invalid_request"),
        ({"file_name": "../plan.png"}, "invalid_request"),
        ({"file_name": "a\nb.png"}, "invalid_request"),
        ({"file_name": "${filename}.png"}, "invalid_request"),
        ({"file_name": "\ud800.png"}, "invalid_request"),
        ({"file_name": "🏠" * 250 + ".png"}, "invalid_request"),
        ({"file_name": "x" * 256 + ".png"}, "invalid_request"),
        ({"file_name": "plan.exe"}, "not_a_blueprint"),
        ({"size": 2**20 + 1}, "not_a_blueprint"),
    ],
)
def test_a_request_for_something_else_is_refused_and_leaves_nothing(
    account: Account, request_: dict[str, Any], code: str
) -> None:
    assert refused(ask(**request_)) == (400, code)
    assert account.all_jobs() == []


def test_a_job_shows_its_state_and_once_it_succeeded_links_to_its_results(account: Account) -> None:
    job = uploaded(account)
    seen = contracts.check("room_detection/job", body(look("/blueprints/{job}", job["job_id"])))
    assert (seen["state"], "results" in seen) == ("RUNNING", False)
    account.answer(account.endpoint.completes(job))
    seen = contracts.check("room_detection/job", body(look("/blueprints/{job}", job["job_id"])))
    assert (seen["state"], seen["rooms"]) == ("SUCCEEDED", 1)
    assert set(seen["results"]) == {"json", "geojson", "csv", "svg"}
    assert all("X-Amz-Signature" in link and RESULTS in link for link in seen["results"].values())


def test_rooms_come_in_every_format_with_its_content_type(account: Account) -> None:
    job = uploaded(account)
    account.answer(account.endpoint.completes(job))
    replies = {name: look("/blueprints/{job}/rooms", job["job_id"], format=name) for name in ("json", "csv", "svg")}
    assert body(replies["json"]) == ROOMS
    assert replies["csv"]["headers"]["content-type"] == "text/csv; charset=utf-8"
    assert replies["svg"]["body"].startswith("<svg")
    assert refused(look("/blueprints/{job}/rooms", job["job_id"], format="dwg")) == (400, "invalid_request")


def test_rooms_that_are_not_there_are_refused_with_the_reason(account: Account) -> None:
    job = uploaded(account)
    assert refused(look("/blueprints/{job}/rooms", job["job_id"])) == (409, "no_rooms")
    account.answer(account.endpoint.fails(job, "The PDF is encrypted."))
    reply = look("/blueprints/{job}/rooms", job["job_id"])
    assert refused(reply) == (409, "no_rooms")
    assert "The PDF is encrypted." in reply["body"]


def test_an_answer_too_large_for_a_function_is_left_to_its_link(account: Account) -> None:
    job = uploaded(account)
    room = {**ROOMS["rooms"][0], "polygon": [[1, 1]] * 900_000}
    account.answer(account.endpoint.completes(job, {**ROOMS, "rooms": [room]}))
    assert refused(look("/blueprints/{job}/rooms", job["job_id"])) == (413, "answer_too_large")


@pytest.mark.parametrize("job_id", ["f" * 32, "../../x", "", "x" * 3000, "\0"])
@pytest.mark.parametrize("route", ["/blueprints/{job}", "/blueprints/{job}/rooms"])
def test_a_job_that_is_not_there_is_not_found(account: Account, route: str, job_id: str) -> None:
    assert refused(look(route, job_id)) == (404, "job_not_found")


@pytest.mark.parametrize("route", ["/blueprints/{job}", "/blueprints/{job}/rooms"])
def test_somebody_elses_job_is_not_found_either(account: Account, route: str) -> None:
    job = uploaded(account)
    assert refused(look(route, job["job_id"], caller=BOB)) == (404, "job_not_found")
    assert body(look("/blueprints", caller=BOB)) == {"jobs": []}


def test_files_that_were_copied_to_the_bucket_belong_to_everybody_in_the_account(account: Account) -> None:
    account.trigger(account.lands("blueprints/plan.png"))
    [job] = body(look("/blueprints", caller=BOB, owner="account"))["jobs"]
    assert body(look("/blueprints/{job}", job["job_id"]))["file_name"] == "plan.png"
    assert body(look("/blueprints")) == {"jobs": []}


def test_pages_are_newest_first_without_loss_or_repeat(account: Account) -> None:
    for number in range(25):
        key = f"blueprints/{number:032x}/plan.png"
        account.jobs.expect_upload(f"{number:032x}", owner=ALICE, bucket=BLUEPRINTS, key=key, seconds=60)
    seen: list[dict[str, Any]] = []
    page: dict[str, Any] = {"next": ""}
    while "next" in page:
        query = {"limit": "10", **({"next": page["next"]} if page["next"] else {})}
        page = contracts.check("room_detection/job_list", body(look("/blueprints", **query)))
        seen += page["jobs"]
    times = [job["created_at"] for job in seen]
    assert len({job["job_id"] for job in seen}) == len(seen) == 25
    assert times == sorted(times, reverse=True)


def test_a_token_of_somebody_elses_list_shows_nothing_of_theirs(account: Account) -> None:
    for number in range(3):
        key = f"blueprints/{number:032x}/plan.png"
        account.jobs.expect_upload(f"{number:032x}", owner=ALICE, bucket=BLUEPRINTS, key=key, seconds=60)
    token = body(look("/blueprints", limit="1"))["next"]
    assert body(look("/blueprints", caller=BOB, next=token))["jobs"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "ten"},
        {"limit": "²"},
        {"owner": "bob"},
        {"next": "%%%"},
        {"next": base64.urlsafe_b64encode(b"7").decode()},
        {"next": base64.urlsafe_b64encode(b'["a", "b", "c"]').decode()},
        {"next": base64.urlsafe_b64encode(b"\xff\xfe").decode()},
    ],
)
def test_a_parameter_that_is_not_one_is_refused(account: Account, query: dict[str, str]) -> None:
    assert refused(look("/blueprints", **query)) == (400, "invalid_request")
