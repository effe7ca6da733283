#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=x86_64 kernels=plain cpus=2 kvm=0,1 guest=1 mem=512 timeout=300
# bed: arch=x86_64 kernels=debug cpus=2 guest=1 mem=512 timeout=300
# bed: arch=arm64 kernels=plain,debug cpus=2 kvm=1 guest=1 mem=512 timeout=300
# bed: arch=arm64 kernels=plain cpus=2 model=cortex-a72 guest=1 mem=512 timeout=300
#
# passthrough: hardware of the host in guests. What is refused; pages and ports, mapped and routed; interrupts; and devices
# that the host's driver gives up, a Linux guest's own driver uses, and the host's driver gets back: a second UART, with
# somebody outside who gives back what he is told in capitals, and on arm64 the clock of the board.
modprobe axvm || exit 1
modules=
out=/tmp/pass.out
# shellcheck source=tools/tests/console.sh
. /tests/console.sh
: >$out

fail() {
	echo "$1"
	tail -n 30 $out
	cat /proc/interrupts
	exit 1
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

# boot HOST_DEVICES: that guest
boot() {
	configure "$1"
	guest_boots /root/pass.toml
	sleep 1
}

# refused WORD HOST_DEVICES: the host has it, and the launcher says who
refused() {
	configure "$2"
	timeout 60 axvm run /root/pass.toml </dev/null >$out 2>&1
	status=$?
	[ $status = 2 ] || fail "held by the host: status $status"
	grep -q "pass.toml:10: .*$1" $out || fail "held by the host: who?"
}

# Accesses to the device $1 that the module has made
accesses() {
	awk -v name="$1" '$1 == name { print $5 + $6 }' /sys/kernel/debug/axvm/*/devices
}

# The word in column 2 of the guest's line of /proc/interrupts that ends with $1
count() {
	tr -d '\r' <$out | awk -v name="$1" '$NF == name { n = $2 } END { print n + 0 }'
}

# The way that the interrupt of the device $1 goes
way() {
	awk -v name="$1" '$1 == name { print $4 }' /sys/kernel/debug/axvm/*/interrupts
}

# --- a second UART

# A talk with who is outside, over the UART $1, which stays open
talk() {
	echo "stty -F $1 115200 raw -echo; exec 3<>$1; for word in out and back; do echo \$word >&3; read -r answer <&3;" \
		"echo \"answer: \$answer\"; done"
}

answered() {
	for word in OUT AND BACK; do grep -q "answer: $word" $out || fail "no answer $word"; done
}

# The guest's driver does it, by interrupts
guest_talks() {
	say talk "$(talk "$1")"
	answered
	say interrupts 'cat /proc/interrupts; exec 3>&-'
	[ "$(count "${1#/dev/}")" -ge 6 ] || fail "$1: $(count "${1#/dev/}") interrupts"
}

# The host's own driver
host_talks() {
	sh -c "$(talk "$1")" >$out 2>&1 &
	launcher=$!
	await 'answer: BACK'
	wait $launcher
	answered
}

# --- x86: COM2

com2_in_guests() {
	boot "$routed"
	guest_talks /dev/ttyS3
	[ "$(accesses com2)" -gt 50 ] || fail "routed: $(accesses com2) accesses"
	finish

	boot "$mapped"
	grep -q '02f8-02ff : axvm-.* com2' /proc/ioports || fail "not in /proc/ioports"
	grep -q '3-edge *axvm-.* com2' /proc/interrupts || fail "not in /proc/interrupts"
	[ "$(way com2)" = edge ] || fail "the interrupt is $(way com2)"
	guest_talks /dev/ttyS1
	[ "$(accesses com2)" = 0 ] || fail "mapped: $(accesses com2) accesses"
	finish
}

com2() {
	# The guest's fourth UART, which its driver looks for at this place, or its second
	routed='["com2", 0x2e8, 0x2f8, 8, 3, 3, "routed,ports"]'
	mapped='["com2", 0x2f8, 0x2f8, 8, 3, 3, "mapped,ports"]'
	driver=/sys/bus/pnp/drivers/serial
	device=$(grep -l 'io 0x2f8-0x2ff' $driver/*/resources)
	device=$(basename "$(dirname "$device")")
	[ -e "$driver/$device" ] || fail "COM2 is not the driver's"

	host_talks /dev/ttyS1
	refused 'serial has it' "$routed"
	echo "$device" >$driver/unbind || fail "unbind"
	! grep -q '02f8-02ff : serial' /proc/ioports || fail "the driver has not given it up"

	# A boot takes long on the debug kernel: guests are for the plain one, and for a soak.
	[ "$BED_KERNEL${AXVM_SOAK:-}" = debug ] || com2_in_guests

	! grep -q 'axvm-' /proc/ioports || fail "it was not given back"
	echo "$device" >$driver/bind || fail "bind"
	grep -q '02f8-02ff : serial' /proc/ioports || fail "the driver has not got it back"
	host_talks /dev/ttyS1
}

# --- arm64: the PL031, and a 16550A behind PCI

pci=/sys/bus/pci
clock_driver=/sys/bus/amba/drivers/rtc-pl031
clock=9010000.pl031

# The UART: $uart in sysfs, its ports from $port on, which are memory at $at, its interrupt $intid
find_uart() {
	uart=$(grep -l '^0x1b36$' $pci/devices/*/vendor | while read -r file; do
		! grep -q '^0x0002$' "${file%vendor}device" || basename "${file%/vendor}"
	done)
	[ -e "$pci/drivers/serial/$uart" ] || fail "the host has no driver for the second UART"
	read -r port _ <$pci/devices/"$uart"/resource
	# Of the bridge's windows (IEEE 1275's PCI binding, "ranges") the one of ports
	window=$(hexdump -v -e '28/1 "%02x" "\n"' /proc/device-tree/pcie@*/ranges | sed -n 's/^01.\{22\}\(.\{16\}\).*/0x\1/p')
	[ "$window" ] || fail "the bridge has no window of ports"
	at=$(printf '%#x' $((window + port)))
	port=$(printf '%08x' $((port)))
	intid=$(cat /sys/kernel/irq/"$(cat $pci/devices/"$uart"/irq)"/hwirq)
}

# hardware HOW: both
hardware() {
	if [ "$1" = mapped ]; then length=0x1000; else length=8; fi
	echo "[\"clock\", 0x902_0000, 0x901_0000, 0x1000, 42, 34, \"$1,pl031\"], $(uart_as "$1" $length)"
}

uart_as() {
	echo "[\"uart2\", 0x903_0000, $at, $2, 43, $intid, \"$1,ns16550a\"]"
}

held() {
	axvm-test passthrough_held || exit 1
	refused 'rtc-pl031 has it' "$(hardware mapped)"
	# The driver has the ports, of which the memory's claims say nothing; in use, the interrupt as well.
	refused "uses what is at $at" "$(uart_as routed 8)"
	dmesg | grep -q "uart2: addresses $at to .* in use: see 0x0*${port#0000} to .* in /proc/ioports" || fail "the log says nothing"
	# (A process of its own: ours leads a session, and a terminal that it opens is that session's.)
	(refused 'ttyS0 has it' "$(uart_as routed 8)") </dev/ttyS0 || exit 1
}

# Mapped, nothing of PCI may have any of the page, not even the UART itself, without its driver
vacate() {
	refused "uses what is at $at" "$(uart_as mapped 0x1000)"
	echo 1 >$pci/devices/"$uart"/remove
}

# in_guest HOW: a guest's drivers of both, and a program that waits for the alarm
in_guest() {
	boot "$(hardware "$1")"
	grep -q "$port-.* : axvm-.* uart2" /proc/ioports || fail "not in /proc/ioports"
	say alarm "RTC=9020000.rtc axvm-test passthrough_alarm && echo it\"-came\""
	grep -q it-came $out || fail "no alarm in the guest"
	guest_talks /dev/ttyS0
	for name in clock uart2; do
		[ "$(way $name)" = linked ] || fail "the interrupt of $name is $(way $name)"
		n=$(accesses $name)
		if [ "$1" = mapped ]; then
			[ "$n" = 0 ] || fail "$name, mapped: $n accesses"
		else
			[ "$n" -gt 5 ] || fail "$name, routed: $n accesses"
		fi
	done
	finish
}

# The host's driver has the UART, and somebody answers
host_has() {
	grep -q "$port-.* : serial" /proc/ioports || fail "the driver has not got it back"
	host_talks /dev/ttyS0
}

board() {
	[ -e $clock_driver/$clock ] || fail "the host has no driver for $clock"
	find_uart
	host_has
	held
	echo $clock >$clock_driver/unbind || fail "unbind"
	echo "$uart" >$pci/drivers/serial/unbind || fail "unbind"
	! grep -q "$port-.* : serial" /proc/ioports || fail "the driver has not given it up"
	axvm-test passthrough_clock || exit 1
	# Here no IOMMU is in front of what there is on the PCI bus
	axvm run -k /guest/kernel -m 64M --vfio 00:01.0 </dev/null >$out 2>&1
	status=$?
	[ $status = 2 ] || fail "VFIO without an IOMMU: status $status"
	grep -q '^axvm: 0000:00:01.0: no IOMMU is in front of it' $out || fail "VFIO without an IOMMU"

	(cd / && echo bin/axvm-test | cpio -o -H newc 2>/dev/null) >/root/test.cpio
	modules='["/root/test.cpio"]'
	# A boot takes long on the debug kernel: routed is for the plain one.
	if [ "$BED_KERNEL" != debug ]; then
		in_guest routed
		echo "$uart" >$pci/drivers/serial/bind || fail "bind"
		host_has
		echo "$uart" >$pci/drivers/serial/unbind || fail "unbind"
	fi
	vacate
	in_guest mapped
	echo 1 >$pci/rescan
	host_has

	echo $clock >$clock_driver/bind || fail "bind"
	# The second one shows that the host ends its own again.
	RTC=$clock axvm-test passthrough_alarm || fail "the host's alarm does not come"
	RTC=$clock axvm-test passthrough_alarm || fail "the host's alarm comes once only"
}

axvm-test passthrough || exit 1
if [ "$BED_ARCH" = arm64 ]; then
	console=ttyAMA0
	board
else
	console=ttyS0
	com2
fi
[ -z "$(ls /sys/kernel/debug/axvm)" ] || fail "a VM is left"
rmmod axvm || fail "the module is still in use"
