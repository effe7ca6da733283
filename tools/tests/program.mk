# SPDX-License-Identifier: GPL-2.0
#
# One program of a few C files for the test bed: $(OUT)/$(PROGRAM) of $(SOURCES) and of $(SOURCES-x86) or $(SOURCES-arm64).
# STATIC=1: linked statically, as the bed's root file system wants it. ARCH=, CC=: for another family.

ifeq ($(OUT),)
$(error say where to build: make OUT=DIR)
endif

tests	:= $(dir $(lastword $(MAKEFILE_LIST)))

# As the kernel calls them, or as uname does
ARCH	?= $(shell uname -m)
arch	:= $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(ARCH)))
SOURCES	+= $(SOURCES-$(arch))

CC	?= cc
CFLAGS	?= -O2 -g
CFLAGS	+= -std=gnu11 -D_GNU_SOURCE -pthread -MMD -MP -fno-pie -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	   -Wmissing-prototypes -Wpointer-arith -Wno-missing-field-initializers -I$(tests)
LDFLAGS	+= -pthread -no-pie

ifeq ($(STATIC),1)
LDFLAGS	+= -static -s
endif

objects	:= $(patsubst %.c,$(OUT)/%.o,$(notdir $(SOURCES)))
vpath %.c $(sort $(dir $(SOURCES)))

$(OUT)/$(PROGRAM): $(objects)
	@echo "  LD      $(notdir $@)"
	@$(CC) $(LDFLAGS) -o $@ $^

$(OUT)/%.o: %.c $(firstword $(MAKEFILE_LIST)) $(tests)/program.mk | $(OUT)
	@echo "  CC      $<"
	@$(CC) $(CFLAGS) -c -o $@ $<

$(OUT):
	@mkdir -p $@

.DELETE_ON_ERROR:

-include $(wildcard $(OUT)/*.d)
