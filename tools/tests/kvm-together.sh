#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=arm64 kernels=plain cpus=2 kvm=1 timeout=90
# bed: arch=x86_64 kernels=plain cpus=1,2 kvm=0,1 timeout=60
# bed: arch=x86_64 kernels=debug cpus=1 timeout=60
# bed: arch=x86_64 kernels=debug cpus=2 kvm=1 timeout=60
# bed: arch=x86_64 kernels=plain cpus=2 kvm=1 model=corei7_skylake_x append=tsc_early_khz=50000 timeout=60
#
# kvm-together: guests of KVM and of axvm share a CPU, whoever was loaded first; KVM comes and goes while guests live.
modprobe axvm || exit 1
exec axvm-test together
