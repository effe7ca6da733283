#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=x86_64 kernels=plain,debug cpus=2 timeout=120
# bed: arch=arm64 kernels=plain,debug cpus=2 kvm=1 timeout=120
# bed: arch=arm64 kernels=plain cpus=2 model=cortex-a72 timeout=120
# bed: arch=arm64 kernels=plain cpus=2 kvm=1 parallel=1 timeout=120 soak=1
# bed: arch=x86_64 kernels=debian-6.12,debian-6.1 cpus=2 timeout=120 soak=1
# bed: arch=arm64 kernels=debian-6.12,debian-6.1 cpus=2 kvm=1 timeout=120 soak=1
#
# eventfd: eventfds as interrupts and doorbells, message-signalled interrupts, routes: what they do, and what is left of them.
modprobe axvm || exit 1
axvm-test eventfd || exit
[ -z "$(ls /sys/kernel/debug/axvm)" ] || { ls /sys/kernel/debug/axvm; exit 1; }
rmmod axvm || { echo "the module is still in use"; exit 1; }
