#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# launcher-images.sh: what the launcher builds in guest memory is right (boot_params, e820,
# ACPI tables, multiboot information, registers), and images with changed bytes and cut ends
# never crash it (ASan, UBSan). Needs no hypervisor.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/axvm/tests/lib.sh
. "$here/../../axvm/tests/lib.sh"
build tests

run() {
	"$@" >"$work/out" 2>&1 || problem "${*##*/}"
	cat "$work/out"
}

run "$out/tests/unit"
run "$out/tests/fuzz" 100000 "${FUZZ_SEED:-1}"

# The tables as iasl reads them
cut_table() {	# NAME OFFSET
	local length
	length=$(od -An -tu4 -j $(($2 + 4)) -N4 "$work/dump.mem" | tr -d ' ')
	dd if="$work/dump.mem" of="$work/$1.aml" bs=1 skip="$2" count="$length" status=none
}

number_at() {	# OFFSET
	od -An -tu4 -j "$1" -N4 "$work/dump.mem" | tr -d ' '
}

head -c 4096 /dev/zero >"$work/zeros"
"$out/tests/dump" "$work/dump" --flat "$work/zeros@0x7000" --entry 0x7000 -m 4M -c 2 ||
	problem "dump"
xsdt=$(number_at $((0xe0000 + 24)))
facp=$(number_at $((xsdt + 36)))
cut_table xsdt "$xsdt"
cut_table facp "$facp"
cut_table apic "$(number_at $((xsdt + 44)))"
cut_table dsdt "$(number_at $((facp + 40)))"
for table in xsdt facp apic dsdt; do
	iasl -vs -d "$work/$table.aml" >"$work/iasl" 2>&1 || problem "iasl can't read $table"
	if grep -iq 'error\|warning\|invalid\|incorrect' "$work/iasl"; then
		problem "iasl on $table: $(grep -i 'error\|warning\|invalid\|incorrect' "$work/iasl")"
	fi
done
for word in 'Reset Register Supported (V2) : 1' 'SCI Interrupt : 0009' '32-bit PM Timer (V1) : 1' \
	'Hardware Reduced (V5) : 0' '8042 Present on ports 60/64 (V2) : 0'; do
	grep -qF "$word" "$work/facp.dsl" || problem "FADT: no '$word'"
done
[ "$(grep -c 'Local Apic ID' "$work/apic.dsl")" -eq 2 ] || problem "MADT: not two local APICs"
grep -q '_S5' "$work/dsdt.dsl" || problem "DSDT: no _S5"
finish
