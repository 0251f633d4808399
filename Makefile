# hull: an OCI container runtime. `make help` lists what can be made.

BUILD    ?= build
PREFIX   ?= /usr/local
BINDIR   ?= $(PREFIX)/bin
INCLUDEDIR ?= $(PREFIX)/include
DATADIR  ?= $(PREFIX)/share
MANDIR   ?= $(DATADIR)/man
# musl: static, starts in a tenth of a millisecond (base/fortify.c tells why).
# glibc: dynamic, for the sanitizers and for debugging.
LIBC     ?= musl
SANITIZE ?=
# V=1 shows the commands.
Q        := $(if $(V),,@)
# All processors, unless -j says something else.
ifeq ($(MAKELEVEL)$(filter -j% --jobserver%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

# ---- what is built, and how -------------------------------------------------------------------

# A row of a table may leave out its last members.
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wno-missing-field-initializers
# "linux" is a word of the runtime-spec, not a macro.
override CFLAGS += -std=gnu17 -O2 -g -Ulinux -fno-strict-aliasing -ffunction-sections \
	-fdata-sections -fstack-protector-strong $(WARNINGS)
override CPPFLAGS += -D_GNU_SOURCE -I.
override LDFLAGS  += -Wl,--gc-sections
MULTIARCH := $(shell gcc -print-multiarch 2>/dev/null)

ifneq ($(SANITIZE),)
override LIBC := glibc
override CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=undefined -fno-omit-frame-pointer
override LDFLAGS += -fsanitize=$(SANITIZE)
endif

# Each way of building has a folder of its own; the programs of the first stand in build/.
ifeq ($(LIBC),musl)
CC       := musl-gcc
OBJ      := $(BUILD)/musl
BIN      := $(BUILD)
INCLUDE  := $(OBJ)/include
LIBS     := $(foreach lib,libseccomp.a libcap.a libyajl_s.a,/usr/lib/$(MULTIARCH)/$(lib)) -lm
NEEDED   := $(filter %.a,$(LIBS))
override CPPFLAGS += -isystem $(INCLUDE)
override CFLAGS   += -fno-pie
override LDFLAGS  += -static -no-pie
# hull begins in runtime/self_entry.c.
comma    := ,
ENTRY    := $(if $(filter x86_64,$(shell uname -m)),-Wl$(comma)-e$(comma)self_entry)
# Debian 13's archives call these by the names that its glibc gives them (C23, large files).
override LDFLAGS  += -Wl,--defsym=__isoc23_strtoul=strtoul -Wl,--defsym=fopen64=fopen
else
FLAVOUR  := $(if $(findstring fuzzer,$(SANITIZE)),fuzz,$(if $(SANITIZE),sanitize,glibc))
# clang takes a variable that is only cleaned up for an unused one, and the kernel's lists with a head
# for its own invention.
override CFLAGS += $(if $(findstring fuzzer,$(SANITIZE)),-Wno-unused-variable \
	-Wno-gnu-variable-sized-type-not-at-end)
OBJ      := $(BUILD)/$(FLAVOUR)
BIN      := $(OBJ)
LIBS     := -lseccomp -lcap -lyajl -lm
NEEDED   := /usr/include/seccomp.h /usr/include/sys/capability.h /usr/include/yajl/yajl_parse.h \
	/usr/include/zstd.h /usr/include/zlib.h /usr/include/openssl/evp.h
endif
COMPILE   = $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP

# The sources of some folders, as objects.
objects_of = $(patsubst %.c,$(OBJ)/%.o,$(wildcard $(1:%=%/*.c)))
RUNTIME  := runtime runtime/command runtime/completion runtime/doctor runtime/stats
OBJECTS  := $(call objects_of,base spec ns cgroup checkpoint $(RUNTIME))
IMAGE    := $(call objects_of,image image/command)
LINK     := $(call objects_of,checkpoint/link)
VMM      := $(call objects_of,microvm $(addprefix microvm/,fs prepare virtio))
GUEST    := $(call objects_of,microvm/guest) $(OBJ)/microvm/session.o
# Everything but main: what the tests link with.
ARCHIVE  := $(OBJ)/hull.a
VMM_ARCHIVE := $(OBJ)/vmm.a
UNIT     := $(patsubst %.c,$(BIN)/%,$(wildcard tests/unit/*.c))
# Tests of image/ need its libraries.
UNIT_IMAGE := $(patsubst %.c,$(BIN)/%,$(wildcard tests/unit/image/*.c))
UNIT_MICROVM := $(patsubst %.c,$(BIN)/%,$(wildcard tests/unit/microvm/*.c))
UNIT_IMAGE += $(patsubst %.c,$(BIN)/%,$(wildcard tests/image/*.c))
FUZZ     := $(patsubst %.c,$(BIN)/%,$(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c)))
FUZZ_IMAGE := $(patsubst %.c,$(BIN)/%,$(wildcard tests/fuzz/image/*.c))
# Programs that show how include/hull is used; they know nothing else of hull.
EXAMPLES := $(patsubst examples/%.c,$(BUILD)/examples/%,$(wildcard examples/*.c))
TOOLS    := $(addprefix $(BUILD)/tests/,floor pair racer intruder reach page swap_call vsock kvm_features load spinner \
		gap)

# hull-image and hull-link are always dynamic: their libraries are.
# Of libcrypto just SHA-256.
IMAGE_LIBS := -l:libcrypto.a -lzstd -lz
ifneq ($(wildcard /usr/include/isa-l.h),)
$(IMAGE): override CPPFLAGS += -DHAVE_ISAL
IMAGE_LIBS += -lisal
endif

.PHONY: all
all: $(addprefix $(BIN)/,hull hull-image hull-link hull-vmm hull-guest)

# One line instead of a compiler's complaint about each file.
MISSING := $(if $(shell command -v $(CC) 2>/dev/null),,$(CC)) \
	$(notdir $(filter-out $(wildcard $(NEEDED)),$(NEEDED)))
need_tools = $(if $(strip $(MISSING)),$(error $(firstword $(MISSING)) is missing: run `make deps`))

$(BIN)/hull: $(OBJECTS) $(OBJ)/flags
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(ENTRY) -o $@.new $(OBJECTS) $(LIBS) && mv $@.new $@

# These run for long and in threads: with the C library's own malloc, not with base/allocator.c.
LASTING := $(filter-out %/allocator.o,$(call objects_of,base))
$(BIN)/hull-vmm: $(VMM) $(LASTING) $(OBJ)/flags
$(BIN)/hull-guest: $(GUEST) $(LASTING) $(OBJ)/flags
$(BIN)/hull-vmm $(BIN)/hull-guest:
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@.new -Wl,--start-group $(filter %.o %.a,$^) $(LIBS) \
		-Wl,--end-group && mv $@.new $@

ifeq ($(LIBC),musl)
$(BIN)/hull-image $(BIN)/hull-link: FORCE
	$(Q)$(MAKE) --no-print-directory LIBC=glibc $(BUILD)/glibc/$(@F)
	$(Q)cmp -s $(BUILD)/glibc/$(@F) $@ || cp $(BUILD)/glibc/$(@F) $@
else
$(BIN)/hull-image: $(IMAGE) $(call objects_of,base spec) $(OBJ)/flags
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@.new $(filter %.o,$^) $(IMAGE_LIBS) $(LIBS) && mv $@.new $@
$(BIN)/hull-link: $(LINK) $(call objects_of,base) $(OBJ)/flags
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@.new $(filter %.o,$^) -lssl -lcrypto -lzstd -lyajl -lm && mv $@.new $@
endif

$(ARCHIVE): $(filter-out %/main.o,$(OBJECTS))
	@echo "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(VMM_ARCHIVE): $(filter-out %/main.o,$(VMM))
	@echo "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(OBJ)/%.o: %.c $(OBJ)/flags | $(INCLUDE)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(COMPILE) -c -o $@ $<

# What place.c embeds.
$(OBJ)/runtime/completion/place.o: $(wildcard runtime/completion/hull.*)

# Other flags or another compiler make everything anew, another commit what prints it.
COMMIT   := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
TELLERS  := $(OBJ)/runtime/main.o $(OBJ)/image/main.o $(addprefix $(OBJ)/runtime/command/,features.o doctor.o)
$(TELLERS): override CPPFLAGS += -DHULL_COMMIT='"$(COMMIT)"'
$(TELLERS): $(OBJ)/commit

$(OBJ)/flags: FORCE
	@: $(need_tools)
	@$(call write_changed,$(shell $(CC) -dumpfullversion -dumpmachine 2>/dev/null) $(COMPILE) $(LDFLAGS))
$(OBJ)/commit: FORCE
	@$(call write_changed,$(COMMIT))
write_changed = mkdir -p $(@D); echo '$(strip $(1))' | cmp -s - $@ || echo '$(strip $(1))' >$@

# What musl's compiler needs of the system's headers, and no more.
ifneq ($(INCLUDE),)
$(INCLUDE):
	@mkdir -p $@/sys
	@for h in seccomp.h yajl linux asm-generic; do ln -sfn /usr/include/$$h $@/$$h; done
	@ln -sfn /usr/include/sys/capability.h $@/sys/capability.h
	@for h in asm seccomp-syscalls.h; do \
		if [ -e /usr/include/$(MULTIARCH)/$$h ]; then ln -sfn /usr/include/$(MULTIARCH)/$$h $@/$$h; \
		else ln -sfn /usr/include/$$h $@/$$h; fi; done
endif

# ---- tests -----------------------------------------------------------------------------------

.PHONY: tests tools unit check lint format bench demo fuzz docs
# Unit tests and the replay of the fuzz corpus run under the sanitizers.
tests: tools
	$(Q)$(MAKE) --no-print-directory SANITIZE=address,undefined all unit

tools: $(TOOLS) $(EXAMPLES)
unit: $(UNIT) $(UNIT_IMAGE) $(UNIT_MICROVM) $(if $(findstring fuzzer,$(SANITIZE)),,$(FUZZ) $(FUZZ_IMAGE))

$(UNIT): $(BIN)/%: $(OBJ)/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(UNIT_MICROVM): $(BIN)/%: $(OBJ)/%.o $(VMM_ARCHIVE) $(ARCHIVE)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(UNIT_IMAGE): $(BIN)/%: $(OBJ)/%.o $(filter-out %/main.o,$(IMAGE)) $(ARCHIVE)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(IMAGE_LIBS) $(LIBS)

# With libFuzzer the main program is its own, else it is the replay of a corpus.
$(FUZZ_IMAGE): $(filter-out %/main.o,$(IMAGE))
$(FUZZ_IMAGE): FUZZ_LIBS := $(IMAGE_LIBS)
$(FUZZ) $(FUZZ_IMAGE): $(BIN)/%: $(OBJ)/%.o $(if $(findstring fuzzer,$(SANITIZE)),,$(OBJ)/tests/fuzz/replay.o) $(VMM_ARCHIVE) $(ARCHIVE)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(if $(findstring fuzzer,$(SANITIZE)),-fsanitize=fuzzer) \
		-o $@ $(filter-out $(ARCHIVE),$^) $(ARCHIVE) $(FUZZ_LIBS) $(LIBS)

# Programs of the benchmarks and of the attacks, which share nothing with hull.
MUSL_PLAIN = musl-gcc -std=gnu17 -O2 -D_GNU_SOURCE $(WARNINGS) -static -no-pie \
	-idirafter /usr/include -idirafter /usr/include/$(MULTIARCH)
$(BUILD)/tests/floor: tests/bench/floor.c tests/bench/floor_cgroup.c tests/bench/floor.h
$(BUILD)/tests/pair: tests/bench/pair.c
$(BUILD)/tests/spinner: tests/bench/spinner.c
$(BUILD)/tests/gap: tests/bench/gap.c
$(BUILD)/tests/racer: tests/attacks/racer.c
$(BUILD)/tests/intruder: tests/attacks/intruder.c
$(BUILD)/tests/reach: tests/attacks/reach.c
$(BUILD)/tests/page: tests/bats/page.c include/hull/cpu.h
$(BUILD)/tests/swap_call: tests/bats/swap_call.c
$(BUILD)/tests/vsock: tests/bats/vsock.c
$(BUILD)/tests/kvm_features: tests/bats/kvm_features.c
$(BUILD)/tests/load: tests/bench/load.c
$(TOOLS): $(OBJ)/flags
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(MUSL_PLAIN) -I. -o $@ $(filter %.c,$^) -lm

.PHONY: examples
examples: $(EXAMPLES)
# As a user builds them, but static: for a container of any image.
$(EXAMPLES): $(BUILD)/examples/%: examples/%.c include/hull/cpu.h
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)musl-gcc -std=gnu11 -O2 $(WARNINGS) -pedantic -static -no-pie -Iinclude -pthread -o $@ $<

# Everything that tests hull; `make check ONLY="lint unit"` for some of it.
check: deps
	$(Q)tests/check $(ONLY:%=--only %)

demo:
	$(Q)tests/deps build demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/demo

bench: all tools
	$(Q)tests/bench/run $(BENCH)

# Fuzz each target for a while, starting from the corpus; what fails is written to build/fuzz/.
FUZZ_SECONDS ?= 60
fuzz:
	$(Q)tests/deps build fuzz
	$(Q)$(MAKE) --no-print-directory CC=clang SANITIZE=fuzzer-no-link,address,undefined fuzz-run

.PHONY: fuzz-run
fuzz-run: $(FUZZ) $(FUZZ_IMAGE)
	$(Q)for target in $^; do name=$${target##*/}; mkdir -p $(OBJ)/corpus/$$name; \
		echo "  FUZZ  $$name, $(FUZZ_SECONDS) seconds"; \
		dictionary=tests/fuzz/config.dict; \
		$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 \
			-dict=$$dictionary -artifact_prefix=$(OBJ)/$$name- \
			$(OBJ)/corpus/$$name tests/fuzz/corpus/$$name >$(OBJ)/$$name.log 2>&1 || \
			{ tail -n 40 $(OBJ)/$$name.log; exit 1; }; \
		grep -E 'number_of_executed_units|new_units_added' $(OBJ)/$$name.log; done

lint:
	$(Q)tests/lint

format:
	$(Q)tests/lint --format

# The manual pages, from what the programs themselves say.
docs: all
	$(Q)docs/generate

# ---- the machine -----------------------------------------------------------------------------

.PHONY: deps install uninstall clean help FORCE
deps:
	$(Q)tests/deps build demo test

# Where bash, zsh and fish look for what completes hull's command line.
COMPLETIONS := bash:$(DATADIR)/bash-completion/completions/hull \
	zsh:$(DATADIR)/zsh/site-functions/_hull fish:$(DATADIR)/fish/vendor_completions.d/hull.fish
PAGES       := $(wildcard docs/man1/*.1)

install: all
	install -D -m 0755 $(BIN)/hull $(DESTDIR)$(BINDIR)/hull
	install -m 0755 $(addprefix $(BIN)/,hull-image hull-link hull-vmm hull-guest) $(DESTDIR)$(BINDIR)
	ln -sf hull $(DESTDIR)$(BINDIR)/hull-vm
	install -D -m 0644 include/hull/cpu.h $(DESTDIR)$(INCLUDEDIR)/hull/cpu.h
	install -d $(DESTDIR)$(MANDIR)/man1
	install -m 0644 $(PAGES) $(DESTDIR)$(MANDIR)/man1
	$(Q)for row in $(COMPLETIONS); do $(BIN)/hull completion $${row%%:*} | \
		install -D -m 0644 /dev/stdin $(DESTDIR)$${row#*:} || exit; done

uninstall:
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,hull hull-image hull-link hull-vm hull-vmm hull-guest) \
		$(DESTDIR)$(INCLUDEDIR)/hull/cpu.h \
		$(PAGES:docs/%=$(DESTDIR)$(MANDIR)/%)
	rm -f $(foreach row,$(COMPLETIONS),$(DESTDIR)$(lastword $(subst :, ,$(row))))

clean:
	rm -rf $(BUILD)

help:
	@echo 'make            build/hull, static with musl (LIBC=glibc: dynamic; SANITIZE=address,undefined)'
	@echo 'make demo       a tour: installs what is missing, builds, runs a container'
	@echo 'make check      everything that tests hull (ONLY="lint unit" for some of it)'
	@echo 'make bench      hull, the bare system calls, crun and runc compared (BENCH=--quick)'
	@echo 'make examples   programs that read a container'\''s /run/hull/cpu'
	@echo 'make tests      builds what the tests need'
	@echo 'make lint       clang-format, clang-tidy and shellcheck; make format applies the first'
	@echo 'make fuzz       each target for FUZZ_SECONDS=60 with libFuzzer'
	@echo 'make docs       the manual pages, from hull --help'
	@echo 'make deps       installs what is missing from Debian packages'
	@echo 'make install    to PREFIX=/usr/local below DESTDIR; make uninstall undoes it'
	@echo 'make clean      removes build/'
	@echo 'V=1 shows commands, BUILD=DIR builds elsewhere.'

-include $(OBJECTS:.o=.d) $(IMAGE:.o=.d) $(LINK:.o=.d) $(VMM:.o=.d) $(GUEST:.o=.d) $(patsubst $(BIN)/%,$(OBJ)/%.d,$(UNIT) $(UNIT_IMAGE) $(UNIT_MICROVM) $(FUZZ) $(FUZZ_IMAGE)) $(OBJ)/tests/fuzz/replay.d
