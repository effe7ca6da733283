# SPDX-License-Identifier: GPL-2.0
#
# What a person types. What the module is made of stands in Kbuild; the test bed is under tools/bed.

KDIR ?= /lib/modules/$(shell uname -r)/build

PREFIX ?= /usr/local

# The launcher's programs go here, out of the way of the sources.
launcher := $(CURDIR)/.build/axvm

all: module launcher

module:
	@test -e $(KDIR)/Makefile || { echo 'No kernel to build against at $(KDIR): install linux-headers-$(shell uname -r),' \
		'or say KDIR=...; "make help" lists what needs none.' >&2; exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

launcher:
	$(MAKE) -C tools/axvm OUT=$(launcher)

install: all
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install
	install -D -m 755 $(launcher)/axvm $(DESTDIR)$(PREFIX)/bin/axvm

clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean
	rm -rf .build

check:
	@tools/check.sh

soak:
	@tools/check.sh --soak

lint:
	@tools/lint.sh

demo:
	@tools/bed/demo.sh

shell:
	@tools/bed/run.sh $(RUN) -g --shell

bench:
	@tools/bench/run.sh

help:
	@echo 'Build for the running kernel, in this directory:'
	@echo '  make                the module and the launcher (KDIR= another kernel to build against)'
	@echo '  make install        install both (as root)'
	@echo '  make clean          remove what was built'
	@echo
	@echo 'Try and test, on any x86-64 Debian machine, with or without VMX (ARCH=arm64: the arm64 half; on an arm64'
	@echo 'machine that is the default). The first run fetches and builds an emulator and a kernel into'
	@echo '$${AXVM_CACHE:-~/.cache/axvm} (minutes); later ones take seconds:'
	@echo '  make demo           boot a kernel with axvm in the test bed, and a guest in axvm'
	@echo '  make shell          a shell in the bed: /mod/axvm.ko, axvm, /guest (RUN="-k debug -c 2": options of tools/bed/run.sh)'
	@echo '  make check          lint, and every test on the plain and the debug kernel, of both families (or of ARCH)'
	@echo '  make check T=NAME   one KUnit suite or one test (K=debug: on that kernel; BED=vng: under virtme-ng)'
	@echo '  make soak           the tests again, for longer'
	@echo '  make bench          what an exit costs, in instructions, against the budgets'
	@echo '  make lint           sparse, W=1, checkpatch, kernel-doc, shellcheck'

.PHONY: all module launcher install clean check soak lint demo shell bench help
