# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# Debian's own kernels, image and headers unpacked side by side into the cache: to prove that the module builds for them and
# runs there. The tools that build modules (linux-kbuild) are always this machine's own. Sourced by kernel.sh.

# debian_kernel SERIES: ensure it and print the path of its build tree. Which version of the series that is is decided once,
# when it is fetched.
debian_kernel() {
	local series=$1 key dir part
	key=$(key "$series" "$arch" "$cross" "${arch_debian_modules[*]}" 1)
	dir=$cache/kernel/$arch-debian-$series-$key
	part=$cache/part/kernel-$arch-debian-$series-$key
	if [ ! -e "$dir/tree" ]; then
		lock "kernel-$arch-debian-$series"
		if [ ! -e "$dir/tree" ]; then
			need_space 900
			install_packages kmod xz-utils
			cross_tools
			private_update
			rm -rf "$part" && mkdir -p "$part/deb" "$cache/kernel"
			step "fetching Debian's kernel $series for $arch" "about 120 MB" 0 \
				"$cache/log/kernel-$arch-debian-$series.log" fetch_debian_kernel
			mv "$part" "$dir"
		fi
	fi
	realpath "$dir/tree"
}

# The headers package that some suite's metapackage names, for example linux-headers-6.12.95+deb12-amd64: of this machine's
# suite or its backports if they have one, for then its tools run here.
debian_headers() {
	local codename version meta=linux-headers-$arch_debian:$arch_debian
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	version=$(private_apt apt-cache madison "$meta" |
		awk -v own="$codename" -v series="$series." 'index($3, series) == 1 {
			if (index($6, own "/") == 1 || index($6, own "-backports/") == 1) print 1, $3; else print 2, $3
		}' | sort -s -k1,1 | awk 'NR == 1 {print $2}')
	[ -z "$version" ] || private_apt apt-cache show "$meta=$version" |
		sed -nE '/^Depends:/s/.*(linux-headers-[0-9][^ ,]+).*/\1/p' | head -n 1
}

fetch_debian_kernel() {
	local headers release kbuild p tree
	cd "$part/deb" || return 1
	headers=$(debian_headers)
	[ -n "$headers" ] || { echo "no suite has a kernel $series"; return 1; }
	release=${headers#linux-headers-}
	kbuild=linux-kbuild-${release%-"$arch_debian"}
	# Before 6.7 that package bore the name of the series.
	private_apt apt-cache show "$kbuild" >/dev/null 2>&1 || kbuild=linux-kbuild-$series
	for p in "linux-image-$release:$arch_debian" "$headers:$arch_debian" \
		"linux-headers-${release%-"$arch_debian"}-common" "$kbuild"; do
		if ! private_apt apt-get download "$p" || ! dpkg -x "${p%:*}"_*.deb "$part/root"; then return 1; fi
		rm -f "${p%:*}"_*.deb
	done
	# The header Makefile includes the common one by its absolute path: the one it will have here.
	tree=$part/root/usr/src/$headers
	sed -i "s|^include /usr/src/|include $dir/root/usr/src/|" "$tree/Makefile"
	mkdir -p "$tree/bed/modules" && cp "$part/root/boot/vmlinuz-$release" "$tree/bed/$arch_image" || return 1
	for p in "${arch_debian_modules[@]}"; do
		find "$part/root" -name "$p.ko*" -exec cp {} "$tree/bed/modules/" \;
	done
	find "$tree/bed/modules" -name '*.xz' -exec unxz {} +
	rm -rf "$part/root/lib/modules" "$part/root/usr/lib/modules" "$part/root/boot" "$part/deb"
	# modpost would want pahole for BTF; nothing here reads that.
	echo "CONFIG_DEBUG_INFO_BTF_MODULES=${cross:+ ARCH=$arch CROSS_COMPILE=$cross}" >"$tree/bed/make-arguments"
	echo "$release" >"$tree/bed/release"
	ln -s "root/usr/src/$headers" "$part/tree"
}
