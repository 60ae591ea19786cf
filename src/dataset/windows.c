#include "base/fail.h"
#include "dataset/source_table.h"

#include <math.h>
#include <string.h>

typedef struct window_shape {
    size_t frames, gps_frames, stride, horizon;
} window_shape;

static bcue_status refuse_shape(const bcue_source_job *job, const char *key, long long is, long long most,
                                bcue_error *error)
{
    return bcue_key_fail(
        job->origin, error, key,
        "is %lld, but the rows of %s are windows made by its authors, which allow at most %lld", is,
        job->table->name, most);
}

/* A challenge package brings its own windows: only their newest part can be taken. */
static bcue_status check_shape(const bcue_source_job *job, bcue_error *error)
{
    const bcue_window_config *window = &job->data->window;
    int slots = job->table->slots;
    if (slots == 1)
        return BCUE_OK;
    if (window->frames > slots)
        return refuse_shape(job, "data.window.frames", window->frames, slots, error);
    if (job->data->gps_frames > slots)
        return refuse_shape(job, "data.gps_frames", job->data->gps_frames, slots, error);
    if (window->stride > 1)
        return refuse_shape(job, "data.window.stride", window->stride, 1, error);
    if (window->horizon > 0)
        return refuse_shape(job, "data.window.horizon", window->horizon, 0, error);
    return BCUE_OK;
}

/* Frame i (oldest first) of `count` that end at row `newest`: the row and the slot in it. */
static const bcue_row *frame_at(const bcue_source_table *table, size_t newest, size_t count, size_t stride,
                                size_t i, size_t *slot)
{
    if (table->slots > 1) {
        *slot = (size_t)table->slots - count + i;
        return &table->rows[newest];
    }
    *slot = 0;
    return &table->rows[newest - (count - 1 - i) * stride];
}

static bool missing_required(const bcue_source_job *job, const bcue_sample *sample, const window_shape *shape)
{
    for (size_t r = 0; r < job->data->require.count; r++) {
        bcue_modality modality = bcue_modality_find(job->data->require.items[r]);
        if (modality == BCUE_GPS) {
            for (size_t i = 0; i < 2 * shape->gps_frames; i++)
                if (isnan(sample->fix[i]))
                    return true;
        } else {
            for (size_t i = 0; i < shape->frames; i++)
                if (sample->file[modality] == NULL || sample->file[modality][i] == NULL)
                    return true;
        }
    }
    return false;
}

static bcue_status fill_frames(const bcue_source_job *job, size_t newest, const window_shape *shape,
                               bcue_sample *sample, bcue_error *error)
{
    const bcue_source_table *table = job->table;
    size_t slot;
    int64_t *keys = bcue_arena_alloc(job->arena, shape->frames, sizeof *keys);
    double *fixes = bcue_arena_alloc(job->arena, 2 * shape->gps_frames, sizeof *fixes);
    if (keys == NULL || fixes == NULL)
        return bcue_fail_memory(error, table->name);
    for (size_t i = 0; i < shape->frames; i++) {
        const bcue_row *row = frame_at(table, newest, shape->frames, shape->stride, i, &slot);
        keys[i] = row->key[slot];
    }
    for (size_t i = 0; i < shape->gps_frames; i++) {
        const bcue_row *row = frame_at(table, newest, shape->gps_frames, shape->stride, i, &slot);
        fixes[2 * i] = row->fix[2 * slot];
        fixes[2 * i + 1] = row->fix[2 * slot + 1];
    }
    sample->frame_key = keys;
    sample->fix = fixes;
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        if (!bcue_modality_has_frames((bcue_modality)m) || !table->has[m])
            continue;
        const char **files = bcue_arena_alloc(job->arena, shape->frames, sizeof *files);
        if (files == NULL)
            return bcue_fail_memory(error, table->name);
        for (size_t i = 0; i < shape->frames; i++) {
            const bcue_row *row = frame_at(table, newest, shape->frames, shape->stride, i, &slot);
            files[i] = row->file[m][slot];
        }
        sample->file[m] = files;
    }
    return BCUE_OK;
}

/* "scenario32/unit1/..." or "scenario32": 32; 0: it does not say. */
static int32_t scenario_in(const char *text)
{
    static const char word[] = "scenario";
    const char *found = text != NULL ? strstr(text, word) : NULL;
    int32_t number = 0;
    for (found = found != NULL ? found + sizeof word - 1 : "";
         *found >= '0' && *found <= '9' && number < 1000; found++)
        number = number * 10 + (*found - '0');
    return number;
}

