#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# modules.sh FLAVOUR [MAKE-ARGUMENT...]: build this checkout's modules for that kernel, and its programs (the launcher, and
# whatever under tools/bench and tools/tests has a Makefile); print the directory that holds them on the last line of stdout:
#
#   mod/axvm.ko  mod/kunit/*.ko  mod/samples/*.ko  bin/axvm  bin/...
#
# The sources are mirrored to a directory of their own for each kernel and built there, so kernels do not get in each
# other's way and the checkout stays clean. Only what changed is built again. AXVM_BUILD names another mirror than the
# kernel's own, for a build with other flags; programs are not built then.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$bed/lib/apt.sh"
. "$bed/lib/cross.sh"

flavour=${1:-plain}
shift || true
tree=$("$bed/kernel.sh" "$flavour")
base=$cache/build/$(key "$top")
name=$arch-${AXVM_BUILD:-$flavour}
dir=$base/$name
log=$cache/log/modules-$(basename "$base")-$name.log
install_packages rsync build-essential kmod
lock "modules-$(basename "$base")-$name"
mkdir -p "$dir/src" "$dir/mod"

# build_failed WHAT LOG: what the compiler said, without make's own noise.
build_failed() {
	{ grep -vE '^(make: |  (CC|LD|AR|AS|CHECK|MODPOST) )|(Entering|Leaving) directory' "$2" || true; } | tail -n 40 >&2
	die "$1 does not build (log: $2)"
}

# replace DIRECTORY: DIRECTORY.new takes its place, unless they are equal: another run may be reading it.
replace() {
	if diff -rq "$1" "$1.new" >/dev/null 2>&1; then
		rm -rf "$1.new"
	else
		rm -rf "$1" && mv "$1.new" "$1"
	fi
}

# What was built stays beside the mirrored sources; what is no source any more goes. Nothing changed: nothing to do. What
# changed gets today's time, whatever its own is: an older file in a newer one's place is a change, too.
changes=$(rsync -rlpi --checksum --delete --exclude='.*' --exclude='/tools' --exclude='/Documentation' --exclude='*.o' \
	--exclude='*.ko' --exclude='*.mod' --exclude='*.mod.c' --exclude='modules.order' --exclude='Module.symvers' \
	"$top/" "$dir/src/")
asked="$tree $*"
if [ -f "$dir/src/Kbuild" ] && { [ -n "$changes" ] || [ "$(cat "$dir/built" 2>/dev/null)" != "$asked" ]; }; then
	rm -f "$dir/built"
	# shellcheck disable=SC2046
	make -C "$tree" M="$dir/src" -j"$jobs" $(cat "$tree/bed/make-arguments" 2>/dev/null) "$@" modules >"$log" 2>&1 ||
		build_failed "the module for $flavour" "$log"
	grep -E 'warning:|WARNING:' "$log" >&2 || true
	rm -rf "$dir/mod.new" && mkdir -p "$dir/mod.new"
	while read -r object; do
		# The names are absolute or relative, of .ko or .o files, as the kernel's version has it.
		object=${object#"$dir/src/"}
		mkdir -p "$dir/mod.new/$(dirname "$object")"
		cp -p "$dir/src/${object%.*}.ko" "$dir/mod.new/${object%.*}.ko"
	done <"$dir/src/modules.order"
	replace "$dir/mod"
	echo "$asked" >"$dir/built"
fi

# program DIRECTORY: one that has a Makefile which takes OUT and STATIC; what it makes that can be executed goes to bin.
program() {
	local out=$base/$arch-programs/$1 log
	log=$cache/log/program-$(basename "$base")-$arch-${1//\//-}.log
	mkdir -p "$out"
	make -C "$top/tools/$1" OUT="$out" ARCH="$arch" CC="$cc" CXX="$cxx" STATIC=1 -j"$jobs" >"$log" 2>&1 || build_failed "tools/$1" "$log"
	find "$out" -maxdepth 1 -type f -perm -100 -exec cp -p {} "$dir/bin.new/" \;
}
if [ -z "${AXVM_BUILD:-}" ]; then
	install_packages "${arch_program_packages[@]}"
	cross_tools
	cc=$(cross_cc)
	cxx=$(cross_cxx)
	lock "programs-$(basename "$base")-$arch"
	rm -rf "$dir/bin.new" && mkdir -p "$dir/bin.new"
	for makefile in "$top"/tools/{axvm,bench,guests,tests,tests/*}/Makefile; do
		[ ! -f "$makefile" ] || program "$(dirname "${makefile#"$top/tools/"}")"
	done
	replace "$dir/bin"
fi
echo "$dir"
