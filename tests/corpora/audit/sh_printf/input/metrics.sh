#!/usr/bin/env bash
set -euo pipefail
out=metrics/run.ndjson
printf '{"name":"%s","value":%d}\n' "$1" "$2" >> "$out"
printf '%s\n' "$json" >> "$out"
printf 'plain %s\n' "$1" >> run.txt
