/* ece.h - encryption of push messages: RFC 8291 over the aes128gcm coding of RFC 8188.
 *
 * Encrypts a batch: every job gets an ephemeral key pair and a salt of its own (RFC 8291 §3.1, RFC
 * 8188 §2.1), used once and then wiped.  One record per message, rs always 4096.  The body of the
 * request is
 *
 *     salt 16 | rs 4 | idlen 1 (65) | public key 65 | AES-128-GCM(text | 0x02 | zeros) | tag 16
 *
 * and so is padded_len + ECE_OVERHEAD octets long.
 *
 * Life cycle: ece_open after the last fork of the process, ece_encrypt as often as wanted, and
 * ece_close.  An ece that was carried over a fork all the same stays safe: randomness fetched
 * ahead is dropped where the process id has changed.  Not for threads.
 *
 *     struct ece_job job = {.ua_public = p256dh, .auth = auth, .plaintext = text,
 *         .plaintext_len = len, .padded_len = ece_padded_len(len), .out = body,
 *         .out_cap = sizeof body};
 *     if (ece_encrypt(e, &job, 1) == 1) ... body[0 .. job.out_len) is ready to be sent
 *
 * All memory belongs to the caller; no pointer of a job is kept.  The queue of OpenSSL's errors is
 * left as it was found.
 */
#ifndef ECE_H
#define ECE_H

#include "base.h"

#define ECE_PUBLIC_LEN	65
#define ECE_PRIVATE_LEN 32
#define ECE_AUTH_LEN	16
#define ECE_SALT_LEN	16
#define ECE_HEADER_LEN	86
#define ECE_RECORD_SIZE 4096

/* What a body is longer than the padded text: header, delimiter octet, tag. */
#define ECE_OVERHEAD 103

/* The longest text we send: the smallest limit among the services (Mozilla's mobile bridge). */
#define ECE_PLAINTEXT_MAX 2800

/* The longest padded text whose body has the 4096 octets that every service must take (RFC 8291
 * §4). */
#define ECE_PADDED_MAX 3993

struct ece;

struct ece_job {
	const uint8_t *ua_public; /* 65 octets: p256dh of the subscription, still to be checked */
	const uint8_t *auth;	  /* 16 octets: its auth secret */
	const uint8_t *plaintext; /* may be the same for all jobs; must not overlap out */
	size_t plaintext_len;
	size_t padded_len; /* text and padding: plaintext_len .. ECE_PADDED_MAX */
	uint8_t *out;
	size_t out_cap; /* at least padded_len + ECE_OVERHEAD */
	size_t out_len; /* result: octets of the body, 0 unless ok */
	bool ok;	/* result */
};

/* NULL if OpenSSL lacks something; logged. */
struct ece *ece_open(void);

/* Wipes, frees and sets NULL; NULL is allowed. */
void ece_close(struct ece **e);

/* Encrypts each job.  Returns how many are ok.  A job fails alone: its public key is no point of
 * the curve (then the subscription can never be sent to), or its lengths do not fit.  -1: OpenSSL
 * or its randomness failed, logged; jobs marked ok are whole, the others say nothing about their
 * keys and can be tried again. */
int ece_encrypt(struct ece *e, struct ece_job *jobs, size_t n);

/* The same for one job with a given ephemeral private key and salt: for vectors only, since a pair
 * used twice gives the texts away.  1 done, 0 refused (the private key out of range counts), -1
 * broken and logged. */
int ece_encrypt_with_keys(struct ece *e, struct ece_job *job,
    const uint8_t as_private[ECE_PRIVATE_LEN], const uint8_t salt[ECE_SALT_LEN]);

/* The length to pad a text to, so that its length tells little (RFC 8291 §7): the next multiple of
 * 128 up to 512, then 1024, 2048, 2800.  Never 0 for a text that can be sent; 0 for one that is
 * longer than ECE_PLAINTEXT_MAX. */
size_t ece_padded_len(size_t plaintext_len);

/* Encrypts the example of RFC 8291 appendix A and compares every octet.  False is logged. */
bool ece_self_test(void);

#endif
