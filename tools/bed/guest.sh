#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh: make the guest that axvm boots, and print the directory that holds it on the last line of stdout: kernel (the
# bed's plain one) and initramfs (busybox and guest/l2-init).
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$bed/lib/apt.sh"
. "$bed/lib/cross.sh"
. "$bed/lib/initramfs.sh"

install_packages busybox-static cpio
busybox=$(busybox_of)
tree=$("$bed/kernel.sh" plain)
key=$(key "$tree" "$bed/guest/l2-init" "$bed/lib/initramfs.sh" "$busybox")
dir=$cache/guest/$key
if [ ! -f "$dir/initramfs" ]; then
	lock "guest-$arch"
	part=$cache/part/guest-$arch
	rm -rf "$part" && mkdir -p "$part" "$cache/guest"
	busybox_tree "$part/root"
	cp "$bed/guest/l2-init" "$part/root/init"
	pack_tree "$part/root" "$part/initramfs"
	rm -rf "$part/root" "$dir"
	cp "$tree/bed/$arch_image" "$part/$arch_image"
	ln -s "$arch_image" "$part/kernel"
	mv "$part" "$dir"
fi
echo "$dir"
