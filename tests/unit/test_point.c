/* test_point.c - which octets are a subscriber's key, and key pairs of our own. */
#include "base.h"
#include "point.h"

#include <openssl/err.h>

#include "text.h"
#include "t.h"
#include "../vectors/points.h"
#include "../vectors/rfc8291.h"

static void unhex(const char *hex, uint8_t *out, size_t size)
{
	if (!text_hex_decode(hex, strlen(hex), out, size))
		abort();
}

static void unbase64(const char *text, uint8_t *out, size_t size)
{
	if (text_base64_decode(TEXT_BASE64URL, text, strlen(text), out, size) != (ssize_t)size)
		abort();
}

static void check_points(void)
{
	uint8_t point[POINT_PUBLIC_LEN];

	for (size_t i = 0; i < nelem(point_vectors); i++) {
		t_case(point_vectors[i].sentence);
		unhex(point_vectors[i].hex, point, sizeof point);
		t_ok(point_valid(point) == point_vectors[i].valid);
	}
}

static void check_error_queue(void)
{
	uint8_t point[POINT_PUBLIC_LEN];

	t_case("a refused key leaves nothing in the queue of errors, and takes nothing out of it");
	unhex("04" POINT_GY POINT_GX, point, sizeof point);
	ERR_clear_error();
	t_ok(!point_valid(point));
	t_int(ERR_peek_error(), 0);
	ERR_raise(ERR_LIB_USER, 7);
	t_ok(!point_valid(point));
	t_int(ERR_GET_REASON(ERR_get_error()), 7);
	t_int(ERR_get_error(), 0);
}

static void check_scalar(const char *hex, const char *want)
{
	uint8_t priv[POINT_PRIVATE_LEN], pub[POINT_PUBLIC_LEN], point[POINT_PUBLIC_LEN];
	uint8_t before[POINT_PUBLIC_LEN];

	memset(pub, 0xa5, sizeof pub);
	memset(before, 0xa5, sizeof before);
	unhex(hex, priv, sizeof priv);
	t_ok(point_public_from_private(priv, pub) == (want != NULL));
	if (want != NULL)
		unhex(want, point, sizeof point);
	t_mem(pub, want != NULL ? point : before, sizeof pub);
}

static void check_scalars(void)
{
	t_case("the scalar 1 gives the base point");
	check_scalar(POINT_1, "04" POINT_GX POINT_GY);
	t_case("the scalar n - 1, the largest, gives the negated base point");
	check_scalar(POINT_N_1, "04" POINT_GX POINT_NGY);
	t_case("the scalar 0 is refused and the output untouched");
	check_scalar(POINT_0, NULL);
	t_case("the scalar n is refused");
	check_scalar(POINT_N, NULL);
	t_case("the largest number of 32 octets is refused");
	check_scalar(POINT_FF, NULL);
}

static void check_pair(const char *private_text, const char *public_text)
{
	uint8_t priv[POINT_PRIVATE_LEN], pub[POINT_PUBLIC_LEN], want[POINT_PUBLIC_LEN];

	unbase64(private_text, priv, sizeof priv);
	unbase64(public_text, want, sizeof want);
	t_ok(point_public_from_private(priv, pub));
	t_mem(pub, want, sizeof pub);
}

static void check_generate(void)
{
	uint8_t priv[2][POINT_PRIVATE_LEN], pub[2][POINT_PUBLIC_LEN];
	uint8_t again[POINT_PUBLIC_LEN];

	t_case("a generated public key is on the curve and belongs to its private key");
	for (int i = 0; i < 2; i++) {
		memset(pub[i], 0, sizeof pub[i]);
		t_ok(point_generate(priv[i], pub[i]));
		t_ok(point_valid(pub[i]));
		t_ok(point_public_from_private(priv[i], again));
		t_mem(pub[i], again, sizeof again);
	}
	t_case("two generated pairs differ");
	t_ok(memcmp(priv[0], priv[1], sizeof priv[0]) != 0);
	t_ok(memcmp(pub[0], pub[1], sizeof pub[0]) != 0);
}

int main(void)
{
	check_points();
	check_error_queue();
	check_scalars();
	t_case("the sender's pair of RFC 8291 appendix A belongs together");
	check_pair(RFC8291_AS_PRIVATE, RFC8291_AS_PUBLIC);
	t_case("the browser's pair of RFC 8291 appendix A belongs together");
	check_pair(RFC8291_UA_PRIVATE, RFC8291_UA_PUBLIC);
	check_generate();
	return t_end();
}
