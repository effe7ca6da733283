#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=arm64 kernels=plain cpus=2 kvm=1 parallel=1 guest=1 mem=512 timeout=150
# bed: kernels=plain cpus=2 kvm=1 guest=1 mem=512 timeout=150
# bed: kernels=plain cpus=2 guest=1 mem=512 timeout=150 soak=1
# bed: kernels=debug cpus=2 kvm=1 guest=1 mem=512 timeout=150
#
# kill: the launcher is killed at moments of all kinds while a guest boots; nothing of it stays: no VM, no use of the module.
modprobe axvm || exit 1

times=10
[ "$BED_KERNEL" != debug ] || times=3
[ -z "$AXVM_SOAK" ] || times=100

launch() {
	axvm run -k /guest/kernel -i /guest/initramfs -m 64M -c 2 </dev/null >/tmp/kill.out 2>&1 &
	launcher=$!
}

# Milliseconds since the machine was switched on
now() {
	awk '{ print int($1 * 1000) }' /proc/uptime
}

# How long a guest takes to boot, in milliseconds
whole_boot() {
	start=$(now)
	launch
	n=0
	until grep -q GUEST-UP /tmp/kill.out; do
		n=$((n + 1))
		[ $n -lt 6000 ] || break
		usleep 20000
	done
	kill -9 "$launcher"
	wait "$launcher"
	whole=$(($(now) - start))
}

# Milliseconds to wait, by chance, but the same in each run: half of them early, where the VM is made
moments() {
	awk -v n="$times" -v m="$whole" 'BEGIN { srand(7); for (i = 0; i < n; i++) print int(rand() * (i % 2 ? 60 : m)) }'
}

no_vm() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ -n "$(ls /sys/kernel/debug/axvm)" ] || return 0
		usleep 100000
	done
	axvm ps
	ls /sys/kernel/debug/axvm
	return 1
}

# A boot takes long on the debug kernel: its first seconds are enough there.
if [ "$BED_KERNEL${AXVM_SOAK:-}" = debug ]; then whole=5000; else whole_boot; fi
killed=0
for ms in $(moments); do
	launch
	usleep "${ms}000"
	if kill -9 "$launcher" 2>/dev/null; then killed=$((killed + 1)); fi
	wait "$launcher"
	status=$?
	[ $status = 137 ] || { echo "after $ms ms: status $status"; cat /tmp/kill.out; exit 1; }
	no_vm || { echo "after $ms ms: a VM is left"; exit 1; }
done
[ "$killed" = "$times" ] || { echo "$killed of $times were there to be killed"; exit 1; }
rmmod axvm || { echo "the module is still in use"; exit 1; }
