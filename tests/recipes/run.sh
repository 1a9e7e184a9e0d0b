#!/usr/bin/env bash
# Runs both recipes of docs/RECIPES.md with the binary that is named, the packages from PyPI in a venv of their own.
set -euo pipefail
logboom=$(realpath "${1:?usage: $0 LOGBOOM}")
cd "$(dirname "$0")"
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
"${PYTHON:-python3}" -m venv "$venv"
failed=0
for recipe in nvflare==2.9.0 ray==2.60.0; do
  # What cannot be installed is skipped, and said to be, by the script itself.
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$recipe" || true
  echo "$recipe"
  "$venv/bin/python" "${recipe%%=*}.py" "$logboom" || failed=1
done
exit $failed
