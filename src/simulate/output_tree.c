#include "simulate/output_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"

#define MANIFEST_NAME "manifest.json"
#define UNFINISHED_NAME "unfinished.json"
#define MANIFEST_MAX_BYTES ((size_t)1 << 30)

/* Remove the folders that lead to a file, as far as they are empty; some may be gone already. */
static void remove_empty_parents(const char *root, const char *path)
{
    char *parent = bcue_strdup(path);
    for (char *slash; parent && (slash = strrchr(parent, '/'));) {
        *slash = '\0';
        char *full = bcue_path_join(root, parent);
        bool removed = full && (rmdir(full) == 0 || errno == ENOENT);
        free(full);
        if (!removed)
            break;
    }
    free(parent);
}

static void remove_file(const char *root, const char *path)
{
    char *full = bcue_path_join(root, path);
    if (full)
        unlink(full);
    free(full);
    remove_empty_parents(root, path);
}

/* The manifest of an earlier simulation in `folder`, or NULL. */
static json_t *read_manifest(const char *folder)
{
    char *path = bcue_path_join(folder, MANIFEST_NAME);
    bcue_bytes bytes = {0};
    json_t *manifest = NULL;
    if (path && bcue_file_read(path, MANIFEST_MAX_BYTES, &bytes, NULL) == BCUE_OK)
        manifest = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, NULL);
    bcue_bytes_free(&bytes);
    free(path);
    const char *generator = json_string_value(json_object_get(manifest, "generator"));
    if (!generator || strcmp(generator, "beamcue simulate") != 0 ||
        !json_is_array(json_object_get(manifest, "files"))) {
        json_decref(manifest);
        return NULL;
    }
    return manifest;
}

static bcue_status check_target(const char *target, bool overwrite, bcue_error *error)
{
    struct stat info;
    if (lstat(target, &info) != 0)
        return BCUE_OK;
    if (!S_ISDIR(info.st_mode))
        return bcue_fail(error, BCUE_ERROR_IO, "%s: exists and is not a folder; choose another output",
                         target);
    if (!overwrite)
        return bcue_fail(
            error, BCUE_ERROR_IO,
            "%s: the output folder exists already; choose another output, remove it, or set overwrite: true",
            target);
    json_t *manifest = read_manifest(target);
    if (!manifest)
        return bcue_fail(error, BCUE_ERROR_IO,
                         "%s: the output folder was not made by a simulation (it has no " MANIFEST_NAME
                         " of one), so it is not "
                         "overwritten; choose another output",
                         target);
    json_decref(manifest);
    return BCUE_OK;
}

/* ---- the working folder ---- */

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    (void)remove(path);
    return 0;
}

