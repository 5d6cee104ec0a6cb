/* password.h - storing passwords: scrypt (RFC 7914) with N=2^17, r=8, p=1.
 *
 * The stored form holds its parameters, so they can be raised later without losing anybody:
 *	$scrypt$ln=17,r=8,p=1$<salt, base64url>$<32 octets, base64url>
 *
 * One computation takes 128 MiB and some tenths of a second.  password_slot_take admits two at a
 * time over all processes; callers throttle before they come here.
 *
 * In builds with ATSTATUS_TEST the environment variable ATSTATUS_SCRYPT_LOG2N lowers N for new
 * hashes.
 */
#ifndef PASSWORD_H
#define PASSWORD_H

#include "base.h"

#define PASSWORD_MIN	  12   /* code points */
#define PASSWORD_MAX	  1024 /* bytes */
#define PASSWORD_HASH_MAX 128  /* with its NUL */

/* 1 done, -1 failed (logged). */
int password_hash(const char *password, size_t len, char out[PASSWORD_HASH_MAX]);

/* 1 right, 0 wrong, -1 the stored form is unreadable or scrypt failed (logged).  `stored` NULL
 * means "no such user": takes as long and answers 0. */
int password_verify(const char *stored, const char *password, size_t len);

/* True if the stored form has other parameters than new ones get: hash again at the next login. */
bool password_is_outdated(const char *stored);

/* Waits for one of the two places, at most 5 s; data_dir is conf_path_data.  1 and *fd held (file_close
 * gives it back), 0 both were taken all the time (answer 503), -1 broken (logged). */
int password_slot_take(const char *data_dir, int *fd);

#endif
