# SPDX-License-Identifier: GPL-2.0
#
# How a program is built whose objects are kept apart from its sources, below build/,
# because there is another one of it: SANITIZE=1 builds it there, with address and
# undefined behaviour sanitizers.
#
# Whoever includes this has set $(here) and $(top), its and the tree's directory, $(name),
# and in $(sources) its files without .c; common-NAME is tools/common/NAME.c.  What it adds
# to FLAGS and LIBS, and other rules, come behind.

out := $(top)/build/$(name)
program := $(here)$(name)

include $(top)/tools/flags.mk
FLAGS += -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes

ifeq ($(SANITIZE),1)
out := $(top)/build/$(name)-sanitize
program := $(out)/$(name)
SANITIZE_FLAGS := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
		  -fno-sanitize-recover=undefined
endif

objects := $(sources:%=$(out)/%.o)
made_by := $(here)Makefile $(top)/tools/program.mk $(top)/tools/flags.mk

all: $(program)

$(program): $(objects)
	$(CC) $(FLAGS) $(CFLAGS) $(SANITIZE_FLAGS) $(LINK_FLAGS) $(LDFLAGS) \
		-o $@ $^ $(LIBS) $(LDLIBS)

$(out)/%.o: $(here)%.c $(made_by) | $(out)
	$(CC) $(FLAGS) $(CPPFLAGS) $(CFLAGS) $(SANITIZE_FLAGS) -c -o $@ $<

$(out)/common-%.o: $(here)../common/%.c $(made_by) | $(out)
	$(CC) $(FLAGS) $(CPPFLAGS) $(CFLAGS) $(SANITIZE_FLAGS) -c -o $@ $<

$(out):
	mkdir -p $@

clean:
	rm -rf $(top)/build/$(name) $(top)/build/$(name)-sanitize $(here)$(name)

-include $(objects:.o=.d)

.PHONY: all install uninstall clean
