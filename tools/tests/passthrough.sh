#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=x86_64 kernels=plain cpus=2 kvm=0,1 guest=1 mem=512 timeout=300
# bed: arch=x86_64 kernels=debug cpus=2 guest=1 mem=512 timeout=300
# bed: arch=arm64 kernels=plain,debug cpus=2 kvm=1 guest=1 mem=512 timeout=300
# bed: arch=arm64 kernels=plain cpus=2 model=cortex-a72 guest=1 mem=512 timeout=300
#
# passthrough: hardware of the host in guests. What is refused; pages and ports, mapped and routed; interrupts; and a device
# that the host's driver gives up, a Linux guest's own driver uses, and the host's driver gets back: on x86 a second UART,
# COM2, on arm64 the clock of the board.
modprobe axvm || exit 1
modules=

fail() {
	echo "$1"
	[ ! -f /tmp/pass.out ] || tail -n 30 /tmp/pass.out
	cat /proc/interrupts
	exit 1
}

# Wait for a line of the guest
await() {
	n=0
	until grep -q "$1" /tmp/pass.out; do
		n=$((n + 1))
		[ $n -le 1200 ] || fail "the guest did not say $1"
		kill -0 "$launcher" 2>/dev/null || fail "the launcher ended before $1"
		usleep 100000
	done
}

# say WORD COMMAND: type a command into the guest's console, and wait until it has said the word
say() {
	echo "$2; echo \"$1\"\"-said\"" >&9
	await "$1-said"
}

# configure HOST_DEVICES: a Linux guest with that
configure() {
	cat >/root/pass.toml <<END
[kernel]
kernel_path = "/guest/kernel"
ramdisk_path = "/guest/initramfs"
cmdline = "console=$console"
[devices]
interrupt_mode = "emulated"
[axvm]
memory = "64M"
modules = [$modules]
host_devices = [$1]
END
}

# boot HOST_DEVICES: that guest, its console at descriptor 9
boot() {
	configure "$1"
	rm -f /tmp/pass.in && mkfifo /tmp/pass.in
	axvm run /root/pass.toml </tmp/pass.in >/tmp/pass.out 2>&1 &
	launcher=$!
	exec 9>/tmp/pass.in
	await GUEST-UP
	sleep 1
}

# refused WORD HOST_DEVICES: the host has it, and the launcher says who
refused() {
	configure "$2"
	axvm run /root/pass.toml </dev/null >/tmp/pass.out 2>&1
	status=$?
	[ $status = 2 ] || fail "held by the host: status $status"
	grep -q "pass.toml:10: .*$1" /tmp/pass.out || fail "held by the host: who?"
}

finish() {
	echo 'poweroff -f' >&9
	wait "$launcher"
	status=$?
	exec 9>&-
	[ $status = 0 ] || fail "exit status $status after a power-off"
}

# The word in column 2 of the guest's line of /proc/interrupts that ends with $1
count() {
	tr -d '\r' </tmp/pass.out | awk -v name="$1" '$NF == name { n = $2 } END { print n + 0 }'
}

# The way that the interrupt of the device $1 goes
way() {
	awk -v name="$1" '$1 == name { print $4 }' /sys/kernel/debug/axvm/*/interrupts
}

# --- x86: COM2, in a loop that the UART itself makes

# In the loop: DTR, RTS, OUT2, LOOP into the modem control register at port $1
loop() {
	printf '\033' | dd of=/dev/port bs=1 seek="$1" conv=notrunc 2>/dev/null
}

# talk TTY MCR: the guest's driver sends a line, which comes back to it
talk() {
	say open "stty -F $1 115200 raw -echo; cat $1 >/tmp/got & sleep 1"
	say loop "printf '\\033' | dd of=/dev/port bs=1 seek=$2 conv=notrunc 2>/dev/null"
	# It fits into the FIFO of 16: when that runs empty, Bochs may loop the last one back twice.
	say sent "echo there-and-back >$1; sleep 1; tr a-z A-Z </tmp/got"
	grep -q THERE-AND-BACK /tmp/pass.out || fail "$1 did not give back what it was given"
	say interrupts 'cat /proc/interrupts'
	[ "$(count "${1#/dev/}")" -ge 2 ] || fail "$1: $(count "${1#/dev/}") interrupts"
}

# The host's own driver does the same
host_talks() {
	stty -F /dev/ttyS1 115200 raw -echo || fail "the host cannot open it"
	cat /dev/ttyS1 >/tmp/host.got &
	reader=$!
	sleep 1
	loop 764
	echo "the host has it" >/dev/ttyS1
	sleep 1
	kill $reader
	wait $reader
	grep -q "the host has it" /tmp/host.got || fail "the host's driver does not get back what it sends"
}

accesses() {
	awk '$1 == "com2" { print $5 + $6 }' /sys/kernel/debug/axvm/*/devices
}

