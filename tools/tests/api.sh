#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=arm64 kernels=plain,debug cpus=1 kvm=1 timeout=60
# bed: arch=arm64 kernels=plain cpus=2 model=cortex-a72 timeout=60
# bed: arch=x86_64 kernels=plain cpus=1 kvm=0,1 timeout=60
# bed: arch=x86_64 kernels=debug cpus=1 timeout=60
#
# api: each ioctl refuses what it must, with the errno that is documented, and takes the rest.
modprobe axvm || exit 1
exec axvm-test api