/* What is in a folder and begins so. */
static void remove_named(const char *folder, const char *beginning)
{
    DIR *open = opendir(folder);
    for (struct dirent *entry; open && (entry = readdir(open));) {
        if (!bcue_starts_with(entry->d_name, beginning))
            continue;
        char *path = bcue_path_join(folder, entry->d_name);
        if (path)
            (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        free(path);
    }
    if (open)
        closedir(open);
}

/* Everything that a simulation writes has one of these beginnings. */
static void remove_working_folder(const char *folder)
{
    static const char *const beginnings[] = {"unit",          "episodes",    "scenario.csv",
                                             "ground_truth",  "channel",     "beamcue.yaml",
                                             "codebook.json", MANIFEST_NAME, UNFINISHED_NAME};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        remove_named(folder, beginnings[i]);
    rmdir(folder);
}

/* Nothing in it, or nothing but an unfinished.json that a process was about to write, and may have been
   killed over: it is the first file of a working folder. */
static bool is_empty_folder(const char *path)
{
    size_t entries = 0;
    DIR *open = opendir(path);
    for (struct dirent *entry; open && (entry = readdir(open));)
        entries += entry->d_name[0] != '.' && !bcue_starts_with(entry->d_name, UNFINISHED_NAME ".tmp");
    if (open)
        closedir(open);
    char *mark = bcue_path_join(path, UNFINISHED_NAME);
    bool marked = !mark || bcue_path_exists(mark);
    free(mark);
    return open && entries == 0 && !marked;
}

/* Whose a working folder is. A run that was killed just before its folder got its name has only the manifest
   left to say so. */
static json_t *read_unfinished(const char *folder)
{
    char *path = bcue_path_join(folder, UNFINISHED_NAME);
    json_t *found = path ? json_load_file(path, JSON_REJECT_DUPLICATES, NULL) : NULL;
    free(path);
    return found ? found : read_manifest(folder);
}

static bool same_text(const json_t *object, const char *key, const char *text)
{
    const char *found = json_string_value(json_object_get(object, key));
    return found && strcmp(found, text) == 0;
}

static bool same_run(const json_t *object, const bcue_output_identity *identity)
{
    return same_text(object, "config_hash", identity->config_hash) &&
           same_text(object, "version", identity->version);
}

/* Another process may have made the folder a moment ago, and its unfinished.json not yet. */
static json_t *await_unfinished(const char *folder)
{
    json_t *found = read_unfinished(folder);
    for (int tries = 0; !found && tries < 40 && bcue_path_exists(folder) && !is_empty_folder(folder);
         tries++) {
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        found = read_unfinished(folder);
    }
    return found;
}

/* *take: what is there belongs to this run. */
static bcue_status check_working_folder(const bcue_output_tree *tree, const bcue_output_identity *identity,
                                        bool *take, bcue_error *error)
{
    *take = false;
    if (!bcue_path_exists(tree->temporary) || is_empty_folder(tree->temporary))
        return BCUE_OK;
    json_t *found = await_unfinished(tree->temporary);
    if (!found)
        return bcue_fail(error, BCUE_ERROR_IO,
                         "%s: is in the way of the working folder, and no simulation says that it is its own "
                         "(it has no readable " UNFINISHED_NAME "); remove it or choose another output",
                         tree->temporary);
    bool config = same_text(found, "config_hash", identity->config_hash);
    bool version = same_text(found, "version", identity->version);
    *take = config && version;
    json_decref(found);
    if (*take)
        return BCUE_OK;
    if (tree->overwrite) {
        remove_working_folder(tree->temporary);
        return BCUE_OK;
    }
    return bcue_fail(error, BCUE_ERROR_IO,
                     "%s: holds an unfinished run of another %s; run that one to its end, remove the folder, "
                     "choose another output, or set overwrite: true",
                     tree->temporary, config ? "version of beamcue" : "configuration");
}

/* Has another process of this run given the folder its name by now? */
static bool is_finished(const bcue_output_tree *tree, const bcue_output_identity *identity)
{
    json_t *manifest = read_manifest(tree->target);
    bool finished = manifest && same_run(manifest, identity);
    json_decref(manifest);
    return finished;
}

/* Wait for the folder of another process, a minute at most. That process may have come to the end already;
   but what is to be overwritten looks the same as what it made. */
static bcue_status follow(bcue_output_tree *tree, const bcue_output_identity *identity, bcue_error *error)
{
    for (int tries = 0; tries < 600; tries++) {
        json_t *found = read_unfinished(tree->temporary);
        bool same = same_run(found, identity);
        json_decref(found);
        tree->finished = !same && !tree->overwrite && is_finished(tree, identity);
        if (same || tree->finished)
            return BCUE_OK;
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    tree->finished = is_finished(tree, identity);
    if (tree->finished)
        return BCUE_OK;
    return bcue_fail(error, BCUE_ERROR_IO,
                     "%s: the first process of this run has not made it; do all of them see the same disk?",
                     tree->temporary);
}

static bcue_status mark_unfinished(bcue_output_tree *tree, const bcue_output_identity *identity,
                                   bcue_error *error)
{
    bcue_text text = {0};
    bcue_text_printf(&text,
                     "{\"generator\": \"beamcue simulate\", \"version\": \"%s\", \"config_hash\": \"%s\", "
                     "\"episodes\": %u}\n",
                     identity->version, identity->config_hash, identity->episodes);
    bcue_status status =
        text.failed ? bcue_fail_memory(error, UNFINISHED_NAME)
                    : bcue_output_tree_write_whole(tree, UNFINISHED_NAME, text.data, text.size, error);
    bcue_text_free(&text);
    return status;
}

bcue_status bcue_output_tree_open(bcue_output_tree *tree, const char *target, bool overwrite,
                                  const bcue_output_identity *identity, bcue_error *error)
{
    *tree = (bcue_output_tree){.overwrite = overwrite, .target = bcue_strdup(target)};
    bcue_text name = {0};
    if (tree->target) {
        for (size_t length = strlen(tree->target); length > 1 && tree->target[length - 1] == '/'; length--)
            tree->target[length - 1] = '\0';
        bcue_text_printf(&name, "%s.partial", tree->target);
    }
    tree->temporary = name.data;
    if (name.failed || !name.data)
        return bcue_fail_memory(error, "the output folder");
    if (identity->follow && !overwrite && is_finished(tree, identity)) {
        tree->finished = true;
        return BCUE_OK;
    }
    BCUE_TRY(check_target(tree->target, overwrite, error));
    if (identity->follow)
        return follow(tree, identity, error);
    bool take;
    BCUE_TRY(check_working_folder(tree, identity, &take, error));
    if (take)
        return BCUE_OK;
    tree->created = true;
    BCUE_TRY(bcue_make_dirs(tree->temporary, error));
    return mark_unfinished(tree, identity, error);
}

bcue_status bcue_output_tree_measure(bcue_output_tree *tree, const char *target, bcue_error *error)
{
    *tree = (bcue_output_tree){.measuring = true, .target = bcue_strdup(target)};
    return tree->target ? BCUE_OK : bcue_fail_memory(error, "the output folder");
}

char *bcue_output_tree_path(const bcue_output_tree *tree, const char *path)
{
    return bcue_path_join(tree->temporary, path);
}

bcue_status bcue_output_tree_write_whole(bcue_output_tree *tree, const char *path, const void *data,
                                         size_t size, bcue_error *error)
{
    char *full = bcue_output_tree_path(tree, path), *folder = full ? bcue_path_dirname(full) : NULL;
    bcue_status status = folder ? bcue_make_dirs(folder, error) : bcue_fail_memory(error, path);
    if (status == BCUE_OK)
        status = bcue_file_write(full, data, size, error);
    free(full);
    free(folder);
    return status;
}

static bcue_status write_bytes(const char *path, const void *data, size_t size, bcue_error *error)
{
    FILE *stream = fopen(path, "wb");
    if (!stream)
        return bcue_fail(error, BCUE_ERROR_IO, "%s: cannot make the file: %s", path, strerror(errno));
    bool ok = fwrite(data, 1, size, stream) == size;
    int reason = errno;
    if (fclose(stream) != 0) {
        reason = ok ? errno : reason;
        ok = false;
    }
    if (!ok)
        return bcue_fail(error, BCUE_ERROR_IO,
                         "%s: cannot write: %s; free some space or choose another output", path,
                         strerror(reason));
    return BCUE_OK;
}

bcue_status bcue_output_tree_write(bcue_output_tree *tree, const char *path, const void *data, size_t size,
                                   bool listed, bcue_error *error)
{
    if (tree->measuring) {
        tree->bytes += size;
        tree->disk_bytes += (size + 4095) / 4096 * 4096;
        return BCUE_OK;
    }
    bcue_output_file file = {.path = bcue_strdup(path), .size = size, .listed = listed};
    if (listed)
        bcue_hash_hex(data, size, file.hash);
    char *full = bcue_path_join(tree->temporary, path), *folder = full ? bcue_path_dirname(full) : NULL;
    if (!file.path || !folder ||
        !bcue_grow((void **)&tree->files, &tree->capacity, tree->count + 1, sizeof *tree->files)) {
        free(file.path);
        free(full);
        free(folder);
        return bcue_fail_memory(error, "the list of files");
    }
    /* Entered first, so that a file that fails half-way is removed with the rest. */
    tree->files[tree->count++] = file;
    bcue_status status = bcue_make_dirs(folder, error);
    if (status == BCUE_OK)
        status = write_bytes(full, data, size, error);
    free(full);
    free(folder);
    return status;
}

bcue_status bcue_output_tree_adopt(bcue_output_tree *tree, const char *path, bcue_error *error)
{
    char *full = bcue_output_tree_path(tree, path);
    bcue_mapping mapping = {0};
    bcue_status status = full ? bcue_file_map(full, &mapping, error) : bcue_fail_memory(error, path);
    bcue_output_file file = {.path = bcue_strdup(path), .size = mapping.size, .listed = true};
    if (status == BCUE_OK && (!file.path || !bcue_grow((void **)&tree->files, &tree->capacity,
                                                       tree->count + 1, sizeof *tree->files)))
        status = bcue_fail_memory(error, "the list of files");
    if (status == BCUE_OK) {
        bcue_hash_hex(mapping.data, mapping.size, file.hash);
        tree->files[tree->count++] = file;
    } else {
        free(file.path);
    }
    bcue_file_unmap(&mapping);
    free(full);
    return status;
}

json_t *bcue_output_tree_list(const bcue_output_tree *tree)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < tree->count; i++) {
        const bcue_output_file *file = &tree->files[i];
        if (!file->listed)
            continue;
        json_t *entry = json_pack("{s:s, s:I, s:s}", "path", file->path, "bytes", (json_int_t)file->size,
                                  "hash", file->hash);
        if (!entry || json_array_append_new(list, entry) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

/* Remove the files of an earlier simulation, and its folders as far as nothing else is in them. A path that
 * would lead out of the folder is left alone. */
static void remove_simulation(const char *folder)
{
    json_t *manifest = read_manifest(folder);
    if (!manifest)
        return;
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(manifest, "files"), i, entry)
    {
        const char *path = json_string_value(json_object_get(entry, "path"));
        if (path && path[0] != '/' && !strstr(path, ".."))
            remove_file(folder, path);
    }
    json_decref(manifest);
    remove_file(folder, "beamcue.yaml");
    remove_file(folder, "codebook.json");
    remove_file(folder, MANIFEST_NAME);
    rmdir(folder);
}

void bcue_output_tree_drop(bcue_output_tree *tree, const char *name)
{
    char *path = bcue_path_join(tree->temporary, name);
    bcue_text gone = {0}, beginning = {0};
    bcue_text_printf(&gone, "%s.gone", path ? path : "");
    bcue_text_printf(&beginning, "%s.", name);
    if (path && !gone.failed && !beginning.failed) {
        remove_named(tree->temporary, beginning.data); /* of a run that was killed here */
        (void)rename(path, gone.data);
        remove_named(tree->temporary, beginning.data);
    }
    bcue_text_free(&gone);
    bcue_text_free(&beginning);
    free(path);
}

bool bcue_output_still_named(int file, const char *path)
{
    struct stat mine, named;
    return fstat(file, &mine) == 0 && stat(path, &named) == 0 && mine.st_ino == named.st_ino &&
           mine.st_dev == named.st_dev;
}

bool bcue_output_tree_claim(const bcue_output_tree *tree, int *claim)
{
    *claim = -1;
    char *path = bcue_path_join(tree->temporary, UNFINISHED_NAME);
    if (!path)
        return false;
    bool mine = false;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file >= 0) {
        /* Whoever held it before may have removed it in between. */
        mine = flock(file, LOCK_EX | LOCK_NB) == 0 && bcue_output_still_named(file, path);
        if (mine)
            *claim = file;
        else
            close(file);
    } else {
        json_t *manifest = read_manifest(tree->temporary);
        mine = manifest != NULL;
        json_decref(manifest);
    }
    free(path);
    return mine;
}

/* ---- the name ---- */

/* Remove what was put aside by runs that were killed before they could. */
static void remove_retired(const char *target)
{
    char *folder = bcue_path_dirname(target);
    bcue_text beginning = {0};
    bcue_text_printf(&beginning, "%s.replaced-", bcue_path_basename(target));
    DIR *open = folder && !beginning.failed ? opendir(folder) : NULL;
    for (struct dirent *entry; open && (entry = readdir(open));) {
        if (!bcue_starts_with(entry->d_name, beginning.data) ||
            entry->d_name[beginning.size + strspn(entry->d_name + beginning.size, "0123456789-")] != '\0')
            continue;
        char *path = bcue_path_join(folder, entry->d_name);
        struct stat info;
        if (path && lstat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
            remove_simulation(path);
            (void)rmdir(path);
        }
        free(path);
    }
    if (open)
        closedir(open);
    bcue_text_free(&beginning);
    free(folder);
}

/* Put the earlier simulation aside, under a name that is not there yet: process numbers come again. */
static bcue_status retire(const char *target, char **retired, bcue_error *error)
{
    bcue_text name = {0};
    for (unsigned serial = 0; !name.failed; serial++) {
        bcue_text_free(&name);
        bcue_text_printf(&name, "%s.replaced-%ld-%u", target, (long)getpid(), serial);
        if (!name.failed && !bcue_path_exists(name.data))
            break;
    }
    if (name.failed) {
        bcue_text_free(&name);
        return bcue_fail_memory(error, "the output folder");
    }
    if (rename(target, name.data) != 0) {
        bcue_text_free(&name);
        return bcue_fail(error, BCUE_ERROR_IO, "%s: cannot replace the earlier simulation: %s", target,
                         strerror(errno));
    }
    *retired = name.data;
    return BCUE_OK;
}

bcue_status bcue_output_tree_commit(bcue_output_tree *tree, bcue_error *error)
{
    remove_named(tree->temporary, MANIFEST_NAME ".tmp");
    remove_named(tree->temporary, UNFINISHED_NAME);
    char *retired = NULL;
    if (tree->overwrite && bcue_path_exists(tree->target))
        BCUE_TRY(retire(tree->target, &retired, error));
    bool named = rename(tree->temporary, tree->target) == 0;
    int reason = errno;
    if (!named) {
        if (retired)
            (void)rename(retired, tree->target);
        /* Another process may have named it a moment before. */
        named = reason == ENOENT && !bcue_path_exists(tree->temporary) && bcue_path_exists(tree->target);
    }
    free(retired);
    if (!named)
        return bcue_fail(error, BCUE_ERROR_IO, "%s: cannot give the finished folder its name: %s",
                         tree->target, strerror(reason));
    free(tree->temporary);
    tree->temporary = NULL;
    if (tree->overwrite)
        remove_retired(tree->target);
    return BCUE_OK;
}

void bcue_output_tree_forget(bcue_output_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        free(tree->files[i].path);
    tree->count = 0;
}

void bcue_output_tree_undo(bcue_output_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        remove_file(tree->temporary, tree->files[i].path);
    bcue_output_tree_forget(tree);
}

void bcue_output_tree_discard(bcue_output_tree *tree)
{
    remove_working_folder(tree->temporary);
    bcue_output_tree_forget(tree);
}

void bcue_output_tree_close(bcue_output_tree *tree)
{
    bcue_output_tree_forget(tree);
    free(tree->temporary);
    free(tree->target);
    free(tree->files);
    *tree = (bcue_output_tree){0};
}
