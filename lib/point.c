/* point.c - see point.h. */
#include "base.h"
#include "point.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/rand.h>

#include "log.h"

/* The curve never changes and building it costs more than a check: one for the process. */
static const EC_GROUP *curve(void)
{
	static EC_GROUP *group;

	if (group == NULL && (group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)) == NULL)
		log_die("POINT-01", "the curve P-256 is not to be had from OpenSSL");
	return group;
}

static EC_POINT *new_point(void)
{
	EC_POINT *p = EC_POINT_new(curve());

	if (p == NULL)
		log_die("POINT-02", "out of memory for a point");
	return p;
}

bool point_valid(const uint8_t p256dh[POINT_PUBLIC_LEN])
{
	if (p256dh[0] != POINT_CONVERSION_UNCOMPRESSED)
		return false;
	EC_POINT *p = new_point();
	ERR_set_mark();
	/* checks x and y < p and the equation of the curve; infinity has no uncompressed form */
	bool ok = EC_POINT_oct2point(curve(), p, p256dh, POINT_PUBLIC_LEN, NULL) == 1;
	ERR_pop_to_mark();
	EC_POINT_free(p);
	return ok;
}

/* The scalar as a number; NULL if it is not in [1, n-1]. */
static BIGNUM *read_scalar(const uint8_t priv[POINT_PRIVATE_LEN])
{
	BIGNUM *k = BN_bin2bn(priv, POINT_PRIVATE_LEN, NULL);

	if (k == NULL)
		log_die("POINT-03", "out of memory for a scalar");
	BN_set_flags(k, BN_FLG_CONSTTIME);
	if (BN_is_zero(k) || BN_cmp(k, EC_GROUP_get0_order(curve())) >= 0) {
		BN_clear_free(k);
		return NULL;
	}
	return k;
}

bool point_public_from_private(const uint8_t priv[POINT_PRIVATE_LEN], uint8_t pub[POINT_PUBLIC_LEN])
{
	BIGNUM *k = read_scalar(priv);

	if (k == NULL)
		return false;
	EC_POINT *p = new_point();
	if (EC_POINT_mul(curve(), p, k, NULL, NULL, NULL) != 1 ||
	    EC_POINT_point2oct(curve(), p, POINT_CONVERSION_UNCOMPRESSED, pub, POINT_PUBLIC_LEN,
		NULL) != POINT_PUBLIC_LEN)
		log_die("POINT-04", "a multiplication on the curve failed");
	EC_POINT_free(p);
	BN_clear_free(k);
	return true;
}

bool point_generate(uint8_t priv[POINT_PRIVATE_LEN], uint8_t pub[POINT_PUBLIC_LEN])
{
	uint8_t k[POINT_PRIVATE_LEN];

	/* one draw in 2^32 is outside the range and is drawn again, so that all scalars stay
	 * equally likely */
	do {
		if (RAND_priv_bytes(k, sizeof k) != 1) {
			log_error("POINT-05", "no randomness for a key pair");
			return false;
		}
	} while (!point_public_from_private(k, pub));
	memcpy(priv, k, sizeof k);
	OPENSSL_cleanse(k, sizeof k);
	return true;
}
