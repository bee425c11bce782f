#!/bin/sh
# prune.sh VENV: drop what a running container never reads
set -eu
packages=$(echo "$1"/lib/python3*/site-packages)
find "$packages" -type d \( -name tests -o -name test -o -name __pycache__ \) -prune -exec rm -rf {} +
find "$packages" \( -name '*.pyi' -o -name '*.pxd' -o -name '*.pyx' -o -name '*.pxi' -o -name '*.h' \) -delete
rm -rf "$packages"/numpy/f2py "$packages"/numpy/_core/include "$packages"/cv2/data
