#include "sink-paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 1 << 16 };

struct path {
	uint64_t hash; /* 0 = free place */
	uint32_t accepted;
	bool is_asked;
};

/* Open addressing; size is a power of two, at most half of it used. */
static struct {
	struct path *paths;
	size_t size;
	size_t used;
	size_t distinct;
	size_t repeated;
} table;

uint64_t sink_paths_hash(const uint8_t *octet, size_t length)
{
	const uint64_t odd = 0x9e3779b97f4a7c15;
	uint64_t hash = length * odd;

	while (length > 0) {
		uint64_t word = 0;
		size_t part = length < sizeof word ? length : sizeof word;

		memcpy(&word, octet, part);
		hash = (hash ^ word) * odd;
		hash ^= hash >> 29;
		octet += part;
		length -= part;
	}
	hash *= odd;
	hash ^= hash >> 32;
	return hash ? hash : 1;
}

static struct path *table_find(struct path *paths, size_t size, uint64_t hash)
{
	size_t at = hash & (size - 1);

	while (paths[at].hash && paths[at].hash != hash)
		at = (at + 1) & (size - 1);
	return &paths[at];
}

static void table_grow(void)
{
	size_t size = table.size ? table.size * 2 : FIRST_SIZE;
	struct path *paths = calloc(size, sizeof *paths);

	if (!paths) {
		perror("sink: paths");
		exit(1);
	}
	for (size_t i = 0; i < table.size; i++)
		if (table.paths[i].hash)
			*table_find(paths, size, table.paths[i].hash) = table.paths[i];
	free(table.paths);
	table.paths = paths;
	table.size = size;
}

static struct path *table_place(uint64_t hash)
{
	struct path *path;

	if (table.used * 2 >= table.size)
		table_grow();
	path = table_find(table.paths, table.size, hash);
	if (path->hash == 0) {
		path->hash = hash;
		table.used++;
	}
	return path;
}

bool sink_paths_ask(uint64_t hash)
{
	struct path *path = table_place(hash);
	bool is_first = !path->is_asked;

	path->is_asked = true;
	return is_first;
}

void sink_paths_count(uint64_t hash)
{
	struct path *path = table_place(hash);

	path->accepted++;
	table.distinct += path->accepted == 1;
	table.repeated += path->accepted == 2;
}

size_t sink_paths_distinct(void)
{
	return table.distinct;
}

size_t sink_paths_repeated(void)
{
	return table.repeated;
}
