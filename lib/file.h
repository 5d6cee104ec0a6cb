/* file.h - whole files: read, publish by rename, lock, folders.
 *
 * Paths are absolute or relative to the working directory.  Every descriptor is close-on-exec.
 * Functions that return -1 have logged why.
 */
#ifndef FILE_H
#define FILE_H

#include "base.h"

struct buf;

/* Appends the content of a regular file.  1 done, 0 no such file, -1 broken or longer than max
 * bytes. */
int file_read(const char *path, size_t max, struct buf *out);

/* Replaces dir/name by `len` bytes so that a reader sees the old or the new content, never a part,
 * also over a power failure: temporary file in the same folder, fsync, rename, fsync of the folder.
 * Folders inside `name` are made (0755).  A file that has this content already is left alone (0).
 * 1 written, -1 failed, and then the old file is untouched. */
int file_publish(const char *dir, const char *name, const void *bytes, size_t len, mode_t mode);

/* The same of one file among thousands, without waiting for the disk: over a power failure it may be
 * lost until file_sync, once for all of them, has waited for what the file system of dir owes. */
int file_publish_some(
    const char *dir, const char *name, const void *bytes, size_t len, mode_t mode);
int file_sync(const char *dir);

/* Replaces a file that exists in the same way, also through a symbolic link; owner, group and mode stay, but nobody
 * besides the group may read the new one.  1; -1 failed, and then the old file is untouched. */
int file_replace(const char *path, const void *bytes, size_t len);

/* Makes a folder and sets its mode also where it exists.  1 or -1. */
int file_make_dir(const char *path, mode_t mode);

/* Takes an exclusive flock(2) on path (made 0600 where absent, never removed; a killed holder frees
 * it), waiting for it up to wait_ms milliseconds: 0 = only trying, -1 = for ever.  1 and *fd held, 0 somebody else
 * still has it, -1 broken.  Closing *fd unlocks. */
int file_lock(const char *path, int wait_ms, int *fd);

/* Closes and sets -1.  Descriptor 0 is the FastCGI socket and must never be closed by this. */
void file_close(int *fd);

/* Joins with exactly one slash into out[cap]; ends the process if it does not fit (paths come from
 * the configuration alone). */
void file_join(char *out, size_t cap, const char *dir, const char *name);

#define FILE_PATH_MAX 4096

#endif
