#include "beamcue/replay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/dataset_api.h"
#include "api/replay_score.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "learn/codebook_check.h"
#include "learn/run_config.h"
#include "predict/model_handle.h"

/* What is played: samples, and which of them are tested (NULL: all). */
typedef struct selection {
    size_t *samples;
    bool *tested;
    size_t count;
} selection;

/* Every sample of the episodes in which something is tested. */
static bcue_status select_tested(const bcue_dataset *dataset, const bcue_split *split, size_t most,
                                 selection *chosen, bcue_error *error)
{
    const size_t count = bcue_dataset_count(dataset);
    bool *tested = bcue_calloc(count, sizeof *tested),
         *episode = bcue_calloc(bcue_dataset_episodes(dataset), 1);
    bcue_status status = tested == NULL || episode == NULL ? bcue_fail_memory(error, "the replay") : BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < split->test_count; i++) {
        tested[split->test[i]] = true;
        episode[bcue_dataset_sample(dataset, split->test[i])->episode] = true;
    }
    for (size_t i = 0; status == BCUE_OK && i < count && chosen->count < most; i++) {
        const bcue_sample *sample = bcue_dataset_sample(dataset, i);
        if (!episode[sample->episode] || sample->copy > 0)
            continue;
        chosen->tested[chosen->count] = tested[i];
        chosen->samples[chosen->count++] = i;
    }
    free(tested);
    free(episode);
    return status;
}

static bcue_status make_selection(const bcue_dataset *dataset, size_t most, selection *chosen,
                                  bcue_error *error)
{
    const size_t count = bcue_dataset_count(dataset);
    *chosen = (selection){.samples = bcue_calloc(count, sizeof *chosen->samples),
                          .tested = bcue_calloc(count, sizeof *chosen->tested)};
    if (chosen->samples == NULL || chosen->tested == NULL)
        return bcue_fail_memory(error, "the replay");
    for (size_t i = 0; i < count && chosen->count < most; i++)
        if (bcue_dataset_sample(dataset, i)->copy == 0)
            chosen->samples[chosen->count++] = i;
    return BCUE_OK;
}

static void free_selection(selection *chosen)
{
    free(chosen->samples);
    free(chosen->tested);
}

/* ---- the report ---- */

static json_t *triple(const double values[3])
{
    return json_pack("{s:f, s:f, s:f}", "p50", values[0], "p95", values[1], "p99", values[2]);
}

static void put_number(json_t *object, const char *key, double value)
{
    json_object_set_new(object, key, isfinite(value) ? json_real(value) : json_null());
}

static void fill_json(const bcue_playback *replay, const bcue_replay_score *score, json_t *object)
{
    json_object_set_new(object, "instants", json_integer((json_int_t)replay->count));
    json_object_set_new(object, "scored", json_integer((json_int_t)score->scored));
    json_object_set_new(object, "episodes", json_integer((json_int_t)replay->episodes));
    json_object_set_new(object, "test_part", json_boolean(replay->test_part));
    put_number(object, "loss_db", score->delay_loss_db[0]);
    put_number(object, "usable_loss_db", score->usable_loss_db);
    put_number(object, "validity_ms", score->validity_ms);
    put_number(object, "late_share", score->late_share);
    put_number(object, "cut_share", score->cut_share);
    put_number(object, "compressed_cut_share", score->compressed_cut_share);
    put_number(object, "longest_operator_ms", replay->longest_operator_ms);
    json_object_set_new(object, "began_late", json_integer((json_int_t)replay->behind));
    json_object_set_new(object, "latency_ms", triple(score->latency_ms));
    json_object_set_new(object, "prepare_ms", triple(score->prepare_ms));
    json_object_set_new(object, "network_ms", triple(score->network_ms));
    json_object_set_new(object, "compressed_ms", triple(score->compressed_ms));
    json_t *rungs = json_object(), *ways = json_array(), *delays = json_array();
    for (int r = 0; r < BCUE_RUNG_COUNT; r++)
        put_number(rungs, bcue_rung_name((bcue_rung)r), score->rung_share[r]);
    for (int p = 0; p < BCUE_POLICY_COUNT; p++) {
        const bcue_policy_score *s = &score->policies[p];
        if (s->available)
            json_array_append_new(ways,
                                  json_pack("{s:s, s:f, s:f, s:f, s:f}", "name",
                                            bcue_policy_name((bcue_policy)p), "found", s->found, "loss_db",
                                            s->loss_db, "probes", s->probes, "rate", s->rate));
    }
    for (int d = 0; d < BCUE_DELAYS; d++) {
        json_t *point = json_object();
        put_number(point, "delay_ms", score->delay_ms[d]);
        put_number(point, "loss_db", score->delay_loss_db[d]);
        json_array_append_new(delays, point);
    }
    json_object_set_new(object, "rung_shares", rungs);
    json_object_set_new(object, "ways", ways);
    json_object_set_new(object, "delays", delays);
}

