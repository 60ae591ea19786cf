#include "dataset/split.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/hash.h"
#include "dataset/leak.h"
#include "dataset/source_table.h"

typedef enum split_side { SIDE_NONE, SIDE_TRAIN, SIDE_VALIDATION, SIDE_TEST, SIDE_COUNT } split_side;

typedef struct split_job {
    const bcue_dataset *dataset;
    const bcue_split_config *config;
    const bcue_config *origin;
    unsigned char *side; /* of each sample */
    size_t labelled;
    const bcue_split_config *held_out; /* SCENARIO: samples of its test_scenarios do not count; else NULL */
} split_job;

void bcue_split_free(bcue_split *split)
{
    free(split->train);
    free(split->validation);
    free(split->test);
    *split = (bcue_split){0};
}

static bool is_random(const bcue_split_config *config)
{
    return config->kind == BCUE_SPLIT_PAPER_RANDOM || config->kind == BCUE_SPLIT_PAPER_A;
}

static bool tests_scenario(const bcue_split_config *config, int32_t scenario)
{
    for (size_t i = 0; i < config->test_scenarios.count; i++)
        if (config->test_scenarios.items[i] == scenario)
            return true;
    return false;
}

/* Does the sample take part in dealing? */
static bool is_labelled(const split_job *job, size_t index)
{
    const bcue_sample *sample = bcue_dataset_sample(job->dataset, index);
    if (sample->copy > 0 && !is_random(job->config))
        return false; /* bcue_split_make places copies */
    return sample->label >= 0 && (job->held_out == NULL || !tests_scenario(job->held_out, sample->scenario));
}

static double share_of(const bcue_split_config *config, split_side side)
{
    return side == SIDE_TRAIN        ? config->train
           : side == SIDE_VALIDATION ? config->validation
           : side == SIDE_TEST       ? config->test
                                     : 1.0 - config->train - config->validation - config->test;
}

static bcue_status check_shares(const split_job *job, bcue_error *error)
{
    const bcue_split_config *config = job->config;
    double sum = config->train + config->validation + config->test;
    if (sum > 1.0 + 1e-9)
        return bcue_key_fail(job->origin, error, "split.train",
                             "train, validation and test sum to %g, more than 1", sum);
    if (config->train <= 0 && config->folds == 0)
        return bcue_key_fail(job->origin, error, "split.train", "must be above 0");
    return BCUE_OK;
}

