"""Signed calls to the HTTP API of an environment."""

import json
from dataclasses import dataclass
from typing import Any

import boto3
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from cli.account import Account, account
from cli.trouble import Trouble

_REPEATABLE = Retry(
    total=4,
    backoff_factor=0.5,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=["GET"],
    raise_on_status=False,
)


@dataclass(frozen=True)
class Connection:
    """The HTTP API of one environment, called with the session's own rights."""

    environment: str
    url: str
    session: boto3.Session

    def call(self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> requests.Response:
        """A signed request; the API's refusals become one sentence."""
        url = requests.Request(method, self.url.rstrip("/") + path, params=query or {}).prepare().url
        text = json.dumps(body) if body is not None else None
        request = AWSRequest(method=method, url=url, data=text, headers={"content-type": "application/json"})
        self._sign(request)
        return _granted(self._send(method, str(url), text, dict(request.headers.items())))

    def _sign(self, request: AWSRequest) -> None:
        try:
            credentials = self.session.get_credentials()
            if credentials is None:
                raise Trouble("There are no AWS credentials: run `aws configure`, or name a profile in AWS_PROFILE.")
            SigV4Auth(credentials, "execute-api", self.session.region_name).add_auth(request)
        except BotoCoreError as error:
            raise Trouble(f"The AWS credentials cannot be used: {error}") from error

    def _send(self, method: str, url: str, text: str | None, headers: dict[str, str]) -> requests.Response:
        with requests.Session() as http:
            for scheme in ("http://", "https://"):
                http.mount(scheme, HTTPAdapter(max_retries=_REPEATABLE))
            try:
                return http.request(method, url, data=text, headers=headers, timeout=(5, 35), auth=as_it_is)
            except requests.RequestException as error:
                raise Trouble(f"The API of {self.environment} does not answer at {self.url}: {error}") from error


def as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The request with the credentials that it has; requests itself would put those of a .netrc in their place."""
    return request


def connect(environment: str | None) -> Connection:
    """The environment by name; without one, the laptop's running engine."""
    return connection_to(account(environment))


def connection_to(account: Account) -> Connection:
    """The API of an account."""
    url = account.parameter("api/url")
    return Connection(account.environment, account.laptop.reachable(url) if account.laptop else url, account.session)


def _granted(response: requests.Response) -> requests.Response:
    if response.ok:
        return response
    try:
        said = response.json()
        sentence = said["error"]["message"] if "error" in said else said.get("message", response.text)
    except (ValueError, TypeError, AttributeError):
        sentence = response.text.strip() or response.reason
    raise Trouble(f"{sentence} (HTTP {response.status_code})")