static int32_t scenario_of(const bcue_source_table *table, const bcue_sample *sample, size_t frames)
{
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++)
        for (size_t i = 0; sample->file[m] != NULL && i < frames; i++) {
            int32_t number = scenario_in(sample->file[m][i]);
            if (number > 0)
                return number;
        }
    return scenario_in(table->name);
}

/* The kept beams of a power vector. */
static const double *kept_power(const bcue_source_job *job, const double *power)
{
    int64_t step = job->data->beam_step, beams = (job->data->beams + step - 1) / step;
    if (step == 1)
        return power;
    double *kept = bcue_arena_alloc(job->arena, (size_t)beams, sizeof *kept);
    for (int64_t i = 0; kept != NULL && i < beams; i++)
        kept[i] = power[i * step];
    return kept;
}

/* The sample and its copies, which share everything but their names and numbers. */
static bcue_status append_copies(const bcue_source_job *job, const char *index, bcue_sample sample,
                                 bcue_sample_list *samples, bcue_error *error)
{
    const size_t count = (size_t)job->source->copies + 1;
    void *items = samples->items;
    if (!bcue_grow(&items, &samples->capacity, samples->count + count, sizeof *samples->items))
        return bcue_fail_memory(error, job->table->name);
    samples->items = items;
    for (size_t copy = 0; copy < count; copy++) {
        sample.copy = (int32_t)copy;
        sample.id = copy == 0 ? bcue_arena_printf(job->arena, "%s/%s", job->table->name, index)
                              : bcue_arena_printf(job->arena, "%s/%s+%zu", job->table->name, index, copy);
        if (sample.id == NULL)
            return bcue_fail_memory(error, job->table->name);
        samples->items[samples->count++] = sample;
    }
    return BCUE_OK;
}

static bcue_status append_sample(bcue_source_job *job, size_t newest, const window_shape *shape,
                                 size_t first_episode, bcue_sample_list *samples, bcue_error *error)
{
    const bcue_source_table *table = job->table;
    const bcue_row *row = &table->rows[newest], *target = &table->rows[newest + shape->horizon];
    bcue_sample sample = {.source = (int32_t)job->number,
                          .episode = (int32_t)(first_episode + row->episode),
                          .sequence = (int32_t)row->sequence,
                          .scene = row->scene,
                          .condition = row->condition,
                          .row = (int64_t)newest,
                          .time_s = row->time_s,
                          .label = target->label,
                          .label_now = row->label,
                          .vehicle_power = target->vehicle_power,
                          .rsu_fix = {row->rsu_fix[0], row->rsu_fix[1]},
                          .radar_pose = {NAN, NAN}};
    for (size_t i = 0; i < job->source->radar_pose.count; i++) /* none or two */
        sample.radar_pose[i] = job->source->radar_pose.items[i];
    BCUE_TRY(fill_frames(job, newest, shape, &sample, error));
    sample.scenario = scenario_of(table, &sample, shape->frames);
    if (missing_required(job, &sample, shape)) {
        job->table->defects.required_missing_dropped++;
        return BCUE_OK;
    }
    if (target->power != NULL)
        sample.power = kept_power(job, target->power);
    sample.power_now = row == target ? sample.power : row->power != NULL ? kept_power(job, row->power) : NULL;
    if ((target->power != NULL && sample.power == NULL) || (row->power != NULL && sample.power_now == NULL))
        return bcue_fail_memory(error, table->name);
    job->table->defects.samples++;
    return append_copies(job, row->index, sample, samples, error);
}

bcue_status bcue_windows_make(bcue_source_job *job, size_t first_episode, bcue_sample_list *samples,
                              bcue_error *error)
{
    bcue_source_table *table = job->table;
    BCUE_TRY(check_shape(job, error));
    const window_shape shape = {(size_t)job->data->window.frames, (size_t)job->data->gps_frames,
                                (size_t)job->data->window.stride, (size_t)job->data->window.horizon};
    size_t longest = shape.frames > shape.gps_frames ? shape.frames : shape.gps_frames;
    size_t reach = table->slots > 1 ? 0 : (longest - 1) * shape.stride;
    if (table->slots == 1 && reach < (size_t)job->data->window.behind)
        reach = (size_t)job->data->window.behind;
    for (size_t start = 0, end; start < table->row_count; start = end) {
        end = start + 1;
        while (end < table->row_count && !table->rows[end].starts_run && table->slots == 1)
            end++;
        for (size_t row = start; row < end; row++) {
            if (row - start < reach || end - row <= shape.horizon)
                table->defects.window_crossing_dropped++;
            else
                BCUE_TRY(append_sample(job, row, &shape, first_episode, samples, error));
        }
    }
    return BCUE_OK;
}
