#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# modules.sh FLAVOUR [MAKE-ARGUMENT...]: build this checkout's modules and launcher for that kernel, and print on the last
# line of stdout the directory that holds them:
#
#   mod/axvm.ko  mod/kunit/*.ko  mod/samples/*.ko  bin/axvm
#
# The sources are mirrored to a directory of their own for each kernel and built there, so kernels do not get in each
# other's way and the checkout stays clean. Only what changed is built again. AXVM_BUILD names another mirror than the
# kernel's own, for a build with other flags; the launcher is not built then.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$bed/lib/apt.sh"

flavour=${1:-plain}
shift || true
tree=$("$bed/kernel.sh" "$flavour")
base=$cache/build/$(key "$top")
name=${AXVM_BUILD:-$flavour}
dir=$base/$name
log=$cache/log/modules-$(basename "$base")-$name.log
install_packages rsync build-essential kmod
lock "modules-$(basename "$base")-$name"
mkdir -p "$dir/src" "$dir/mod"

# build_failed WHAT LOG: what the compiler said, without make's own noise.
build_failed() {
	{ grep -vE '^(make: |  (CC|LD|AR|MODPOST) )|(Entering|Leaving) directory' "$2" || true; } | tail -n 40 >&2
	die "$1 does not build (log: $2)"
}

# What was built stays beside the mirrored sources; what is no source any more goes.
rsync -a --delete --exclude='.*' --exclude='/tools' --exclude='/Documentation' --exclude='*.o' --exclude='*.ko' \
	--exclude='*.mod' --exclude='*.mod.c' --exclude='modules.order' --exclude='Module.symvers' "$top/" "$dir/src/"

if [ -f "$dir/src/Kbuild" ]; then
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
	rm -rf "$dir/mod" && mv "$dir/mod.new" "$dir/mod"
fi

if [ -d "$top/tools/axvm" ] && [ -z "${AXVM_BUILD:-}" ]; then
	install_packages acpica-tools
	lock "launcher-$(basename "$base")"
	make -C "$top/tools/axvm" OUT="$base/launcher" STATIC=1 -j"$jobs" >"$cache/log/launcher-$(basename "$base").log" 2>&1 ||
		build_failed "the launcher" "$cache/log/launcher-$(basename "$base").log"
	mkdir -p "$dir/bin" && cp -u "$base/launcher/axvm" "$dir/bin/axvm"
fi
echo "$dir"
