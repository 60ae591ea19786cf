#include "dataset/leak.h"

#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/hash.h"

static const double near_s = 2.0;

typedef struct when {
    int32_t episode;
    double time_s;
} when;

static int compare_keys(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

static int compare_when(const void *left, const void *right)
{
    const when *a = left, *b = right;
    if (a->episode != b->episode)
        return a->episode < b->episode ? -1 : 1;
    return a->time_s < b->time_s ? -1 : a->time_s > b->time_s;
}

static bool has_key(const int64_t *sorted, size_t count, int64_t key)
{
    return count > 0 && bsearch(&key, sorted, count, sizeof key, compare_keys) != NULL;
}

/* One number for a power vector and its mirror image. */
static int64_t power_key(const double *power, int32_t beams)
{
    bcue_hash forward = bcue_hash_begin(), backward = bcue_hash_begin();
    for (int32_t b = 0; b < beams; b++) {
        bcue_hash_double(&forward, power[b]);
        bcue_hash_double(&backward, power[beams - 1 - b]);
    }
    return (int64_t)(bcue_hash_end(&forward) ^ bcue_hash_end(&backward));
}

/* A row of a source as one number; sources and rows are far below 2^31. */
static int64_t row_key(const bcue_sample *sample, int64_t offset)
{
    return (int64_t)sample->source * ((int64_t)1 << 40) + sample->row + offset;
}

static size_t first_not_before(const when *sorted, size_t count, when wanted)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_when(&sorted[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

typedef struct training_side {
    int64_t *frames, *rows, *powers;
    when *times;
    size_t frame_count, count, power_count;
} training_side;

static bcue_status gather(const bcue_dataset *dataset, const bcue_split *split, training_side *side,
                          bcue_error *error)
{
    size_t frames = (size_t)bcue_dataset_frames(dataset), total;
    if (!bcue_mul_size(split->train_count, frames, &total))
        return bcue_fail_memory(error, "the leak check");
    side->frames = bcue_calloc(total, sizeof *side->frames);
    side->rows = bcue_calloc(split->train_count, sizeof *side->rows);
    side->powers = bcue_calloc(split->train_count, sizeof *side->powers);
    side->times = bcue_calloc(split->train_count, sizeof *side->times);
    if (side->frames == NULL || side->rows == NULL || side->powers == NULL || side->times == NULL)
        return bcue_fail_memory(error, "the leak check");
    for (size_t i = 0; i < split->train_count; i++) {
        const bcue_sample *sample = bcue_dataset_sample(dataset, split->train[i]);
        for (size_t f = 0; f < frames; f++)
            side->frames[side->frame_count++] = sample->frame_key[f];
        side->rows[i] = row_key(sample, 0);
        side->times[i] = (when){sample->episode, sample->time_s};
        if (sample->power != NULL)
            side->powers[side->power_count++] = power_key(sample->power, bcue_dataset_beams(dataset));
    }
    side->count = split->train_count;
    qsort(side->frames, side->frame_count, sizeof *side->frames, compare_keys);
    qsort(side->rows, side->count, sizeof *side->rows, compare_keys);
    qsort(side->powers, side->power_count, sizeof *side->powers, compare_keys);
    qsort(side->times, side->count, sizeof *side->times, compare_when);
    return BCUE_OK;
}

static bool shares_frame(const bcue_dataset *dataset, const bcue_sample *sample, const training_side *side)
{
    for (int32_t f = 0; f < bcue_dataset_frames(dataset); f++)
        if (has_key(side->frames, side->frame_count, sample->frame_key[f]))
            return true;
    return false;
}

static bool near_in_time(const bcue_sample *sample, const training_side *side)
{
    size_t at = first_not_before(side->times, side->count, (when){sample->episode, sample->time_s - near_s});
    return at < side->count && side->times[at].episode == sample->episode &&
           side->times[at].time_s <= sample->time_s + near_s;
}

static bool same_episode_neighbour(const bcue_dataset *dataset, const bcue_split *split,
                                   const bcue_sample *sample, const training_side *side, int64_t offset)
{
    if (!has_key(side->rows, side->count, row_key(sample, offset)))
        return false;
    /* Training samples ascend by source and row, so the neighbour is found by bisection. */
    size_t low = 0, high = split->train_count;
    int64_t wanted = row_key(sample, offset);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (row_key(bcue_dataset_sample(dataset, split->train[middle]), 0) < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low < split->train_count &&
           bcue_dataset_sample(dataset, split->train[low])->episode == sample->episode;
}

static void count_leaks(const bcue_dataset *dataset, bcue_split *split, const training_side *side)
{
    bcue_leak leak = {.test_count = (int64_t)split->test_count};
    for (size_t i = 0; i < split->test_count; i++) {
        const bcue_sample *sample = bcue_dataset_sample(dataset, split->test[i]);
        leak.shared_frames += shares_frame(dataset, sample, side);
        leak.near_in_time += near_in_time(sample, side);
        leak.adjacent_rows += same_episode_neighbour(dataset, split, sample, side, -1) ||
                              same_episode_neighbour(dataset, split, sample, side, 1);
        leak.augmented +=
            sample->power != NULL &&
            has_key(side->powers, side->power_count, power_key(sample->power, bcue_dataset_beams(dataset)));
    }
    int64_t worst = leak.shared_frames > leak.near_in_time ? leak.shared_frames : leak.near_in_time;
    worst = worst > leak.augmented ? worst : leak.augmented;
    leak.percent = leak.test_count > 0 ? 100.0 * (double)worst / (double)leak.test_count : 0;
    split->leak = leak;
}

bcue_status bcue_leak_check(const bcue_dataset *dataset, bcue_split *split, bcue_error *error)
{
    training_side side = {0};
    bcue_status status = gather(dataset, split, &side, error);
    if (status == BCUE_OK)
        count_leaks(dataset, split, &side);
    free(side.frames);
    free(side.rows);
    free(side.powers);
    free(side.times);
    return status;
}
