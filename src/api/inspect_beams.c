#include "api/inspect_beams.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "antenna/codebook.h"
#include "base/fail.h"
#include "base/memory.h"
#include "metrics/quantile.h"

enum { PAPER_B_BEAMS = 152 };
#define RIDGE_TIMES_MEAN 2.0
#define RIDGE_LEAST_SHARE 0.04

static const char *scene_name(const bcue_dataset *dataset, const bcue_sample *sample)
{
    return sample->scene != NULL ? sample->scene : bcue_dataset_source_name(dataset, (size_t)sample->source);
}

static bcue_scene_beams *find_scene(bcue_beam_study *study, const char *name)
{
    for (size_t s = 0; s < study->scene_count; s++)
        if (strcmp(study->scenes[s].name, name) == 0)
            return &study->scenes[s];
    return NULL;
}

/* Every scene by name, with its number of samples. */
static bcue_status list_scenes(const bcue_dataset *dataset, bcue_beam_study *study, bcue_error *error)
{
    size_t capacity = 0;
    for (size_t i = 0; i < bcue_dataset_count(dataset); i++) {
        const char *name = scene_name(dataset, bcue_dataset_sample(dataset, i));
        bcue_scene_beams *scene = find_scene(study, name);
        if (scene == NULL) {
            if (!bcue_grow((void **)&study->scenes, &capacity, study->scene_count + 1, sizeof *study->scenes))
                return bcue_fail_memory(error, "the scenes");
            scene = &study->scenes[study->scene_count++];
            *scene = (bcue_scene_beams){.name = name};
        }
        scene->samples++;
    }
    return BCUE_OK;
}

static bcue_status allocate(const bcue_beam_study *study, bcue_error *error)
{
    const size_t beams = (size_t)study->beams;
    for (size_t s = 0; s < study->scene_count; s++) {
        bcue_scene_beams *scene = &study->scenes[s];
        scene->histogram = bcue_calloc(beams, sizeof *scene->histogram);
        scene->rank_sum = bcue_calloc(beams, sizeof *scene->rank_sum);
        scene->loss_sum = bcue_calloc(beams, sizeof *scene->loss_sum);
        scene->best_db = bcue_calloc(scene->samples, sizeof *scene->best_db);
        scene->spread_db = bcue_calloc(scene->samples, sizeof *scene->spread_db);
        scene->gap_db = bcue_calloc(scene->samples, sizeof *scene->gap_db);
        scene->best = bcue_calloc(scene->samples, sizeof *scene->best);
        if (!scene->histogram || !scene->rank_sum || !scene->loss_sum || !scene->best_db ||
            !scene->spread_db || !scene->gap_db || !scene->best)
            return bcue_fail_memory(error, "the best beams of a scene");
    }
    return BCUE_OK;
}

static void count_condition(bcue_scene_beams *scene, const char *name)
{
    size_t c = 0;
    while (c < scene->condition_count && strcmp(scene->conditions[c].name, name) != 0)
        c++;
    if (c == BCUE_MOST_CONDITIONS)
        return;
    if (c == scene->condition_count)
        scene->conditions[scene->condition_count++] = (bcue_condition_count){.name = name};
    scene->conditions[c].samples++;
}

/* Ranks and losses of all beams of one sample. `sorted` has `beams` places. */
static void add_power(bcue_scene_beams *scene, const bcue_sample *sample, int32_t beams, double *sorted)
{
    memcpy(sorted, sample->power, (size_t)beams * sizeof *sorted);
    bcue_sort_doubles(sorted, (size_t)beams);
    if (!(sorted[0] > 0))
        return; /* no ratio in dB */
    const double best = sorted[beams - 1];
    for (int32_t b = 0; b < beams; b++) {
        /* Beams that are not stronger: all below the first place after this power. */
        int32_t low = 0, high = beams;
        while (low < high) {
            const int32_t middle = (low + high) / 2;
            if (sorted[middle] > sample->power[b])
                high = middle;
            else
                low = middle + 1;
        }
        scene->rank_sum[b] += (double)low / (double)beams;
        scene->loss_sum[b] += 10.0 * log10(best / sample->power[b]);
    }
    scene->spread_db[scene->powered] = 10.0 * log10(best / sorted[0]);
    scene->gap_db[scene->powered] = 10.0 * log10(best / sorted[beams - 2]);
    scene->best[scene->powered] = sample->label;
    scene->best_db[scene->powered++] = 10.0 * log10(best);
}

