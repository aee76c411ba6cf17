#!/usr/bin/env bash
# Writes one archive from which a machine without a network runs rxpress: scripts/bundle.sh [--without-images] [DIR]
# It holds the pipeline, Nextflow's jars, the locked Python packages as wheels with a Java among them, and the images.
# There: unpack it, `make demo`; it needs Python 3.11, and Docker or podman (or the programs of the images on PATH).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/engine.sh

say() { printf 'bundle: %s\n' "$*"; }
stop() { printf 'bundle: error: %s\n' "$*" >&2; exit 1; }

copy_pipeline() {
    git ls-files -z | xargs -0 cp --parents --no-dereference --target-directory "$1"
}

copy_nextflow() {
    mkdir -p "$1/.tools/nextflow"
    cp -r .tools/nextflow/jars .tools/nextflow/modules "$1/.tools/nextflow/"
}

# Some packages are sources only: what builds them comes along.
download_wheels() {
    local lock download=(.venv/bin/pip download -q --disable-pip-version-check --dest "$1/.tools/wheels")
    for lock in installer toolkit report launcher; do
        "${download[@]}" --no-deps --require-hashes --requirement "requirements/$lock.lock"
    done
    "${download[@]}" setuptools wheel
}

save_images() {
    local engine image
    engine=$(find_engine docker podman) || stop 'neither docker nor podman answers; --without-images leaves the images out'
    RXPRESS_ENGINE=$engine containers/build.sh
    mkdir -p "$1/.tools/images"
    for image in $(grep -oE 'rxpress/[a-z]+:[0-9.]+' conf/containers.config); do
        "$engine" save "$image" | gzip -1 > "$1/.tools/images/$(tr '/:' '--' <<< "$image").tar.gz"
    done
}

images=yes
[ "${1:-}" != --without-images ] || { images=no; shift; }
target=${1:-dist}
git rev-parse --is-inside-work-tree > /dev/null 2>&1 || stop 'this is not a clone: git says which files are the pipeline'
scripts/setup.sh bundle
name=rxpress-$(sed -nE "s/^ *version += '(.*)'$/\1/p" nextflow.config)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$target" "$folder/$name"
copy_pipeline "$folder/$name"
copy_nextflow "$folder/$name"
say 'downloading wheels'
download_wheels "$folder/$name"
[ $images = no ] || save_images "$folder/$name"
tar --owner=0 --group=0 --numeric-owner -C "$folder" -cf "$target/$name.tar" "$name"
say "$target/$name.tar: $(($(stat --format %s "$target/$name.tar") / 1000000)) MB"
