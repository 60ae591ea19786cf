#include "api/inspect_manifest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "api/dataset_api.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/report_hooks.h"
#include "beamcue/dataset.h"

enum { MANIFEST_MOST_BYTES = 1 << 30 };

/* The manifest of a simulation in `folder`, and the hash of its bytes; NULL: there is none. */
static json_t *read_manifest(const char *folder, char hash[17])
{
    char *path = bcue_path_join(folder, "manifest.json");
    bcue_bytes bytes = {0};
    json_t *manifest = NULL;
    if (path && bcue_path_exists(path) &&
        bcue_file_read(path, MANIFEST_MOST_BYTES, &bytes, NULL) == BCUE_OK) {
        manifest = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, NULL);
        bcue_hash_hex(bytes.data, bytes.size, hash);
    }
    bcue_bytes_free(&bytes);
    free(path);
    const char *generator = json_string_value(json_object_get(manifest, "generator"));
    if (generator && strcmp(generator, "beamcue simulate") == 0 &&
        json_is_array(json_object_get(manifest, "files")))
        return manifest;
    json_decref(manifest);
    return NULL;
}

static const char *text_of(const json_t *manifest, const char *key)
{
    const char *text = json_string_value(json_object_get(manifest, key));
    return text ? text : "?";
}

/* A part of the manifest that is small: everything but the files. */
static json_t *without_files(const json_t *manifest, const char *source, const char *hash,
                             const char *codebook)
{
    json_t *part = json_copy((json_t *)(uintptr_t)manifest);
    json_object_del(part, "files");
    json_object_set_new(part, "source", json_string(source));
    json_object_set_new(part, "manifest_hash", json_string(hash));
    if (codebook != NULL)
        json_object_set_new(part, "codebook", json_string(codebook));
    json_object_set_new(part, "file_count",
                        json_integer((json_int_t)json_array_size(json_object_get(manifest, "files"))));
    return part;
}

bcue_status bcue_manifest_report(const bcue_dataset *dataset, bcue_report *report, bcue_error *error)
{
    json_t *list = json_array();
    const char *codebook = bcue_dataset_codebook(dataset);
    for (size_t s = 0; s < bcue_dataset_sources(dataset); s++) {
        char hash[17];
        json_t *manifest = read_manifest(bcue_dataset_source_root(dataset, s), hash);
        if (!manifest)
            continue;
        bcue_text_printf(
            bcue_report_out(report),
            "made by beamcue simulate %s, seed %lld, %zu scene(s), %zu files; configuration %s, "
            "manifest %s%s%s\n\n",
            text_of(manifest, "version"), (long long)json_integer_value(json_object_get(manifest, "seed")),
            json_array_size(json_object_get(manifest, "scenes")),
            json_array_size(json_object_get(manifest, "files")), text_of(manifest, "config_hash"), hash,
            codebook != NULL ? ", codebook " : "", codebook != NULL ? codebook : "");
        json_array_append_new(list,
                              without_files(manifest, bcue_dataset_source_name(dataset, s), hash, codebook));
        json_decref(manifest);
    }
    if (!list)
        return bcue_fail_memory(error, "the report");
    if (json_array_size(list) > 0)
        json_object_set(bcue_report_object(report), "simulated", list);
    json_decref(list);
    return BCUE_OK;
}

/* ---- verifying ---- */

typedef struct verification {
    size_t files, missing, damaged;
    double bytes;
    char first[256]; /* what is wrong with the first bad file */
} verification;

static void check_file(const char *folder, const json_t *entry, verification *found)
{
    const char *name = json_string_value(json_object_get(entry, "path"));
    const char *hash = json_string_value(json_object_get(entry, "hash"));
    /* A path that leads out of the folder is none of ours. */
    char *path = name && name[0] != '/' && !strstr(name, "..") ? bcue_path_join(folder, name) : NULL;
    struct stat info;
    bool there = path && stat(path, &info) == 0 && S_ISREG(info.st_mode);
    char own[17] = "";
    if (there && info.st_size == json_integer_value(json_object_get(entry, "bytes"))) {
        bcue_mapping mapping = {0};
        if (info.st_size == 0)
            bcue_hash_hex("", 0, own);
        else if (bcue_file_map(path, &mapping, NULL) == BCUE_OK)
            bcue_hash_hex(mapping.data, mapping.size, own);
        bcue_file_unmap(&mapping);
        found->bytes += (double)info.st_size;
    }
    bool whole = there && hash && strcmp(hash, own) == 0;
    found->files++;
    found->missing += !there;
    found->damaged += there && !whole;
    if (!whole && !found->first[0])
        snprintf(found->first, sizeof found->first, "%.200s %s", name ? name : "a file without a path",
                 there ? "is not as the manifest has it" : "is missing");
    free(path);
}

static bcue_status verify_source(const char *folder, const bcue_hooks *hooks, verification *found,
                                 char hash[17], bcue_error *error)
{
    json_t *manifest = read_manifest(folder, hash);
    *found = (verification){0};
    if (!manifest)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: has no manifest.json of a simulation, so there is nothing to compare with",
                         folder);
    json_t *files = json_object_get(manifest, "files"), *entry;
    size_t i;
    bcue_status status = BCUE_OK;
    json_array_foreach(files, i, entry)
    {
        if (i % 256 == 0) {
            bcue_progress(hooks, "file", i, json_array_size(files));
            if (bcue_cancelled(hooks)) {
                status = bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped after %zu of %zu files", i,
                                   json_array_size(files));
                break;
            }
        }
        check_file(folder, entry, found);
    }
    json_decref(manifest);
    return status;
}

static bcue_status verify_folder(const char *folder, const bcue_hooks *hooks, bcue_report *report,
                                 bcue_error *error)
{
    verification found;
    char hash[17];
    BCUE_TRY(verify_source(folder, hooks, &found, hash, error));
    if (found.missing + found.damaged > 0)
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: of %zu files %zu are missing and %zu damaged; the first: %s; simulate again, or "
            "copy the folder again",
            folder, found.files, found.missing, found.damaged, found.first);
    bcue_text_printf(bcue_report_out(report),
                     "%s: %zu files, %.1f MB, all as the manifest has them (manifest %s)\n", folder,
                     found.files, 1e-6 * found.bytes, hash);
    json_t *object = bcue_report_object(report);
    json_object_set_new(object, "files_checked", json_integer((json_int_t)found.files));
    json_object_set_new(object, "bytes", json_real(found.bytes));
    json_object_set_new(object, "manifest_hash", json_string(hash));
    return BCUE_OK;
}

bcue_status bcue_verify_folder(const char *folder, const bcue_hooks *hooks, bcue_report **report,
                               bcue_error *error)
{
    *report = NULL;
    bcue_report *made = bcue_report_create();
    bcue_status status =
        made ? verify_folder(folder, hooks, made, error) : bcue_fail_memory(error, "the report");
    return bcue_report_deliver(made, status, report, error);
}
