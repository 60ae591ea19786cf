/* codebook.json of a simulation: the fingerprints of its scenes' codebooks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/json.h"
#include "dataset/source_table.h"

enum { MOST_BYTES = 1 << 24, HASH_DIGITS = 16 };

bool bcue_codebook_hash_valid(const char *hash)
{
    return strlen(hash) == HASH_DIGITS && strspn(hash, "0123456789abcdef") == HASH_DIGITS;
}

void bcue_codebook_mark_make(const char *hash, int64_t beam_step, bool reversed, bcue_codebook_mark *mark)
{
    char step[24] = "";
    if (beam_step > 1)
        snprintf(step, sizeof step, "/%lld", (long long)beam_step);
    snprintf(mark->text, sizeof mark->text, "%.16s%.12s%s", hash, step, reversed ? "-reversed" : "");
}

/* Are the powers those of the first roadside unit, whose beams the file describes? */
static bool first_unit(const bcue_source_config *source)
{
    for (size_t i = 0; i < source->columns.count; i++)
        if (bcue_starts_with(source->columns.keys[i], "unit1_pwr") ||
            bcue_starts_with(source->columns.keys[i], "unit1_beam"))
            return false;
    return true;
}

/* One more, unless it is there. */
static void add_mark(bcue_source_table *table, const bcue_codebook_mark *mark)
{
    for (size_t i = 0; i < table->codebook_count; i++)
        if (strcmp(table->codebooks[i].text, mark->text) == 0)
            return;
    table->codebooks[table->codebook_count++] = *mark;
}

static bcue_status take_scenes(const bcue_source_job *job, const char *path, const json_t *scenes,
                               bcue_error *error)
{
    bcue_source_table *table = job->table;
    table->codebooks = bcue_arena_alloc(job->arena, json_array_size(scenes) + 1, sizeof *table->codebooks);
    if (table->codebooks == NULL)
        return bcue_fail_memory(error, path);
    size_t i;
    json_t *scene;
    json_array_foreach(scenes, i, scene)
    {
        const char *hash = json_string_value(json_object_get(scene, "hash"));
        bcue_codebook_mark mark;
        if (hash == NULL || !bcue_codebook_hash_valid(hash))
            return bcue_fail(error, BCUE_ERROR_FORMAT,
                             "%s: scene %zu has no hash of 16 hex digits; remove the file, and the codebook "
                             "counts as unknown",
                             path, i + 1);
        bcue_codebook_mark_make(hash, job->data->beam_step, job->source->reverse_beams, &mark);
        add_mark(table, &mark);
    }
    return BCUE_OK;
}

static bcue_status read_file(const bcue_source_job *job, const char *path, bcue_error *error)
{
    bcue_bytes bytes = {0};
    BCUE_TRY(bcue_file_read(path, MOST_BYTES, &bytes, error));
    json_t *all = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *scenes = json_object_get(all, "scenes");
    const bcue_status status =
        json_is_array(scenes)
            ? take_scenes(job, path, scenes, error)
            : bcue_fail(
                  error, BCUE_ERROR_FORMAT,
                  "%s: is damaged (no list of scenes); remove the file, and the codebook counts as unknown",
                  path);
    json_decref(all);
    bcue_bytes_free(&bytes);
    return status;
}

bcue_status bcue_source_codebook_read(const bcue_source_job *job, bcue_error *error)
{
    char *path = bcue_path_join(job->table->root, "codebook.json");
    if (path == NULL)
        return bcue_fail_memory(error, job->table->name);
    const bcue_status status =
        first_unit(job->source) && bcue_path_exists(path) ? read_file(job, path, error) : BCUE_OK;
    free(path);
    return status;
}