/* A fresh order of 0 .. count - 1. */
static size_t *shuffled(int64_t seed, uint32_t use, size_t count)
{
    size_t *order = bcue_calloc(count, sizeof *order);
    if (order == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    bcue_rng rng = bcue_rng_make((uint64_t)seed, BCUE_RNG_SPLIT, use, 0, 0);
    bcue_rng_shuffle(&rng, order, count);
    return order;
}

/* Hand out groups (episodes or blocks) of samples, largest deficit first, so that the shares come out as near
 * as whole groups allow. */
static bcue_status deal_groups(const split_job *job, const size_t *size, size_t groups, unsigned char *side,
                               bcue_error *error)
{
    size_t *order = shuffled(job->config->seed, 0, groups);
    if (order == NULL)
        return bcue_fail_memory(error, "the split");
    double held[SIDE_COUNT] = {0};
    for (size_t i = 0; i < groups; i++) {
        split_side best = SIDE_TRAIN;
        double largest = -HUGE_VAL;
        static const split_side sides[] = {SIDE_TEST, SIDE_TRAIN, SIDE_VALIDATION, SIDE_NONE};
        for (size_t s = 0; s < sizeof sides / sizeof sides[0]; s++) {
            double share = share_of(job->config, sides[s]);
            double deficit = share * (double)job->labelled - held[sides[s]];
            if (share > 1e-9 && deficit > largest) {
                largest = deficit;
                best = sides[s];
            }
        }
        side[order[i]] = (unsigned char)best;
        held[best] += (double)size[order[i]];
    }
    free(order);
    return BCUE_OK;
}

/* Deal episodes to folds, each to the smallest so far; fold `fold` tests, validation comes out of the others.
 */
static bcue_status deal_folds(const split_job *job, const size_t *size, size_t episodes, unsigned char *side,
                              bcue_error *error)
{
    const bcue_split_config *config = job->config;
    size_t folds = (size_t)config->folds, tested = (size_t)config->fold;
    if (config->folds < 2)
        return bcue_key_fail(job->origin, error, "split.folds", "must be 0 (no folds) or at least 2");
    if (config->fold >= config->folds)
        return bcue_key_fail(job->origin, error, "split.fold", "is %lld, but folds count from 0 to %lld",
                             (long long)config->fold, (long long)config->folds - 1);
    if (episodes < folds)
        return bcue_key_fail(job->origin, error, "split.folds",
                             "is %zu, but there are only %zu labelled episodes", folds, episodes);
    size_t *order = shuffled(config->seed, 0, episodes);
    size_t *held = bcue_calloc(folds, sizeof *held);
    if (order == NULL || held == NULL) {
        free(order);
        free(held);
        return bcue_fail_memory(error, "the split");
    }
    double wanted = config->validation * (double)job->labelled, validating = 0;
    /* Validation takes the last episodes of the order that are not tested, so that it changes little from
     * fold to fold. */
    for (size_t i = 0; i < episodes; i++) {
        size_t smallest = 0;
        for (size_t f = 1; f < folds; f++)
            if (held[f] < held[smallest])
                smallest = f;
        held[smallest] += size[order[i]] > 0 ? size[order[i]] : 1;
        side[order[i]] = smallest == tested ? SIDE_TEST : SIDE_TRAIN;
    }
    for (size_t i = episodes; i > 0 && validating + 0.5 <= wanted; i--)
        if (side[order[i - 1]] == SIDE_TRAIN) {
            double with = validating + (double)size[order[i - 1]];
            if (validating > 0 && with - wanted > wanted - validating)
                continue;
            side[order[i - 1]] = SIDE_VALIDATION;
            validating = with;
        }
    free(order);
    free(held);
    return BCUE_OK;
}

/* Episodes that have labelled samples, numbered 0.. in the order of the data: groups[episode] or SIZE_MAX. */
static bcue_status split_by_episode(const split_job *job, bcue_error *error)
{
    size_t all = bcue_dataset_episodes(job->dataset), count = bcue_dataset_count(job->dataset), groups = 0;
    size_t *group = bcue_calloc(all, sizeof *group), *size = bcue_calloc(all, sizeof *size);
    unsigned char *side = bcue_calloc(all, sizeof *side);
    bcue_status status = BCUE_OK;
    if (group == NULL || size == NULL || side == NULL)
        status = bcue_fail_memory(error, "the split");
    for (size_t i = 0; status == BCUE_OK && i < all; i++)
        group[i] = SIZE_MAX;
    for (size_t i = 0; status == BCUE_OK && i < count; i++) {
        size_t episode = (size_t)bcue_dataset_sample(job->dataset, i)->episode;
        if (!is_labelled(job, i))
            continue;
        if (group[episode] == SIZE_MAX)
            group[episode] = groups++;
        size[group[episode]]++;
    }
    if (status == BCUE_OK)
        status = job->config->folds > 0 ? deal_folds(job, size, groups, side, error)
                                        : deal_groups(job, size, groups, side, error);
    for (size_t i = 0; status == BCUE_OK && i < count; i++)
        if (is_labelled(job, i))
            job->side[i] = side[group[bcue_dataset_sample(job->dataset, i)->episode]];
    free(group);
    free(size);
    free(side);
    return status;
}

/* Unseen streets: the samples of the named scenarios test, episodes of the others train and validate. */
static bcue_status split_by_scenario(split_job *job, bcue_error *error)
{
    const bcue_split_config *config = job->config;
    if (config->test_scenarios.count == 0)
        return bcue_key_fail(job->origin, error, "split.test_scenarios",
                             "names no scenario; give the numbers of those that test, e.g. [31]");
    double sum = config->train + config->validation;
    bcue_split_config others = *config;
    others.folds = 0;
    others.test = 0;
    others.train = config->train / sum;
    others.validation = config->validation / sum;
    split_job inner = *job;
    inner.config = &others;
    inner.labelled = 0;
    inner.held_out = config;
    for (size_t i = 0; i < bcue_dataset_count(job->dataset); i++)
        inner.labelled += is_labelled(&inner, i);
    if (inner.labelled == 0)
        return bcue_key_fail(job->origin, error, "split.test_scenarios",
                             "takes all labelled samples; leave some scenarios for training");
    if (inner.labelled == job->labelled)
        return bcue_key_fail(
            job->origin, error, "split.test_scenarios",
            "matches no labelled sample; a scenario's number comes from a folder or a source's "
            "name like scenario31: give data.sources such a name");
    BCUE_TRY(split_by_episode(&inner, error));
    inner.held_out = NULL;
    for (size_t i = 0; i < bcue_dataset_count(job->dataset); i++)
        if (is_labelled(&inner, i) && tests_scenario(config, bcue_dataset_sample(job->dataset, i)->scenario))
            job->side[i] = SIDE_TEST;
    return BCUE_OK;
}

/* A street of FEW_SHOT: source, scenario number and scene. */
typedef struct street {
    const bcue_sample *first;
    size_t taken;
    int64_t last_episode; /* that gave a sample */
} street;

static bool same_street(const bcue_sample *a, const bcue_sample *b)
{
    const char *of_a = a->scene != NULL ? a->scene : "", *of_b = b->scene != NULL ? b->scene : "";
    return a->source == b->source && a->scenario == b->scenario && strcmp(of_a, of_b) == 0;
}

/* The street of the sample, which may be new. `room` for as many as there are episodes. */
static street *find_street(street *streets, size_t *count, const bcue_sample *sample)
{
    for (size_t i = *count; i > 0; i--)
        if (same_street(streets[i - 1].first, sample))
            return &streets[i - 1];
    streets[*count] = (street){sample, 0, -1};
    return &streets[(*count)++];
}

/* Of every street the first `shots` labelled samples in the order of the data train, and the last of these,
   by the shares, validate. What is left of an episode that gave some is not used; later ones test. */
static bcue_status split_few_shots(const split_job *job, bcue_error *error)
{
    const bcue_split_config *config = job->config;
    const size_t samples = bcue_dataset_count(job->dataset), shots = (size_t)config->shots;
    const double share = config->validation / (config->train + config->validation);
    const size_t training = shots - (size_t)nearbyint(share * (double)shots);
    street *streets = bcue_calloc(samples, sizeof *streets);
    size_t count = 0;
    bcue_status status = streets != NULL ? BCUE_OK : bcue_fail_memory(error, "the split");
    for (size_t i = 0; status == BCUE_OK && i < samples; i++) {
        const bcue_sample *sample = bcue_dataset_sample(job->dataset, i);
        if (!is_labelled(job, i))
            continue;
        street *s = find_street(streets, &count, sample);
        if (s->taken < shots) {
            job->side[i] = (unsigned char)(s->taken < training ? SIDE_TRAIN : SIDE_VALIDATION);
            s->last_episode = sample->episode;
            s->taken++;
        } else if (sample->episode != s->last_episode) {
            job->side[i] = SIDE_TEST;
        }
    }
    for (size_t k = 0; status == BCUE_OK && k < count; k++)
        if (streets[k].taken < shots)
            status = bcue_key_fail(
                job->origin, error, "split.shots",
                "is %zu, but the street of sample '%s' has only %zu labelled samples; ask for fewer", shots,
                streets[k].first->id, streets[k].taken);
    free(streets);
    return status;
}

/* Is `sample` too near to what the block before it holds on another side? */
static bool within_guard(const split_job *job, const bcue_sample *sample, const bcue_sample *before)
{
    int32_t frames = bcue_dataset_frames(job->dataset), fixes = bcue_dataset_gps_frames(job->dataset);
    int64_t window_rows =
        ((int64_t)(frames > fixes ? frames : fixes) - 1) * bcue_dataset_stride(job->dataset);
    return sample->episode == before->episode && (sample->time_s - before->time_s <= job->config->guard_s ||
                                                  sample->row - before->row <= window_rows);
}

static bcue_status split_by_block(const split_job *job, bcue_error *error)
{
    size_t count = bcue_dataset_count(job->dataset), blocks = 0;
    size_t *block = bcue_calloc(count, sizeof *block), *size = bcue_calloc(count, sizeof *size);
    unsigned char *side = bcue_calloc(count, sizeof *side);
    bcue_status status =
        block != NULL && size != NULL && side != NULL ? BCUE_OK : bcue_fail_memory(error, "the split");
    int64_t first_row = 0;
    for (size_t i = 0; status == BCUE_OK && i < count; i++) {
        const bcue_sample *sample = bcue_dataset_sample(job->dataset, i);
        bool starts = i == 0 || sample->episode != bcue_dataset_sample(job->dataset, i - 1)->episode ||
                      sample->row - first_row >= job->config->block_rows;
        if (starts) {
            first_row = sample->row;
            blocks++;
        }
        block[i] = blocks - 1;
        size[block[i]] += is_labelled(job, i);
    }
    if (status == BCUE_OK)
        status = deal_groups(job, size, blocks, side, error);
    /* Walk forward: `last` holds the newest kept sample of each side of this episode. */
    const bcue_sample *last[SIDE_COUNT] = {NULL};
    for (size_t i = 0; status == BCUE_OK && i < count; i++) {
        const bcue_sample *sample = bcue_dataset_sample(job->dataset, i);
        split_side wanted = (split_side)side[block[i]];
        bool clear = is_labelled(job, i) && wanted != SIDE_NONE;
        for (int other = SIDE_TRAIN; other < SIDE_COUNT; other++)
            if (other != (int)wanted && last[other] != NULL && within_guard(job, sample, last[other]))
                clear = false;
        if (clear) {
            job->side[i] = (unsigned char)wanted;
            last[wanted] = sample;
        }
    }
    free(block);
    free(size);
    free(side);
    return status;
}

static bcue_status split_at_random(const split_job *job, bcue_error *error)
{
    size_t count = bcue_dataset_count(job->dataset), at = 0;
    size_t *order = shuffled(job->config->seed, 1, job->labelled);
    size_t *labelled = bcue_calloc(job->labelled, sizeof *labelled);
    bcue_status status = order != NULL && labelled != NULL ? BCUE_OK : bcue_fail_memory(error, "the split");
    for (size_t i = 0; status == BCUE_OK && i < count; i++)
        if (is_labelled(job, i))
            labelled[at++] = i;
    at = 0;
    for (int side = SIDE_TRAIN; status == BCUE_OK && side < SIDE_COUNT; side++) {
        double share = share_of(job->config, (split_side)side) * (double)job->labelled;
        size_t wanted = (size_t)nearbyint(share);
        if (job->config->kind == BCUE_SPLIT_PAPER_A)
            wanted = side == SIDE_TRAIN ? (size_t)share : side == SIDE_TEST ? job->labelled : 0;
        for (; wanted > 0 && at < job->labelled; wanted--)
            job->side[labelled[order[at++]]] = (unsigned char)side;
    }
    free(order);
    free(labelled);
    return status;
}

/* One row of a source by the text that names it. */
typedef struct named_row {
    const char *name;
    size_t source, row;
} named_row;

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const named_row *)left)->name, ((const named_row *)right)->name);
}

