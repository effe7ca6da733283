#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=x86_64 kernels=plain cpus=1,2,4 timeout=120
# bed: arch=arm64 kernels=plain cpus=1,2 kvm=1 timeout=120
# bed: arch=arm64 kernels=plain cpus=4 kvm=1 parallel=1 timeout=240
# bed: arch=x86_64 kernels=debug cpus=2 timeout=120
# bed: arch=x86_64 kernels=plain,debug cpus=2 model=corei7_skylake_x append=tsc_early_khz=50000 timeout=120
# bed: arch=arm64 kernels=debug cpus=2 kvm=1 timeout=120
# bed: arch=x86_64 kernels=debug cpus=1,4 timeout=120 soak=1
# bed: arch=arm64 kernels=debug cpus=1 kvm=1 timeout=120 soak=1
# bed: arch=arm64 kernels=plain cpus=2 kvm=1 parallel=1 timeout=240 soak=1
# bed: arch=arm64 kernels=debug cpus=2,4 kvm=1 parallel=1 timeout=240 soak=1
# bed: arch=x86_64 kernels=debian-6.12,debian-6.1 cpus=2 timeout=120 soak=1
# bed: arch=arm64 kernels=debian-6.12,debian-6.1 cpus=2 kvm=1 timeout=120 soak=1
#
# storm: interrupts from all sources at once to vCPUs that run, sleep and move: none is lost, none is doubled.
modprobe axvm && modprobe axvm_storm || exit 1
axvm-test storm || exit
if ! rmmod axvm_storm axvm; then
	echo "the module is still in use"
	exit 1
fi
