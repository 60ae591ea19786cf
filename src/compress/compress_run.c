#include "compress/compress_run.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "compress/search_parts.h"
#include "engine/int8_conv.h"

/* A prediction that is so much too long is still tried out. */
#define SLACK 1.15

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

static bool in_time(const bcue_searcher *s, const bcue_candidate *candidate)
{
    const double most = s->run->compress.target_ms;
    return candidate->times.runs > 0 ? candidate->times.ms <= most : candidate->predicted_ms <= SLACK * most;
}

/* Candidates in f32 are so many apart; after each comes its twin in 8 bits. */
static size_t step_of(const bcue_searcher *s)
{
    return s->search->int8 ? 2 : 1;
}

static bool pair_in_time(const bcue_searcher *s, const bcue_candidate *exact)
{
    return in_time(s, exact) || (s->search->int8 && in_time(s, exact + 1));
}

/* Of those that were not looked at and may be in time in one precision, the slowest: it can do most. NULL:
   none. */
static bcue_candidate *next_to_tune(const bcue_searcher *s)
{
    const size_t step = step_of(s);
    bcue_candidate *best = NULL;
    for (size_t i = step; i < s->search->count; i += step) {
        bcue_candidate *c = &s->search->items[i];
        if (c->state == BCUE_CANDIDATE_SCREENED && pair_in_time(s, c) &&
            (best == NULL || c->predicted_ms > best->predicted_ms))
            best = c;
    }
    return best;
}

static void set_state(const bcue_searcher *s, bcue_candidate *exact, bcue_candidate_state state)
{
    for (size_t i = 0; i < step_of(s); i++)
        exact[i].state = state;
}

/* Times the shape, if it has a model file, which has none of the training yet, and in turns the whole model
   again: predictions are scaled by it, and shall be compared with what was measured beside it. */
static bcue_status time_shape(const bcue_searcher *s, bcue_candidate *exact, bcue_error *error)
{
    for (int round = 0; round < BCUE_SEARCH_ROUNDS; round++) {
        for (size_t i = 0; i < step_of(s); i++) {
            BCUE_TRY(bcue_search_time(s, &s->search->items[i], error));
            BCUE_TRY(bcue_search_time(s, &exact[i], error));
        }
    }
    bcue_search_predict(s->search);
    char name[64];
    bcue_candidate_name(exact, name, sizeof name);
    bcue_log(s->hooks, BCUE_LOG_INFO, "%s: %.3f ms, predicted %.3f ms", name, exact->times.ms,
             exact->predicted_ms);
    if (!pair_in_time(s, exact))
        set_state(s, exact, BCUE_CANDIDATE_SLOW);
    return BCUE_OK;
}

/* What earlier calls trained costs nothing. */
static bcue_status take_tuned(bcue_searcher *s, bcue_error *error)
{
    for (size_t i = step_of(s); i < s->search->count; i += step_of(s)) {
        bool tuned;
        BCUE_TRY(bcue_search_is_tuned(s, &s->search->items[i], &tuned, error));
        if (tuned)
            BCUE_TRY(bcue_search_tune(s, &s->search->items[i], error));
    }
    return BCUE_OK;
}

static bcue_status tune(bcue_searcher *s, double started, bcue_error *error)
{
    const bcue_compress_config *config = &s->run->compress;
    double longest = 0;
    bcue_candidate *exact;
    for (int64_t n = 0; n < config->tune && (exact = next_to_tune(s)) != NULL;) {
        if (exact->times.runs == 0 && exact->kind == BCUE_CANDIDATE_PRUNED)
            BCUE_TRY(time_shape(s, exact, error));
        if (exact->state == BCUE_CANDIDATE_SLOW)
            continue;
        const double before = bcue_clock_s();
        n++;
        if (before - started + longest > 3600 * config->budget_hours) {
            set_state(s, exact, BCUE_CANDIDATE_NO_BUDGET);
            continue;
        }
        char name[64];
        bcue_candidate_name(exact, name, sizeof name);
        bcue_log(s->hooks, BCUE_LOG_INFO, "fine-tuning %s", name);
        BCUE_TRY(bcue_search_tune(s, exact, error));
        longest = fmax(longest, bcue_clock_s() - before);
    }
    return BCUE_OK;
}

static void choose(const bcue_searcher *s)
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

