# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# The root file system that every bed runs its command in. Sourced after common.sh and initramfs.sh; reads run.sh's options.

# stage_root DIRECTORY COMMAND...: busybox; /mod (also /lib/modules/RELEASE): the kernel's modules and ours; /bin/axvm; /tests; /guest;
# /bed: what to do and how.
stage_root() {
	local root=$1 release f to
	shift
	busybox_tree "$root"
	release=$(cat "$tree/bed/release")
	mkdir -p "$root/lib/modules/$release" "$root/bed" "$root/tests"
	ln -s "lib/modules/$release" "$root/mod"
	find "$tree/bed/modules" -name '*.ko' -exec cp {} "$root/mod/" \;
	[ -z "$built" ] || cp -r "$built"/mod/. "$root/mod/"
	depmod -b "$root" "$release" 2>/dev/null
	[ -z "$built" ] || cp -r "$built"/bin/. "$root/bin/"
	[ ! -d "$top/tools/tests" ] || cp -rL "$top/tools/tests/." "$root/tests/"
	cp "$bed/guest/init" "$root/init"
	cp "$bed/guest/runner.sh" "$bed/guest/mounts.sh" "$bed/guest/splats.txt" "$root/bed/"
	[ -z "$guest" ] || cp -r "$guest" "$root/guest"
	for f in "${files[@]}"; do
		case $f in
		*:*) to=$root/${f#*:} ;;
		*) to=$root/root/$(basename "$f") ;;
		esac
		mkdir -p "$(dirname "$to")"
		cp -rL "${f%%:*}" "$to" || die "cannot put ${f%%:*} into the bed"
	done
	printf '%s\n' "$*" >"$root/bed/command"
	if [ -n "$shell" ]; then echo shell; else echo run; fi >"$root/bed/mode"
	printf 'export %s\n' "BED_KERNEL=$kernel" "BED_CPUS=$cpus" "BED_ARCH=$arch" "BED_OUT=$arch_out" "BED_OUT_MODULES='$arch_out_modules'" \
		"BED_KVM=$kvm" "BED_KVM_MODULE=${kvm:+$arch_kvm_module}" "BED_KMEMLEAK=${BED_KMEMLEAK:-}" \
		"AXVM_SOAK=${AXVM_SOAK:-}" >"$root/bed/env"
	if [ -n "$shell" ]; then stty size 2>/dev/null | sed -n 's/^\([1-9].*\) \([1-9].*\)/stty rows \1 cols \2/p' >"$root/etc/profile"; fi
}
