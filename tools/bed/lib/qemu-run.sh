# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# QEMU's interpreter as the bed's machine for arm64: "virt" with EL2 and a GICv3. Sourced by run.sh, whose options it reads.
#
# The machine is exact: its counter runs at 1 GHz and advances by one an instruction, all processors take turns, time leaps
# over what all sleep, and a run is the same run each time. With --parallel each processor is a thread of its own and time is
# the real time: what goes wrong between processors has a better chance to show.

# With --vfio there is an SMMUv3, and behind it three virtio-serial devices. 0000:01:00.0 can be reset, and has the ports
# "ring-a" and "ring-b", each of which gets what is sent to the other one. 0000:00:10.0 and 0000:00:10.1 have none, cannot be
# reset, and are one IOMMU group. The bed's own device says that it is not behind the SMMU, and goes past it.

qemu_prepare() {
	install_packages qemu-system-arm
	model=${model:-neoverse-n1}
	# Without this, pointer authentication computes a cipher for each pointer.
	[ "$model" != max ] || model=max,pauth-impdef=on
	stage_root "$dir/root" "$@"
	pack_tree "$dir/root" "$dir/initramfs"
	rm -rf "$dir/root"
}

# qemu_start: the machine in the background; its process group in $machine, its output in $dir/out.fifo.
qemu_start() {
	local board=virt,virtualization=on,gic-version=3 words="console=ttyAMA0 panic=0 log_buf_len=1M"
	local command=(qemu-system-aarch64 -accel tcg -smp "$cpus" -m "$memory" -nodefaults -display none -no-reboot)
	[ -z "$vfio" ] || board+=,iommu=smmuv3
	if [ -n "$exact" ]; then
		board+=,dtb-randomness=off model+=,cntfrq=1000000000 words+=' nokaslr'
		command+=(-icount 'shift=0,sleep=off' -rtc 'base=2026-01-01,clock=vm' -seed 1)
	fi
	command+=(-M "$board" -cpu "$model" -kernel "$tree/bed/$arch_image" -initrd "$dir/initramfs"
		-append "$words${append:+ $append}"
		-device "virtio-serial-pci,ioeventfd=off,disable-legacy=on" -chardev "file,id=out,path=$dir/out.fifo" -device "virtconsole,chardev=out")
	# The second UART: a 16550A behind PCI, as the board has one PL011 only
	mkfifo "$dir/uart2.in" "$dir/uart2.out"
	# shellcheck disable=SC2016 # for the shell that it starts
	start_peer sh -c 'exec $0 <"$1/uart2.out" >"$1/uart2.in"' "$peer_answers" "$dir"
	command+=(-chardev "pipe,id=uart2,path=$dir/uart2" -device "pci-serial,chardev=uart2")
	if [ -n "$vfio" ]; then
		command+=(-device "pcie-root-port,id=root,chassis=1"
			-device "virtio-serial-pci,id=ring,bus=root,disable-legacy=on,iommu_platform=on"
			-chardev "socket,id=ring-a,path=ring,server=on,wait=off" -chardev "socket,id=ring-b,path=ring"
			-device "virtserialport,bus=ring.0,chardev=ring-a,name=ring-a"
			-device "virtserialport,bus=ring.0,chardev=ring-b,name=ring-b"
			-device "virtio-serial-pci,addr=10.0,multifunction=on,disable-legacy=on,iommu_platform=on"
			-device "virtio-serial-pci,addr=10.1,disable-legacy=on,iommu_platform=on")
	fi
	if [ -n "$shell" ]; then
		start_relay
		command+=(-chardev "serial,id=console,path=$dir/tty" -serial chardev:console)
	else
		command+=(-serial "file:$dir/console.log")
	fi
	(cd "$dir" && exec setsid "${mortal[@]}" timeout -k 5 "$((bound + 60))" "${mortal[@]}" "${command[@]}") \
		>"$dir/machine.log" 2>&1 </dev/null {hold}>&- &
	machine=$!
}

qemu_trouble() { tail -n 12 "$dir/machine.log"; }
