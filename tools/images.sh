#!/usr/bin/env bash
# Build every containers/*/Dockerfile and exercise the result, without a Docker engine and without an image registry.
# Needs root on Debian: podman builds and runs, and a bootstrapped Debian stands in for the official Python image.
set -euo pipefail
cd "$(dirname "$0")/.."
STATE=${CONTAINER_STATE:-/var/tmp/loupe-containers} # the base image and the build cache; may be deleted at any time
SUITE=trixie                                        # ships Python 3.13, as python:3.13-slim-trixie does
PING_LIMIT_MS=${PING_LIMIT_MS:-1000}                # SageMaker gives /ping 2 s
CA=/etc/ssl/certs/ca-certificates.crt
TOOLS=(podman runc mmdebstrap curl)
cid=

say() { printf '[%4ds] %s\n' "$SECONDS" "$*"; }
fail() { say "FAILED: $*" >&2; if [ -n "$cid" ]; then pm logs --tail 30 "$cid" >&2 || true; fi; exit 1; }
cannot() { echo "Cannot build images here: $*" >&2; exit 3; }
pm() { podman --root "$STATE/storage" --runroot "$STATE/run" "$@"; }
megabytes() { echo $(($1 / 1000000)); }
clean_up() { if [ -n "$cid" ]; then pm rm -f -t 1 "$cid" >/dev/null 2>&1 || true; fi; rm -rf "$STATE/context" "$STATE/answers"; }

