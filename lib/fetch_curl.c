/* fetch_curl.c - finds libcurl's functions at run time; see fetch_curl.h. */
#include "base.h"
#include "fetch_curl.h"

#include "log.h"

#include <dlfcn.h>

#define LIBRARY "libcurl.so.4" /* the ABI since 2006 */

/* A function pointer and where it is found; all of them have the same size (POSIX). */
struct symbol {
	const char *name;
	size_t offset;
};

#define SYMBOL(member)                                                                             \
	{                                                                                          \
		"curl_" #member, offsetof(struct fetch_curl, member)                               \
	}

static const struct symbol symbols[] = {
    SYMBOL(global_init),
    SYMBOL(easy_init),
    SYMBOL(easy_setopt),
    SYMBOL(easy_getinfo),
    SYMBOL(easy_strerror),
    SYMBOL(easy_cleanup),
    SYMBOL(slist_append),
    SYMBOL(slist_free_all),
    SYMBOL(multi_init),
    SYMBOL(multi_setopt),
    SYMBOL(multi_add_handle),
    SYMBOL(multi_remove_handle),
    SYMBOL(multi_socket_action),
    SYMBOL(multi_info_read),
    SYMBOL(multi_assign),
    SYMBOL(multi_strerror),
    SYMBOL(multi_cleanup),
};
static_assert(nelem(symbols) * sizeof(void *) == sizeof(struct fetch_curl), "a name for each");

static bool find(void *library, struct fetch_curl *out)
{
	for (size_t i = 0; i < nelem(symbols); i++) {
		void *function = dlsym(library, symbols[i].name);

		if (function == NULL)
			return false;
		memcpy((char *)out + symbols[i].offset, &function, sizeof function);
	}
	return true;
}

static bool load(struct fetch_curl *out)
{
	/* now, not lazily: a library of another make fails here and not in the middle of a push */
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	const char *why = NULL;

	if (library == NULL || !find(library, out))
		why = dlerror();
	else if (out->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		return true;
	log_error("FETCH-08",
	    "libcurl cannot be used, so push services without HTTP/2 wait; install the package"
	    " libcurl4: %s",
	    why != NULL ? why : "it does not start");
	return false;
}

const struct fetch_curl *fetch_curl_load(void)
{
	static struct fetch_curl curl;
	static enum { UNTRIED, LOADED, MISSING } state = UNTRIED;

	if (state == UNTRIED)
		state = load(&curl) ? LOADED : MISSING;
	return state == LOADED ? &curl : NULL;
}
