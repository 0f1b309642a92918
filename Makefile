# SPDX-License-Identifier: GPL-2.0
#
# make              the module (for the running kernel, or, without its headers,
#                   for every kernel whose headers are installed) and the tools;
#                   without any headers the tools alone
# make module KVER=6.12.1-cloud-amd64 [KDIR=/path/to/build]
# make tools        (ftcphosts only where libcurl and json-c are installed)
# make install      module, tools, manual pages and what lets other programs leave
#                   rules alone; DESTDIR=, PREFIX= and SYSCONFDIR= as usual
# make uninstall    all of that
# make dkms-install the module by DKMS, which builds it again for every kernel that
#                   comes later; make dkms-uninstall
# make deb          Debian packages, in build/deb
# make check        every test; TESTS="smoke.sh" KERNELS="6.12" select some
# make check-fast   those that the changes of this branch can have broken, the
#                   module's on User-mode Linux; ALL=1: every test
# make check-debug  the module's tests on kernels with KASAN; lockdep, kmemleak and
#                   trackers of references and objects; and too little memory
# make check-cross  the core, the tools and the module for a big-endian and a
#                   32-bit processor; sparse
# make soak         half an hour of traffic and trouble on such a kernel
# make bench | fuzz
# make demo         WireGuard through a network that drops UDP; MODE=tun: with ftcptun
# make clean

SHELL := /bin/bash
PREFIX ?= /usr/local

headers := $(patsubst /lib/modules/%/build,%,$(wildcard /lib/modules/*/build))
running := $(filter $(shell uname -r),$(headers))
KVER ?= $(or $(running),$(headers))
KDIR ?= /lib/modules/$*/build

ALL_TOOLS := $(patsubst tools/%/Makefile,%,$(wildcard tools/*/Makefile))

# Few need it, and its libraries are large
PKG_CONFIG ?= pkg-config
without := $(shell $(PKG_CONFIG) --exists libcurl json-c 2> /dev/null || echo ftcphosts)
TOOLS := $(filter-out $(without),$(ALL_TOOLS))

ifeq ($(strip $(KVER)),)
all: tools
	@echo "No kernel headers are installed: the module is left out." \
		"On Debian: apt-get install linux-headers-$$(uname -r)" >&2

module:
	@echo "No kernel headers are installed; on Debian: apt-get install linux-headers-$$(uname -r)" >&2
	@exit 1
else
all: module tools

module: $(KVER:%=module-%)
endif

# Kernels before 6.13 build a module in the directory of its sources only, and
# several kernels are built for: each gets a directory of links to the sources.
module-%: FORCE
	@mkdir -p build/$*
	@find build/$* -xtype l -delete
	@cp -rsf $(CURDIR)/Kbuild $(CURDIR)/module build/$*/
	+flock build/$* $(MAKE) -C $(KDIR) M=$(CURDIR)/build/$* modules

tools: $(TOOLS)
ifneq ($(without),)
	@echo "libcurl or json-c is not installed: $(without) is left out." \
		"On Debian: apt-get install pkg-config libcurl4-openssl-dev libjson-c-dev" >&2
endif

$(ALL_TOOLS): FORCE
	+$(MAKE) -C tools/$@

install: all
	@for kver in $(KVER); do \
		$(MAKE) -C $(patsubst %/$*/build,%/$$kver/build,$(KDIR)) \
			M=$(CURDIR)/build/$$kver \
			$(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) CONFIG_MODULE_SIG_ALL= \
			modules_install || exit; \
		$(if $(DESTDIR),,depmod "$$kver" || exit;) \
	done
	+@for tool in $(TOOLS); do \
		$(MAKE) -s -C tools/$$tool install \
			$(if $(DESTDIR),DESTDIR=$(abspath $(DESTDIR))) \
			PREFIX=$(PREFIX) || exit; \
	done

uninstall:
	@for kver in $(KVER); do \
		rm -f $(DESTDIR)/lib/modules/$$kver/*/faketcp.ko*; \
		$(if $(DESTDIR),,depmod "$$kver" || exit;) \
	done
	+@for tool in $(ALL_TOOLS); do \
		$(MAKE) -s -C tools/$$tool uninstall \
			$(if $(DESTDIR),DESTDIR=$(abspath $(DESTDIR))) \
			PREFIX=$(PREFIX) || exit; \
	done

# DKMS makes the module for these kernels, and for each that is installed later.
version := $(shell sed -n 's/^\#define TOOLS_VERSION "\(.*\)"/\1/p' tools/version.h)
dkms_source = $(DESTDIR)/usr/src/faketcp-$(version)
dkms_unknown = [ -z "$$(dkms status -m faketcp -v $(version))" ]

dkms-install:
	$(if $(DESTDIR),,@type dkms > /dev/null)
	$(if $(DESTDIR),,@$(dkms_unknown) || dkms remove -m faketcp -v $(version) --all)
	@rm -rf $(dkms_source)
	@mkdir -p $(dkms_source)
	@cp -r Kbuild module $(dkms_source)/
	@sed 's/#MODULE_VERSION#/$(version)/' tools/packaging/dkms.conf \
		> $(dkms_source)/dkms.conf
	$(if $(DESTDIR),,dkms add -m faketcp -v $(version))
	$(if $(DESTDIR),,@for kver in $(KVER); do \
		dkms install -m faketcp -v $(version) -k $$kver || exit; \
	done)

dkms-uninstall:
	$(if $(DESTDIR),,@$(dkms_unknown) || dkms remove -m faketcp -v $(version) --all)
	@rm -rf $(dkms_source)

deb:
	@tools/packaging/make-deb

check:
	@selftests/check

check-fast:
	@selftests/check-fast

check-debug:
	@selftests/check-debug

check-cross:
	@selftests/check-cross

soak:
	@selftests/soak/run

bench:
	@selftests/bootstrap $@
	+$(MAKE) -C selftests/bench $@

fuzz:
	@selftests/bootstrap $@
	+$(MAKE) -C selftests/core $@
	+$(MAKE) -C selftests/tun $@

demo:
	@selftests/bootstrap demo$(filter-out -module,$(MODE:%=-%))
	@selftests/demo/run $(MODE)

clean:
	@rm -rf build
	@for dir in $(ALL_TOOLS:%=tools/%) selftests $(wildcard selftests/*/Makefile); do \
		$(MAKE) -s -C $${dir%/Makefile} clean || exit; \
	done

FORCE:

.PHONY: all module tools $(ALL_TOOLS) install uninstall dkms-install dkms-uninstall deb \
	check check-fast check-debug check-cross soak bench fuzz demo clean FORCE
