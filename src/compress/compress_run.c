#include "compress/compress_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "compress/prune_run.h"
#include "compress/quantise_run.h"
#include "engine/int8_conv.h"
#include "learn/predictions.h"
#include "learn/score_file.h"
#include "metrics/metric.h"

enum { ROUNDS = 3 };

typedef struct searcher {
    const bcue_run_config *run;
    const bcue_config *origin;
    const bcue_dataset *dataset;
    const bcue_stopwatch *stopwatch;
    const bcue_hooks *hooks;
    bcue_run_member member;
    bcue_split split;
    char seen_hash[17];
    char *base; /* the model that it begins with */
    bcue_search *search;
} searcher;

void bcue_search_free(bcue_search *search)
{
    for (size_t i = 0; search->items != NULL && i < search->count; i++) {
        bcue_answer_times_free(&search->items[i].times);
        free(search->items[i].folder);
    }
    free(search->items);
    *search = (bcue_search){0};
}

double bcue_candidate_loss(const bcue_search *search, size_t candidate)
{
    return search->items[0].dba - search->items[candidate].dba;
}

static char *model_in(const searcher *s, const char *folder)
{
    bcue_run_config there = *s->run;
    there.out = (char *)(uintptr_t)folder;
    return bcue_run_member_path(&there, s->member, "model", "safetensors");
}

/* DBA and top-1 of a model file on the validation samples. */
static bcue_status validate(const searcher *s, const char *path, bcue_candidate *candidate, bcue_error *error)
{
    const size_t count = s->split.validation_count, beams = (size_t)bcue_dataset_beams(s->dataset);
    bcue_predictions predictions = {0};
    const bcue_score_job job = {.train = &s->run->train,
                                .dataset = s->dataset,
                                .seed = s->member.seed,
                                .seen_hash = s->seen_hash,
                                .samples = s->split.validation,
                                .count = count};
    float *scores = bcue_calloc(count * beams, sizeof *scores);
    bcue_status status = scores == NULL ? bcue_fail_memory(error, "validation")
                                        : bcue_score_file(path, &job, s->hooks, scores, error);
    if (status == BCUE_OK)
        status = bcue_predictions_create(s->dataset, s->split.validation, count, (int32_t)beams, &predictions,
                                         error);
    if (status == BCUE_OK) {
        for (size_t i = 0; i < count; i++)
            bcue_predictions_rank(&predictions, i, scores + i * beams);
        const bcue_scored_set set =
            bcue_predictions_view(&predictions, s->run->data.index_monotone, s->run->data.power_unit);
        status =
            bcue_metric_compute(&set, (bcue_metric){BCUE_METRIC_DBA, 0, 0}, &candidate->dba, NULL, error);
        if (status == BCUE_OK)
            status = bcue_metric_compute(&set, (bcue_metric){BCUE_METRIC_TOP_K, 1, 0}, &candidate->top1, NULL,
                                         error);
    }
    bcue_predictions_free(&predictions);
    free(scores);
    return status;
}

static bcue_status count_parameters(const searcher *s, const char *path, int64_t *parameters,
                                    bcue_error *error)
{
    int64_t width;
    return bcue_score_file_check(path, s->dataset, s->seen_hash, &width, parameters, error);
}

static bcue_status time_model(const searcher *s, const char *path, bcue_candidate *candidate,
                              bcue_error *error)
{
    BCUE_TRY(count_parameters(s, path, &candidate->parameters, error));
    bcue_answer_times_free(&candidate->times);
    BCUE_TRY(s->stopwatch->measure(s->stopwatch->cookie, path, &candidate->times, error));
    bcue_log(s->hooks, BCUE_LOG_INFO, "%g of the parameters in %s: %.3f ms", candidate->ratio,
             candidate->int8 ? "8 bits" : "f32", candidate->times.ms);
    return BCUE_OK;
}