check_machine() {
  [ "$(id -u)" = 0 ] || cannot "this needs root, and you are $(id -un). With Docker: docker build -f containers/<slice>/Dockerfile ."
  [ -e /etc/debian_version ] || cannot "this needs Debian or Ubuntu. With Docker: docker build -f containers/<slice>/Dockerfile ."
  local missing=() tool
  for tool in "${TOOLS[@]}"; do command -v "$tool" >/dev/null || missing+=("$tool"); done
  ((${#missing[@]} == 0)) && return
  apt-get -qq update || cannot "apt-get update failed, and ${missing[*]} must be installed."
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null \
    || cannot "apt-get could not install ${missing[*]}."
}

configure_podman() { # runc: crun refuses hybrid cgroups; storage of our own, so that nothing of the host's is touched
  mkdir -p "$STATE"
  cat >"$STATE/containers.conf" <<'CONF'
[containers]
default_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
  export CONTAINERS_CONF=$STATE/containers.conf
}

make_base() { # once a week and for each recipe
  local key tar
  key=$(printf '%s %s v1' "$SUITE" "$(date +%G-%V)" | sha256sum | cut -c1-16)
  tar=$STATE/base-$key.tar
  base=localhost/python-base:$key
  if [ ! -s "$tar" ]; then
    rm -f "$STATE"/base-*.tar
    # shellcheck disable=SC2016  # mmdebstrap's own shell expands $1
    mmdebstrap --quiet --format=tar --variant=minbase --include=ca-certificates,netbase,tzdata,python3,python3-venv \
      --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
      --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
      --customize-hook='rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED' \
      --customize-hook='ln -s /usr/bin/python3 "$1"/usr/local/bin/python3; ln -s /usr/bin/python3 "$1"/usr/local/bin/python' \
      "$SUITE" "$tar.part" || cannot "mmdebstrap could not fetch Debian $SUITE."
    mv "$tar.part" "$tar"
  fi
  pm image exists "$base" || pm import -q --change 'ENV LANG=C.UTF-8' \
    --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' "$tar" "$base" >/dev/null
  base_bytes=$(stat -c %s "$tar")
  say "base image: $(megabytes "$base_bytes") MB"
}

build() { # the context holds what the CDK asset holds
  local slice=$1 context=$STATE/context from size
  rm -rf "$context"
  mkdir -p "$context/containers" "$context/schemas"
  cp containers/__init__.py "$context/containers/"
  cp -r "containers/$slice" "$context/containers/"
  cp -r loupe "$context/"
  if [ -d "schemas/$slice" ]; then cp -r "schemas/$slice" "$context/schemas/"; fi
  from=$(sed -n 's/^FROM \([^ ]*\) AS build$/\1/p' "containers/$slice/Dockerfile")
  pm build -q --format docker --pull=never --network host -v "$CA:$CA:ro" --build-context "$from=container-image://$base" \
    -f "$context/containers/$slice/Dockerfile" -t "localhost/$slice:ci" "$context" >"$STATE/build.log" 2>&1 \
    || { tail -30 "$STATE/build.log" >&2; fail "$slice does not build"; }
  size=$(pm image inspect -f '{{.Size}}' "localhost/$slice:ci")
  say "$slice: $(megabytes "$size") MB, of which $(megabytes $((size - base_bytes))) MB are its own"
}

in_container() { nsenter -t "$pid" -n "$@"; } # the container has no network: its loopback is entered from outside
request() { in_container curl -sS --max-time 60 "$@"; }

expect() { # expect STATUS TEXT FILE: what /invocations answers to a file
  local answer=$STATE/answers/answer status
  status=$(request -o "$answer" -w '%{http_code}' --data-binary "@$3" http://127.0.0.1:8080/invocations)
  [ "$status" = "$1" ] || fail "$3 gave $status, not $1: $(head -c 300 "$answer")"
  grep -q "$2" "$answer" || fail "$3 did not give '$2' but: $(head -c 300 "$answer")"
}

ping_while_busy() {
  local plan=$1 slowest=0 ms busy=() answer
  for answer in 1 2 3 4; do
    request -f -o "$STATE/answers/$answer" --data-binary "@$plan" http://127.0.0.1:8080/invocations & busy+=($!)
  done
  for _ in $(seq 15); do
    ms=$(request -f -o /dev/null -w '%{time_total}' http://127.0.0.1:8080/ping | awk '{print int($1 * 1000)}')
    ((ms > slowest)) && slowest=$ms
    sleep 0.05
  done
  wait "${busy[@]}" || fail "an invocation failed beside three others"
  for answer in 2 3 4; do cmp -s "$STATE/answers/1" "$STATE/answers/$answer" || fail "equal requests, different answers"; done
  ((slowest < PING_LIMIT_MS)) || fail "/ping took $slowest ms while invocations ran"
  say "room_detection: slowest /ping beside four invocations took $slowest ms"
}

start_server() { # as SageMaker does, with less than it gives: no network, nothing to write to but /tmp
  cid=$(pm run -d --network none --memory 2g --read-only --tmpfs /tmp "localhost/$1:ci" serve)
  pid=$(pm inspect -f '{{.State.Pid}}' "$cid")
  for _ in $(seq 100); do
    if request -f -o /dev/null http://127.0.0.1:8080/ping 2>/dev/null; then return; fi
    sleep 0.1
  done
  fail "$1 does not answer /ping within 10 s"
}

stop_server() {
  pm stop -t 30 "$cid" >/dev/null
  local code
  code=$(pm inspect -f '{{.State.ExitCode}}' "$cid")
  [ "$code" = 0 ] || fail "SIGTERM ended it with $code"
  pm rm -f "$cid" >/dev/null
  cid=
}

try_room_detection() {
  local plan=examples/flat.png worker
  mkdir -p "$STATE/answers"
  start_server room_detection
  expect 200 '"id":"room_001"' "$plan"
  head -c 5000 "$plan" >"$STATE/answers/short.png"
  expect 400 'damaged or cut short' "$STATE/answers/short.png"
  printf 'GIF89a' >"$STATE/answers/gif.png"
  expect 415 'is a GIF' "$STATE/answers/gif.png"
  ping_while_busy "$plan"
  for worker in $(cat "/proc/$pid/task/$pid/children"); do
    [ "$(stat -c %u "/proc/$worker")" = 990 ] || fail "a worker runs as user $(stat -c %u "/proc/$worker"), not as app"
  done
  pm exec "$cid" python -c 'from importlib.util import find_spec as f; raise SystemExit(any(map(f, ["boto3", "pip"])))' \
    || fail "the image holds boto3 or pip"
  stop_server
  say "room_detection: /ping, /invocations, refusals, unprivileged workers, SIGTERM: all right"
}

run_ocr() { # as Batch does: unprivileged, with little memory; without a service, every page's calls fail
  pm run --rm --network none --memory 512m --read-only --tmpfs /tmp -v "$STATE/answers/pages:/pages:ro" \
    -e LOUPE_OCR_URL=http://127.0.0.1:9 -e LOUPE_OCR_KEY=none -e LOUPE_OCR_RETRY_MILLISECONDS=1 \
    localhost/ocr:ci run --output /tmp/run "$@" 2>&1
}

try_ocr() {
  local said pages=$STATE/answers/pages
  mkdir -p "$STATE/answers"
  .venv/bin/python -m examples.pages "$pages" --rows 4 >/dev/null
  said=$(run_ocr --dataset /pages/pages.parquet --dry-run) || fail "a dry run ended with $?: $said"
  grep -q '"images_missing": 0' <<<"$said" || fail "a dry run said: $said"
  said=$(run_ocr --dataset /pages/pages.parquet --rate 100) || fail "a run ended with $?: $said"
  grep -q '"rows": 4, "failed": 4' <<<"$said" || fail "a run said: $said"
  echo "no table" >"$pages/text.parquet"
  if said=$(run_ocr --dataset /pages/text.parquet); then fail "a text file was labelled"; fi
  grep -q 'is not a Parquet file' <<<"$said" || fail "a text file gave: $said"
  say "ocr: a dry run, a run without its service, a table that is none: all right"
}

run_plates() { # as SageMaker Processing does, but without a network: the archive is a folder
  pm run --rm --network none --memory 1g --read-only --tmpfs /tmp -v "$STATE/answers/plates:/plates" \
    -e BWS_DATASET_S3_PREFIX=/plates -e BWS_MODELS=cpu-baseline-v1,segmentation-otsu-v1 -e BWS_PLATE_SHARD=0/1 \
    -e BWS_RUN_ID=run-20260104-043258-877a06a6 localhost/plate_runs:ci "$@" 2>&1
}

try_plate_runs() {
  local said plates=$STATE/answers/plates
  .venv/bin/python -m examples.plates "$plates" --plates 3
  chown -R 990:990 "$plates"
  said=$(run_plates run) || fail "a run ended with $?: $said"
  grep -q '"plates_processed": 3' <<<"$said" || fail "a run said: $said"
  said=$(run_plates ledger) || fail "a ledger ended with $?: $said"
  said=$(run_plates verify) || fail "an honest archive does not verify: $said"
  echo >>"$plates/plates_structured/plate-002/source/plate-002.jpg"
  if said=$(run_plates verify); then fail "a changed source verified: $said"; fi
  grep -q 'is not what was archived' <<<"$said" || fail "a changed source gave: $said"
  say "plate_runs: a run, its ledger, an archive that verifies and one that does not: all right"
}

run_search() { # the container is told where the versions are; here that is a folder
  pm run --rm --network none --memory 1g --read-only --tmpfs /tmp -v "$STATE/answers/cards:/cards" \
    -e LOUPE_REFERENCE=/cards/reference localhost/search:ci "$@" 2>&1
}

try_search() {
  local said file cards=$STATE/answers/cards
  mkdir -p "$cards"
  .venv/bin/python - "$cards" <<'PYTHON'
import json, sys
import numpy as np
from pathlib import Path
from usearch.index import Index
folder, rows = Path(sys.argv[1]), np.random.default_rng(1).standard_normal((100, 64)).astype(np.float32)
rows /= np.linalg.norm(rows, axis=1, keepdims=True)
np.save(folder / "embeddings.npy", rows)
index = Index(ndim=64, metric="ip", dtype="f32")
index.add(np.arange(100), rows)
index.save(folder / "usearch.index")
(folder / "index.json").write_text(json.dumps([f"card-{row}" for row in range(100)]))
(folder / "metadata.json").write_text(json.dumps({f"card-{row}": {"row": row} for row in range(100)}))
PYTHON
  chown -R 990:990 "$cards"
  said=$(run_search build /cards/embeddings.npy --index-json /cards/index.json --metadata /cards/metadata.json \
    --usearch-index /cards/usearch.index --version first) || fail "a build ended with $?: $said"
  grep -q '"usable": true' <<<"$said" || fail "a build said: $said"
  said=$(run_search publish first) || fail "a publication ended with $?: $said"
  for file in codes.npy index.json; do echo >>"$cards/reference/first/$file"; done
  if said=$(run_search verify first); then fail "a changed version verified: $said"; fi
  grep -q 'codes.npy: it has' <<<"$said" || fail "a changed version gave: $said"
  say "search: a build, its publication, a version that does not verify: all right"
}

check_machine
configure_podman
trap clean_up EXIT
make_base
for dockerfile in containers/*/Dockerfile; do
  slice=$(basename "$(dirname "$dockerfile")")
  build "$slice"
  "try_$slice"
done
