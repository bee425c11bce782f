#!/bin/sh
# Resolve every *.in file to a hash-locked *.txt: one resolution for the laptop, the others constrained by it.
set -eu
cd "$(dirname "$0")/.."
compile() { # file.in and options
  uv pip compile --quiet --generate-hashes --no-emit-index-url --custom-compile-command "make lock" "$@" -o "${1%.in}.txt"
}
compile requirements-dev.in --python-version 3.11
compile requirements.in --python-version 3.11 -c requirements-dev.txt
for file in containers/*/requirements.in; do
  compile "$file" --python-version 3.13 --python-platform x86_64-manylinux_2_28 -c requirements-dev.txt
done
for file in lambdas/*/requirements.in; do
  compile "$file" --python-version 3.14 --python-platform aarch64-manylinux_2_28 -c requirements-dev.txt
done
