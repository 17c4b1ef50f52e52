# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors
#
# How objects, programs and the module are made.

WARNINGS = -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes \
           -Wmissing-prototypes -Wwrite-strings -Werror

CC_release  = $(CC)
CC_debug    = $(CC)
CC_sanitize = clang
CC_fuzz     = clang

CFLAGS_release  = -O2 -g
CFLAGS_debug    = -O0 -g
CFLAGS_sanitize = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
                  -fno-sanitize-recover=all
CFLAGS_fuzz     = $(CFLAGS_sanitize) -fsanitize=fuzzer-no-link

CORE_CC     = $(CC_$(BUILD))
CORE_CFLAGS = -std=c11 -D_POSIX_C_SOURCE=200809L $(WARNINGS) \
              $(CFLAGS_$(BUILD)) -Isrc/core
CORE_LIBS   = -ljansson -ljwt -lcrypto -lm

CORE_OBJS  = $(patsubst src/core/%.c,$(OUT)/core/%.o,$(wildcard src/core/*.c))

# A program in t/unit is a test if it is named so, else what a test drives.

UNIT_SRCS  = $(filter-out t/unit/team_unit.c,$(wildcard t/unit/*.c))
UNIT_PROGS = $(patsubst t/unit/%.c,$(OUT)/unit/%,$(UNIT_SRCS))

REPLAYS    = $(patsubst t/fuzz/fuzz_%.c,$(OUT)/replay/%,\
               $(wildcard t/fuzz/fuzz_*.c))
FUZZERS    = $(patsubst t/fuzz/fuzz_%.c,$(OUT)/fuzz/%,\
               $(wildcard t/fuzz/fuzz_*.c))

TEAM_MINT  = $(if $(wildcard tools/team_mint.c),$(OUT)/team_mint)

# What tests find in their environment; see t/lib/Team/Nginx.pm.

NGINX_release  = $(or $(shell command -v nginx),/usr/sbin/nginx)
NGINX_debug    = $(NGINX_release)
NGINX_sanitize = $(ROOT)/build/sanitize/nginx

MODULE_release  = $(ROOT)/$(OUT)/ngx_team_module.so
MODULE_debug    = $(MODULE_release)
MODULE_sanitize =

TEST_ENV = TEAM_NGINX=$(NGINX_$(BUILD)) TEAM_NGINX_MODULE=$(MODULE_$(BUILD)) \
           TEAM_BUILD=$(ROOT)/$(OUT) TEAM_CACHE=$(ROOT)/build/cache \
           TEAM_MINT=$(ROOT)/$(OUT)/team_mint \
           PERL5LIB=$(ROOT)/t/lib$(addprefix :,$(PERL5LIB))

# V=1 shows commands.

Q   = $(if $(V),,@)
say = @$(if $(V),:,echo "  $(1)  $(patsubst $(OUT)/%,%,$@)")

.PHONY: module unit-programs replay-programs fuzz-programs

module:
	@tools/build-module $(BUILD)

unit-programs: $(UNIT_PROGS)
replay-programs: $(REPLAYS)
fuzz-programs: $(FUZZERS)

$(OUT)/core/%.o: src/core/%.c Makefile tools/build.mk
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CORE_CC) $(CORE_CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/unit/%.o: t/unit/%.c Makefile tools/build.mk
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CORE_CC) $(CORE_CFLAGS) -It/unit -MMD -MP -c -o $@ $<

$(OUT)/unit/%: $(OUT)/unit/%.o $(OUT)/unit/team_unit.o $(CORE_OBJS)
	$(call say,ld)
	$(Q)$(CORE_CC) $(CFLAGS_$(BUILD)) -o $@ $^ $(CORE_LIBS)

$(OUT)/replay/%: t/fuzz/fuzz_%.c t/fuzz/replay_main.c $(CORE_OBJS)
	@mkdir -p $(@D)
	$(call say,ld)
	$(Q)$(CORE_CC) $(CORE_CFLAGS) -o $@ $^ $(CORE_LIBS)

$(OUT)/fuzz/%: t/fuzz/fuzz_%.c $(CORE_OBJS)
	@mkdir -p $(@D)
	$(call say,ld)
	$(Q)$(CORE_CC) $(CORE_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(CORE_LIBS)

$(OUT)/team_mint: tools/team_mint.c $(CORE_OBJS)
	$(call say,ld)
	$(Q)$(CORE_CC) $(CORE_CFLAGS) -o $@ $^ $(CORE_LIBS)

.SECONDARY:

-include $(wildcard $(OUT)/core/*.d $(OUT)/unit/*.d)
