# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's source, from Debian's linux-source package: for our own kernels, and for checkpatch and kernel-doc.
# Sourced after common.sh and apt.sh. AXVM_LINUX_SOURCE names a source tree to use instead (with Debian's patches or
# without; it must be clean, as for any O= build).

linux_series=6.12

# linux_version DIRECTORY: what `make kernelversion` says, without make.
linux_version() { awk '/^(VERSION|PATCHLEVEL|SUBLEVEL) =/ {v = v d $3; d = "."} END {print v}' "$1/Makefile"; }

# linux_source: print the path of the source tree, fetching it first when it is not there.
linux_source() {
	local link=$cache/src/linux-$linux_series part=$cache/part/linux-source version
	if [ -n "${AXVM_LINUX_SOURCE:-}" ]; then
		[ -f "$AXVM_LINUX_SOURCE/Kbuild" ] || die "AXVM_LINUX_SOURCE=$AXVM_LINUX_SOURCE is no kernel source tree"
		realpath "$AXVM_LINUX_SOURCE"
		return
	fi
	if [ ! -f "$link/Makefile" ]; then
		lock linux-source
		need_space 2500
		install_packages xz-utils
		rm -rf "$part" && mkdir -p "$part" "$cache/src"
		fetch_deb "$part" "linux-source-$linux_series" trixie bookworm-backports
		step "unpacking the kernel's source" "about 20 s" 0 "$cache/log/linux-unpack.log" \
			tar -xf "$part/usr/src/linux-source-$linux_series.tar.xz" -C "$part"
		version=$(linux_version "$part/linux-source-$linux_series")
		rm -rf "$cache/src/linux-$version"
		mv "$part/linux-source-$linux_series" "$cache/src/linux-$version" && rm -rf "$part"
		ln -sfn "linux-$version" "$link"
	fi
	realpath "$link"
}
