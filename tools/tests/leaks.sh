#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=arm64 kernels=debug cpus=2 kvm=1 kmemleak=1 guest=1 mem=512 timeout=300
# bed: arch=x86_64 kernels=debug cpus=1 kmemleak=1 guest=1 mem=512 timeout=300 soak=1
#
# leaks: what the tests do, and launchers killed on the way, once more on a kernel that looks for memory that nobody holds.
# The runner has it look when this has ended. (On x86, where it takes two minutes, in a soak only.)
modprobe axvm || exit 1
echo madvise >/sys/kernel/mm/transparent_hugepage/enabled
axvm-test api || exit 1
[ -z "$AXVM_SOAK" ] || axvm-test guest || exit 1
axvm-test faults || exit 1
[ -z "$AXVM_SOAK" ] || axvm-test ivc || exit 1
axvm-test ivc_kill || exit 1
for ms in 5 20 50 300 1500; do
	axvm run -k /guest/kernel -i /guest/initramfs -m 64M -c 2 </dev/null >/dev/null 2>&1 &
	usleep "${ms}000"
	kill -9 $!
	wait $!
done
axvm-test module
