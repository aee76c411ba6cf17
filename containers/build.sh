#!/usr/bin/env bash
# Builds the images that conf/containers.config names, tests each as an ordinary user without network, and prints
# its size. An image that was built from the same recipe is left alone, one that is in a bundle (scripts/bundle.sh) loaded.
#   containers/build.sh                 all of them, with docker, podman or buildah, whichever is there first
#   containers/build.sh reads toolkit   only these
#   RXPRESS_ENGINE=podman …             with this engine
# The base image is pulled; when no registry answers, containers/base.sh makes it (as root, with debootstrap).
# podman and buildah take their runtime from containers.conf.
# How this machine reaches its package indexes (proxy, certificates, settings of pip and apt) serves the build and
# stays out of the images.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/engine.sh

base=docker.io/library/debian:bookworm-slim
nobody=64321:64321   # a user that no image knows

say() { printf 'images: %s\n' "$*"; }
stop() { printf 'images: error: %s\n' "$*" >&2; exit 1; }

# What the engines do differently.
exists() {
    case $engine in
        buildah) buildah inspect --type image "$1" > /dev/null 2>&1 ;;
        *) "$engine" image inspect "$1" > /dev/null 2>&1 ;;
    esac
}
recipe_of() {
    case $engine in
        buildah) buildah inspect --type image --format '{{index .OCIv1.Config.Labels "rxpress.recipe"}}' "$1" ;;
        *) "$engine" image inspect --format '{{index .Config.Labels "rxpress.recipe"}}' "$1" ;;
    esac 2> /dev/null || true
}
import_root() {
    local container
    case $engine in
        buildah)
            container=$(buildah from scratch)
            buildah add --quiet "$container" "$1" / > /dev/null
            buildah commit --quiet "$container" "$base" > /dev/null
            buildah rm "$container" > /dev/null
            ;;
        *) "$engine" import "$1" "$base" > /dev/null ;;
    esac
}
self_test() {
    local container limits=()
    # podman raises limits, which not even root may do everywhere; the test needs little.
    [ "$engine" != podman ] || limits=(--ulimit nofile=1024 --ulimit nproc=1024)
    case $engine in
        buildah)
            container=$(buildah from "$1")
            buildah run --user "$nobody" "$container" -- self-test
            buildah rm "$container" > /dev/null
            ;;
        *) "$engine" run --rm --network=none --user "$nobody" --read-only --tmpfs /tmp "${limits[@]}" "$1" self-test ;;
    esac
}
megabytes() {
    local container
    case $engine in
        buildah)
            container=$(buildah from "$1")
            du -sm --apparent-size "$(buildah mount "$container")" | cut -f1
            buildah rm "$container" > /dev/null
            ;;
        *) echo $(($("$engine" image inspect --format '{{.Size}}' "$1") / 1000000)) ;;
    esac
}

make_base() {
    exists "$base" && return
    say "pulling $base"
    timeout 600 "$engine" pull "$base" > /dev/null 2>&1 && return
    if ! have debootstrap || [ "$(id -u)" != 0 ]; then
        stop "no registry answers for $base; as root, with debootstrap installed, it is made here"
    fi
    say 'no registry answers: making it with debootstrap'
    containers/base.sh > "$folder/base.tar"
    import_root "$folder/base.tar"
    rm "$folder/base.tar"
}

# The settings of pip on this machine that say where packages are and how to get there, as a pip.conf.
pip_settings() {
    local python=python3
    [ -x .venv/bin/python ] && python=.venv/bin/python
    printf '[global]\n'
    { "$python" -m pip config list 2> /dev/null || true; } |
        sed -nE "s/^[^.]*\.((extra-)?index-url|trusted-host|proxy|(default-)?timeout|retries)='(.*)'$/\1 = \4/p" |
        sed 's/^default-//' | awk '!seen[$1]++'
    [ ! -s "$1" ] || printf 'cert = /host/ca-certificates.crt\n'
}

# The settings of apt on this machine for the way to its archives, as options.
apt_options() {
    ! have apt-config || apt-config dump |
        sed -nE 's/^(Acquire::(Check-Valid-Until|Check-Date|Retries|https?::(Proxy|Timeout)[^ ]*)) "(.+)";$/-o \1=\4/p' | tr '\n' ' '
}

lock_of() { case $1 in align) echo align.lock ;; multiqc) echo report.lock ;; *) echo toolkit.lock ;; esac; }

recipe_digest() { cat "containers/$1/Dockerfile" "containers/$1/self-test" "requirements/$(lock_of "$1")" | sha256sum | cut -c1-16; }

# The context holds what the recipe copies and nothing else.
make_context() {
    local certificates=${PIP_CERT:-${REQUESTS_CA_BUNDLE:-${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}}}
    mkdir -p "$folder/$1/host"
    cp "containers/$1/Dockerfile" "containers/$1/self-test" "requirements/$(lock_of "$1")" "$folder/$1/"
    [ ! -e "$certificates" ] || cp "$certificates" "$folder/$1/host/ca-certificates.crt"
    pip_settings "$folder/$1/host/ca-certificates.crt" > "$folder/$1/host/pip.conf"
}

load_saved() {
    local archive
    archive=.tools/images/$(tr '/:' '--' <<< "$1").tar.gz
    [ ! -e "$archive" ] || [ "$engine" = buildah ] || "$engine" load --quiet --input "$archive" > /dev/null
}

build_image() {
    local name=$1 image=$2 recipe began=$SECONDS variable proxies=()
    recipe=$(recipe_digest "$name")
    [ "$(recipe_of "$image")" = "$recipe" ] || load_saved "$image"
    if [ "$(recipe_of "$image")" = "$recipe" ]; then
        say "$image is there"
        return
    fi
    make_base
    make_context "$name"
    for variable in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        [ -z "${!variable:-}" ] || proxies+=(--build-arg "$variable=${!variable}")
    done
    say "building $image with $engine"
    "$engine" build --network=host --tag "$image-untested" --label "rxpress.recipe=$recipe" \
        --build-arg "VERSION=${image##*:}" --build-arg "APT_OPTIONS=$(apt_options)" "${proxies[@]}" \
        "$folder/$name" > "$folder/$name.log" 2>&1 || { tail -n 40 "$folder/$name.log" >&2; stop "$image was not built"; }
    # It gets its name when it works, so that a broken one is never taken for built.
    self_test "$image-untested" > "$folder/$name.log" 2>&1 || { cat "$folder/$name.log" >&2; stop "$image does not work"; }
    "$engine" tag "$image-untested" "$image" && "$engine" rmi "$image-untested" > /dev/null
    say "$image: $(megabytes "$image") MB unpacked, built and tested in $((SECONDS - began)) s"
}

engine=${RXPRESS_ENGINE:-$(find_engine docker podman buildah)} || stop 'none of docker, podman and buildah answers'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
images=$(grep -oE 'rxpress/[a-z]+:[0-9.]+' conf/containers.config)
for image in $images; do
    name=$(basename "${image%:*}")
    [ $# = 0 ] || [[ " $* " = *" $name "* ]] || continue
    build_image "$name" "$image"
done
