#!/usr/bin/env bash
# Asks a database of known weaknesses about every locked package; skips aloud where none answers within a minute.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What pip-audit asks with --requirement is PyPI's own record of a release.
database=${RXPRESS_AUDIT_DATABASE:-https://pypi.org/pypi/pip/25.0/json}
if ! curl --fail --silent --max-time 15 --output /dev/null "$database"; then
    echo "skipped: audit of locked packages ($database does not answer)"
    exit
fi
folder="${XDG_CACHE_HOME:-$HOME/.cache}/rxpress/pip-audit"
if [ ! -e "$folder/installed" ]; then
    rm -rf "$folder"
    .venv/bin/python -m venv "$folder"
    if ! timeout 40 "$folder/bin/pip" install -q --disable-pip-version-check 'pip-audit>=2.9' >&2; then
        echo 'skipped: audit of locked packages (pip-audit cannot be installed)'
        exit
    fi
    touch "$folder/installed"
fi
for lock in requirements/*.lock; do
    echo "$lock"
    "$folder/bin/pip-audit" --disable-pip --require-hashes --progress-spinner off --timeout 15 --requirement "$lock"
done
