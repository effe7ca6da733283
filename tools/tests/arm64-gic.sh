#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=arm64 kernels=plain,debug cpus=1,2 kvm=0,1 parallel=1 timeout=120
# bed: arch=arm64 kernels=plain cpus=2 kvm=1 model=max parallel=1 timeout=120
# bed: arch=arm64 kernels=plain cpus=2 kvm=0 model=cortex-a72 parallel=1 timeout=120
# bed: arch=arm64 kernels=debian-6.12,debian-6.1 cpus=2 kvm=1 parallel=1 timeout=120
#
# arm64-gic: a guest of two CPUs without an operating system asks its GIC and timers for all they should do: priorities,
# preemption, SGIs, PPIs, SPIs as edges and levels, more than there are list registers, active states, EOImode 1, both
# groups. (QEMU's machine "virt" runs the same guest: that is the reference. arm64-gic/Makefile makes it.)
modprobe axvm || exit 1

[ "$BED_KERNEL" = debug ] && seconds=400 || seconds=100
timeout "$seconds" axvm run --flat /bin/arm64-gic-guest@0x40400000 --entry 0x40400000 -c 2 -m 16M </dev/null >/tmp/gic.out 2>&1
status=$?
cat /tmp/gic.out
[ $status = 0 ] || exit 1
grep -q 'gic: all is well' /tmp/gic.out && rmmod axvm
