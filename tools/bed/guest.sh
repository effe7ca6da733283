#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh: make the guest that axvm boots, and print the directory that holds it on the last line of stdout: bzImage (the
# bed's plain kernel) and initramfs (busybox and guest/l2-init).
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$bed/lib/apt.sh"
. "$bed/lib/initramfs.sh"

install_packages busybox-static cpio
tree=$("$bed/kernel.sh" plain)
key=$(key "$tree" "$bed/guest/l2-init" "$bed/lib/initramfs.sh" /bin/busybox)
dir=$cache/guest/$key
if [ ! -f "$dir/initramfs" ]; then
	lock guest
	part=$cache/part/guest
	rm -rf "$part" && mkdir -p "$part" "$cache/guest"
	busybox_tree "$part/root"
	cp "$bed/guest/l2-init" "$part/root/init"
	pack_tree "$part/root" "$part/initramfs"
	rm -rf "$part/root" "$dir"
	cp "$tree/bed/bzImage" "$part/bzImage"
	mv "$part" "$dir"
fi
echo "$dir"
