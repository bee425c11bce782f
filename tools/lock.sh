#!/bin/sh
# Resolve every *.in file to a hash-locked *.txt: one resolution for the laptop, the others constrained by it.
set -eu
cd "$(dirname "$0")/.."
compile() { uv pip compile --quiet --generate-hashes --no-emit-index-url --custom-compile-command "make lock" "$@"; }
compile --python-version 3.11 requirements-dev.in -o requirements-dev.txt
compile --python-version 3.11 -c requirements-dev.txt requirements.in -o requirements.txt
for folder in containers/*/; do
  compile --python-version 3.13 --python-platform x86_64-manylinux_2_28 -c requirements-dev.txt \
    "${folder}requirements.in" -o "${folder}requirements.txt"
done
for folder in lambdas/*/; do
  [ ! -e "${folder}requirements.in" ] || compile --python-version 3.14 --python-platform aarch64-manylinux_2_28 \
    -c requirements-dev.txt "${folder}requirements.in" -o "${folder}requirements.txt"
done
