#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=arm64 kernels=plain,debug cpus=2 kvm=1 timeout=120
# bed: arch=arm64 kernels=plain cpus=2 model=cortex-a72 timeout=120
# bed: arch=arm64 kernels=plain cpus=2 kvm=1 model=max parallel=1 timeout=120
# bed: arch=arm64 kernels=plain cpus=1 model=cortex-a72,max timeout=120 soak=1
# bed: arch=x86_64 kernels=plain cpus=1,2 kvm=0,1 timeout=120
# bed: arch=x86_64 kernels=debug cpus=1 timeout=120 soak=1
# bed: arch=x86_64 kernels=debug cpus=2 kvm=1 timeout=120
# bed: arch=x86_64 kernels=plain cpus=2 append=axvm.apicv=0 timeout=120
# bed: arch=x86_64 kernels=plain cpus=2 append=axvm.apicv=1 timeout=120
#
# guest-run: guests of a few instructions: what they may do, what it does to them, and what of the host they cannot touch.
modprobe axvm || exit 1
echo madvise >/sys/kernel/mm/transparent_hugepage/enabled
exec axvm-test guest
