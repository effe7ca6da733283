# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# A disk that a PC's BIOS boots: one FAT partition with syslinux, made without root or a mount, byte for byte the same
# for the same input (the clock of a run reads the same, so a run is repeated to the instruction). Sourced after common.sh.

disk_packages=(mtools syslinux syslinux-common fdisk)

# make_disk IMAGE KERNEL INITRAMFS COMMAND-LINE. Its size is a whole number of cylinders of 16 heads and 63 sectors: Bochs
# finds the geometry from that.
make_disk() {
	local image=$1 files cylinders part=$((63 * 512)) dir
	export SOURCE_DATE_EPOCH=946681200 TZ=UTC MTOOLS_SKIP_CHECK=1
	files=$(($(stat -L -c %s "$2") + $(stat -L -c %s "$3")))
	cylinders=$((files / (16 * 63 * 512) + 8))
	[ "$cylinders" -ge 65 ] || cylinders=65
	truncate -s $((cylinders * 16 * 63 * 512)) "$image"
	printf 'label: dos\nlabel-id: 0x6178766d\n63,,0x06,*\n' |
		/sbin/sfdisk -q --no-reread --no-tell-kernel "$image"
	dd if=/usr/lib/syslinux/mbr/mbr.bin of="$image" conv=notrunc bs=440 count=1 status=none
	mformat -N 6178766d -i "$image@@$part" -h 16 -s 63 -T $((cylinders * 16 * 63 - 63)) -H 63 ::
	syslinux --install --offset "$part" "$image"
	dir=$(mktemp -d "$image.XXXX")
	ln -s "$(realpath "$2")" "$dir/bzImage"
	ln -s "$(realpath "$3")" "$dir/initrd"
	printf 'DEFAULT l\nPROMPT 0\nTIMEOUT 0\nLABEL l\n KERNEL /bzImage\n INITRD /initrd\n APPEND %s\n' "$4" >"$dir/syslinux.cfg"
	mcopy -i "$image@@$part" -o "$dir/bzImage" "$dir/initrd" "$dir/syslinux.cfg" ::/
	rm -rf "$dir"
}
