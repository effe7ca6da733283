#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# reboot: a machine in the bed restarts, and goes over into another kernel by kexec, while a guest runs in axvm: with VMX
# switched on by axvm, and borrowed from KVM. No CPU may be left in VMX operation, or the next kernel does not get it.
set -euo pipefail

if [ "${BED:-bochs}" != bochs ]; then
	echo "the machine is not seen from outside in this bed"
	exit 4
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/axvm-reboot.XXXXXX")
trap 'rm -rf "$dir"' EXIT

fail() {
	echo "$1"
	tail -n 40 "$dir/console.log" "$dir/out" 2>/dev/null
	exit 1
}

# run CASE OPTION...: a machine with two CPUs; its console in $dir/console.log, its status in $status
run() {
	local case=$1
	shift
	status=0
	ARCH=x86_64 "$AXVM_TOP/tools/bed/run.sh" -c 2 -m 384 -t 80 -o "$dir" "$@" -- \
		"modprobe axvm && axvm-test reboot $case" >"$dir/out" 2>&1 || status=$?
}

restart() {
	# Bochs does not come back from the keyboard controller's reset, with or without axvm: by port 0xcf9.
	run restart -a reboot=pci "$@"
	[ "$status" = 0 ] || fail "restart $*: status $status"
	[ "$(grep -c 'Linux version' "$dir/console.log")" = 2 ] || fail "restart $*: the machine did not come back"
}

# The end is the next kernel's: the status of the first one's command is not to be had.
kexec() {
	run kexec -g "$@"
	grep -q 'GUEST-UP' "$dir/console.log" || fail "kexec $*: the next kernel did not come up"
	grep -q '^CPUs: 2 ' "$dir/console.log" || fail "kexec $*: the next kernel did not get its second CPU"
}

restart
kexec
kexec --kvm
[ -z "${AXVM_SOAK:-}" ] || restart --kvm