static bcue_status add_tables(const bcue_playback *replay, const bcue_replay_score *score,
                              bcue_report *report, bcue_error *error)
{
    static const char *const keys[] = {"table", "answers", "sensors", "latency", "sets", "faults"};
    bcue_table *tables[] = {bcue_replay_policy_table(replay, score), bcue_replay_answer_table(replay, score),
                            bcue_replay_sensor_table(replay),        bcue_replay_latency_table(replay, score),
                            bcue_replay_set_table(replay),           bcue_replay_fault_table(replay)};
    const bool wanted[] = {true, true, true, true, replay->calibrated, replay->fault_count > 0};
    bcue_status status = BCUE_OK;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (status == BCUE_OK && wanted[i]) {
            status = bcue_report_add_table(report, keys[i], tables[i], error);
            bcue_text_puts(bcue_report_out(report), "\n");
        }
        bcue_table_destroy(tables[i]);
    }
    return status;
}

static bcue_status build_report(const bcue_playback *replay, const char *model_path, const char *recording,
                                const char *html_path, bcue_report *report, bcue_error *error)
{
    bcue_replay_score score;
    BCUE_TRY(bcue_replay_score_make(replay, &score, error));
    fill_json(replay, &score, bcue_report_object(report));
    BCUE_TRY(add_tables(replay, &score, report, error));
    bcue_text *out = bcue_report_out(report);
    bcue_text_printf(
        out,
        "When the answer was ready, its first beam was %.2f dB below the best; 1 dB more is lost after "
        "%.0f ms%s.\nThe longest operator took %.2f ms: so much can a stop come too late. %zu instants in "
        "%.1f s; %zu began late.\n",
        score.usable_loss_db, score.validity_ms,
        score.validity_ms < score.delay_ms[BCUE_DELAYS - 1] ? "" : " or later", replay->longest_operator_ms,
        replay->count, replay->wall_s, replay->behind);
    if (!replay->test_part)
        bcue_text_puts(out,
                       "The whole recording was played, with what the model may have been trained on.\n");
    if (html_path == NULL)
        return BCUE_OK;
    char title[512];
    snprintf(title, sizeof title, "%s on %s, %zu instants of %zu episodes", bcue_path_basename(model_path),
             recording, replay->count, replay->episodes);
    BCUE_TRY(bcue_replay_write_page(replay, &score, title, html_path, error));
    return bcue_report_add_file(report, html_path) ? BCUE_OK : bcue_fail_memory(error, "the report");
}

/* ---- the call ---- */

static bcue_status play(const bcue_replay_models *models, const char *model_path, const char *recording,
                        const bcue_dataset *dataset, const selection *chosen, bool whole,
                        const bcue_replay_options *o, const bcue_hooks *hooks, bcue_report *report,
                        bcue_error *error)
{
    bcue_model_facts facts;
    bcue_model_get_facts(models->network, &facts);
    if (facts.beams != bcue_dataset_beams(dataset))
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "the model ranks %d beams and the recording has %d; give the configuration of its run "
            "instead of the folder",
            (int)facts.beams, (int)bcue_dataset_beams(dataset));
    const char *note = models->network->file.codebook_yaml;
    BCUE_TRY(bcue_codebook_check(model_path, note, dataset, error));
    bcue_codebook_tell(model_path, note, dataset, hooks);
    if (chosen->count == 0)
        return bcue_fail(error, BCUE_ERROR_DATA, "%s: there is nothing to play", recording);
    bcue_playback replay;
    bcue_status status = bcue_replay_play(models, dataset, chosen->samples, whole ? NULL : chosen->tested,
                                          chosen->count, o, hooks, &replay, error);
    if (status == BCUE_OK)
        status = build_report(&replay, model_path, recording, o->html_path, report, error);
    bcue_replay_free(&replay);
    return status;
}

