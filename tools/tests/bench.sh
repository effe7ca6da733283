#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: kernels=plain cpus=1 kvm=1 timeout=60
#
# bench: no exit costs more instructions than with KVM, and looking a device up costs at most ten more for twice the
# devices. With one CPU the figures are counts, not times: the same in every run. The budgets are `make bench`'s to show.
modprobe axvm || exit 1
echo 0 >/sys/module/kvm/parameters/halt_poll_ns || exit 1
exec axvm-bench --check
