/* fetch_curl.h - libcurl, loaded when the first request needs it (part of fetch).
 *
 * Linking libcurl brings some thirty further libraries, whose loading takes two thirds of the time
 * from a sender's start to its first push, and more memory than all the rest.  Most senders never
 * meet a service without HTTP/2, so the program does not depend on it: the functions that fetch uses
 * stand in a table that is filled by dlopen(3), which takes about 10 ms once.
 *
 * Options go to a variadic function here, without libcurl's checking macros: numbers must be long or
 * curl_off_t.
 */
#ifndef FETCH_CURL_H
#define FETCH_CURL_H

#include "base.h"

#include <curl/curl.h>

/* Members are named as in libcurl, without "curl_". */
struct fetch_curl {
	__typeof__(curl_global_init) *global_init;
	__typeof__(curl_easy_init) *easy_init;
	__typeof__(curl_easy_setopt) *easy_setopt;
	__typeof__(curl_easy_getinfo) *easy_getinfo;
	__typeof__(curl_easy_strerror) *easy_strerror;
	__typeof__(curl_easy_cleanup) *easy_cleanup;
	__typeof__(curl_slist_append) *slist_append;
	__typeof__(curl_slist_free_all) *slist_free_all;
	__typeof__(curl_multi_init) *multi_init;
	__typeof__(curl_multi_setopt) *multi_setopt;
	__typeof__(curl_multi_add_handle) *multi_add_handle;
	__typeof__(curl_multi_remove_handle) *multi_remove_handle;
	__typeof__(curl_multi_socket_action) *multi_socket_action;
	__typeof__(curl_multi_info_read) *multi_info_read;
	__typeof__(curl_multi_assign) *multi_assign;
	__typeof__(curl_multi_strerror) *multi_strerror;
	__typeof__(curl_multi_cleanup) *multi_cleanup;
};

/* The table, loaded and initialised at the first call and kept to the process's end.  NULL: the
 * library is not there or not usable, which is logged once; later calls do not look again. */
const struct fetch_curl *fetch_curl_load(void);

#endif