/* The model of `path` in 8 bits, in OUT/int8 of `out`; `sensitivity`: with layers tried one by one. */
static bcue_status to_bytes(const searcher *s, const char *out, const char *path, bool sensitivity,
                            bcue_error *error)
{
    bcue_run_config run = *s->run;
    bcue_quantise_result result;
    run.out = (char *)(uintptr_t)out;
    run.quantise.sensitivity = sensitivity && run.quantise.sensitivity;
    BCUE_TRY(bcue_quantise_member(&run, s->origin, s->dataset, s->member, path, s->hooks, &result, error));
    bcue_quantise_result_free(&result);
    return BCUE_OK;
}

/* "OUT/compress/STAGE", malloc'd. NULL: no memory. */
static char *stage_out(const searcher *s, const char *stage)
{
    bcue_text out = {0};
    bcue_text_printf(&out, "%s/compress/%s", s->run->out, stage);
    if (out.failed)
        bcue_text_free(&out);
    return out.data;
}

/* Is the share whose folder this is finished? *out_of_memory: not known. */
static bool is_finished(const char *folder, bool *out_of_memory)
{
    char *last = bcue_path_join(folder, "config.yaml"); /* written when all the rest is */
    const bool finished = last != NULL && bcue_path_exists(last);
    *out_of_memory = last == NULL;
    free(last);
    return finished;
}

/* Prunes the base to the share in OUT/compress/STAGE; *folder is the caller's. */
static bcue_status prune_to(const searcher *s, const char *stage, double ratio, bool tune, char **folder,
                            bcue_error *error)
{
    bcue_run_config run = *s->run;
    bcue_prune_result result;
    bool failed = true, finished = false;
    run.out = stage_out(s, stage);
    *folder = run.out != NULL ? bcue_prune_folder(s->run, run.out, ratio) : NULL;
    if (*folder != NULL)
        finished = is_finished(*folder, &failed);
    bcue_status status = failed ? bcue_fail_memory(error, "compressing") : BCUE_OK;
    run.prune.cumulative = false;
    if (!tune) { /* its shape is all that is looked at */
        run.prune.epochs = 0;
        run.prune.phases = BCUE_PRUNE_ONE_SHOT;
        run.prune.score = BCUE_SCORE_MAGNITUDE;
    }
    if (status == BCUE_OK && !finished) {
        status = bcue_prune_member(&run, s->origin, s->dataset, s->member, ratio, s->base, s->hooks, &result,
                                   error);
        if (status == BCUE_OK)
            bcue_prune_result_free(&result);
    }
    if (status != BCUE_OK) {
        free(*folder);
        *folder = NULL;
    }
    free(run.out);
    return status;
}

static bcue_candidate *new_candidate(searcher *s, double ratio, bool int8)
{
    bcue_candidate *made = &s->search->items[s->search->count++];
    *made = (bcue_candidate){
        .ratio = ratio, .int8 = int8, .state = BCUE_CANDIDATE_TIMED, .dba = NAN, .top1 = NAN};
    return made;
}

/* `candidate` is the model of a folder in f32; its twin in 8 bits lies in FOLDER/int8. Fills both. */
static bcue_status measure_pair(searcher *s, bcue_candidate *exact, bool trained, bcue_error *error)
{
    char *path = model_in(s, exact->folder), *folder = bcue_path_join(exact->folder, "int8"), *bytes = NULL;
    bcue_candidate *twin = s->search->int8 ? exact + 1 : NULL;
    bcue_status status = path == NULL || folder == NULL ? bcue_fail_memory(error, "compressing")
                                                        : time_model(s, path, exact, error);
    if (status == BCUE_OK && trained)
        status = validate(s, path, exact, error);
    if (status == BCUE_OK && twin != NULL)
        status = to_bytes(s, exact->folder, path, trained, error);
    if (status == BCUE_OK && twin != NULL) {
        free(twin->folder);
        twin->folder = folder;
        folder = NULL;
        bytes = model_in(s, twin->folder);
        status = bytes == NULL ? bcue_fail_memory(error, "compressing") : time_model(s, bytes, twin, error);
        if (status == BCUE_OK && trained)
            status = validate(s, bytes, twin, error);
    }
    free(bytes);
    free(folder);
    free(path);
    return status;
}