static bcue_status count_samples(const bcue_dataset *dataset, bcue_beam_study *study, bcue_error *error)
{
    double *sorted = bcue_calloc((size_t)study->beams, sizeof *sorted);
    if (sorted == NULL)
        return bcue_fail_memory(error, "the best beams");
    for (size_t i = 0; i < bcue_dataset_count(dataset); i++) {
        const bcue_sample *sample = bcue_dataset_sample(dataset, i);
        bcue_scene_beams *scene = find_scene(study, scene_name(dataset, sample));
        if (sample->condition != NULL)
            count_condition(scene, sample->condition);
        if (sample->label < 0)
            continue;
        const bcue_sample *before = i > 0 ? bcue_dataset_sample(dataset, i - 1) : NULL;
        if (before != NULL && before->label >= 0 && before->episode == sample->episode) {
            scene->pairs++;
            scene->kept += before->label == sample->label;
        }
        scene->histogram[sample->label] += 1;
        if (sample->power != NULL)
            add_power(scene, sample, study->beams, sorted);
    }
    free(sorted);
    return BCUE_OK;
}

static bcue_status count_lobes(bcue_beam_study *study, bcue_error *error)
{
    bcue_codebook codebook;
    if (study->beams != PAPER_B_BEAMS)
        return BCUE_OK;
    BCUE_TRY(bcue_codebook_make_paper_b(BCUE_NORMALISE_AMPLITUDE, &codebook, error));
    study->has_lobes = true;
    for (size_t s = 0; s < study->scene_count; s++)
        for (int32_t b = 0; b < study->beams; b++)
            study->scenes[s].lobes[codebook.lobes[b] - 1] += (size_t)study->scenes[s].histogram[b];
    bcue_codebook_free(&codebook);
    return BCUE_OK;
}

static void find_blind(bcue_scene_beams *scene, int32_t beams)
{
    const double powered = (double)scene->powered;
    double rank = 0, loss = 0;
    scene->constant = scene->random_beam = (bcue_blind_beam){-1, NAN, NAN};
    if (scene->powered == 0)
        return;
    int32_t best = 0;
    for (int32_t b = 0; b < beams; b++) {
        rank += scene->rank_sum[b];
        loss += scene->loss_sum[b];
        if (scene->rank_sum[b] > scene->rank_sum[best])
            best = b;
    }
    scene->constant =
        (bcue_blind_beam){best, 100.0 * scene->rank_sum[best] / powered, scene->loss_sum[best] / powered};
    scene->random_beam =
        (bcue_blind_beam){-1, 100.0 * rank / powered / (double)beams, loss / powered / (double)beams};
}

static double smoothed(const double *histogram, int32_t beams, int32_t beam)
{
    static const double weights[] = {3, 2, 1};
    double sum = 0;
    for (int32_t d = -2; d <= 2; d++)
        if (beam + d >= 0 && beam + d < beams)
            sum += weights[d < 0 ? -d : d] * histogram[beam + d];
    return sum / 9.0;
}

/* Median power of the samples whose best beam lies on the ridge. */
static bcue_status settle_ridge(const bcue_scene_beams *scene, bcue_ridge *ridge, bcue_error *error)
{
    double *power = bcue_calloc(scene->powered + 1, sizeof *power);
    if (power == NULL)
        return bcue_fail_memory(error, "a ridge");
    size_t count = 0;
    for (size_t i = 0; i < scene->powered; i++)
        if (scene->best[i] >= ridge->first && scene->best[i] <= ridge->last)
            power[count++] = scene->best_db[i];
    ridge->median_db = bcue_median(power, count);
    free(power);
    return BCUE_OK;
}

static int by_first(const void *a, const void *b)
{
    return ((const bcue_ridge *)a)->first - ((const bcue_ridge *)b)->first;
}

