#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# bochs.sh: make sure that there is a Bochs with VMX, and print the path of its program on the last line of stdout.
#
# It is built from Debian's source package of Bochs 3.0, which no bookworm package offers, as a plain program without
# debugger and display. When that cannot be done, Debian's bochs 2.7 package takes its place; it is slower, and hangs now
# and then, which the time bound of run.sh catches.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$bed/lib/apt.sh"

version=3.0
flags="-O3 -fno-plt -fomit-frame-pointer"
options=(--enable-cpu-level=6 --enable-x86-64 --enable-smp --enable-vmx=2 --enable-svm --enable-avx --enable-evex
	--enable-all-optimizations --enable-a20-pin --enable-pci --enable-fpu --enable-long-phy-address
	--enable-protection-keys --enable-memtype --enable-cet --enable-uintr --enable-amx --enable-monitor-mwait --enable-e1000
	--disable-debugger --disable-debugger-gui --disable-docbook --disable-plugins --disable-xpm --disable-gameport
	--without-x --with-nogui --disable-show-ips)
key=$(key "$version" "$flags" "${options[@]}" "$(dpkg --print-architecture)" \
	"$(cat "$bed"/patches/bochs-*.patch)" 1)
dir=$cache/bochs/$key
part=$cache/part/bochs-$key

# The .dsc is not on every mirror: take the tarballs, and compare them with what the signed Sources index says.
# (No errexit inside a step: each line says what follows on its failure.)
fetch_source() {
	local p
	mkdir -p "$part/dl" && cd "$part/dl" || return 1
	private_apt apt-get source --download-only bochs/trixie ||
		private_apt apt-get source --download-only bochs
	private_apt apt-cache showsrc bochs | awk '/^Checksums-Sha256:/ {on=1; next} /^[^ ]/ {on=0}
		on && $3 ~ /\.tar\./ {print $1 "  " $3}' | grep "bochs_$version" | sort -u >sums
	sha256sum --strict -c sums || return 1
	rm -rf ../src.part && mkdir ../src.part &&
		tar -xf ./*.orig.tar.* -C ../src.part --strip-components=1 &&
		tar -xf ./*.debian.tar.* -C ../src.part && cd ../src.part || return 1
	while read -r p; do
		patch -p1 -s <"debian/patches/$p" || return 1
	done < <(grep -v '^ *#' debian/patches/series | grep .)
	for p in "$bed"/patches/bochs-*.patch; do
		patch -p1 -s <"$p" || return 1
	done
	mv ../src.part ../src
}

build() {
	cd "$part/src" || return 1
	if [ ! -f configured ]; then
		CFLAGS=$flags CXXFLAGS=$flags ./configure "${options[@]}" && touch configured || return 1
	fi
	make -j"$jobs" bochs && strip bochs && mkdir -p "$part/out" && cp bochs "$part/out/"
}

# In a subshell: when a step gives up, the packaged program is still to be tried.
from_source() (
	need_space 400
	install_packages build-essential bison flex xz-utils patch
	private_update
	[ -d "$part/src" ] || step "fetching Bochs $version" "" 0 "$cache/log/bochs-fetch.log" fetch_source
	step "building Bochs $version" "about 1 min on 2 cores" 1331 "$cache/log/bochs-build.log" build
	mkdir -p "$cache/bochs" && rm -rf "$dir" && mv "$part/out" "$dir" && rm -rf "$part"
)

if [ ! -x "$dir/bochs" ]; then
	lock bochs
	status=0
	[ -x "$dir/bochs" ] || from_source || status=$?
	case $status in
	0) ;;
	75) exit 75 ;;
	*)
		say "taking the packaged Bochs instead; the next run tries again to build $version"
		install_packages bochs bochs-term
		echo /usr/bin/bochs
		exit
		;;
	esac
fi
echo "$dir/bochs"