com2() {
	# The guest's fourth UART, which its driver looks for at this place, or its second
	routed='["com2", 0x2e8, 0x2f8, 8, 3, 3, "routed,ports"]'
	mapped='["com2", 0x2f8, 0x2f8, 8, 3, 3, "mapped,ports"]'
	driver=/sys/bus/pnp/drivers/serial
	device=$(grep -l 'io 0x2f8-0x2ff' $driver/*/resources)
	device=$(basename "$(dirname "$device")")
	[ -e "$driver/$device" ] || fail "COM2 is not the driver's"

	host_talks
	refused 'serial has it' "$routed"
	echo "$device" >$driver/unbind || fail "unbind"
	! grep -q '02f8-02ff : serial' /proc/ioports || fail "the driver has not given it up"

	# A boot takes long on the debug kernel: routed is for the plain one.
	if [ "$BED_KERNEL" != debug ]; then
		boot "$routed"
		talk /dev/ttyS3 748
		[ "$(accesses)" -gt 50 ] || fail "routed: $(accesses) accesses"
		finish
	fi

	boot "$mapped"
	grep -q '02f8-02ff : axvm-.* com2' /proc/ioports || fail "not in /proc/ioports"
	grep -q '3-edge *axvm-.* com2' /proc/interrupts || fail "not in /proc/interrupts"
	[ "$(way com2)" = edge ] || fail "the interrupt is $(way com2)"
	talk /dev/ttyS1 764
	[ "$(accesses)" = 0 ] || fail "mapped: $(accesses) accesses"
	finish

	! grep -q 'axvm-' /proc/ioports || fail "it was not given back"
	echo "$device" >$driver/bind || fail "bind"
	grep -q '02f8-02ff : serial' /proc/ioports || fail "the driver has not got it back"
	host_talks
}

# --- arm64: the PL031

clock() {
	driver=/sys/bus/amba/drivers/rtc-pl031
	device=9010000.pl031
	how='["clock", 0x902_0000, 0x901_0000, 0x1000, 42, 34, "HOW,pl031"]'
	mapped=$(echo "$how" | sed s/HOW/mapped/)
	routed=$(echo "$how" | sed s/HOW/routed/)
	[ -e $driver/$device ] || fail "the host has no driver for $device"
	axvm-test passthrough_held || exit 1
	refused 'rtc-pl031 has it' "$mapped"
	echo $device >$driver/unbind || fail "unbind"
	axvm-test passthrough_clock || exit 1

	# The guest's driver, and a program that waits for the alarm
	(cd / && echo bin/axvm-test | cpio -o -H newc 2>/dev/null) >/root/test.cpio
	modules='["/root/test.cpio"]'
	for how in "$routed" "$mapped"; do
		if [ "$BED_KERNEL$how" = "debug$routed" ]; then continue; fi
		boot "$how"
		[ "$(way clock)" = linked ] || fail "the interrupt is $(way clock)"
		say alarm "RTC=9020000.rtc axvm-test passthrough_alarm && echo it\"-came\""
		grep -q it-came /tmp/pass.out || fail "no alarm in the guest"
		say interrupts 'cat /proc/interrupts'
		accesses=$(awk '$1 == "clock" { print $5 + $6 }' /sys/kernel/debug/axvm/*/devices)
		if [ "$how" = "$mapped" ]; then
			[ "$accesses" = 0 ] || fail "mapped: $accesses accesses"
		else
			[ "$accesses" -gt 5 ] || fail "routed: $accesses accesses"
		fi
		finish
	done

	echo $device >$driver/bind || fail "bind"
	# The second one shows that the host ends its own again.
	RTC=$device axvm-test passthrough_alarm || fail "the host's alarm does not come"
	RTC=$device axvm-test passthrough_alarm || fail "the host's alarm comes once only"
}

axvm-test passthrough || exit 1
if [ "$BED_ARCH" = arm64 ]; then
	console=ttyAMA0
	clock
else
	console=ttyS0
	com2
fi
[ -z "$(ls /sys/kernel/debug/axvm)" ] || fail "a VM is left"
rmmod axvm || fail "the module is still in use"
