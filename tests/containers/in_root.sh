#!/usr/bin/env bash
# Runs a command in another root, where folders of this machine stand at their place:
#   in_root.sh ROOT FOLDER… -- COMMAND…
# Not by chroot, in which nobody may make the user namespaces that Apptainer needs.
set -euo pipefail
[ "$1" = --inside ] || exec unshare --mount --propagation private "$0" --inside "$@"
root=$2
shift 2

mount --bind "$root" "$root"
while [ "$1" != -- ]; do
    mkdir -p "$root$1"
    mount --rbind "$1" "$root$1"
    shift
done
shift
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
[ -e "$root/dev/fuse" ] || mknod --mode=666 "$root/dev/fuse" c 10 229
mkdir -p "$root/old"
cd "$root"
pivot_root . old
umount --lazy /old
cd /
exec "$@"
