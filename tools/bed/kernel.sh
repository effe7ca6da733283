#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel.sh FLAVOUR: make sure that this kernel is there, and print the path of its build tree on the last line of stdout.
#
#   plain, debug      built here from Debian's kernel source with configs/common.config and configs/FLAVOUR.config
#   debian-6.12, ...  Debian's own image and headers, unpacked (see lib/debian-kernel.sh)
#
# `make -C TREE M=...` builds modules against the tree. For the bed it holds also bed/bzImage, bed/modules/*.ko (KUnit, KVM
# and what they need) and bed/release.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$bed/lib/apt.sh"
. "$bed/lib/linux-source.sh"

flavour=${1:-plain}
case $flavour in
debian-*)
	. "$bed/lib/debian-kernel.sh"
	debian_kernel "${flavour#debian-}"
	exit
	;;
esac
if [ "$flavour" = common ] || [ ! -f "$bed/configs/$flavour.config" ]; then
	die "no such kernel: $flavour (there are plain, debug, debian-6.12, debian-6.1)"
fi

# The names and times that a kernel carries would differ from build to build: fix them.
export KBUILD_BUILD_TIMESTAMP='Sat Jan  1 00:00:00 UTC 2000' KBUILD_BUILD_USER=axvm KBUILD_BUILD_HOST=bed
export KCONFIG_NOTIMESTAMP=1

# Every line that was asked for must be in the .config that came out; Kconfig drops in silence what it cannot satisfy.
check_config() {
	local line name lost=0
	while read -r line; do
		case $line in
		CONFIG_*=n)
			name=${line%=n}
			! grep -q "^$name=" .config || { echo "wanted $line, got $(grep "^$name=" .config)"; lost=1; }
			;;
		CONFIG_*)
			grep -qxF -- "$line" .config || { echo "wanted $line, got $(grep -w "${line%%=*}" .config || echo nothing)"; lost=1; }
			;;
		esac
	done <"$part/asked.config"
	return "$lost"
}

configure() {
	cd "$part" || return 1
	cat "$bed/configs/common.config" "$bed/configs/$flavour.config" >asked.config
	make -C "$src" O="$part" KCONFIG_ALLCONFIG="$part/asked.config" allnoconfig && check_config
}

build() {
	make -C "$part" -j"$jobs" bzImage modules
}

# What modules are built with stays; what the kernel was linked from goes.
trim() {
	cd "$part" || return 1
	mkdir -p bed/modules && cp arch/x86/boot/bzImage bed/ && cat include/config/kernel.release >bed/release &&
		find . -name '*.ko' -not -path './bed/*' -exec cp {} bed/modules/ \; &&
		find . \( -name '*.o' -o -name '*.a' -o -name '*.ko' -o -name '.*.cmd' -o -name '*.mod' -o -name '*.mod.c' \
			-o -name '*.dtb*' \) -not -path './scripts/*' -not -path './bed/*' -not -path './tools/*' -delete &&
		rm -rf vmlinux vmlinux.unstripped .tmp_* arch/x86/boot arch/x86/realmode asked.config &&
		find tools -name '*.o' -delete && find . -type d -empty -delete
}

src=$(linux_source)
version=$(linux_version "$src")
key=$(key "$src" "$version" "$bed/configs/common.config" "$bed/configs/$flavour.config" "$(${CC:-gcc} -dumpfullversion)" 1)
tree=$cache/kernel/$flavour-$version-$key
part=$cache/part/kernel-$flavour-$version-$key

if [ ! -f "$tree/bed/release" ]; then
	lock "kernel-$flavour"
	if [ ! -f "$tree/bed/release" ]; then
		need_space 2500
		install_packages build-essential bc bison flex libelf-dev libssl-dev lz4 kmod cpio
		mkdir -p "$part" "$cache/kernel"
		step "configuring the $flavour kernel $version" "" 0 "$cache/log/kernel-$flavour-config.log" configure
		step "building the $flavour kernel $version" "about 4 min on 2 cores" 1840 "$cache/log/kernel-$flavour.log" build
		step "trimming the $flavour kernel" "" 0 "$cache/log/kernel-$flavour-trim.log" trim
		mv "$part" "$tree"
	fi
fi
echo "$tree"