static bcue_status add_whole(searcher *s, bcue_error *error)
{
    bcue_text folder = {0};
    bcue_model_file file;
    bcue_candidate *exact = new_candidate(s, 1, false);
    exact->state = BCUE_CANDIDATE_WHOLE;
    if (s->search->int8)
        new_candidate(s, 1, true)->state = BCUE_CANDIDATE_WHOLE;
    bcue_text_printf(&folder, "%s/compress/whole", s->run->out);
    if (folder.failed)
        return bcue_fail_memory(error, "compressing");
    exact->folder = folder.data;
    char *copy = model_in(s, exact->folder);
    bcue_status status =
        copy == NULL ? bcue_fail_memory(error, "compressing") : bcue_check_writable_dir(exact->folder, error);
    if (status == BCUE_OK)
        status = bcue_model_file_read(s->base, &file, error);
    if (status == BCUE_OK) {
        status = bcue_model_file_write(copy, &file, error);
        bcue_model_file_free(&file);
    }
    free(copy);
    return status == BCUE_OK ? measure_pair(s, exact, true, error) : status;
}

static bcue_status add_shape(searcher *s, double ratio, bcue_error *error)
{
    bcue_candidate *exact = new_candidate(s, ratio, false);
    if (s->search->int8)
        new_candidate(s, ratio, true);
    BCUE_TRY(prune_to(s, "shapes", ratio, false, &exact->folder, error));
    return measure_pair(s, exact, false, error);
}

static bool in_time(const searcher *s, const bcue_candidate *candidate)
{
    return candidate->times.ms <= s->run->compress.target_ms;
}

/* The largest share whose shape is in time in one precision and that was not looked at; NULL: none. */
static bcue_candidate *next_to_tune(searcher *s)
{
    const size_t step = s->search->int8 ? 2 : 1;
    bcue_candidate *best = NULL;
    for (size_t i = step; i < s->search->count; i += step) {
        bcue_candidate *c = &s->search->items[i];
        const bool fits = in_time(s, c) || (step == 2 && in_time(s, c + 1));
        if (c->state == BCUE_CANDIDATE_TIMED && fits && (best == NULL || c->ratio > best->ratio))
            best = c;
    }
    return best;
}

static void set_state(const searcher *s, bcue_candidate *exact, bcue_candidate_state state)
{
    exact->state = state;
    if (s->search->int8)
        (exact + 1)->state = state;
}

/* Trains the share, or takes what an earlier call trained. */
static bcue_status tune_one(searcher *s, bcue_candidate *exact, bcue_error *error)
{
    free(exact->folder);
    exact->folder = NULL;
    BCUE_TRY(prune_to(s, "tuned", exact->ratio, true, &exact->folder, error));
    BCUE_TRY(measure_pair(s, exact, true, error));
    set_state(s, exact, BCUE_CANDIDATE_TUNED);
    return BCUE_OK;
}

/* What earlier calls trained costs nothing. */
static bcue_status take_tuned(searcher *s, bcue_error *error)
{
    const size_t step = s->search->int8 ? 2 : 1;
    char *out = stage_out(s, "tuned");
    bcue_status status = out == NULL ? bcue_fail_memory(error, "compressing") : BCUE_OK;
    for (size_t i = step; status == BCUE_OK && i < s->search->count; i += step) {
        bcue_candidate *c = &s->search->items[i];
        char *folder = bcue_prune_folder(s->run, out, c->ratio);
        bool failed = folder == NULL;
        if (folder != NULL && is_finished(folder, &failed))
            status = tune_one(s, c, error);
        if (failed)
            status = bcue_fail_memory(error, "compressing");
        free(folder);
    }
    free(out);
    return status;
}

static bcue_status tune(searcher *s, bcue_error *error)
{
    const bcue_compress_config *config = &s->run->compress;
    const double started = bcue_clock_s();
    double longest = 0;
    bcue_candidate *exact;
    for (int64_t n = 0; n < config->tune && (exact = next_to_tune(s)) != NULL; n++) {
        const double before = bcue_clock_s();
        if (before - started + longest > 3600 * config->budget_hours) {
            set_state(s, exact, BCUE_CANDIDATE_NO_BUDGET);
            continue;
        }
        bcue_log(s->hooks, BCUE_LOG_INFO, "fine-tuning %g of the parameters", exact->ratio);
        BCUE_TRY(tune_one(s, exact, error));
        longest = fmax(longest, bcue_clock_s() - before);
    }
    return BCUE_OK;
}

