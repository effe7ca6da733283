#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=x86_64 kernels=plain cpus=1,2 timeout=60
# bed: arch=x86_64 kernels=debug cpus=2 timeout=60
# bed: arch=x86_64 kernels=plain,debug cpus=2 model=corei7_skylake_x append=tsc_early_khz=50000 timeout=60
# bed: arch=x86_64 kernels=plain cpus=1 model=corei7_sandy_bridge_2600k timeout=60
#
# apicv: hardware help for the local APIC, at every level that this CPU has: the same to the guest, and exits only where
# the level has some. And the suites of the local APIC with its registers in a virtual-APIC page.
best=''
levels='9 2 1 0'
[ "$BED_KERNEL${AXVM_SOAK:-}" != debug ] || levels='9 0'
for level in $levels; do
	modprobe axvm apicv="$level" || exit 1
	now=$(cat /sys/module/axvm/parameters/apicv)
	[ -n "$best" ] || best=$now
	echo "asked for level $level, in use: $now"
	[ "$now" -le "$level" ] && [ "$now" -le "$best" ] || exit 1
	axvm-test apicv || exit 1
	rmmod axvm || exit 1
done
[ "$best" -ge 1 ] || { echo "this CPU has no TPR shadow"; exit 4; }

[ -e /mod/kunit/axvm_test_lapic.ko ] || exit 0
modprobe axvm || exit 1
modprobe kunit enable=1 2>/dev/null
pages='1 2 3'
if [ "$BED_KERNEL${AXVM_SOAK:-}" = debug ]; then
	# Slow there, and the same on every CPU: not on the one with posted interrupts, too
	[ "$best" -lt 3 ] || exit 0
	pages=3
fi
for page in $pages; do
	for suite in lapic lapic_regs lapic_irq lapic_timer ioapic; do
		modprobe "axvm_test_$suite" "apic_page=$page" || exit 1
		results=/sys/kernel/debug/kunit/axvm_$suite/results
		if ! grep -q '^ok' "$results"; then
			echo "$suite with apic_page=$page:"
			cat "$results"
			exit 1
		fi
		rmmod "axvm_test_$suite" || exit 1
	done
done
