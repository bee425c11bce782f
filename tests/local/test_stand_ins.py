"""The laptop's own OCR service: held by the engine, known to the stack by its secret, and to nobody else's."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from cli.connection import as_it_is
from local.introduction import introduce, key_file
from local.laptop import Laptop
from local.ocr_service import PATH
from loupe.contracts import check
from tests.local.assemblies import Resources, write_assembly
from tests.local.homes import processes_of
from tests.local.house import soon
from tests.local.ocr_house import DRAWN

pytestmark = pytest.mark.laptop
THEIRS = {"url": "https://ocr.example.com", "key": "up_their_own"}
LIBRARIES = (b"onnxruntime", b"cv2", b"rapidocr")


def stack(description: str = "OCR service") -> Resources:
    """A secret as the OCR slice has it, and the parameter that tells where it is."""
    empty = json.dumps({"url": "https://api.example.com", "key": ""})
    secret = {"SecretString": empty, "Description": description}
    parameter = {"Name": "/loupe/laptop/ocr/secret", "Type": "String", "Value": {"Ref": "Secret"}}
    return {
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": secret},
        "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": parameter},
    }


class House:
    """A laptop with that stack, and the words that a test speaks to it."""

    def __init__(self, laptop: Laptop, assembly: Path) -> None:
        self.laptop = laptop
        laptop.up(assembly)
        self.secret = laptop.client("ssm").get_parameter(Name="/loupe/laptop/ocr/secret")["Parameter"]["Value"]
        self.key = key_file(laptop.home, "ocr").read_text()

    @property
    def text(self) -> str:
        """What the secret holds."""
        vault = self.laptop.client("secretsmanager")
        return str(vault.get_secret_value(SecretId=self.secret)["SecretString"])

    @property
    def known(self) -> Any:
        """What the secret says."""
        return json.loads(self.text)

    def put(self, secret: str) -> None:
        self.laptop.client("secretsmanager").put_secret_value(SecretId=self.secret, SecretString=secret)

    def tell(self, url: str, *, name: str = "ocr") -> None:
        """Introduce the service to a slice as if it were at this address."""
        introduce(name, url=url, key=self.key, session=self.laptop.session(), engine=self.laptop.url)

    @property
    def url(self) -> str:
        """Where the service listens, once it does."""
        [service] = soon(lambda: [one for one in self.laptop.status().stand_ins if one["ready"]])
        return str(service["url"])

    def ask(self, key: str) -> requests.Response:
        files = {"document": ("page", DRAWN["receipt"].image)}
        headers = {"Authorization": f"Bearer {key}"}
        data = {"model": "ocr"}
        return requests.post(self.url + PATH, data=data, files=files, headers=headers, timeout=100, auth=as_it_is)

    @property
    def service_pid(self) -> int:
        """The service itself, not the process that holds it."""
        running = processes_of(self.laptop.home)
        [pid] = [pid for pid in running if command_of(pid)[1:3] == [b"-m", b"local.ocr_service"]]
        return pid


def command_of(pid: int) -> list[bytes]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("stand-ins")
    laptop = Laptop(folder / "home")
    try:
        yield House(laptop, write_assembly(folder / "out", {"Pages": stack()}))
    finally:
        laptop.down()


def test_after_up_pages_are_read_with_what_the_secret_says_and_libraries_come_with_the_first(house: House) -> None:
    assert house.known == {"url": house.url, "key": house.key}
    memory = Path(f"/proc/{house.service_pid}/maps")
    assert not any(name in memory.read_bytes() for name in LIBRARIES)
    answer = check("ocr/answer", house.ask(house.known["key"]).json())
    assert answer["text"].endswith("Thank you for your visit")
    assert any(name in memory.read_bytes() for name in LIBRARIES)


def test_the_key_is_asked_for_and_only_its_owner_can_read_it(house: House) -> None:
    assert house.ask("up_other").status_code == 401
    file = key_file(house.laptop.home, "ocr")
    assert file.stat().st_mode & 0o777 == 0o600
    told = json.dumps(house.laptop.status().stand_ins) + "".join(house.laptop.logs())
    commands = [command_of(pid) for pid in processes_of(house.laptop.home)]
    assert house.key not in told + str(commands)


def test_status_and_logs_tell_where_it_is(house: House) -> None:
    command = [sys.executable, "-c", "from cli.local import app; app()", "status", "--home", str(house.laptop.home)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert any(line.split() == ["stand-in", "ocr", house.url] for line in shown.splitlines())
    assert f"ocr_service: {house.url}" in list(house.laptop.logs())


def test_it_is_started_again_where_it_was_when_it_dies(house: House) -> None:
    url, pid = house.url, house.service_pid
    os.kill(pid, signal.SIGKILL)
    soon(lambda: any("stand-in ocr ended with 137" in line for line in house.laptop.logs()))
    assert house.url == url
    assert house.ask(house.key).status_code == 200


@pytest.mark.parametrize(
    "secret",
    [
        json.dumps(THEIRS),
        json.dumps({**THEIRS, "url": "http://127.0.0.1:9"}),
        '{"url": "https://ocr.example.com", "key": "OURS"}',
        '{"url": "https://ocr.example.com"}',
        '["up_their_own"]',
        "up_their_own",
    ],
)
def test_what_somebody_put_into_the_secret_stays(house: House, secret: str) -> None:
    mine = secret.replace("OURS", house.key)
    house.put(mine)
    house.tell("http://127.0.0.1:1")
    assert house.text == mine


def test_an_empty_key_and_an_old_address_of_ours_are_filled_in_beside_what_else_is_there(house: House) -> None:
    house.put(json.dumps({"url": "https://api.example.com", "key": "", "note": "mine"}))
    for port in (1, 2):
        house.tell(f"http://127.0.0.1:{port}")
        assert house.known == {"url": f"http://127.0.0.1:{port}", "key": house.key, "note": "mine"}


def test_a_slice_that_is_not_deployed_or_lost_its_secret_is_not_missed(house: House) -> None:
    before = house.text
    house.tell(house.url, name="plates")
    house.laptop.client("ssm").put_parameter(Name="/loupe/laptop/other/secret", Value="gone", Type="String")
    house.tell(house.url, name="other")
    assert house.text == before


def test_the_address_stays_over_restarts_and_the_secret_learns_of_one_that_cannot(
    laptop: Laptop, tmp_path: Path
) -> None:
    house = House(laptop, write_assembly(tmp_path / "out", {"Pages": stack()}))
    first = house.url
    laptop.down()
    laptop.start()
    assert house.url == first
    laptop.down()
    with socket.create_server(("127.0.0.1", int(first.rpartition(":")[2]))):
        laptop.start()
        assert house.url != first
        assert house.known == {"url": house.url, "key": house.key}
    house.put(json.dumps(THEIRS))
    laptop.up(write_assembly(tmp_path / "changed", {"Pages": stack("another description")}))
    assert house.known == THEIRS
