#include "simulate/output_tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"

#define MANIFEST_NAME "manifest.json"
#define MANIFEST_MAX_BYTES ((size_t)1 << 30)

/* Remove the folders that lead to a file, as far as they are empty. */
static void remove_empty_parents(const char *root, const char *path)
{
    char *parent = bcue_strdup(path);
    for (char *slash; parent && (slash = strrchr(parent, '/'));) {
        *slash = '\0';
        char *full = bcue_path_join(root, parent);
        bool removed = full && rmdir(full) == 0;
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

bcue_status bcue_output_tree_open(bcue_output_tree *tree, const char *target, bool overwrite,
                                  bcue_error *error)
{
    *tree = (bcue_output_tree){.overwrite = overwrite, .target = bcue_strdup(target)};
    bcue_text name = {0};
    if (tree->target) {
        for (size_t length = strlen(tree->target); length > 1 && tree->target[length - 1] == '/'; length--)
            tree->target[length - 1] = '\0';
        bcue_text_printf(&name, "%s.partial-%ld", tree->target, (long)getpid());
    }
    if (name.failed || !name.data) {
        bcue_output_tree_close(tree);
        return bcue_fail_memory(error, "the output folder");
    }
    bcue_status status = check_target(tree->target, overwrite, error);
    if (status == BCUE_OK && bcue_path_exists(name.data))
        status = bcue_fail(error, BCUE_ERROR_IO, "%s: was left behind by a run that was killed; remove it",
                           name.data);
    if (status != BCUE_OK) {
        bcue_text_free(&name);
        bcue_output_tree_close(tree);
        return status;
    }
    tree->temporary = name.data;
    status = bcue_make_dirs(tree->temporary, error);
    if (status != BCUE_OK)
        bcue_output_tree_close(tree);
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
    tree->bytes += size;
    bcue_status status = bcue_make_dirs(folder, error);
    if (status == BCUE_OK)
        status = write_bytes(full, data, size, error);
    free(full);
    free(folder);
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
    remove_file(folder, MANIFEST_NAME);
    rmdir(folder);
}

bcue_status bcue_output_tree_commit(bcue_output_tree *tree, bcue_error *error)
{
    char *retired = NULL;
    if (tree->overwrite && bcue_path_exists(tree->target)) {
        bcue_text name = {0};
        bcue_text_printf(&name, "%s.replaced-%ld", tree->target, (long)getpid());
        if (name.failed) {
            bcue_text_free(&name);
            return bcue_fail_memory(error, "the output folder");
        }
        retired = name.data;
        if (rename(tree->target, retired) != 0) {
            free(retired);
            return bcue_fail(error, BCUE_ERROR_IO, "%s: cannot replace the earlier simulation: %s",
                             tree->target, strerror(errno));
        }
    }
    if (rename(tree->temporary, tree->target) != 0) {
        int reason = errno;
        if (retired)
            (void)rename(retired, tree->target);
        free(retired);
        return bcue_fail(error, BCUE_ERROR_IO, "%s: cannot give the finished folder its name: %s",
                         tree->target, strerror(reason));
    }
    free(tree->temporary);
    tree->temporary = NULL;
    if (retired)
        remove_simulation(retired);
    free(retired);
    return BCUE_OK;
}

void bcue_output_tree_close(bcue_output_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->temporary)
            remove_file(tree->temporary, tree->files[i].path);
        free(tree->files[i].path);
    }
    if (tree->temporary)
        rmdir(tree->temporary);
    free(tree->temporary);
    free(tree->target);
    free(tree->files);
    *tree = (bcue_output_tree){0};
}