/* The dense control of the best candidate in time that was made smaller. */
static bcue_status control(bcue_searcher *s, double started, bcue_error *error)
{
    const bcue_candidate *best = NULL;
    for (size_t i = 0; i < s->search->count; i++) {
        const bcue_candidate *c = &s->search->items[i];
        if (c->state == BCUE_CANDIDATE_TUNED && in_time(s, c) && (best == NULL || c->dba > best->dba))
            best = c;
    }
    if (best == NULL || !s->run->compress.dense)
        return BCUE_OK;
    BCUE_TRY(bcue_search_add_dense(s, best, error));
    if (s->search->dense < 0)
        return BCUE_OK;
    bcue_candidate *dense = &s->search->items[s->search->dense];
    bool trained;
    BCUE_TRY(bcue_search_is_tuned(s, dense, &trained, error));
    bcue_search_predict(s->search);
    if (!trained && bcue_clock_s() - started > 3600 * s->run->compress.budget_hours) {
        set_state(s, dense, BCUE_CANDIDATE_NO_BUDGET);
        return BCUE_OK;
    }
    bcue_log(s->hooks, BCUE_LOG_INFO, "training a dense network of width %lld for %lld epochs",
             (long long)dense->width, (long long)dense->epochs);
    return bcue_search_tune(s, dense, error);
}

/* The table of layers lies where the run says, else in OUT/compress. */
static bcue_status open_table(bcue_searcher *s, bcue_error *error)
{
    bcue_text path = {0}, machine = {0};
    if (s->run->compress.layers != NULL)
        bcue_text_puts(&path, s->run->compress.layers);
    else
        bcue_text_printf(&path, "%s/compress/layers.json", s->run->out);
    bcue_layer_machine((int)s->run->compress.threads, &machine);
    bcue_status status = path.failed || machine.failed
                             ? bcue_fail_memory(error, "compressing")
                             : bcue_layer_table_open(path.data, machine.data, &s->table, error);
    bcue_text_free(&path);
    bcue_text_free(&machine);
    return status;
}

static bcue_status check(const bcue_searcher *s, bcue_error *error)
{
    if (s->split.validation_count == 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "the split leaves no validation sample to choose by; set split.validation");
    if (!bcue_path_exists(s->base))
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: no such model; train it first with 'beamcue train' and the same configuration",
                         s->base);
    return BCUE_OK;
}

static bcue_status search_all(bcue_searcher *s, bcue_error *error)
{
    const bcue_double_list *ratios = &s->run->compress.ratios;
    BCUE_TRY(bcue_run_member_split(s->run, s->origin, s->dataset, s->member, &s->split, error));
    bcue_split_seen_hash(s->dataset, &s->split, s->seen_hash);
    BCUE_TRY(check(s, error));
    BCUE_TRY(open_table(s, error));
    const size_t others = s->run->compress.frames.count + s->run->compress.pixels.count;
    s->search->items = bcue_calloc(2 * (ratios->count + others + 2), sizeof *s->search->items);
    if (s->search->items == NULL)
        return bcue_fail_memory(error, "compressing");
    s->search->int8 = bcue_int8_available();
    BCUE_TRY(bcue_search_add_whole(s, error));
    BCUE_TRY(bcue_search_add_others(s, error));
    for (size_t i = 0; i < ratios->count; i++) {
        BCUE_TRY(bcue_search_add_shape(s, ratios->items[i], error));
        bcue_progress(s->hooks, "shapes", i + 1, ratios->count);
    }
    BCUE_TRY(bcue_search_time_all(s, BCUE_SEARCH_ROUNDS, error));
    bcue_search_predict(s->search);
    BCUE_TRY(take_tuned(s, error));
    bcue_search_predict(s->search);
    const double started = bcue_clock_s();
    BCUE_TRY(tune(s, started, error));
    BCUE_TRY(control(s, started, error));
    BCUE_TRY(bcue_search_time_all(s, BCUE_SEARCH_ROUNDS, error));
    bcue_search_predict(s->search);
    choose(s);
    return BCUE_OK;
}

bcue_status bcue_compress_search(const bcue_run_config *run, const bcue_config *origin,
                                 const bcue_dataset *dataset, const bcue_stopwatch *stopwatch,
                                 const bcue_hooks *hooks, bcue_search *search, bcue_error *error)
{
    bcue_searcher s = {.run = run,
                       .origin = origin,
                       .dataset = dataset,
                       .stopwatch = stopwatch,
                       .hooks = hooks,
                       .member = bcue_run_member_at(run, 0),
                       .search = search};
    *search = (bcue_search){.chosen = -1, .dense = -1};
    s.base = run->prune.model != NULL ? bcue_strdup(run->prune.model)
                                      : bcue_run_member_path(run, s.member, "model", "safetensors");
    bcue_status status = s.base == NULL ? bcue_fail_memory(error, "compressing") : search_all(&s, error);
    bcue_layer_table_close(&s.table);
    bcue_model_file_free(&s.whole);
    free(s.base);
    bcue_split_free(&s.split);
    if (status != BCUE_OK)
        bcue_search_free(search);
    return status;
}
