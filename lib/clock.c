/* clock.c - see clock.h. */
#include "base.h"
#include "clock.h"

#ifdef ATSTATUS_TEST
#include <fcntl.h>

/* The shift a test asks for.  Read anew each time, so that a test can move the clock of a running
 * program. */
static int64_t shift_ms(void)
{
	const char *path = getenv("ATSTATUS_CLOCK_FILE");
	char text[32];
	int fd;
	ssize_t n;

	if (path == NULL || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtoll(text, NULL, 10);
}
#else
static int64_t shift_ms(void)
{
	return 0;
}
#endif

static int64_t read_ms(clockid_t which)
{
	struct timespec ts;

	if (clock_gettime(which, &ts) != 0)
		abort(); /* cannot happen with the two constants used below */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
	return read_ms(CLOCK_REALTIME) + shift_ms();
}

int64_t clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* What floor_div leaves, 0 .. b - 1. */
static int64_t floor_mod(int64_t a, int64_t b)
{
	return (a % b + b) % b;
}

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar.  Years are counted from
 * March, so that the leap day is the last of its year and the month lengths follow one linear
 * formula. */
static int64_t days_from_date(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = floor_div(year, 400);
	int64_t yoe = year - era * 400;
	int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

int64_t clock_day_start(int64_t ms)
{
	return ms - floor_mod(ms, CLOCK_DAY);
}

const char *const clock_month_short[12] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

int64_t clock_month_start(int year, int month)
{
	return days_from_date(year + (month - 1) / 12, (month - 1) % 12 + 1, 1) * CLOCK_DAY;
}

void clock_split(int64_t ms, struct clock_date *out)
{
	int64_t days = floor_div(ms, CLOCK_DAY);
	int64_t rest = floor_mod(ms, CLOCK_DAY) / CLOCK_SECOND;
	int64_t z = days + 719468;
	int64_t era = floor_div(z, 146097);
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	out->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	out->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	out->year = (int)(yoe + era * 400 + (out->month <= 2));
	out->hour = (int)(rest / 3600);
	out->minute = (int)(rest / 60 % 60);
	out->second = (int)(rest % 60);
	out->weekday = (int)(floor_mod(days + 4, 7));
}

void clock_format_iso(int64_t ms, char out[CLOCK_ISO_LEN + 1])
{
	struct clock_date d;
	char text[80];

	clock_split(ms, &d);
	/* years outside 0..9999 have no place in 24 characters */
	int year = d.year < 0 ? 0 : d.year > 9999 ? 9999 : d.year;
	snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, d.month, d.day,
	    d.hour, d.minute, d.second, (int)floor_mod(ms, CLOCK_SECOND));
	memcpy(out, text, CLOCK_ISO_LEN);
	out[CLOCK_ISO_LEN] = '\0';
}

/* A cursor over the text that is being read. */
struct reader {
	const char *at, *end;
};

static bool take_char(struct reader *r, char c)
{
	if (r->at >= r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static bool take_digits(struct reader *r, int count, int *out)
{
	int value = 0;

	if (r->end - r->at < count)
		return false;
	for (int i = 0; i < count; i++) {
		char c = r->at[i];
		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	r->at += count;
	*out = value;
	return true;
}

static bool valid_date(const struct clock_date *d)
{
	static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (d->year % 4 == 0 && d->year % 100 != 0) || d->year % 400 == 0;

	if (d->month < 1 || d->month > 12 || d->day < 1)
		return false;
	int days = length[d->month - 1] + (leap && d->month == 2);
	return d->day <= days && d->hour < 24 && d->minute < 60 && d->second < 60;
}

static int64_t join(const struct clock_date *d)
{
	int64_t s = days_from_date(d->year, d->month, d->day) * 86400 + d->hour * 3600 +
		    d->minute * 60 + d->second;
	return s * CLOCK_SECOND;
}

/* The part after the seconds: up to nine digits, of which three count. */
static bool take_fraction(struct reader *r, int *milli)
{
	int value = 0, digits = 0;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && digits < 9) {
		if (digits < 3)
			value = value * 10 + (*r->at - '0');
		digits++;
		r->at++;
	}
	if (digits == 0)
		return false;
	for (int i = digits; i < 3; i++)
		value *= 10;
	*milli = value;
	return true;
}

static bool take_offset(struct reader *r, int *minutes)
{
	int h, m;
	bool minus;

	if (take_char(r, 'Z')) {
		*minutes = 0;
		return true;
	}
	minus = r->at < r->end && *r->at == '-';
	if (!minus && (r->at >= r->end || *r->at != '+'))
		return false;
	r->at++;
	if (!take_digits(r, 2, &h) || !take_char(r, ':') || !take_digits(r, 2, &m) || h > 14 ||
	    m > 59)
		return false;
	*minutes = minus ? -(h * 60 + m) : h * 60 + m;
	return true;
}

bool clock_parse_iso(const char *s, size_t len, int64_t *out)
{
	struct reader r = {s, s + len};
	struct clock_date d = {0};
	int milli = 0, offset;

	if (!take_digits(&r, 4, &d.year) || !take_char(&r, '-') || !take_digits(&r, 2, &d.month) ||
	    !take_char(&r, '-') || !take_digits(&r, 2, &d.day) || !take_char(&r, 'T') ||
	    !take_digits(&r, 2, &d.hour) || !take_char(&r, ':') || !take_digits(&r, 2, &d.minute))
		return false;
	if (take_char(&r, ':') &&
	    (!take_digits(&r, 2, &d.second) || (take_char(&r, '.') && !take_fraction(&r, &milli))))
		return false;
	if (!take_offset(&r, &offset) || r.at != r.end || !valid_date(&d))
		return false;
	*out = join(&d) + milli - offset * CLOCK_MINUTE;
	return true;
}

static bool take_month(struct reader *r, int *month)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	if (r->end - r->at < 3)
		return false;
	for (int i = 0; i < 12; i++) {
		if (memcmp(r->at, names + i * 3, 3) == 0) {
			*month = i + 1;
			r->at += 3;
			return true;
		}
	}
	return false;
}

static bool take_time(struct reader *r, struct clock_date *d)
{
	return take_digits(r, 2, &d->hour) && take_char(r, ':') && take_digits(r, 2, &d->minute) &&
	       take_char(r, ':') && take_digits(r, 2, &d->second);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", from behind the comma */
static bool take_imf(struct reader *r, struct clock_date *d)
{
	return take_char(r, ' ') && take_digits(r, 2, &d->day) && take_char(r, ' ') &&
	       take_month(r, &d->month) && take_char(r, ' ') && take_digits(r, 4, &d->year) &&
	       take_char(r, ' ') && take_time(r, d) && take_char(r, ' ') && take_char(r, 'G') &&
	       take_char(r, 'M') && take_char(r, 'T');
}

/* "Sunday, 06-Nov-94 08:49:37 GMT", from behind the comma */
static bool take_rfc850(struct reader *r, struct clock_date *d)
{
	if (!(take_char(r, ' ') && take_digits(r, 2, &d->day) && take_char(r, '-') &&
		take_month(r, &d->month) && take_char(r, '-') && take_digits(r, 2, &d->year) &&
		take_char(r, ' ') && take_time(r, d) && take_char(r, ' ') && take_char(r, 'G') &&
		take_char(r, 'M') && take_char(r, 'T')))
		return false;
	d->year += d->year < 70 ? 2000 : 1900;
	return true;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool take_asctime(struct reader *r, struct clock_date *d)
{
	if (r->end - r->at < 4)
		return false;
	r->at += 3;
	if (!take_char(r, ' ') || !take_month(r, &d->month) || !take_char(r, ' '))
		return false;
	if (!(take_char(r, ' ') ? take_digits(r, 1, &d->day) : take_digits(r, 2, &d->day)))
		return false;
	return take_char(r, ' ') && take_time(r, d) && take_char(r, ' ') &&
	       take_digits(r, 4, &d->year);
}

bool clock_parse_http(const char *s, size_t len, int64_t *out)
{
	const char *comma = memchr(s, ',', len);
	struct reader r = {comma == NULL ? s : comma + 1, s + len};
	struct clock_date d = {0};
	bool ok;

	if (comma == NULL) {
		ok = take_asctime(&r, &d);
	} else {
		struct reader imf = r;
		ok = take_imf(&imf, &d);
		if (ok)
			r = imf;
		else
			ok = take_rfc850(&r, &d);
	}
	if (!ok || r.at != r.end || !valid_date(&d))
		return false;
	*out = join(&d);
	return true;
}