/* The text of a source's row in column `column`; the index of tables that have no CSV. */
static const char *row_name(const bcue_source_table *table, size_t row, int column)
{
    const char *text = column >= 0 ? bcue_csv_cell(table->csv, row, (size_t)column) : table->rows[row].index;
    return bcue_path_basename(text);
}

static bcue_status list_rows(const split_job *job, const char *match_with, named_row **rows, size_t *count,
                             bcue_error *error)
{
    size_t sources = bcue_dataset_sources(job->dataset), total = 0;
    for (size_t s = 0; s < sources; s++)
        total += bcue_dataset_table(job->dataset, s)->row_count;
    named_row *list = bcue_calloc(total, sizeof *list);
    if (list == NULL)
        return bcue_fail_memory(error, "the split");
    *count = 0;
    for (size_t s = 0; s < sources; s++) {
        const bcue_source_table *table = bcue_dataset_table(job->dataset, s);
        int column = table->csv != NULL ? bcue_csv_find(table->csv, match_with) : -1;
        if (column < 0 && strcmp(match_with, "index") != 0) {
            free(list);
            return bcue_key_fail(job->origin, error, "split.match_with", "%s has no column %s",
                                 table->csv != NULL ? bcue_csv_name(table->csv) : table->name, match_with);
        }
        for (size_t row = 0; row < table->row_count; row++)
            list[(*count)++] = (named_row){row_name(table, row, column), s, row};
    }
    qsort(list, *count, sizeof *list, compare_names);
    *rows = list;
    return BCUE_OK;
}

