#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=arm64 kernels=plain,debug cpus=2 kvm=1 timeout=400
# bed: arch=arm64 kernels=plain cpus=2 model=cortex-a72 timeout=120
# bed: arch=arm64 kernels=plain cpus=2 kvm=1 model=max parallel=1 timeout=120
# bed: arch=arm64 kernels=plain cpus=2 model=max timeout=120 soak=1
#
# hostile: a guest that reads and writes every system register, makes every call, touches everything, runs anything.
modprobe axvm || exit 1
exec axvm-test hostile
