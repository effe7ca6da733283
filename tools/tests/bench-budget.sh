#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: kernels=plain cpus=1 kvm=0,1 timeout=60
#
# bench-budget: no exit costs more instructions than its budget, whether axvm borrows VMX from KVM or has it alone. With one
# CPU the figures are counts, not times: the same in every run.
modprobe axvm || exit 1
exec axvm-bench --check