/* Samples in (source, row) order, as the data set has them: the one of a row, or SIZE_MAX. */
static size_t sample_of(const bcue_dataset *dataset, size_t source, size_t row)
{
    size_t low = 0, high = bcue_dataset_count(dataset);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const bcue_sample *sample = bcue_dataset_sample(dataset, middle);
        if ((size_t)sample->source < source ||
            ((size_t)sample->source == source && (size_t)sample->row < row))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == bcue_dataset_count(dataset))
        return SIZE_MAX;
    const bcue_sample *sample = bcue_dataset_sample(dataset, low);
    return (size_t)sample->source == source && (size_t)sample->row == row ? low : SIZE_MAX;
}

static bcue_status take_row(const split_job *job, const bcue_csv *csv, size_t row, int column,
                            split_side side, const named_row *rows, size_t count, bcue_error *error)
{
    const char *name = bcue_path_basename(bcue_csv_cell(csv, row, (size_t)column));
    named_row wanted = {.name = name};
    const named_row *found = count > 0 ? bsearch(&wanted, rows, count, sizeof *rows, compare_names) : NULL;
    if (found == NULL || name[0] == '\0')
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s:%zu: \"%s\" is no row of the recordings (split.match_column, match_with)",
                         bcue_csv_name(csv), bcue_csv_line(csv, row), name);
    bool twice = (found > rows && strcmp(found[-1].name, name) == 0) ||
                 (found + 1 < rows + count && strcmp(found[1].name, name) == 0);
    if (twice)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s:%zu: \"%s\" names more than one row of the recordings; match by another column",
                         bcue_csv_name(csv), bcue_csv_line(csv, row), name);
    size_t sample = sample_of(job->dataset, found->source, found->row);
    if (sample == SIZE_MAX || !is_labelled(job, sample))
        return BCUE_OK; /* the row was dropped: no window, no label, or a required modality is missing */
    if (job->side[sample] != SIDE_NONE && job->side[sample] != side)
        return bcue_fail(error, BCUE_ERROR_DATA, "%s:%zu: \"%s\" is listed on another side of the split too",
                         bcue_csv_name(csv), bcue_csv_line(csv, row), name);
    job->side[sample] = (unsigned char)side;
    return BCUE_OK;
}

