"""Promises of reading Dockerfiles."""

import pytest

from local.dockerfile import UnsupportedDockerfile, last_stage

TWO_STAGES = """
# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
ENV VENV=/opt/venv
RUN python -m venv $VENV && \\
    # a comment between lines
    $VENV/bin/pip install -r requirements.txt
ENTRYPOINT ["never"]

FROM --platform=linux/amd64 python:3.13-slim AS run
ENV PATH=/opt/venv/bin:$PATH \\
    THREADS="1" NAME='two words'
ENV OLD style value
WORKDIR ${HOME:-/srv}/app
COPY --from=build /opt/venv /opt/venv
ENTRYPOINT ["gunicorn", "wsgi:app"]
CMD ["--threads", "4"]
"""


def test_reads_the_last_stage_only() -> None:
    stage = last_stage(TWO_STAGES)
    assert stage.entrypoint == ["gunicorn", "wsgi:app"]
    assert stage.command == ["--threads", "4"]
    assert stage.working_directory == "/srv/app"
    assert stage.environment == {"PATH": "/opt/venv/bin:", "THREADS": "1", "NAME": "two words", "OLD": "style value"}


def test_a_stage_goes_on_from_the_stage_it_names() -> None:
    stage = last_stage('FROM a AS base\nENV A=1\nENTRYPOINT ["serve"]\nFROM base\nENV B=$A$A')
    assert stage.entrypoint == ["serve"]
    assert stage.environment == {"A": "1", "B": "11"}


@pytest.mark.parametrize("text", ["FROM a\nENTRYPOINT gunicorn wsgi:app", "FROM a\nRUN true"])
def test_refuses_an_image_without_an_exec_form_entry_point(text: str) -> None:
    with pytest.raises(UnsupportedDockerfile, match="exec"):
        last_stage(text)
