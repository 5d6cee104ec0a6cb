/* asset.c - see asset.h; the table is laid out by asset.S. */
#include "base.h"
#include "asset.h"

extern const struct asset asset_table[], asset_table_end[];

size_t asset_count(void)
{
	return (size_t)(asset_table_end - asset_table);
}

const struct asset *asset_at(size_t i)
{
	assert(i < asset_count());
	return &asset_table[i];
}

const struct asset *asset_get(const char *name)
{
	for (const struct asset *a = asset_table; a < asset_table_end; a++)
		if (strcmp(a->name, name) == 0)
			return a;
	return NULL;
}
