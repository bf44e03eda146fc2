# acct: one Makefile for programs, library, tests, lints and benchmarks.
#   make            programs into $(BUILD)/bin
#   make check      every test that needs no peer of another project
#   make SAN=1 ...  the same with the address and undefined-behaviour sanitizers
#   make coverage   the tests, and which lines and branches of the library they execute
#   make aarch64    compiles the library for aarch64 and runs units there under qemu-user
#   make sql        the SQL of the bank's own job for each warehouse, into $(BUILD)/sql
#   make soak       the counts that take long
#   make fuzz       every fuzz target, FUZZ_SECONDS each (clang); make fuzz-csv for one
#   make lint bench install uninstall clean

VERSION = 0.1.0
BUILD  ?= build
PREFIX ?= /usr/local
BINDIR  = $(DESTDIR)$(PREFIX)/bin
MANDIR  = $(DESTDIR)$(PREFIX)/share/man
SHAREDIR = $(DESTDIR)$(PREFIX)/share/acct
COMPLETIONS = $(DESTDIR)$(PREFIX)/share/bash-completion/completions

CC     ?= cc
CFLAGS ?= -O3 -g
ifdef SAN
BUILD  := $(BUILD)/san
CFLAGS  = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
endif
ifdef COVERAGE
BUILD  := $(BUILD)/coverage
CFLAGS  = -O0 -g --coverage -fprofile-abs-path -DACCT_COVERAGE
endif

# Numbers in memory are read as the bytes of files are.
ifeq ($(shell echo __BYTE_ORDER__ __ORDER_BIG_ENDIAN__ | $(CC) $(CFLAGS) -E -P -x c - | tr -d ' '),43214321)
$(error '$(CC)' compiles for a big-endian processor; acct needs a little-endian one)
endif

