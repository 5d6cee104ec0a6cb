/* text.c - see text.h. */
#include "base.h"
#include "text.h"

#include "arena.h"
#include "buf.h"

bool text_parse_u64(const char *s, size_t len, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (len == 0 || (len > 1 && s[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		uint64_t digit = (uint64_t)(s[i] - '0');
		if (v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	if (v < min || v > max)
		return false;
	*out = v;
	return true;
}

bool text_parse_i64(const char *s, size_t len, int64_t min, int64_t max, int64_t *out)
{
	bool minus = len > 0 && s[0] == '-';
	uint64_t v;

	/* the type reaches one further below zero than above */
	if (!text_parse_u64(s + minus, len - minus, minus, (uint64_t)INT64_MAX + minus, &v))
		return false;
	int64_t value = minus ? -(int64_t)(v - 1) - 1 : (int64_t)v;
	if (value < min || value > max)
		return false;
	*out = value;
	return true;
}

void text_base64url_add(struct buf *b, const void *bytes, size_t len)
{
	static const char digit[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const uint8_t *p = bytes;

	buf_grow(b, TEXT_BASE64URL_LEN(len));
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)p[i] << 16;
		v |= n > 1 ? (uint32_t)p[i + 1] << 8 : 0;
		v |= n > 2 ? (uint32_t)p[i + 2] : 0;
		for (size_t k = 0; k <= n; k++)
			buf_add_char(b, digit[(v >> (18 - 6 * k)) & 63]);
	}
}

static int base64_value(enum text_base64 kind, char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-' || (kind == TEXT_BASE64_EITHER && c == '+'))
		return 62;
	if (c == '_' || (kind == TEXT_BASE64_EITHER && c == '/'))
		return 63;
	return -1;
}

/* The length without its padding; false if text and padding do not fill groups of four. */
static bool strip_padding(const char *s, size_t *len)
{
	size_t n = *len, pad = 0;

	while (pad < 2 && n > 0 && s[n - 1] == '=') {
		n--;
		pad++;
	}
	if (pad > 0 && *len % 4 != 0)
		return false;
	*len = n;
	return true;
}

ssize_t text_base64_decode(
    enum text_base64 kind, const char *s, size_t len, uint8_t *out, size_t cap)
{
	size_t n = 0;
	uint32_t acc = 0;
	int bits = 0;

	if (kind == TEXT_BASE64_EITHER && !strip_padding(s, &len))
		return -1;
	if (len % 4 == 1 || len / 4 * 3 + (len % 4 != 0 ? len % 4 - 1 : 0) > cap)
		return -1;
	/* look before writing: the output stays untouched on failure */
	for (size_t i = 0; i < len; i++)
		if (base64_value(kind, s[i]) < 0)
			return -1;
	int spare = len % 4 == 2 ? 4 : len % 4 == 3 ? 2 : 0;
	if (spare > 0 && (base64_value(kind, s[len - 1]) & ((1 << spare) - 1)) != 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		acc = acc << 6 | (uint32_t)base64_value(kind, s[i]);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (uint8_t)(acc >> bits);
		}
	}
	return (ssize_t)n;
}

void text_hex_add(struct buf *b, const void *bytes, size_t len)
{
	static const char digit[] = "0123456789abcdef";
	const uint8_t *p = bytes;

	buf_grow(b, len * 2);
	for (size_t i = 0; i < len; i++) {
		buf_add_char(b, digit[p[i] >> 4]);
		buf_add_char(b, digit[p[i] & 15]);
	}
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool text_hex_decode(const char *s, size_t len, uint8_t *out, size_t size)
{
	if (len != size * 2)
		return false;
	for (size_t i = 0; i < len; i++)
		if (hex_value(s[i]) < 0)
			return false;
	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)(hex_value(s[2 * i]) << 4 | hex_value(s[2 * i + 1]));
	return true;
}

size_t text_step(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned char c = len > 0 ? s[0] : 0xff;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (len < n)
		return 0;
	/* the second byte alone decides about overlong forms, surrogates and the upper end */
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool text_is_utf8(const char *s, size_t len)
{
	while (len > 0) {
		size_t n = text_step(s, len);
		if (n == 0)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

bool text_has_control(const char *s, size_t len, bool multiline)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if (multiline && (c == '\n' || c == '\t'))
			continue;
		if (c < 0x20 || c == 0x7f)
			return true;
	}
	return false;
}

size_t text_length(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

size_t text_cut_bytes(const char *s, size_t len, size_t max_bytes)
{
	if (len <= max_bytes)
		return len;
	while (max_bytes > 0 && ((unsigned char)s[max_bytes] & 0xc0) == 0x80)
		max_bytes--;
	return max_bytes;
}

/* Bytes of the first n code points. */
static size_t bytes_of_points(const char *s, size_t len, size_t n)
{
	size_t i = 0;

	while (i < len) {
		bool starts = ((unsigned char)s[i] & 0xc0) != 0x80;
		if (starts && n-- == 0)
			break;
		i++;
	}
	return i;
}

char *text_shorten(struct arena *a, const char *s, size_t max_points)
{
	size_t len = strlen(s), cut, word;

	if (text_length(s, len) <= max_points)
		return arena_copy(a, s, len);
	if (max_points == 0)
		return arena_copy(a, "", 0);
	cut = bytes_of_points(s, len, max_points - 1);
	word = cut;
	while (word > 0 && s[word] != ' ' && s[word] != '\n')
		word--;
	if (word > cut - cut / 3)
		cut = word;
	while (cut > 0 && (s[cut - 1] == ' ' || s[cut - 1] == '\n' || s[cut - 1] == ','))
		cut--;
	return arena_printf(a, "%.*s…", (int)cut, s);
}

char *text_trim(char *s)
{
	size_t len;

	while (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r')
		s++;
	len = strlen(s);
	while (len > 0 && strchr(" \t\r\n", s[len - 1]) != NULL)
		s[--len] = '\0';
	return s;
}

/* The code point at s, which is UTF-8, and how long it is. */
static uint32_t point_at(const unsigned char *s, size_t *len)
{
	*len = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t point = *len == 1 ? s[0] : s[0] & (0xffU >> (*len + 1));

	for (size_t i = 1; i < *len; i++)
		point = point << 6 | (s[i] & 0x3fU);
	return point;
}

bool text_is_unseen(const char *s)
{
	static const struct {
		uint32_t from, to;
	} unseen[] = {{0, 0x20}, {0x7f, 0xa0}, {0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c},
	    {0x115f, 0x1160}, {0x1680, 0x1680}, {0x17b4, 0x17b5}, {0x180b, 0x180f},
	    {0x2000, 0x200f}, {0x2028, 0x202f}, {0x205f, 0x206f}, {0x2800, 0x2800},
	    {0x3000, 0x3000}, {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
	    {0xffa0, 0xffa0}, {0xe0000, 0xe0fff}};
	size_t len;

	for (; *s != '\0'; s += len) {
		uint32_t point = point_at((const unsigned char *)s, &len);
		bool found = false;
		for (size_t i = 0; i < nelem(unseen); i++)
			found |= point >= unseen[i].from && point <= unseen[i].to;
		if (!found)
			return false;
	}
	return true;
}

bool text_is_id(const char *s, size_t len)
{
	if (len != TEXT_ID_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9')))
			return false;
	return true;
}

bool text_urldecode_add(struct buf *b, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '+') {
			buf_add_char(b, ' ');
		} else if (s[i] == '%') {
			bool whole = len - i > 2;
			int high = whole ? hex_value(s[i + 1]) : -1;
			int low = whole ? hex_value(s[i + 2]) : -1;
			if (high < 0 || low < 0 || (high | low) == 0)
				return false;
			buf_add_char(b, (char)(high << 4 | low));
			i += 2;
		} else if (s[i] == '\0') {
			return false;
		} else {
			buf_add_char(b, s[i]);
		}
	}
	return true;
}

bool text_equal_secret(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t diff = 0;

	for (size_t i = 0; i < len; i++)
		diff |= x[i] ^ y[i];
	return diff == 0;
}
