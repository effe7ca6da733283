# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# Bochs as the bed's machine. Sourced by run.sh, whose options it reads.
#
# The machine is exact: with one CPU its TSC advances by one an instruction, and a run with the same disk is the same run.
# What would break that (RDRAND, RDSEED, the time of day) is left out or fixed.

bochs_prepare() {
	# The debug kernel runs many instructions for everything; a faster clock gives it fewer timer interrupts to run them for.
	if [ "$kernel" = debug ]; then ips=${ips:-200000000}; else ips=${ips:-50000000}; fi
	model=${model:-broadwell_ult}
	install_packages bochsbios vgabios socat "${disk_packages[@]}"
	bochs=${AXVM_BOCHS:-$("$bed/bochs.sh")} || exit 125
	stage_root "$dir/root" "$@"
	pack_tree "$dir/root" "$dir/initramfs"
	rm -rf "$dir/root"
	make_disk "$dir/disk.img" "$tree/bed/bzImage" "$dir/initramfs" \
		"console=ttyS0,115200 panic=0 idle=halt log_buf_len=1M${append:+ $append}"
}

# The configuration; $1 is where the first serial line goes.
bochs_rc() {
	local display=nogui without=', exclude_features="rdrand,rdseed"' slots=', slot1=e1000'
	if [ "$bochs" = /usr/bin/bochs ]; then
		# The packaged 2.7 has no headless display but rfb, and cannot take features away: it is not exact. Nor has it the NIC.
		display='rfb, options="timeout=0"' without='' slots=''
		echo "sound: driver=dummy"
	else
		# Of which nothing but the registers and the interrupt is of interest: it is on no network.
		echo "e1000: enabled=1, mac=52:54:00:12:34:56, ethmod=null"
	fi
	cat <<-RC
		display_library: $display
		config_interface: textconfig
		romimage: file=/usr/share/bochs/BIOS-bochs-latest
		vgaromimage: file=/usr/share/vgabios/vgabios.bin
		cpu: model=$model, count=$cpus, ips=$ips, reset_on_triple_fault=0, ignore_bad_msrs=1$without
		memory: guest=$memory, host=$memory
		clock: sync=none, time0=946681200
		pci: enabled=1, chipset=i440fx$slots
		ata0-master: type=disk, mode=flat, path=$dir/disk.img
		boot: disk
		com1: enabled=1, $1
		com2: enabled=1, mode=term, dev=$dir/com2
		com3: enabled=1, mode=file, dev=$dir/out.fifo
		log: $dir/machine.log
		panic: action=fatal
		error: action=report
		info: action=report
		debug: action=ignore
	RC
}

# bochs_start: the machine in the background; its process group in $machine, its output in $dir/out.fifo.
bochs_start() {
	local console="mode=file, dev=$dir/console.log" command=("$bochs" -q -f "$dir/bochsrc")
	if [ -n "$shell" ]; then
		start_relay
		console="mode=term, dev=$dir/tty"
	fi
	start_peer socat "PTY,link=$dir/com2,rawer,wait-slave" "EXEC:$peer_answers"
	await_tty "$dir/com2"
	bochs_rc "$console" >"$dir/bochsrc"
	if [ "$bochs" = /usr/bin/bochs ]; then
		# The packaged program is a debugger: tell it to go on.
		echo c >"$dir/debugger"
		command+=(-rc "$dir/debugger")
	fi
	(cd "$dir" && exec setsid "${mortal[@]}" timeout -k 5 "$((bound + 60))" "${mortal[@]}" "${command[@]}") \
		>"$dir/machine.out" 2>&1 </dev/null {hold}>&- &
	machine=$!
}

# The lines that tell why a machine died or a VM entry failed.
bochs_trouble() {
	[ -s "$dir/machine.log" ] || { tail -n 12 "$dir/machine.out"; return; }
	grep -aE 'VMFAIL|VMENTRY|PANIC|triple' "$dir/machine.log" | tail -n 15
}
