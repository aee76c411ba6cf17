#!/usr/bin/env bash
# Writes the root of a small Debian 12 to standard output as a tar archive: what debian:bookworm-slim holds, for
# machines that no registry answers. Needs root and debootstrap. RXPRESS_DEBIAN_MIRROR names another mirror.
set -euo pipefail

mirror=${RXPRESS_DEBIAN_MIRROR:-http://deb.debian.org/debian}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Quiet, but what debootstrap said is shown when it fails.
debootstrap --variant=minbase bookworm "$folder/root" "$mirror" > "$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
cd "$folder/root"

rm etc/apt/sources.list
cat > etc/apt/sources.list.d/debian.sources <<END
Types: deb
URIs: $mirror
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: ${mirror}-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END

# What makes it slim: no manuals, no documents but copyrights, no translations, no package caches.
cat > etc/dpkg/dpkg.cfg.d/slim <<'END'
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
END
cat > etc/apt/apt.conf.d/slim <<'END'
Acquire::Languages "none";
Acquire::GzipIndexes "true";
END
find usr/share/doc -type f ! -name copyright -delete
find usr/share/doc -type d -empty -delete
rm -rf usr/share/{man,info,locale}/* var/cache/apt/*.bin var/cache/apt/archives/*.deb var/lib/apt/lists/* var/log/*.log var/log/apt
rm -f etc/hostname etc/resolv.conf

tar --numeric-owner --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' -c .
