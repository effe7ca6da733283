#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=arm64 kernels=plain,debug cpus=2 model=-,cortex-a72 timeout=120
# bed: arch=x86_64 kernels=plain cpus=2 kvm=0,1 timeout=120
# bed: arch=x86_64 kernels=debug cpus=2 kvm=1 timeout=120
#
# hotplug: CPUs go offline and come back under a guest, and the host goes to sleep and wakes up.
modprobe axvm || exit 1
exec axvm-test hotplug
