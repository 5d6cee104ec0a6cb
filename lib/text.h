/* text.h - reading and checking text that came from outside.
 *
 * All parsers are strict: they take the whole input or nothing, and on failure they return false
 * (or -1) and leave their output untouched.  Lengths are in bytes unless a name says code points.
 */
#ifndef TEXT_H
#define TEXT_H

#include "base.h"

struct arena;
struct buf;

/* Decimal digits only (no sign, no space, no leading zero but "0" itself), within [min, max]. */
bool text_parse_u64(const char *s, size_t len, uint64_t min, uint64_t max, uint64_t *out);

/* As above with an optional "-". */
bool text_parse_i64(const char *s, size_t len, int64_t min, int64_t max, int64_t *out);

/* base64url (RFC 4648 §5). */
enum text_base64 {
	TEXT_BASE64URL,	    /* only [A-Za-z0-9_-], no padding: what we write */
	TEXT_BASE64_EITHER, /* also the standard alphabet and correct padding: what old browsers
			       send */
};

/* Bytes that text_base64url_encode writes for n bytes, without the NUL. */
#define TEXT_BASE64URL_LEN(n) (((n) / 3) * 4 + ((n) % 3 != 0 ? (n) % 3 + 1 : 0))

/* Appends the unpadded base64url form. */
void text_base64url_add(struct buf *b, const void *bytes, size_t len);

/* Decodes into out[cap]; returns the number of bytes, or -1: foreign character, impossible length,
 * bits set behind the last byte, or more than cap bytes. */
ssize_t text_base64_decode(
    enum text_base64 kind, const char *s, size_t len, uint8_t *out, size_t cap);

/* Appends lower-case hex. */
void text_hex_add(struct buf *b, const void *bytes, size_t len);

/* Decodes hex of exactly 2 * size digits, either case. */
bool text_hex_decode(const char *s, size_t len, uint8_t *out, size_t size);

/* Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
bool text_is_utf8(const char *s, size_t len);

/* The bytes of the code point that s starts with; 0 if that is no valid UTF-8, or len is 0. */
size_t text_step(const char *s, size_t len);

/* True if the text has a NUL, another C0 control or DEL; tab and line feed are allowed with
 * `multiline` (carriage return counts as a control: forms are normalised before). */
bool text_has_control(const char *s, size_t len, bool multiline);

/* Number of code points of valid UTF-8. */
size_t text_length(const char *s, size_t len);

/* The bytes of the longest prefix with at most max_bytes bytes that ends between two code points.
 */
size_t text_cut_bytes(const char *s, size_t len, size_t max_bytes);

/* A copy of at most max_points code points.  A longer text is cut behind a word where one ends in
 * the last third, and gets "…" (which counts). */
char *text_shorten(struct arena *a, const char *s, size_t max_points);

/* Removes white space at both ends, in place; returns the new start. */
char *text_trim(char *s);

/* True if nobody sees anything of it: only white space of any script and characters without a width
 * or a picture (zero width space, Hangul fillers, the blank Braille pattern, ...); also for "".  UTF-8. */
bool text_is_unseen(const char *s);

/* True for an id of ours: 12 characters [a-z0-9]. */
bool text_is_id(const char *s, size_t len);

#define TEXT_ID_LEN 12

/* Percent-decoding of application/x-www-form-urlencoded ("+" is a space).  Appends to b; false for
 * a bad escape or a NUL, escaped or not. */
bool text_urldecode_add(struct buf *b, const char *s, size_t len);

/* Constant-time comparison of equally long secrets. */
bool text_equal_secret(const void *a, const void *b, size_t len);

#endif
