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
             -Wwrite-strings -Wundef -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers -Werror
CPPFLAGS  += -iquote lib -iquote tests/unit -D_GNU_SOURCE
ifeq ($(SAN),1)
CFLAGS    ?= -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
CPPFLAGS  += -DATSTATUS_TEST
LDFLAGS   += -fsanitize=address,undefined
else
CFLAGS    ?= -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2
endif
-include config.mk

# You need not read further to build.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

PROGRAMS   = $(O)/bin/atstatus $(O)/libexec/push-sender \
             $(O)/cgi-bin/subscribe $(O)/cgi-bin/admin-settings $(O)/cgi-bin/incident-post
LIB_SRC    = $(wildcard lib/*.c)
LIB_OBJ    = $(LIB_SRC:lib/%.c=$(O)/lib/%.o) $(O)/lib/asset_bytes.o
LIB        = $(O)/libatstatus.a
UNIT_SRC   = $(wildcard tests/unit/test_*.c)
UNIT       = $(UNIT_SRC:tests/unit/%.c=$(O)/unit/%)
TOOLS      = $(O)/tools/sink
BENCH      = $(addprefix $(O)/bench/,measure limit carrier load bare/subscribe)

LIBS_WEB   = -lfcgi -lsqlite3 -lcrypto -ljson-c -lcmark
# libcurl is loaded by lib/fetch_curl.c when it is needed
LIBS_SEND  = -lsqlite3 -lssl -lcrypto -ljson-c -lcmark -lnghttp2

.PHONY: all help run test bench san lint packages install clean
all: $(PROGRAMS)

help:
	@echo 'make run       sets up what is missing and serves the page on http://localhost:8080/ (PORT= STATE_DIR= ENV_FILE=)'
	@echo 'make test      runs every test (PARTS="unit cgi" runs some: lint unit scripts cgi sender crash e2e)'
	@echo 'make bench     measures, each figure beside its limit or peer (QUICK=1: two minutes; PARTS="sender page" measures some)'
	@echo 'make audit     Lighthouse on the real page, as a phone and a desk see it; says how to install it'
	@echo 'make lint      checks the house rules alone'
	@echo 'make           builds; SAN=1 under AddressSanitizer and UndefinedBehaviorSanitizer'
	@echo 'make install   DESTDIR= PREFIX='

run: packages
	@$(MAKE) --no-print-directory -j2 all
	@BUILD=$(O) deploy/run.sh

packages:
	@deploy/install-packages.sh run

test:
	@deploy/install-packages.sh test
	@$(MAKE) --no-print-directory -j2 all units
	@$(MAKE) --no-print-directory -j2 SAN=1 all units
	@$(MAKE) --no-print-directory tests/node_modules/.done
	@node tests/run.mjs $(PARTS)

.PHONY: units
units: $(UNIT) $(TOOLS)

# Parts and figures: tests/bench/bench.mjs.
bench:
	@deploy/install-packages.sh test
	@$(MAKE) --no-print-directory -j2 all $(TOOLS) $(BENCH)
	@$(MAKE) --no-print-directory tests/node_modules/.done
	@BUILD=$(O) QUICK=$(QUICK) node tests/bench/bench.mjs $(PARTS)

# Lighthouse is too big for the tests' packages and lives outside of the tree: tests/audit/lighthouse.mjs.
.PHONY: audit
audit:
	@deploy/install-packages.sh test
	@$(MAKE) --no-print-directory -j2 all
	@$(MAKE) --no-print-directory tests/node_modules/.done
	@BUILD=$(O) node tests/audit/lighthouse.mjs $(O)/audit

# Packages for tests only; the lock pins every version.
tests/node_modules/.done: tests/package.json tests/package-lock.json
	@cd tests && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

lint:
	@node tests/lint/lint.mjs

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/atstatus/libexec $(DESTDIR)$(PREFIX)/libexec/atstatus/cgi-bin \
	    $(DESTDIR)$(PREFIX)/share/atstatus $(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 755 $(O)/bin/atstatus $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(O)/libexec/push-sender $(DESTDIR)$(PREFIX)/libexec/atstatus/libexec/
	install -m 755 $(O)/cgi-bin/subscribe $(O)/cgi-bin/admin-settings $(O)/cgi-bin/incident-post $(DESTDIR)$(PREFIX)/libexec/atstatus/cgi-bin/
	install -m 644 deploy/*.conf deploy/*.service deploy/*.socket deploy/*.timer $(DESTDIR)$(PREFIX)/share/atstatus/
	sed -i 's#/usr/local/#$(PREFIX)/#' $(DESTDIR)$(PREFIX)/share/atstatus/*.service $(DESTDIR)$(PREFIX)/share/atstatus/*.conf
	cp $(DESTDIR)$(PREFIX)/share/atstatus/atstatus@.service $(DESTDIR)$(PREFIX)/share/atstatus/atstatus-second@.service
	install -m 644 deploy/man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	install -m 644 deploy/man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5/

clean:
	rm -rf build build-san

$(O)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	@echo '  CC    $<'
	@$(CC) $(CPPFLAGS) $(WARN) $(CFLAGS) -MMD -MP -c -o $@ $<

# What is built into the programs (lib/asset.h): the files of www/ and the schema as they are, and what
# is made from them into $(O)/www (add such a file to ASSET_MADE, with its rule).
ASSET_MADE = $(addprefix $(O)/www/,logo.png logo-512.png logo-maskable.png apple-touch-icon.png \
             badge.png favicon.ico)
ASSETS     = $(wildcard www/*.in www/*.css www/*.js www/*.txt www/*.svg www/words-*.json schema.sql migrations/*.sql) $(ASSET_MADE)

# Icons from their SVG source; those that a platform crops or puts on a tile get an opaque ground.
RENDER     = @mkdir -p $(@D) && echo '  SVG   $@' && rsvg-convert
$(O)/www/logo.png: www/logo.svg
	$(RENDER) -w 192 -h 192 $< -o $@
$(O)/www/logo-512.png: www/logo.svg
	$(RENDER) -w 512 -h 512 $< -o $@
$(O)/www/logo-maskable.png: www/logo.svg
	$(RENDER) -w 512 -h 512 -b '#0d4a55' $< -o $@
$(O)/www/apple-touch-icon.png: www/logo.svg
	$(RENDER) -w 180 -h 180 -b '#0d4a55' $< -o $@
$(O)/www/badge.png: www/badge.svg
	$(RENDER) -w 96 -h 96 $< -o $@
$(O)/favicon-32.png: www/logo.svg
	$(RENDER) -w 32 -h 32 $< -o $@
$(O)/www/favicon.ico: $(O)/favicon-32.png www/ico.sh
	@mkdir -p $(@D)
	@sh www/ico.sh $< $@

# Looked at every time, written anew only when the list of names changes.
.PHONY: look
$(O)/assets.list: look $(ASSETS)
	@mkdir -p $(@D)
	@for f in $(ASSETS); do echo "$${f##*/} $$f"; done | LC_ALL=C sort | \
	    awk '{ printf "ASSET(%d, \"%s\", \"%s\")\n", NR, $$1, $$2 }' > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(O)/lib/asset_bytes.o: lib/asset.S $(O)/assets.list $(ASSETS)
	@mkdir -p $(@D)
	@echo '  AS    $<'
	@$(CC) -I$(O) -c -o $@ $<

