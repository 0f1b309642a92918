# SPDX-License-Identifier: GPL-2.0
#
# What the tools are compiled and linked with: programs that run as root and read
# what anybody may send are hardened.
#
# CPPFLAGS, CFLAGS, LDFLAGS and LDLIBS belong to whoever calls make.  They come
# behind these, and so have the last word.

CFLAGS ?= -O2 -g

FLAGS := -std=gnu11 -Wall -Wextra -Wformat=2 -Wno-format-nonliteral \
	 -Wno-unused-parameter -Wno-missing-field-initializers \
	 -D_GNU_SOURCE -MMD -MP -fPIE -fstack-protector-strong
LINK_FLAGS := -Wl,-z,relro,-z,now

# Static and other programs are linked as they were asked for.
ifeq ($(filter -static% -no-pie,$(CFLAGS) $(LDFLAGS)),)
LINK_FLAGS += -pie
endif

# It is of no use without optimisation, says so, and hides errors from the
# sanitizers.  Another level is the user's choice.
ifneq ($(filter-out -O0,$(filter -O%,$(CPPFLAGS) $(CFLAGS))),)
ifeq ($(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS))$(SANITIZE),)
FLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
endif