# Hardening, as far as the compiler has it; sanitizers bring checks of their own and do not go with it.
# -fstack-clash-protection touches each page of a large frame, so that none jumps over the guard page.
ifeq ($(findstring -fsanitize,$(CFLAGS)),)
HARDEN := $(shell for f in -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard; do \
    $(CC) -Werror $$f -c -x c /dev/null -o /dev/null 2>/dev/null && echo "$$f"; done) \
    $(if $(filter-out -O0,$(filter -O%,$(CFLAGS))),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
HARDEN_LD = -pie -Wl,-z,relro,-z,now,-z,noexecstack
endif

PKGS = libxxhash yaml-0.1 libbsd snappy libzstd zlib liblz4 jansson libcrypto
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla
CPPFLAGS += -Ilib -D_GNU_SOURCE -DACCT_VERSION='"$(VERSION)"'
ALL_CFLAGS = -std=c11 $(WARN) $(HARDEN) $(CFLAGS) $(shell pkg-config --cflags $(PKGS))
# A program links what it uses: only those that write Parquet load its codecs.
LIBS = -Wl,--as-needed $(shell pkg-config --libs $(PKGS)) -lcsv -ltre -lm -pthread

LIB_OBJS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/*/*.c lib/*/*/*.c))
PROGRAMS = $(patsubst cmd/%.c,$(BUILD)/bin/%,$(wildcard cmd/acct-*.c))
UNITS    = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))
TOOLS    = $(patsubst tests/gen/%.c,$(BUILD)/tools/%,$(wildcard tests/gen/*.c))
BATS    ?= tests
SCRIPTS  = $(wildcard pipelines/*.sh pipelines/bank/gold/*.sh pipelines/adf/*.sh tests/*.sh tests/bench/*.sh) .ci/run
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 60
FUZZERS  = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*.c))

all: $(PROGRAMS) $(BUILD)/libacct.a

$(BUILD)/libacct.a: $(LIB_OBJS)
	rm -f $@
	$(AR) rcs $@ $(LIB_OBJS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/bin/%: $(BUILD)/cmd/%.o $(BUILD)/libacct.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libacct.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tools/%: $(BUILD)/tests/gen/%.o $(BUILD)/libacct.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(LIBS)

# The library once more for the fuzzers, with their instrumentation.
FUZZ_FLAGS = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined
fuzz-library:
	$(MAKE) BUILD=$(BUILD)/fuzz/build CC=$(FUZZ_CC) CFLAGS='$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link' $(BUILD)/fuzz/build/libacct.a

$(BUILD)/fuzz/%: tests/fuzz/%.c fuzz-library
	$(FUZZ_CC) $(CPPFLAGS) -std=c11 $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $< $(BUILD)/fuzz/build/libacct.a $(LIBS)

# ---- tests ----

units: $(UNITS)
tools: $(TOOLS)

# For a test that links a program of its own.
print-libs:
	@echo '$(LIBS)'
fuzzers: $(FUZZERS)

check: all units tools
	BUILD='$(abspath $(BUILD))' bats $(BATS)

# FILTERS="csv join" runs the tests of these names alone, and holds no bar.
coverage:
	sh tests/coverage.sh $(FILTERS)

# Each target starts from its seeds and keeps what it finds beside its program.
fuzz: $(patsubst tests/fuzz/%.c,fuzz-%,$(wildcard tests/fuzz/*.c))

$(patsubst tests/fuzz/%.c,fuzz-%,$(wildcard tests/fuzz/*.c)): fuzz-%: $(BUILD)/fuzz/%
	@mkdir -p $<.corpus
	$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -verbosity=0 -artifact_prefix=$<. $<.corpus \
	    $(wildcard tests/fuzz/corpus/$*)

# The long counts, of which `check` runs a sample with a new seed each time. ACCT_SEED repeats one.
soak: all units tools
	BUILD='$(abspath $(BUILD))' ACCT_FLIPS=1000 bats -f 'single flipped bits' tests/check.bats
	ACCT_CASES=1000000 $(BUILD)/unit/parquet
	ACCT_CASES=1000000 $(BUILD)/unit/source
	ACCT_FAULTS=2 $(BUILD)/unit/writers
	ACCT_EACH=1 $(BUILD)/unit/faults
	ACCT_EACH=1 $(BUILD)/unit/run
	ACCT_CASES=200000 $(BUILD)/unit/resume
	ACCT_CASES=5000 $(BUILD)/unit/ledger
	BUILD='$(abspath $(BUILD))' ACCT_KILLS=200 ACCT_KILL_BANK=20000 bats -f 'killed at any instant' tests/runs.bats
	BUILD='$(abspath $(BUILD))' ACCT_RUN_KILLS=100 bats -f 'killed or terminated' tests/pipeline.bats
	BUILD='$(abspath $(BUILD))' ACCT_HISTORIES=1000 bats -f 'random histories|random days' tests/days.bats
	BUILD='$(abspath $(BUILD))' ACCT_ROWS=200000 bats -f 'random rows' tests/row.bats
	BUILD='$(abspath $(BUILD))' ACCT_MENDED=500 bats -f 'are mended' tests/layout.bats
	BUILD='$(abspath $(BUILD))' ACCT_ZONES=400 bats -f 'times of a zone' tests/notation.bats
	BUILD='$(abspath $(BUILD))' ACCT_BANK_ROWS=100000 bats tests/banks.bats
	BUILD='$(abspath $(BUILD))' ACCT_DRAFTS=3000 bats -f 'random files of known' tests/draft.bats
	BUILD='$(abspath $(BUILD))' ACCT_CASES_EXPECT=20000 bats -f 'random figures' tests/expect.bats
	BUILD='$(abspath $(BUILD))' ACCT_ROUNDS=400 ACCT_CUTS=4000 bats -f 'against a model|cut anywhere' tests/merge-sql.bats
	BUILD='$(abspath $(BUILD))' ACCT_SCHEMAS=1000 bats -f 'random schemas' tests/warehouse.bats
	BUILD='$(abspath $(BUILD))' ACCT_ROUNDS=200 bats -f 'as H2|as SQLite' tests/warehouse.bats
	BUILD='$(abspath $(BUILD))' ACCT_CRASH=all bats -f 'each system call' tests/lake.bats
	BUILD='$(abspath $(BUILD))' ACCT_CRASH=all ACCT_KILLS=500 ACCT_COMMITS=200 bats tests/crash.bats
	BUILD='$(abspath $(BUILD))' ACCT_CASES=1000000 bats -f 'any text' tests/ingest.bats
	BUILD='$(abspath $(BUILD))' ACCT_CASES=100000 bats -f 'random patterns' tests/regex.bats
	BUILD='$(abspath $(BUILD))' ACCT_CASES=100000 bats -f 'random expressions' tests/expr.bats
	BUILD='$(abspath $(BUILD))' ACCT_CHECKS=2000 bats -f 'random checks' tests/reconcile.bats
	BUILD='$(abspath $(BUILD))' ACCT_RACE=16 ACCT_AZURE_KILLS=200 ACCT_AZURE_RUN_KILLS=200 bats -f '16 writers|killed' tests/azure.bats
	BUILD='$(abspath $(BUILD))' ACCT_CASES=2000 bats -f 'random changes' tests/states.bats
	BUILD='$(abspath $(BUILD))' ACCT_CASES=20000 bats -f 'random patterns find' tests/expr.bats
	BUILD='$(abspath $(BUILD))' ACCT_CASES=2000 bats -f 'random runs of late' tests/history.bats
	BUILD='$(abspath $(BUILD))' ACCT_CASES=20000 bats -f 'random quantiles' tests/balance.bats
	BUILD='$(abspath $(BUILD))' ACCT_CASES=3000 bats -f 'any order and grouping' tests/merge.bats

# The SQL that loads the bank's own job into each warehouse, from its sample: to read, and for a reviewer.
SQL_URL ?= az://ACCOUNT/lake
sql: all
	rm -rf '$(BUILD)/sql'
	ACCT_BIN='$(abspath $(BUILD))/bin' sh pipelines/run.sh -d none pipelines/sample '$(BUILD)/sql/lake'
	for d in synapse fabric sqlserver; do \
	    ACCT_BIN='$(abspath $(BUILD))/bin' sh pipelines/warehouse.sh -d $$d --url '$(SQL_URL)' '$(BUILD)/sql/lake' '$(BUILD)/sql/'$$d || exit; done

bench: all tools
	BUILD='$(abspath $(BUILD))' sh tests/bench/run.sh

lint: lint-scripts lint-manuals lint-prose lint-width lint-style lint-structs lint-names lint-gcc lint-clang

lint-scripts:
	shellcheck $(SCRIPTS)

lint-manuals:
	mandoc -T lint -W warning man/*.[157]

# Turns of phrase; lines of C beyond 120 columns.
lint-prose:
	sh tests/prose.sh

lint-width:
	sh tests/width.sh

# Tabs, braces, blanks, sizeof(x); no two structs of one name.
lint-style:
	sh tests/style.sh

lint-structs:
	sh tests/structs.sh

# make lint-commits RANGE=A..B: messages of commits. Not part of lint, as what is published stays as it is.
RANGE ?= origin/main..HEAD
lint-commits:
	sh tests/commits.sh '$(RANGE)'

# Extern symbols begin with a word of their folder, and something else uses them.
lint-names: all
	sh tests/names.sh '$(BUILD)'

lint-gcc lint-clang: lint-%:
	$(MAKE) BUILD=$(BUILD)/lint-$* CC=$* CFLAGS='-O2 -Werror' all units tools

# ---- another processor ----

# These units have all kernels by words, values and records. They need gcc-aarch64-linux-gnu, qemu-user, and of arm64 libbsd-dev,
# libsnappy-dev and zlib1g-dev. ACCT_PORTABLE=1 keeps them from starting themselves again for the other levels, which qemu-user cannot do.
AARCH64_CC ?= aarch64-linux-gnu-gcc
AARCH64_UNITS = simd val rec

aarch64:
	$(MAKE) BUILD=$(BUILD)/aarch64 CC='$(AARCH64_CC)' LIBS='-Wl,--as-needed -lbsd -lsnappy -lz -lm -pthread' \
	    $(AARCH64_UNITS:%=$(BUILD)/aarch64/unit/%)
	for u in $(AARCH64_UNITS); do ACCT_PORTABLE=1 qemu-aarch64 $(BUILD)/aarch64/unit/$$u || exit; done

# ---- installation ----

# The scripts find the programs of their own installation; demo.sh is for a checkout.
JOB_SCRIPTS = $(filter-out pipelines/demo.sh,$(wildcard pipelines/*.sh))

install: all
	mkdir -p '$(BINDIR)' '$(MANDIR)/man1' '$(MANDIR)/man5' '$(MANDIR)/man7' '$(SHAREDIR)/bank/sources' '$(SHAREDIR)/bank/gold' \
	    '$(COMPLETIONS)'
	install -m 755 $(PROGRAMS) '$(BINDIR)'
	for n in 1 5 7; do install -m 644 man/*.$$n '$(MANDIR)'/man$$n || exit; done
	install -m 755 $(JOB_SCRIPTS) '$(SHAREDIR)'
	ln -sf ../share/acct/run.sh '$(BINDIR)/acct-run'
	install -m 644 pipelines/bank/sources/*.yaml '$(SHAREDIR)/bank/sources'
	install -m 755 pipelines/bank/gold/*.sh '$(SHAREDIR)/bank/gold'
	install -m 644 pipelines/bank/README pipelines/bank/checks '$(SHAREDIR)/bank'
	mkdir -p '$(SHAREDIR)/adf' && cp -R pipelines/adf/. '$(SHAREDIR)/adf'
	for p in $(notdir $(PROGRAMS)); do install -m 644 cmd/acct.bash '$(COMPLETIONS)'/$$p || exit; done

uninstall:
	for p in $(notdir $(PROGRAMS)); do rm -f '$(BINDIR)'/$$p '$(COMPLETIONS)'/$$p || exit; done
	rm -f '$(BINDIR)/acct-run'
	for f in man/*; do rm -f '$(MANDIR)'/man$${f##*.}/$${f##*/} || exit; done
	rm -rf '$(SHAREDIR)'

.SECONDARY:
.DELETE_ON_ERROR:

clean:
	rm -rf $(BUILD)

# What each object depends on, as the compiler has seen it.
SOURCES = $(wildcard lib/*/*.c lib/*/*/*.c cmd/*.c tests/unit/*.c tests/gen/*.c)
-include $(SOURCES:%.c=$(BUILD)/%.d)

.PHONY: all aarch64 sql units tools print-libs fuzzers fuzz-library check coverage soak fuzz bench lint lint-scripts lint-manuals lint-prose lint-width lint-style lint-structs lint-commits lint-names lint-gcc lint-clang install uninstall clean
