# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# virtme-ng as the bed's machine: for a developer's machine with nested virtualisation, where it is faster than Bochs.
# The same root file system and the same runner; the machine's processor is the real one. Sourced by run.sh.

vng_prepare() {
	[ "$arch" = x86_64 ] || die "virtme-ng is a bed for x86_64"
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
	# Verbose, so that the kernel's console comes out on stderr. root= because a kernel without block devices wants it.
	(cd "$dir" && exec setsid "${mortal[@]}" timeout -k 5 "$((bound + 60))" vng -v -r "$tree/bed/$arch_image" --user root --force-9p \
		"${accel[@]}" --cpus "$cpus" --memory "$((memory + 128))M" --append "root=/dev/root $append" \
		-- sh "$bed/guest/vng-enter.sh" "$dir/root") >"$dir/out.fifo" 2>"$dir/console.log" </dev/null {hold}>&- &
	machine=$!
}

vng_trouble() { :; }
