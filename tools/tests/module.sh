#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=arm64 kernels=plain,debug cpus=2 kvm=1 timeout=90
# bed: arch=arm64 kernels=plain cpus=2 kvm=0 model=-,cortex-a72 timeout=60
# bed: arch=x86_64 kernels=plain cpus=2 kvm=0,1 timeout=60
# bed: arch=x86_64 kernels=debug cpus=2 kvm=1 timeout=60
#
# module: axvm.ko comes and goes again and again, stays while it is in use, and takes device models from other modules.
modprobe axvm || exit 1
exec axvm-test module