$(LIB): $(LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(O)/cgi-bin/%: cgi-bin/%.c $(LIB)
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	@$(CC) $(CPPFLAGS) $(WARN) $(CFLAGS) -MMD -MP -MF $(O)/cgi-bin/$*.d -o $@ $< $(LIB) $(LDFLAGS) $(LIBS_WEB)

$(O)/bin/atstatus: cmd/atstatus.c $(LIB)
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	@$(CC) $(CPPFLAGS) $(WARN) $(CFLAGS) -MMD -MP -MF $(O)/bin/atstatus.d -o $@ $< $(LIB) $(LDFLAGS) $(LIBS_WEB)

$(O)/libexec/push-sender: cmd/push-sender.c $(LIB)
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	@$(CC) $(CPPFLAGS) $(WARN) $(CFLAGS) -MMD -MP -MF $(O)/libexec/push-sender.d -o $@ $< $(LIB) $(LDFLAGS) $(LIBS_SEND)

$(O)/unit/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	@echo '  CC    $<'
	@$(CC) $(CPPFLAGS) $(WARN) $(CFLAGS) -MMD -MP -MF $(O)/unit/$*.d -o $@ $< $(LIB) $(LDFLAGS) -lfcgi $(LIBS_SEND)

# The sink for large counts of the sender's tests and figures.
$(O)/tools/sink: $(wildcard tests/pushservice/*.c tests/pushservice/*.h)
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	@$(CC) -D_GNU_SOURCE $(WARN) $(CFLAGS) -o $@ $(filter %.c,$^) $(LDFLAGS) -lnghttp2 -lssl -lcrypto

# What measures (make bench).  carrier counts its waiting calls itself.
BENCH_LINK = mkdir -p $(@D) && echo '  LINK  $@' && $(CC) $(CPPFLAGS) $(WARN) $(CFLAGS) -o $@ $<
$(O)/bench/measure $(O)/bench/load: $(O)/bench/%: tests/bench/tools/%.c
	@$(BENCH_LINK) $(LDFLAGS)
$(O)/bench/limit: tests/bench/tools/limit.c $(LIB)
	@$(BENCH_LINK) $(LIB) $(LDFLAGS) -lcrypto
$(O)/bench/carrier: tests/bench/tools/carrier.c $(LIB)
	@$(BENCH_LINK) $(LIB) $(LDFLAGS) -Wl,--wrap=epoll_wait,--wrap=epoll_ctl $(LIBS_SEND)
$(O)/bench/bare/subscribe: tests/bench/tools/bare.c
	@$(BENCH_LINK) $(LDFLAGS) -lfcgi -lsqlite3 -ljson-c

-include $(wildcard $(O)/*/*.d)
