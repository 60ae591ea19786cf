#include "api/dataset_api.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "beamcue/dataset.h"
#include "learn/run_config.h"

/* A scenario folder by itself: a configuration of nothing but this one source. */
typedef struct folder_config {
    bcue_data_config data;
} folder_config;
static const bcue_config_field folder_fields[] = {{.name = "data",
                                                   .type = BCUE_CONFIG_SECTION,
                                                   .offset = offsetof(folder_config, data),
                                                   .fields = bcue_data_config_fields,
                                                   .help = "recordings"},
                                                  {0}};

static void put_quoted(bcue_text *text, const char *value)
{
    bcue_text_puts(text, "\"");
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            bcue_text_puts(text, "\\");
        bcue_text_append(text, value, 1);
    }
    bcue_text_puts(text, "\"");
}

/* The beams that the manifest of a simulation counts; 0: there is none. */
static long long manifest_beams(const char *folder)
{
    enum { LARGEST_MANIFEST = 1 << 30 };
    bcue_bytes bytes = {0};
    char *path = bcue_path_join(folder, "manifest.json");
    long long beams = 0;
    if (path != NULL && bcue_file_read(path, LARGEST_MANIFEST, &bytes, NULL) == BCUE_OK) {
        json_t *manifest = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, NULL);
        json_t *found = json_object_get(json_object_get(manifest, "counts"), "beams");
        beams = json_is_integer(found) ? (long long)json_integer_value(found) : 0;
        json_decref(manifest);
    }
    bcue_bytes_free(&bytes);
    free(path);
    return beams >= 2 && beams <= 4096 ? beams : 0;
}

static bcue_status open_folder(const char *folder, const char *const *overrides, size_t override_count,
                               const bcue_hooks *hooks, bcue_dataset **dataset, bcue_data_config *data,
                               bcue_config **config, bcue_error *error)
{
    folder_config target;
    bcue_text yaml = {0};
    bcue_text_puts(&yaml, "data:\n  sources:\n    - root: ");
    put_quoted(&yaml, folder);
    bcue_text_puts(&yaml, "\n");
    const long long beams = manifest_beams(folder);
    if (beams > 0)
        bcue_text_printf(&yaml, "  beams: %lld\n", beams);
    bcue_status status = yaml.failed
                             ? bcue_fail_memory(error, folder)
                             : bcue_config_read_text(yaml.data, yaml.size, folder, overrides, override_count,
                                                     folder_fields, &target, config, error);
    bcue_text_free(&yaml);
    *data = target.data;
    return status == BCUE_OK ? bcue_dataset_open(&target.data, *config, hooks, dataset, error) : status;
}

/* A file with nothing but `data` is enough to look at recordings: name and model, which a run needs, are
 * given here. */
static bcue_status read_data_config(const char *path, const char *const *overrides, size_t override_count,
                                    bcue_run_config *run, bcue_config **config, bcue_error *error)
{
    const char **all = bcue_calloc(override_count + 3, sizeof *all);
    if (all == NULL)
        return bcue_fail_memory(error, path);
    for (size_t i = 0; i < override_count; i++)
        all[i] = overrides[i];
    all[override_count] = "name=recordings";
    all[override_count + 1] = "model.kind=random";
    all[override_count + 2] = "train.freeze=[]";
    bcue_status status = bcue_run_config_read(path, all, override_count + 3, run, config, error);
    free(all);
    return status;
}

bcue_status bcue_open_recordings_as(const char *config_or_folder, const char *const *overrides,
                                    size_t override_count, const bcue_hooks *hooks, bcue_dataset **dataset,
                                    bcue_data_config *data, bcue_config **config, bcue_error *error)
{
    *dataset = NULL;
    *config = NULL;
    bcue_status status;
    if (bcue_path_is_dir(config_or_folder)) {
        status =
            open_folder(config_or_folder, overrides, override_count, hooks, dataset, data, config, error);
    } else {
        bcue_run_config run;
        BCUE_TRY(read_data_config(config_or_folder, overrides, override_count, &run, config, error));
        *data = run.data;
        status = bcue_dataset_open(&run.data, *config, hooks, dataset, error);
    }
    if (status != BCUE_OK) {
        bcue_config_destroy(*config);
        *config = NULL;
    }
    return status;
}

bcue_status bcue_open_recordings(const char *config_or_folder, const char *const *overrides,
                                 size_t override_count, const bcue_hooks *hooks, bcue_dataset **dataset,
                                 bcue_config **config, bcue_error *error)
{
    bcue_data_config data;
    return bcue_open_recordings_as(config_or_folder, overrides, override_count, hooks, dataset, &data, config,
                                   error);
}

bcue_status bcue_dataset_load(const char *config_or_folder, const char *const *overrides,
                              size_t override_count, const bcue_hooks *hooks, bcue_dataset **dataset,
                              bcue_error *error)
{
    bcue_config *config;
    BCUE_TRY(
        bcue_open_recordings(config_or_folder, overrides, override_count, hooks, dataset, &config, error));
    bcue_config_destroy(config); /* an open data set keeps its own copies */
    return BCUE_OK;
}

void bcue_dataset_close(bcue_dataset *dataset)
{
    bcue_dataset_destroy(dataset);
}

size_t bcue_dataset_size(const bcue_dataset *dataset)
{
    return bcue_dataset_count(dataset);
}

bcue_status bcue_dataset_view(const bcue_dataset *dataset, size_t index, bcue_sample_view *view,
                              bcue_error *error)
{
    if (index >= bcue_dataset_count(dataset))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "sample %zu of %zu", index, bcue_dataset_count(dataset));
    const bcue_sample *sample = bcue_dataset_sample(dataset, index);
    const size_t newest_frame = (size_t)bcue_dataset_frames(dataset) - 1,
                 newest_fix = (size_t)bcue_dataset_gps_frames(dataset) - 1;
    *view = (bcue_sample_view){
        .id = sample->id,
        .episode = sample->episode,
        .label = sample->label,
        .power = sample->power,
        .beams = bcue_dataset_beams(dataset),
        .latitude_deg = sample->fix != NULL ? sample->fix[2 * newest_fix] : NAN,
        .longitude_deg = sample->fix != NULL ? sample->fix[2 * newest_fix + 1] : NAN,
        .picture = sample->file[BCUE_CAMERA] != NULL ? sample->file[BCUE_CAMERA][newest_frame] : NULL,
    };
    return BCUE_OK;
}