static bcue_status find_ridges(bcue_scene_beams *scene, int32_t beams, bcue_error *error)
{
    double *level = bcue_calloc((size_t)beams, sizeof *level), labelled = 0;
    if (level == NULL)
        return bcue_fail_memory(error, "the ridges");
    for (int32_t b = 0; b < beams; b++) {
        level[b] = smoothed(scene->histogram, beams, b);
        labelled += scene->histogram[b];
    }
    bcue_status status = BCUE_OK;
    while (status == BCUE_OK && scene->ridge_count < BCUE_MOST_RIDGES) {
        int32_t peak = 0;
        for (int32_t b = 1; b < beams; b++)
            if (level[b] > level[peak])
                peak = b;
        if (!(level[peak] > 0) || level[peak] < RIDGE_TIMES_MEAN * labelled / (double)beams)
            break;
        bcue_ridge ridge = {.first = peak, .peak = peak, .last = peak};
        const double least = 0.5 * level[peak];
        while (ridge.first > 0 && level[ridge.first - 1] >= least)
            ridge.first--;
        while (ridge.last + 1 < beams && level[ridge.last + 1] >= least)
            ridge.last++;
        for (int32_t b = ridge.first; b <= ridge.last; b++) {
            ridge.samples += (size_t)scene->histogram[b];
            level[b] = 0;
        }
        if ((double)ridge.samples < RIDGE_LEAST_SHARE * labelled)
            continue;
        status = settle_ridge(scene, &ridge, error);
        scene->ridges[scene->ridge_count++] = ridge;
    }
    qsort(scene->ridges, scene->ridge_count, sizeof *scene->ridges, by_first);
    free(level);
    return status;
}

/* The order of paper B; other conditions after these, by name. */
static int by_condition(const void *a, const void *b)
{
    static const char *const known[] = {"day", "noon", "night", "rain", "fog", "snow"};
    enum { KNOWN = sizeof known / sizeof *known };
    const char *names[2] = {((const bcue_condition_count *)a)->name, ((const bcue_condition_count *)b)->name};
    int place[2] = {KNOWN, KNOWN};
    for (int side = 0; side < 2; side++)
        for (int k = 0; k < KNOWN; k++)
            if (strcmp(names[side], known[k]) == 0)
                place[side] = k;
    return place[0] != place[1] ? place[0] - place[1] : strcmp(names[0], names[1]);
}

static bcue_status settle_scene(bcue_scene_beams *scene, int32_t beams, bcue_error *error)
{
    qsort(scene->conditions, scene->condition_count, sizeof *scene->conditions, by_condition);
    scene->median_spread_db = bcue_median(scene->spread_db, scene->powered);
    scene->median_gap_db = bcue_median(scene->gap_db, scene->powered);
    double *sorted = bcue_calloc(scene->powered + 1, sizeof *sorted);
    if (sorted == NULL)
        return bcue_fail_memory(error, "the power of a scene");
    memcpy(sorted, scene->best_db, scene->powered * sizeof *sorted);
    bcue_sort_doubles(sorted, scene->powered);
    scene->median_db = bcue_quantile_sorted(sorted, scene->powered, 0.5);
    scene->low_db = bcue_quantile_sorted(sorted, scene->powered, 0.01);
    scene->high_db = bcue_quantile_sorted(sorted, scene->powered, 0.99);
    free(sorted);
    find_blind(scene, beams);
    return find_ridges(scene, beams, error);
}

bcue_status bcue_beam_study_make(const bcue_dataset *dataset, bcue_beam_study *study, bcue_error *error)
{
    *study = (bcue_beam_study){.beams = bcue_dataset_beams(dataset)};
    bcue_status status = list_scenes(dataset, study, error);
    if (status == BCUE_OK)
        status = allocate(study, error);
    if (status == BCUE_OK)
        status = count_samples(dataset, study, error);
    if (status == BCUE_OK)
        status = count_lobes(study, error);
    for (size_t s = 0; status == BCUE_OK && s < study->scene_count; s++)
        status = settle_scene(&study->scenes[s], study->beams, error);
    if (status != BCUE_OK)
        bcue_beam_study_free(study);
    return status;
}

void bcue_beam_study_free(bcue_beam_study *study)
{
    for (size_t s = 0; s < study->scene_count; s++) {
        free(study->scenes[s].histogram);
        free(study->scenes[s].rank_sum);
        free(study->scenes[s].loss_sum);
        free(study->scenes[s].best_db);
        free(study->scenes[s].spread_db);
        free(study->scenes[s].gap_db);
        free(study->scenes[s].best);
    }
    free(study->scenes);
    *study = (bcue_beam_study){0};
}
