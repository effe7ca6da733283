# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# virtme-ng as the bed's machine: for a developer's machine with nested virtualisation, where it is faster than Bochs.
# The same root file system and the same runner; the machine's processor is the real one. Sourced by run.sh.

vng_prepare() {
	command -v vng >/dev/null ||
		die "no virtme-ng here: install the package virtme-ng (Debian 13 or later), or use BED=bochs"
	command -v qemu-system-x86_64 >/dev/null || die "virtme-ng needs qemu-system-x86_64 (package qemu-system-x86)"
	case $kernel in debian-*) die "virtme-ng boots the plain and the debug kernel only" ;; esac
	grep -qE '^flags.*\<(vmx|svm)\>' /proc/cpuinfo ||
		say "this processor offers no virtualisation: the machine has no VMX, axvm will say so"
	stage_root "$dir/root" "$@"
}

# vng_start: the machine in the background; its process group in $machine, its output in $dir/out.fifo.
vng_start() {
	local accel=()
	[ -w /dev/kvm ] && grep -qE '^flags.*\<(vmx|svm)\>' /proc/cpuinfo || accel=(--disable-kvm --disable-microvm)
	(cd "$dir" && exec setsid timeout -k 5 "$((bound + 60))" vng -r "$tree/bed/bzImage" --user root --force-9p \
		"${accel[@]}" --cpus "$cpus" --memory "$((memory + 128))M" --rwdir "$dir" --append "panic=0 $append" \
		-- sh "$bed/guest/vng-enter.sh" "$dir") >"$dir/out.fifo" 2>"$dir/machine.log" </dev/null &
	machine=$!
}

vng_trouble() { tail -n 15 "$dir/machine.log"; }
