#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=x86_64 kernels=plain,debug cpus=1 guest=1 mem=512 timeout=400
#
# linux-boot: Linux boots on axvm in one command, obeys a script typed into its console, counts its timer's and its
# UART's interrupts, sleeps without burning the host's CPU, and powers off; no exit of it reaches the launcher.
modprobe axvm || exit 1

fail() {
	echo "$1"
	tail -n 30 /tmp/linux.out
	exit 1
}

# The word in column 2 of the line of /proc/interrupts that has $1, as the guest printed it
count() {
	sed -n "s/^ *$1: *\([0-9]*\).*/\1/p" /tmp/linux.out | tail -n 1
}

# utime + stime of the vCPU's thread, in ticks
cpu_time() {
	for task in /proc/"$launcher"/task/*; do
		grep -q vcpu "$task/comm" && awk '{ print $14 + $15 }' "$task/stat"
	done
}

# Wait for a line of the guest
await() {
	n=0
	until grep -q "$1" /tmp/linux.out; do
		n=$((n + 1))
		[ $n -le 300 ] || fail "the guest did not say $1"
		kill -0 "$launcher" 2>/dev/null || fail "the launcher ended before $1"
		sleep 1
	done
}

mkfifo /tmp/linux.in
axvm run -k /guest/bzImage -i /guest/initramfs -m 128M -a console=ttyS0 </tmp/linux.in >/tmp/linux.out 2>&1 &
launcher=$!
exec 9>/tmp/linux.in

await GUEST-UP
sleep 1
echo 'cat /proc/interrupts; echo interrupts-"shown"' >&9
await interrupts-shown
[ "$(count LOC)" -gt 20 ] || fail "LOC: $(count LOC)"
[ "$(count 4)" -gt 5 ] || fail "ttyS0: $(count 4)"

echo 'echo sleep-"begins"; sleep 6; echo sleep-"ended"' >&9
await sleep-begins
before=$(cpu_time)
sleep 5
after=$(cpu_time)
# 5 s are 500 ticks of 10 ms; 5 % of them are 25
[ $((after - before)) -lt 25 ] || fail "asleep, the vCPU took $((after - before)) of 500 ticks"
await sleep-ended

grep 'to-user 0 ' /sys/kernel/debug/axvm/1/vcpus || fail "$(cat /sys/kernel/debug/axvm/1/vcpus)"
axvm ps
echo 'poweroff -f' >&9
wait "$launcher"
status=$?
[ $status = 0 ] || fail "exit status $status after a power-off"
rmmod axvm || fail "the module is still in use"
