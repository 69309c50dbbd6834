#!/usr/bin/env bash
# The README's commands on a bare Debian: git, make and Python, no compiler, no X libraries.
#
#   tests/bare.sh SUITE [FOLDER]
#
# Makes a SUITE (trixie, bookworm) of Debian in FOLDER (default /var/tmp/urn-bare-SUITE) with
# debootstrap, clones the repository's last commit into it, and runs there `make demo` with the
# tests' tiny configuration, and `make test`. Needs root. Afterwards FOLDER may be deleted: what is
# mounted there is so in this process's own namespace only, and gone with it however it ends.
set -euo pipefail

if [ -z "${URN_BARE_NAMESPACE:-}" ]; then
  URN_BARE_NAMESPACE=1 exec unshare --mount --propagation private "$0" "$@"
fi

suite=$1
root=${2:-/var/tmp/urn-bare-$suite}
repository=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
packages=ca-certificates,git,make,python3,python3-venv

if [ ! -e "$root/usr/bin/make" ]; then
  debootstrap --variant=minbase --include="$packages" "$suite" "$root" \
    ${DEBIAN_MIRROR:-}
fi
# The machine's own way to the package index.
for path in /etc/resolv.conf /etc/hosts /etc/ssl/certs /etc/pip.conf /etc/xdg/pip; do
  [ ! -e "$path" ] || cp --recursive --parents "$path" "$root"
done
rm -rf "$root/urn"
git clone --quiet --no-hardlinks "$repository" "$root/urn"

for folder in proc dev sys; do
  mkdir -p "$root/$folder"
  mount --rbind "/$folder" "$root/$folder"
done

bare() {
  chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    bash -c "set -e; cd /urn; $1"
}
time bare 'make install'
time bare 'make demo CONFIG=tests/tiny.yaml'
time bare 'make test'
