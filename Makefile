# hull: an OCI container runtime. `make help` lists what can be made.

BUILD    ?= build
PREFIX   ?= /usr/local
BINDIR   ?= $(PREFIX)/bin
MANDIR   ?= $(PREFIX)/share/man
# musl: static, starts in a tenth of a millisecond (base/fortify.c tells why).
# glibc: dynamic, for the sanitizers and for debugging.
LIBC     ?= musl
SANITIZE ?=
# V=1 shows the commands.
Q        := $(if $(V),,@)

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes
COMMIT   := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
# "linux" is a word of the runtime-spec, not a macro.
override CFLAGS += -std=gnu17 -O2 -g -Ulinux -fno-strict-aliasing -ffunction-sections \
	-fdata-sections -fstack-protector-strong $(WARNINGS)
override CPPFLAGS += -D_GNU_SOURCE -I.
override LDFLAGS  += -Wl,--gc-sections
LIBS     := -lseccomp -lcap -lyajl

ifneq ($(SANITIZE),)
override LIBC := glibc
override CFLAGS += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer
override LDFLAGS += -fsanitize=$(SANITIZE)
endif

# Each way of building has a folder of its own; the programs of the first stand in build/.
ifeq ($(LIBC),musl)
CC       := musl-gcc
OBJ      := $(BUILD)/musl
BIN      := $(BUILD)
INCLUDE  := $(OBJ)/include
override CPPFLAGS += -isystem $(INCLUDE)
override LDFLAGS += -static -no-pie
ARCHIVES := $(shell gcc -print-multiarch 2>/dev/null)
LIBS     := $(foreach lib,libseccomp.a libcap.a libyajl_s.a,/usr/lib/$(ARCHIVES)/$(lib))
override CFLAGS += -fno-pie
else
OBJ      := $(BUILD)/$(if $(SANITIZE),sanitize,glibc)
BIN      := $(OBJ)
endif

ROOMS    := base spec ns cgroup runtime
SOURCES  := $(foreach room,$(ROOMS),$(wildcard $(room)/*.c)) $(wildcard runtime/command/*.c)
OBJECTS  := $(SOURCES:%.c=$(OBJ)/%.o)

all: $(BIN)/hull

$(BIN)/hull: $(OBJECTS)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) -lm

$(OBJ)/%.o: %.c | $(INCLUDE)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The commit is compiled in where it is printed.
$(OBJ)/runtime/main.o $(OBJ)/runtime/command/features.o: \
	override CPPFLAGS += -DHULL_COMMIT='"$(COMMIT)"'

# What musl's compiler needs of the system's headers, and no more.
$(INCLUDE):
	@mkdir -p $@/sys
	@for h in seccomp.h yajl linux asm-generic; do ln -sfn /usr/include/$$h $@/$$h; done
	@ln -sfn /usr/include/sys/capability.h $@/sys/capability.h
	@for h in asm seccomp-syscalls.h; do \
		if [ -e /usr/include/$(ARCHIVES)/$$h ]; then ln -sfn /usr/include/$(ARCHIVES)/$$h $@/$$h; \
		else ln -sfn /usr/include/$$h $@/$$h; fi; done

-include $(OBJECTS:.o=.d)

.PHONY: all
