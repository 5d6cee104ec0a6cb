# ATStatus.  The commands are described in README.md and docs/contract.md; `make help` lists them.
#
# What a packager may override: CC CFLAGS LDFLAGS PREFIX DESTDIR O (build folder).  SAN=1 builds everything
# under AddressSanitizer and UndefinedBehaviorSanitizer, with the test points, into a folder of its own.

PREFIX    ?= /usr/local
SAN       ?= 0
O         ?= build$(if $(filter 1,$(SAN)),-san)
ifeq ($(origin CC),default)
CC         = gcc
endif

WARN       = -std=c11 -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
             -Wwrite-strings -Wundef -Wconversion -Wno-sign-conversion -Werror
CPPFLAGS  += -Ilib -Itests/unit -D_GNU_SOURCE
ifeq ($(SAN),1)
CFLAGS    ?= -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
CPPFLAGS  += -DATSTATUS_TEST
LDFLAGS   += -fsanitize=address,undefined
else
CFLAGS    ?= -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2
endif
-include config.mk

# You need not read further to build.

PROGRAMS   = $(O)/bin/atstatus $(O)/libexec/push-sender \
             $(O)/cgi-bin/subscribe $(O)/cgi-bin/admin-settings $(O)/cgi-bin/incident-post
LIB_SRC    = $(wildcard lib/*.c)
LIB_OBJ    = $(LIB_SRC:lib/%.c=$(O)/lib/%.o)
LIB        = $(O)/libatstatus.a
UNIT_SRC   = $(wildcard tests/unit/test_*.c)
UNIT       = $(UNIT_SRC:tests/unit/%.c=$(O)/unit/%)

LIBS_WEB   = -lfcgi -lsqlite3 -lcrypto -ljson-c -lcmark
LIBS_SEND  = -lsqlite3 -lssl -lcrypto -ljson-c -lcmark -lnghttp2 -lcurl

.PHONY: all
all: $(PROGRAMS)

$(O)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	@echo '  CC    $<'
	@$(CC) $(CPPFLAGS) $(WARN) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(O)/unit/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	@echo '  CC    $<'
	@$(CC) $(CPPFLAGS) $(WARN) $(CFLAGS) -MMD -MP -MF $(O)/unit/$*.d -o $@ $< $(LIB) $(LDFLAGS) -lfcgi $(LIBS_SEND)

-include $(wildcard $(O)/*/*.d)
