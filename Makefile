# acct: one Makefile for programs, library, tests, lints and benchmarks.
#   make            programs into $(BUILD)/bin
#   make check      every test that needs no peer of another project
#   make SAN=1 ...  the same with the address and undefined-behaviour sanitizers
#   make fuzz       every fuzz target, FUZZ_SECONDS each (clang)
#   make lint bench install uninstall clean

VERSION = 0.1.0
BUILD  ?= build
PREFIX ?= /usr/local
BINDIR  = $(DESTDIR)$(PREFIX)/bin
MANDIR  = $(DESTDIR)$(PREFIX)/share/man

CC     ?= cc
CFLAGS ?= -O3 -g
ifdef SAN
BUILD  := $(BUILD)/san
CFLAGS  = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
endif

PKGS = libxxhash yaml-0.1 libbsd snappy libzstd zlib liblz4
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla
CPPFLAGS += -Ilib -D_GNU_SOURCE -DACCT_VERSION='"$(VERSION)"'
ALL_CFLAGS = -std=c11 $(WARN) $(CFLAGS) $(shell pkg-config --cflags $(PKGS))
LIBS = $(shell pkg-config --libs $(PKGS)) -lcsv

LIB_OBJS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/*/*.c))
PROGRAMS = $(patsubst cmd/%.c,$(BUILD)/bin/%,$(wildcard cmd/acct-*.c))
UNITS    = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))
TOOLS    = $(patsubst tests/gen/%.c,$(BUILD)/tools/%,$(wildcard tests/gen/*.c))
FUZZERS  = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*.c))

all: $(PROGRAMS)

$(BUILD)/libacct.a: $(LIB_OBJS)
	rm -f $@
	$(AR) rcs $@ $(LIB_OBJS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/bin/%: $(BUILD)/cmd/%.o $(BUILD)/libacct.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libacct.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tools/%: $(BUILD)/tests/gen/%.o $(BUILD)/libacct.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

.SECONDARY:
.DELETE_ON_ERROR:

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

.PHONY: all clean
