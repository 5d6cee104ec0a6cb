/* asset.h - the files that are built into the programs: templates, style sheets, scripts, icons,
 * the schema.
 *
 * asset.S embeds every file that the Makefile finds; adding one to www/ needs no edit.  Names are
 * file names without folder: "index.html.in", "schema.sql", "logo.png".  A NUL that len does not
 * count stands behind each, so text can be used as a string.
 */
#ifndef ASSET_H
#define ASSET_H

#include "base.h"

struct asset {
	const char *name;
	const unsigned char *data;
	size_t len;
};

/* NULL if there is no such file. */
const struct asset *asset_get(const char *name);

/* Every asset, in the order of the names. */
size_t asset_count(void);
const struct asset *asset_at(size_t i);

#endif