static bcue_status take_file(const split_job *job, const char *key, const char *file, split_side side,
                             const named_row *rows, size_t count, bcue_error *error)
{
    if (file == NULL)
        return side == SIDE_VALIDATION
                   ? BCUE_OK
                   : bcue_key_fail(job->origin, error, key, "is missing; official splits are CSV files");
    char *path = bcue_config_relative_path(job->origin, key, file);
    if (path == NULL)
        return bcue_fail_memory(error, "a file name");
    bcue_csv *csv;
    bcue_status status = bcue_csv_read(path, &csv, error);
    free(path);
    BCUE_TRY(status);
    int column = bcue_csv_find(csv, job->config->match_column);
    if (column < 0)
        status = bcue_key_fail(job->origin, error, "split.match_column", "%s has no column %s",
                               bcue_csv_name(csv), job->config->match_column);
    for (size_t row = 0; status == BCUE_OK && row < bcue_csv_rows(csv); row++)
        status = take_row(job, csv, row, column, side, rows, count, error);
    bcue_csv_destroy(csv);
    return status;
}

static bcue_status split_by_files(const split_job *job, bcue_error *error)
{
    const bcue_split_config *config = job->config;
    if (config->match_column == NULL)
        return bcue_key_fail(job->origin, error, "split.match_column", "is missing");
    named_row *rows = NULL;
    size_t count = 0;
    BCUE_TRY(list_rows(job, config->match_with != NULL ? config->match_with : config->match_column, &rows,
                       &count, error));
    bcue_status status = take_file(job, "split.train_csv", config->train_csv, SIDE_TRAIN, rows, count, error);
    if (status == BCUE_OK)
        status = take_file(job, "split.validation_csv", config->validation_csv, SIDE_VALIDATION, rows, count,
                           error);
    if (status == BCUE_OK)
        status = take_file(job, "split.test_csv", config->test_csv, SIDE_TEST, rows, count, error);
    free(rows);
    return status;
}

static bcue_status collect(const split_job *job, split_side side, size_t **list, size_t *count,
                           bcue_error *error)
{
    size_t all = bcue_dataset_count(job->dataset);
    *count = 0;
    for (size_t i = 0; i < all; i++)
        *count += job->side[i] == side;
    *list = bcue_calloc(*count, sizeof **list);
    if (*list == NULL)
        return bcue_fail_memory(error, "the split");
    size_t at = 0;
    for (size_t i = 0; i < all; i++)
        if (job->side[i] == side)
            (*list)[at++] = i;
    return BCUE_OK;
}

