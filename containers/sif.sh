#!/usr/bin/env bash
# Writes the images that conf/containers.config names as files for Apptainer and Singularity: containers/sif.sh DIR
# It needs apptainer, and docker or podman with the images in it (containers/build.sh).
#   RXPRESS_SQUASHFS='-comp zstd'   further options of mksquashfs; not every installation reads other than gzip
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/engine.sh

say() { printf 'images: %s\n' "$*"; }
stop() { printf 'images: error: %s\n' "$*" >&2; exit 1; }

[ $# = 1 ] || stop 'give the folder to write to'
have apptainer || stop 'apptainer is not on PATH'
engine=${RXPRESS_ENGINE:-$(find_engine docker podman)} || stop 'neither docker nor podman answers'
mkdir -p "$1"
archive=$(mktemp -d)/image.tar
trap 'rm -rf "$(dirname "$archive")"' EXIT
for image in $(grep -oE 'rxpress/[a-z]+:[0-9.]+' conf/containers.config); do
    began=$SECONDS
    file=$(tr '/:' '--' <<< "$image").sif
    "$engine" save --output "$archive" "$image"
    # It gets its name when it is whole.
    apptainer --quiet build --force ${RXPRESS_SQUASHFS:+--mksquashfs-args "$RXPRESS_SQUASHFS"} "$1/$file.part" "docker-archive:$archive"
    mv "$1/$file.part" "$1/$file"
    rm "$archive"
    say "$1/$file: $(($(stat --format %s "$1/$file") / 1000000)) MB, written in $((SECONDS - began)) s"
done
