#!/bin/sh
# prune.sh VENV: drop what the running program never reads
set -eu
packages=$(echo "$1"/lib/python3*/site-packages)
find "$packages" -type d \( -name tests -o -name test -o -name __pycache__ \) -prune -exec rm -rf {} +
find "$packages" \( -name '*.pyi' -o -name '*.pxd' -o -name '*.pyx' -o -name '*.pxi' -o -name '*.h' \) -delete
for service in "$packages"/botocore/data/*/; do
  case "$(basename "$service")" in s3 | sts | sso | sso-oidc | signin) ;; *) rm -rf "$service" ;; esac
done
rm -rf "$packages"/onnxruntime/tools "$packages"/onnxruntime/transformers "$packages"/onnxruntime/quantization
rm -rf "$packages"/onnxruntime/datasets "$packages"/numpy/f2py "$packages"/numpy/_core/include
