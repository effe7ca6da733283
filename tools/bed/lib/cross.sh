# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# Building for a family that is not this machine's: Debian's cross compiler, and what else of that family programs need,
# unpacked in the cache and never installed. Sourced after common.sh and apt.sh.

# The prefix of the compiler's name: empty for the machine's own.
cross=''
[ "$arch" = "$host_arch" ] || cross=$arch_gnu-

# cross_tools: the compilers and the C library for them are there.
cross_tools() {
	if [ -n "$cross" ]; then
		install_packages "gcc-$arch_gcc" "g++-$arch_gcc" "libc6-dev-$arch_debian-cross"
	else
		install_packages build-essential
	fi
}

# foreign_package PACKAGE: the package of the tested family, of Debian's stable suites, unpacked; print where.
foreign_package() {
	local dir=$cache/foreign/$arch/$1 part=$cache/part/foreign-$arch-$1
	if [ ! -d "$dir" ]; then
		lock "foreign-$arch-$1"
		if [ ! -d "$dir" ]; then
			rm -rf "$part" && mkdir -p "$part" "$cache/foreign/$arch"
			fetch_deb "$part" "$1:$arch_debian" bookworm trixie
			mv "$part" "$dir"
		fi
	fi
	echo "$dir"
}

# cross_cc: the compiler for programs, a command line.
cross_cc() {
	local fdt
	if [ -z "$cross" ]; then
		echo cc
		return
	fi
	fdt=$(foreign_package libfdt-dev)
	echo "${cross}gcc -isystem $fdt/usr/include -L$fdt/usr/lib/$arch_gnu"
}

# cross_cxx: the same for C++. Headers of the machine's own packages serve all families, if there is no code behind them.
cross_cxx() {
	local fdt
	if [ -z "$cross" ]; then
		echo c++
		return
	fi
	fdt=$(foreign_package libfdt-dev)
	echo "${cross}g++ -L$fdt/usr/lib/$arch_gnu"
}