static bcue_status check_sides(const split_job *job, const bcue_split *split, bcue_error *error)
{
    const bcue_split_config *config = job->config;
    bool by_share = config->kind != BCUE_SPLIT_OFFICIAL;
    if (split->train_count == 0)
        return bcue_key_fail(job->origin, error, "split.kind",
                             "no sample is left for training; use more recordings or smaller groups");
    if (split->test_count == 0 && (!by_share || config->test > 0 || config->folds > 0))
        return bcue_key_fail(
            job->origin, error, "split.kind",
            "no sample is left for testing; use more recordings, smaller blocks or another kind");
    if (split->validation_count == 0 && by_share && config->validation > 0)
        return bcue_key_fail(
            job->origin, error, "split.validation",
            "no sample is left for validation; use more recordings, smaller groups, or validation: 0");
    if (split->leak.percent > 1.0 && !config->allow_leak)
        return bcue_key_fail(job->origin, error, "split.kind",
                             "%.1f %% of the %lld test samples leak (share a frame with training: %lld; "
                             "training sample of the same sequence within 2 s: "
                             "%lld; copies: %lld). Split by episode or block, or set split.allow_leak: true, "
                             "which marks every table",
                             split->leak.percent, (long long)split->leak.test_count,
                             (long long)split->leak.shared_frames, (long long)split->leak.near_in_time,
                             (long long)split->leak.augmented);
    return BCUE_OK;
}

static bcue_status assign_sides(split_job *job, bcue_error *error)
{
    BCUE_TRY(check_shares(job, error));
    switch ((bcue_split_kind)job->config->kind) {
    case BCUE_SPLIT_EPISODE:
        return split_by_episode(job, error);
    case BCUE_SPLIT_BLOCK:
        return split_by_block(job, error);
    case BCUE_SPLIT_OFFICIAL:
        return split_by_files(job, error);
    case BCUE_SPLIT_SCENARIO:
        return split_by_scenario(job, error);
    case BCUE_SPLIT_FEW_SHOT:
        return split_few_shots(job, error);
    case BCUE_SPLIT_PAPER_RANDOM:
    case BCUE_SPLIT_PAPER_A:
        return split_at_random(job, error);
    }
    return bcue_key_fail(job->origin, error, "split.kind", "is unknown");
}

/* Augmented copies follow the recording they are made from, and only train. */
static void place_copies(const split_job *job)
{
    unsigned char original = SIDE_NONE;
    for (size_t i = 0; i < bcue_dataset_count(job->dataset); i++) {
        if (bcue_dataset_sample(job->dataset, i)->copy == 0)
            original = job->side[i];
        else
            job->side[i] = original == SIDE_TRAIN ? SIDE_TRAIN : SIDE_NONE;
    }
}

bcue_status bcue_split_make(const bcue_dataset *dataset, const bcue_split_config *config,
                            const bcue_config *origin, bcue_split *split, bcue_error *error)
{
    *split = (bcue_split){0};
    size_t count = bcue_dataset_count(dataset);
    split_job job = {dataset, config, origin, bcue_calloc(count, 1), 0, NULL};
    if (job.side == NULL)
        return bcue_fail_memory(error, "the split");
    for (size_t i = 0; i < count; i++)
        job.labelled += is_labelled(&job, i);
    bcue_status status = job.labelled > 0
                             ? assign_sides(&job, error)
                             : bcue_fail(error, BCUE_ERROR_DATA,
                                         "no sample has a label, so there is nothing to train or test on");
    if (status == BCUE_OK && !is_random(config))
        place_copies(&job);
    if (status == BCUE_OK)
        status = collect(&job, SIDE_TRAIN, &split->train, &split->train_count, error);
    if (status == BCUE_OK)
        status = collect(&job, config->kind == BCUE_SPLIT_PAPER_A ? SIDE_TEST : SIDE_VALIDATION,
                         &split->validation, &split->validation_count, error);
    if (status == BCUE_OK)
        status = collect(&job, SIDE_TEST, &split->test, &split->test_count, error);
    if (status == BCUE_OK)
        status = bcue_leak_check(dataset, split, error);
    if (status == BCUE_OK)
        status = check_sides(&job, split, error);
    free(job.side);
    if (status != BCUE_OK)
        bcue_split_free(split);
    return status;
}

bool bcue_split_draws_rows(const bcue_split_config *config)
{
    return is_random(config) || config->kind == BCUE_SPLIT_OFFICIAL;
}

void bcue_split_seen_hash(const bcue_dataset *dataset, const bcue_split *split, char text[17])
{
    bcue_hash hash = bcue_hash_begin();
    for (size_t i = 0; i < split->train_count; i++)
        bcue_hash_text(&hash, bcue_dataset_sample(dataset, split->train[i])->id);
    bcue_hash_text(&hash, "validation");
    for (size_t i = 0; i < split->validation_count; i++)
        bcue_hash_text(&hash, bcue_dataset_sample(dataset, split->validation[i])->id);
    snprintf(text, 17, "%016llx", (unsigned long long)bcue_hash_end(&hash));
}
