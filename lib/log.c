/* log.c - see log.h.
 *
 * A line is built in one buffer and written by one write(2), so lines of several processes that
 * share a descriptor do not mix.
 */
#include "base.h"
#include "log.h"

#include "clock.h"
#include "text.h"

static const char *log_program = "atstatus";

static const char *const level_name[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARN] = "warning",
    [LOG_LEVEL_INFO] = "info",
};
static_assert(nelem(level_name) == LOG_LEVEL__MAX, "a name for each level");

void log_open(const char *program)
{
	log_program = program;
}

/* The bytes of the code point at s that may stand in a line; 0 if its first byte must be escaped: a
 * control (C0, DEL, or C1, which terminals obey as well), or no UTF-8. */
static size_t printable(const char *s, size_t len)
{
	unsigned char c = (unsigned char)s[0];
	size_t n = text_step(s, len);

	if (c < 0x20 || c == 0x7f || (n == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0))
		return 0;
	return n;
}

/* Copies src to dst with everything escaped that is not printable. */
static size_t escape(char *dst, size_t cap, const char *src, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < len && n + 4 < cap;) {
		size_t step = printable(src + i, len - i);
		unsigned char c = (unsigned char)src[i];
		if (step > 0) {
			memcpy(dst + n, src + i, step);
			n += step;
			i += step;
			continue;
		}
		dst[n++] = '\\';
		dst[n++] = 'x';
		dst[n++] = hex[c >> 4];
		dst[n++] = hex[c & 15];
		i++;
	}
	return n;
}

static void attr_printf(4, 0)
    line(enum log_level level, const char *id, int err, const char *fmt, va_list ap)
{
	char text[1500], out[4096], when[CLOCK_ISO_LEN + 1];
	int n, used;

	n = vsnprintf(text, sizeof text, fmt, ap);
	if (n < 0)
		return;
	clock_format_iso(clock_now_ms(), when);
	used = snprintf(out, 200, "%s %s[%ld] %s %s ", when, log_program, (long)getpid(),
	    level_name[level], id);
	if (used < 0)
		return;
	size_t len = (size_t)used < 200 ? (size_t)used : 199;
	len += escape(out + len, sizeof out - len - 300, text,
	    (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
	if (err != 0) {
		char reason[160];
		/* the GNU form returns the text, which need not be in the buffer */
		const char *r = strerror_r(err, reason, sizeof reason);
		used = snprintf(out + len, 200, ": %s", r);
		len += used > 0 && used < 200 ? (size_t)used : 0;
	}
	out[len++] = '\n';
	/* there is nobody to tell that the log itself cannot be written */
	if (write(STDERR_FILENO, out, len) < 0)
		return;
}

#define LOG_LINE(level, err)                                                                       \
	do {                                                                                       \
		int saved = errno;                                                                 \
		va_list ap;                                                                        \
		va_start(ap, fmt);                                                                 \
		line((level), id, (err) ? saved : 0, fmt, ap);                                     \
		va_end(ap);                                                                        \
		errno = saved;                                                                     \
	} while (0)

void log_error(const char *id, const char *fmt, ...)
{
	LOG_LINE(LOG_LEVEL_ERROR, false);
}

void log_errno(const char *id, const char *fmt, ...)
{
	LOG_LINE(LOG_LEVEL_ERROR, true);
}

void log_warn(const char *id, const char *fmt, ...)
{
	LOG_LINE(LOG_LEVEL_WARN, false);
}

void log_info(const char *id, const char *fmt, ...)
{
	LOG_LINE(LOG_LEVEL_INFO, false);
}

void log_die(const char *id, const char *fmt, ...)
{
	LOG_LINE(LOG_LEVEL_ERROR, false);
	_exit(1);
}
