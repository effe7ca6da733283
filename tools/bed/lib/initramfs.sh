# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# Root file systems for the bed: a tree of busybox, and a tree turned into an initramfs, byte for byte the same each time.
# Sourced after common.sh, apt.sh and cross.sh.

# busybox_of: print the path of the tested family's busybox.
busybox_of() {
	if [ "$arch" = "$host_arch" ]; then echo /bin/busybox; else echo "$(foreign_package busybox-static)/bin/busybox"; fi
}

# busybox_tree DIRECTORY: $busybox with all its names (this machine's has the same), and the directories that mounts want.
busybox_tree() {
	local dir=$1 name
	mkdir -p "$dir"/{bin,sbin,usr/bin,usr/sbin,proc,sys,dev,tmp,root,run,etc}
	cp "$busybox" "$dir/bin/busybox"
	for name in $(/bin/busybox --list); do
		[ "$name" = busybox ] || ln -s busybox "$dir/bin/$name"
	done
	ln -s ../bin/busybox "$dir/sbin/modprobe"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$dir/etc/passwd"
}

# pack_tree DIRECTORY FILE: not compressed, which a machine that is emulated starts from fastest.
pack_tree() {
	find "$1" -exec touch -h -d @946681200 {} +
	(cd "$1" && find . -print0 | LC_ALL=C sort -z |
		cpio -0 -o -H newc -R 0:0 --reproducible --quiet) >"$2"
}
