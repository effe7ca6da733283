#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=x86_64 kernels=plain cpus=1 guest=2 mem=512 timeout=150
#
# linux-debian: the kernel that Debian ships boots as a guest, finds nothing to complain of, and powers off. It has drivers
# and mitigations that the bed's own kernel does without.
modprobe axvm || exit 1

fail() {
	echo "$1"
	tail -n 40 /tmp/debian.out
	exit 1
}

axvm run -k /guest/debian -i /guest/initramfs -m 256M -a "console=ttyS0 bed=demo" </dev/null >/tmp/debian.out 2>&1
status=$?
[ $status = 0 ] || fail "exit status $status"
grep -q '^GUEST-UP' /tmp/debian.out || fail "it did not come to its init"
grep -q '^Linux .* Debian ' /tmp/debian.out || fail "this was no kernel of Debian's"
grep -Eq '^ *4: +[1-9][0-9]* .*ttyS0' /tmp/debian.out || fail "no interrupt of ttyS0"
grep -Eq '^LOC: +[1-9][0-9]*' /tmp/debian.out || fail "no interrupt of the local timer"
if grep -Ef /bed/splats.txt /tmp/debian.out; then fail "the guest's kernel complained"; fi
rmmod axvm || fail "the module is still in use"