/* Everything once more, turn and turn about: what else the machine did meanwhile would otherwise be counted
   for one candidate and not for another. The percentile is of the runs of all rounds. */
static bcue_status time_again(searcher *s, bcue_error *error)
{
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < s->search->count; i++) {
            bcue_candidate *c = &s->search->items[i];
            char *path = model_in(s, c->folder);
            bcue_status status = path == NULL
                                     ? bcue_fail_memory(error, "compressing")
                                     : s->stopwatch->measure(s->stopwatch->cookie, path, &c->times, error);
            free(path);
            BCUE_TRY(status);
            if (bcue_cancelled(s->hooks))
                return bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped while timing candidates");
        }
        bcue_progress(s->hooks, "timing", (uint64_t)round + 1, ROUNDS);
    }
    return BCUE_OK;
}

static void choose(const searcher *s)
{
    bcue_search *search = s->search;
    search->chosen = -1;
    for (size_t i = 0; i < search->count; i++) {
        bcue_candidate *c = &search->items[i];
        if (isnan(c->dba))
            continue;
        c->front = true;
        for (size_t k = 0; k < search->count; k++) {
            const bcue_candidate *o = &search->items[k];
            const bool as_good = !isnan(o->dba) && o->times.ms <= c->times.ms && o->dba >= c->dba;
            c->front = c->front && !(as_good && (o->times.ms < c->times.ms || o->dba > c->dba));
        }
        if (in_time(s, c) && bcue_candidate_loss(search, i) <= s->run->compress.max_loss &&
            (search->chosen < 0 || c->dba > search->items[search->chosen].dba))
            search->chosen = (ptrdiff_t)i;
    }
}

static bcue_status search_all(searcher *s, bcue_error *error)
{
    const bcue_double_list *ratios = &s->run->compress.ratios;
    BCUE_TRY(bcue_run_member_split(s->run, s->origin, s->dataset, s->member, &s->split, error));
    bcue_split_seen_hash(s->dataset, &s->split, s->seen_hash);
    if (s->split.validation_count == 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "the split leaves no validation sample to choose by; set split.validation");
    if (!bcue_path_exists(s->base))
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: no such model; train it first with 'beamcue train' and the same configuration",
                         s->base);
    s->search->items = bcue_calloc(2 * (ratios->count + 1), sizeof *s->search->items);
    if (s->search->items == NULL)
        return bcue_fail_memory(error, "compressing");
    s->search->int8 = bcue_int8_available();
    BCUE_TRY(add_whole(s, error));
    for (size_t i = 0; i < ratios->count; i++) {
        BCUE_TRY(add_shape(s, ratios->items[i], error));
        bcue_progress(s->hooks, "shapes", i + 1, ratios->count);
    }
    BCUE_TRY(time_again(s, error));
    BCUE_TRY(take_tuned(s, error));
    BCUE_TRY(tune(s, error));
    BCUE_TRY(time_again(s, error));
    choose(s);
    return BCUE_OK;
}

bcue_status bcue_compress_search(const bcue_run_config *run, const bcue_config *origin,
                                 const bcue_dataset *dataset, const bcue_stopwatch *stopwatch,
                                 const bcue_hooks *hooks, bcue_search *search, bcue_error *error)
{
    searcher s = {.run = run,
                  .origin = origin,
                  .dataset = dataset,
                  .stopwatch = stopwatch,
                  .hooks = hooks,
                  .member = bcue_run_member_at(run, 0),
                  .search = search};
    *search = (bcue_search){.chosen = -1};
    s.base = run->prune.model != NULL ? bcue_strdup(run->prune.model)
                                      : bcue_run_member_path(run, s.member, "model", "safetensors");
    bcue_status status = s.base == NULL ? bcue_fail_memory(error, "compressing") : search_all(&s, error);
    free(s.base);
    bcue_split_free(&s.split);
    if (status != BCUE_OK)
        bcue_search_free(search);
    return status;
}