/* The test part of the configuration, or all of a folder. */
static bcue_status open_and_play(const bcue_replay_models *models, const char *model_path,
                                 const char *recording, const bcue_replay_options *o, const bcue_hooks *hooks,
                                 bcue_report *report, bcue_error *error)
{
    static const char *const single[] = {"data.window.frames=1", "data.gps_frames=1"};
    const bool whole = bcue_path_is_dir(recording);
    const size_t most = o->most > 0 ? o->most : SIZE_MAX;
    bcue_dataset *dataset = NULL;
    bcue_config *config = NULL;
    bcue_split split = {0};
    bcue_run_config run;
    selection chosen = {0};
    bcue_status status;
    if (whole) {
        BCUE_TRY(bcue_open_recordings(recording, single, 2, hooks, &dataset, &config, error));
        status = make_selection(dataset, most, &chosen, error);
    } else {
        BCUE_TRY(bcue_run_config_read(recording, single, 2, &run, &config, error));
        status = bcue_dataset_open(&run.data, config, hooks, &dataset, error);
        if (status == BCUE_OK)
            status = bcue_run_member_split(&run, config, dataset, bcue_run_member_at(&run, 0), &split, error);
        if (status == BCUE_OK)
            status = make_selection(dataset, 0, &chosen, error);
        if (status == BCUE_OK)
            status = select_tested(dataset, &split, most, &chosen, error);
    }
    if (status == BCUE_OK)
        status = play(models, model_path, recording, dataset, &chosen, whole, o, hooks, report, error);
    free_selection(&chosen);
    bcue_split_free(&split);
    bcue_dataset_destroy(dataset);
    bcue_config_destroy(config);
    return status;
}

static bcue_status load_and_play(const char *model_path, const char *recording, const bcue_replay_options *o,
                                 const bcue_hooks *hooks, bcue_report *report, bcue_error *error)
{
    bcue_replay_models models = {0};
    bcue_status status = bcue_model_load(model_path, &models.network, error);
    if (status == BCUE_OK && o->tracker_path != NULL)
        status = bcue_model_load(o->tracker_path, &models.tracker, error);
    if (status == BCUE_OK && o->compressed_path != NULL)
        status = bcue_model_load(o->compressed_path, &models.compressed, error);
    if (status == BCUE_OK)
        status = open_and_play(&models, model_path, recording, o, hooks, report, error);
    bcue_model_destroy(models.tracker);
    bcue_model_destroy(models.compressed);
    bcue_model_destroy(models.network);
    return status;
}

static bcue_status check(const bcue_replay_options *o, bcue_error *error)
{
    if (!(o->rate_hz >= 0 && o->rate_hz <= 1e4) || !(o->deadline_ms >= 0) || !(o->delay_ms >= 0))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a replay at %g instants a second with a deadline of %g ms and a delay of %g ms",
                         o->rate_hz, o->deadline_ms, o->delay_ms);
    for (size_t i = 0; i < o->fault_count; i++) { /* before anything is opened */
        bcue_fault fault;
        BCUE_TRY(bcue_fault_parse(o->faults[i], &fault, error));
    }
    return BCUE_OK;
}

bcue_status bcue_replay(const char *model_path, const char *recording, const bcue_replay_options *options,
                        const bcue_hooks *hooks, bcue_report **report, bcue_error *error)
{
    static const bcue_replay_options usual;
    const bcue_replay_options *o = options != NULL ? options : &usual;
    *report = NULL;
    BCUE_TRY(check(o, error));
    bcue_report *made = bcue_report_create();
    if (made == NULL)
        return bcue_fail_memory(error, "the report");
    return bcue_report_deliver(made, load_and_play(model_path, recording, o, hooks, made, error), report,
                               error);
}
