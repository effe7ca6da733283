#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=x86_64 kernels=debug cpus=1 timeout=60
# bed: arch=arm64 kernels=debug cpus=2 kvm=1 timeout=60
#
# faults: each allocation of each call that makes something fails once: the call says so, and nothing is left of it.
modprobe axvm || exit 1
axvm-test faults || exit
[ -z "$(ls /sys/kernel/debug/axvm)" ] || { ls /sys/kernel/debug/axvm; exit 1; }
rmmod axvm || { echo "the module is still in use"; exit 1; }
