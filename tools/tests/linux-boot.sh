#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=x86_64 kernels=plain,debug,debian-6.12,debian-6.1 cpus=1 guest=1 mem=512 timeout=400
# bed: arch=x86_64 kernels=plain cpus=1 append=axvm.apicv=0 guest=1 mem=512 timeout=400
# bed: arch=x86_64 kernels=plain cpus=1 append=axvm.apicv=1 guest=1 mem=512 timeout=400
# bed: arch=arm64 kernels=plain cpus=2 kvm=1 guest=1 mem=512 timeout=400
# bed: arch=arm64 kernels=debug cpus=2 kvm=1 guest=1 mem=512 timeout=400
# bed: arch=arm64 kernels=plain,debug cpus=2 guest=1 mem=512 timeout=400 soak=1
# bed: arch=arm64 kernels=plain cpus=2 kvm=1 parallel=1 guest=1 mem=512 timeout=400
# bed: arch=arm64 kernels=plain cpus=2 kvm=1 model=max parallel=1 guest=1 mem=512 timeout=400
# bed: arch=arm64 kernels=debug cpus=2 kvm=1 model=max guest=1 mem=512 timeout=400 soak=1
# bed: arch=arm64 kernels=plain cpus=2 model=cortex-a72 guest=1 mem=512 timeout=400
# bed: arch=arm64 kernels=debug cpus=2 model=cortex-a72 guest=1 mem=512 timeout=400 soak=1
# bed: arch=arm64 kernels=debian-6.12,debian-6.1 cpus=2 kvm=1 guest=1 mem=512 timeout=400
#
# linux-boot: Linux boots on axvm in one command, obeys a script typed into its console, counts its timer's and its
# UART's interrupts, sleeps without burning the host's CPU, and powers off; no exit of it reaches the launcher. On arm64
# with four vCPUs (on the plain kernel beside KVM, and in a soak, with one, too), one of which goes offline and comes back.
modprobe axvm || exit 1
out=/tmp/linux.out
# shellcheck source=tools/tests/console.sh
. /tests/console.sh

case $BED_ARCH in
arm64) console=ttyAMA0 timer=arch_timer uart=uart-pl011 typed=2 numbers=4 ;;
*) console=ttyS0 timer=LOC uart=4 typed=6 numbers=1 ;;
esac
case "$BED_ARCH $BED_KERNEL $BED_KVM $AXVM_SOAK" in
'arm64 plain yes '* | 'arm64 '*1) numbers='1 4' ;;
esac

fail() {
	echo "with $vcpus vCPUs: $1"
	tail -n 30 $out
	echo
	exit 1
}

# The word in column 2 of the line of /proc/interrupts that starts or ends with $1, as the guest printed it
count() {
	tr -d '\r' <$out | awk -v name="$1" '$1 == name ":" || $NF == name { n = $2 } END { print n + 0 }'
}

# utime + stime of the vCPUs' threads, in ticks
cpu_time() {
	for task in /proc/"$launcher"/task/*; do
		grep -q vcpu "$task/comm" && cat "$task/stat"
	done | awk '{ n += $14 + $15 } END { print n }'
}

boot() {
	vcpus=$1
	guest_boots -c "$vcpus" -k /guest/kernel -i /guest/initramfs -m 128M -a console=$console
	sleep 1
	say cpus "echo there are \$(nproc)-cpus"
	grep -q "there are $vcpus-cpus" $out || fail "not $vcpus CPUs"
	say interrupts 'cat /proc/interrupts'
	[ "$(count $timer)" -gt 20 ] || fail "$timer: $(count $timer)"
	[ "$(count $uart)" -ge $typed ] || fail "$uart: $(count $uart)"

	if [ "$vcpus" -gt 1 ]; then
		say offline "echo 0 >/sys/devices/system/cpu/cpu1/online; echo offline: \$(nproc)"
		grep -q "offline: $((vcpus - 1))" $out || fail "CPU 1 does not go offline"
		say online "echo 1 >/sys/devices/system/cpu/cpu1/online; echo online: \$(nproc)"
		grep -q "online: $vcpus" $out || fail "CPU 1 does not come back"
	fi

	echo 'echo sleep-"begins"; sleep 6; echo sleep-"ended"' >&9
	await sleep-begins
	before=$(cpu_time)
	sleep 5
	after=$(cpu_time)
	# 5 s are 500 ticks of 10 ms; 5 % of them, for each vCPU, are 25
	[ $((after - before)) -lt $((25 * vcpus)) ] || fail "asleep, the vCPUs took $((after - before)) of 500 ticks"
	await sleep-ended

	grep 'to-user' /sys/kernel/debug/axvm/*/vcpus
	! grep 'to-user' /sys/kernel/debug/axvm/*/vcpus | grep -v 'to-user 0 ' || fail "exits reached the launcher"
	axvm ps
	finish
}

for number in $numbers; do
	boot "$number"
done
rmmod axvm || fail "the module is still in use"
