# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors
#
# Ways of looking for trouble.

SAN_ENV = ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 \
          UBSAN_OPTIONS=print_stacktrace=1

.PHONY: check-style check-layers check-drift check-syntax check-corpus \
        check-unit

check-style:
	@tools/style.pl

check-layers:
	@tools/layers.pl

check-drift:
	@tools/drift.pl
	@tools/openapi check

check-syntax:
	@tools/syntax

check-corpus:
	@$(MAKE) -j$(JOBS) BUILD=sanitize replay-programs
	@$(SAN_ENV) tools/replay build/sanitize/replay t/fuzz/corpus

check-unit:
	@$(MAKE) -j$(JOBS) BUILD=sanitize unit-programs
	@$(SAN_ENV) TEAM_BUILD=$(ROOT)/build/sanitize PERL5LIB=$(ROOT)/t/lib \
	    prove t/core_unit.t
