#!/usr/bin/env bash
# Prints where nf-core's linter is. The version that .nf-core.yml names is installed first, if it is not there: into a
# folder of its own, outside this one, since its packages are not those of rxpress. Ends with 1 where PyPI does not answer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=$(sed -n 's/^nf_core_version: *//p' .nf-core.yml)
folder="${XDG_CACHE_HOME:-$HOME/.cache}/rxpress/nf-core-$version"

if [ ! -e "$folder/installed" ]; then
    rm -rf "$folder"
    .venv/bin/python -m venv "$folder"
    if ! "$folder/bin/pip" install -q --disable-pip-version-check "nf-core==$version" >&2; then
        echo "nf-core $version cannot be installed" >&2
        exit 1
    fi
    touch "$folder/installed"
fi
printf '%s\n' "$folder/bin/nf-core"
