/* Candidates and their model files. */
#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "compress/prune_run.h"
#include "compress/quantise_run.h"
#include "compress/search_parts.h"

/* The model of `path` in 8 bits, in OUT/int8 of `out`; `trained`: with layers tried one by one, and
   fine-tuned as quantise.tune says. */
static bcue_status to_bytes(const bcue_searcher *s, const char *out, const char *path, bool trained,
                            bcue_error *error)
{
    bcue_run_config run = *s->run;
    bcue_quantise_result result;
    run.out = (char *)(uintptr_t)out;
    run.quantise.sensitivity = trained && run.quantise.sensitivity;
    run.quantise.tune = trained ? run.quantise.tune : BCUE_TUNE_NEVER;
    run.train.resume = true; /* a second search takes what the first one fine-tuned */
    BCUE_TRY(bcue_quantise_member(&run, s->origin, s->dataset, s->member, path, s->hooks, &result, error));
    bcue_quantise_result_free(&result);
    return BCUE_OK;
}

char *bcue_search_stage(const bcue_searcher *s, const char *stage)
{
    bcue_text out = {0};
    bcue_text_printf(&out, "%s/compress/%s", s->run->out, stage);
    if (out.failed)
        bcue_text_free(&out);
    return out.data;
}

bool bcue_search_is_finished(const char *folder, bool *out_of_memory)
{
    char *last = bcue_path_join(folder, "config.yaml"); /* written when all the rest is */
    const bool finished = last != NULL && bcue_path_exists(last);
    *out_of_memory = last == NULL;
    free(last);
    return finished;
}

/* Prunes the base to the share in OUT/compress/STAGE; *folder is the caller's. */
static bcue_status prune_to(const bcue_searcher *s, const char *stage, double ratio, bool tune, char **folder,
                            bcue_error *error)
{
    bcue_run_config run = *s->run;
    bcue_prune_result result;
    bool failed = true, finished = false;
    run.out = bcue_search_stage(s, stage);
    *folder = run.out != NULL ? bcue_prune_folder(s->run, run.out, ratio) : NULL;
    if (*folder != NULL)
        finished = bcue_search_is_finished(*folder, &failed);
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

bcue_candidate *bcue_search_new(bcue_searcher *s, bcue_candidate_kind kind, bcue_candidate_state state)
{
    bcue_candidate *first = &s->search->items[s->search->count];
    for (int i = 0; i < (s->search->int8 ? 2 : 1); i++)
        s->search->items[s->search->count++] = (bcue_candidate){.kind = kind,
                                                                .ratio = 1,
                                                                .int8 = i == 1,
                                                                .state = state,
                                                                .layers_ms = NAN,
                                                                .predicted_ms = NAN,
                                                                .dba = NAN,
                                                                .top1 = NAN};
    return first;
}

/* The model of exact->folder in 8 bits, in FOLDER/int8. */
static bcue_status make_twin(const bcue_searcher *s, bcue_candidate *exact, bool trained, bcue_error *error)
{
    bcue_candidate *twin = exact + 1;
    char *path = bcue_search_model_path(s, exact->folder);
    free(twin->folder);
    twin->folder = bcue_path_join(exact->folder, "int8");
    bcue_status status = path == NULL || twin->folder == NULL
                             ? bcue_fail_memory(error, "compressing")
                             : to_bytes(s, exact->folder, path, trained, error);
    free(path);
    return status;
}

static bcue_status validate(const bcue_searcher *s, bcue_candidate *candidate, bcue_error *error)
{
    char *path = bcue_search_model_path(s, candidate->folder);
    bcue_status status = path == NULL ? bcue_fail_memory(error, "compressing")
                                      : bcue_search_validate(s, path, candidate, error);
    free(path);
    return status;
}

bcue_status bcue_search_take_trained(bcue_searcher *s, bcue_candidate *exact, bcue_error *error)
{
    const int count = s->search->int8 ? 2 : 1;
    if (count == 2)
        BCUE_TRY(make_twin(s, exact, true, error));
    for (int i = 0; i < count; i++) {
        bcue_answer_times_free(&exact[i].times);
        BCUE_TRY(bcue_search_sum_layers(s, &exact[i], error));
        BCUE_TRY(bcue_search_time(s, &exact[i], error));
        BCUE_TRY(validate(s, &exact[i], error));
    }
    return BCUE_OK;
}

bcue_status bcue_search_add_whole(bcue_searcher *s, bcue_error *error)
{
    bcue_candidate *exact = bcue_search_new(s, BCUE_CANDIDATE_PRUNED, BCUE_CANDIDATE_WHOLE);
    exact->folder = bcue_search_stage(s, "whole");
    if (exact->folder == NULL)
        return bcue_fail_memory(error, "compressing");
    char *copy = bcue_search_model_path(s, exact->folder);
    bcue_status status =
        copy == NULL ? bcue_fail_memory(error, "compressing") : bcue_check_writable_dir(exact->folder, error);
    if (status == BCUE_OK)
        status = bcue_model_file_read(s->base, &s->whole, error);
    if (status == BCUE_OK)
        status = bcue_model_file_write(copy, &s->whole, error);
    free(copy);
    return status == BCUE_OK ? bcue_search_take_trained(s, exact, error) : status;
}

bcue_status bcue_search_add_shape(bcue_searcher *s, double ratio, bcue_error *error)
{
    bcue_candidate *exact = bcue_search_new(s, BCUE_CANDIDATE_PRUNED, BCUE_CANDIDATE_SCREENED);
    for (int i = 0; i < (s->search->int8 ? 2 : 1); i++)
        exact[i].ratio = ratio;
    BCUE_TRY(prune_to(s, "shapes", ratio, false, &exact->folder, error));
    BCUE_TRY(bcue_search_sum_layers(s, exact, error));
    if (!s->search->int8)
        return BCUE_OK;
    BCUE_TRY(make_twin(s, exact, false, error));
    return bcue_search_sum_layers(s, exact + 1, error);
}

bcue_status bcue_search_tune(bcue_searcher *s, bcue_candidate *exact, bcue_error *error)
{
    if (exact->kind != BCUE_CANDIDATE_PRUNED)
        return bcue_search_tune_other(s, exact, error);
    free(exact->folder);
    exact->folder = NULL;
    BCUE_TRY(prune_to(s, "tuned", exact->ratio, true, &exact->folder, error));
    BCUE_TRY(bcue_search_take_trained(s, exact, error));
    for (int i = 0; i < (s->search->int8 ? 2 : 1); i++)
        exact[i].state = BCUE_CANDIDATE_TUNED;
    return BCUE_OK;
}

bcue_status bcue_search_is_tuned(const bcue_searcher *s, const bcue_candidate *exact, bool *tuned,
                                 bcue_error *error)
{
    char *out = bcue_search_stage(s, "tuned"), *folder = NULL;
    bool failed = true;
    *tuned = false;
    if (out != NULL)
        folder = exact->kind == BCUE_CANDIDATE_PRUNED ? bcue_prune_folder(s->run, out, exact->ratio)
                                                      : bcue_search_other_folder(s, exact);
    if (folder != NULL)
        *tuned = bcue_search_is_finished(folder, &failed);
    free(folder);
    free(out);
    return failed ? bcue_fail_memory(error, "compressing") : BCUE_OK;
}
