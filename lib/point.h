/* point.h - points of the curve P-256: is a subscriber's key one, and key pairs of our own.
 *
 * Shapes: a public key is the 65-octet uncompressed form (0x04, x, y: RFC 8291 §3.3, SEC 1 §2.3.3),
 * a private key the 32-octet big-endian scalar in [1, n-1].  Other encodings (compressed, hybrid,
 * the one-octet point at infinity) are refused: the caller checks the length of what it decoded,
 * the array type carries it on, and the lead octet is looked at here.
 *
 * Nothing is kept for the caller; the curve itself is built at the first call and stays for the
 * life of the process.  For processes, not for threads.  The queue of OpenSSL's errors is left as
 * it was found, so a hostile key cannot make a TLS connection of the same process look broken.
 * Running out of memory ends the process.
 */
#ifndef POINT_H
#define POINT_H

#include "base.h"

#define POINT_PUBLIC_LEN  65
#define POINT_PRIVATE_LEN 32

/* True for a point on the curve in the uncompressed form (RFC 8291 §7).  The curve's cofactor is
 * 1, so no further check of the subgroup is needed. */
bool point_valid(const uint8_t p256dh[POINT_PUBLIC_LEN]);

/* Computes the public key d·G; false, and pub untouched, if the scalar is not in [1, n-1]. */
bool point_public_from_private(
    const uint8_t priv[POINT_PRIVATE_LEN], uint8_t pub[POINT_PUBLIC_LEN]);

/* Makes a fresh key pair; false (logged) only if the source of randomness failed, and then both
 * outputs are untouched.  The caller cleanses priv. */
bool point_generate(uint8_t priv[POINT_PRIVATE_LEN], uint8_t pub[POINT_PUBLIC_LEN]);

#endif
