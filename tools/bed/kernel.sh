#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel.sh FLAVOUR: make sure that this kernel is there, and print the path of its build tree on the last line of stdout.
#
#   plain, debug      built here from Debian's kernel source with configs/{common,ARCH,FLAVOUR,FLAVOUR-ARCH}.config
#   debian-6.12, ...  Debian's own image and headers, unpacked (see lib/debian-kernel.sh)
#
# `make -C TREE $(cat TREE/bed/make-arguments) M=...` builds modules against the tree. For the bed it holds also bed/bzImage
# or bed/Image, bed/modules/*.ko (KUnit, KVM and what they need) and bed/release. ARCH=arm64 is for arm64.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$bed/lib/apt.sh"
. "$bed/lib/cross.sh"
. "$bed/lib/linux-source.sh"

flavour=${1:-plain}
case $flavour in
debian-*)
	. "$bed/lib/debian-kernel.sh"
	debian_kernel "${flavour#debian-}"
	exit
	;;
esac
case $flavour in
plain | debug) ;;
*) die "no such kernel: $flavour (there are plain, debug, debian-6.12, debian-6.1)" ;;
esac

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

# asked: what is asked for, without the comments, which change nothing.
asked() {
	local f
	for f in common "$arch" "$flavour" "$flavour-$arch"; do
		[ ! -f "$bed/configs/$f.config" ] || grep -v '^\(#\|$\)' "$bed/configs/$f.config"
	done
}

configure() {
	cd "$part" || return 1
	asked >asked.config
	make -C "$src" O="$part" "${make_arguments[@]}" KCONFIG_ALLCONFIG="$part/asked.config" allnoconfig && check_config
}

build() {
	make -C "$part" -j"$((jobs + 1))" "${make_arguments[@]}" "$arch_image" modules
}

# What modules are built with stays; what the kernel was linked from goes.
trim() {
	cd "$part" || return 1
	mkdir -p bed/modules && cp "arch/$arch_src/boot/$arch_image" bed/ && cat include/config/kernel.release >bed/release &&
		echo "${make_arguments[*]}" >bed/make-arguments &&
		find . -name '*.ko' -not -path './bed/*' -exec cp {} bed/modules/ \; &&
		find . \( -name '*.o' -o -name '*.a' -o -name '*.ko' -o -name '.*.cmd' -o -name '*.mod' -o -name '*.mod.c' \
			-o -name '*.dtb*' \) -not -path './scripts/*' -not -path './bed/*' -not -path './tools/*' -delete &&
		rm -rf vmlinux vmlinux.unstripped .tmp_* "arch/$arch_src/boot" arch/x86/realmode asked.config &&
		find . -path './tools/*' -name '*.o' -delete && find . -type d -empty -delete
}

cross_tools
make_arguments=()
[ -z "$cross" ] || make_arguments=("ARCH=$arch" "CROSS_COMPILE=$cross")
src=$(linux_source)
version=$(linux_version "$src")
name=$arch-$flavour-$version-$(key "$src" "$version" "$(asked)" "${make_arguments[*]}" "$("${cross}gcc" -dumpfullversion)" 1)
tree=$cache/kernel/$name
part=$cache/part/kernel-$name

if [ ! -f "$tree/bed/release" ]; then
	lock "kernel-$arch-$flavour"
	if [ ! -f "$tree/bed/release" ]; then
		need_space 2500
		install_packages build-essential bc bison flex libelf-dev libssl-dev kmod cpio "${arch_kernel_packages[@]}"
		mkdir -p "$part" "$cache/kernel"
		what="the $flavour kernel $version for $arch" log=$cache/log/kernel-$arch-$flavour
		step "configuring $what" "" 0 "$log-config.log" configure
		step "building $what" "about $arch_build_minutes min on 2 cores" "$arch_build_lines" "$log.log" build
		step "trimming $what" "" 0 "$log-trim.log" trim
		mv "$part" "$tree"
	fi
fi
echo "$tree"
