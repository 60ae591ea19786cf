#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/replay_score.h"
#include "base/fail.h"
#include "base/memory.h"

enum { SHOWN = 600 }; /* instants of the charts over time */

/* ---- charts ---- */

static bcue_status add_lines(bcue_page *page, const bcue_line_chart *chart, const char *caption,
                             bcue_error *error)
{
    bcue_text svg = {0};
    bcue_status status = bcue_chart_lines(chart, &svg, error);
    if (status == BCUE_OK)
        bcue_page_chart(page, &svg, caption);
    bcue_text_free(&svg);
    return status;
}

/* What is drawn over time; all of SHOWN places. */
typedef struct tracks {
    double time_s[SHOWN], best[SHOWN], answer[SHOWN], best_db[SHOWN], reached_db[SHOWN], latency_ms[SHOWN];
    size_t count;
} tracks;

static void fill_tracks(const bcue_playback *replay, tracks *t)
{
    double offset_s = 0;
    for (size_t i = 0; i < replay->count && t->count < SHOWN; i++) {
        const bcue_replay_row *row = &replay->rows[i];
        if (i > 0 && row->episode != replay->rows[i - 1].episode)
            offset_s = t->time_s[t->count - 1] + 1; /* a second between two drives past */
        const double *power = row->sample->power;
        const size_t k = t->count++;
        double most = 0;
        for (int32_t b = 0; power != NULL && b < replay->beams; b++)
            most = power[b] > most ? power[b] : most;
        t->time_s[k] = offset_s + row->time_s;
        t->best[k] = row->sample->label >= 0 ? (double)row->sample->label : NAN;
        t->answer[k] = row->first >= 0 ? (double)row->first : NAN;
        t->best_db[k] = most > 0 ? 10 * log10(most) : NAN;
        t->reached_db[k] = t->best_db[k] - row->loss_db;
        t->latency_ms[k] = row->latency_ms;
    }
}

static bcue_status add_tracks(bcue_page *page, const bcue_playback *replay, bcue_error *error)
{
    tracks *t = bcue_calloc(1, sizeof *t);
    if (t == NULL)
        return bcue_fail_memory(error, "the page");
    fill_tracks(replay, t);
    const bcue_chart_axis time = {.title = "time", .unit = "s"};
    const bcue_line_series beams[] = {{.name = "best beam", .x = t->time_s, .y = t->best, .count = t->count},
                                      {.name = "first beam of the answer",
                                       .x = t->time_s,
                                       .y = t->answer,
                                       .count = t->count,
                                       .dashed = true}};
    const bcue_line_series levels[] = {
        {.name = "best beam", .x = t->time_s, .y = t->best_db, .count = t->count},
        {.name = "first beam of the answer",
         .x = t->time_s,
         .y = t->reached_db,
         .count = t->count,
         .dashed = true}};
    const bcue_line_series latency = {
        .name = "latency", .x = t->time_s, .y = t->latency_ms, .count = t->count};
    const bcue_line_chart charts[] = {
        {.options = {.title = "Beams over time",
                     .description = "Index of the best beam and of the answered one at every instant",
                     .width = 1040},
         .x = time,
         .y = {.title = "beam", .integer = true},
         .series = beams,
         .series_count = 2},
        {.options = {.title = "Received power over time",
                     .description = "Power of the best beam and of the answered one at every instant",
                     .width = 1040},
         .x = time,
         .y = {.title = "power", .unit = "dB rel."},
         .series = levels,
         .series_count = 2},
        {.options = {.title = "Latency over time",
                     .description = "Time from the frames' bytes to the answer at every instant",
                     .width = 1040},
         .x = time,
         .y = {.title = "latency", .unit = "ms", .from_zero = true},
         .series = &latency,
         .series_count = 1}};
    bcue_status status = BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < sizeof charts / sizeof *charts; i++)
        status = add_lines(page, &charts[i],
                           i == 0 ? "The first instants of the replay, episode after episode." : NULL, error);
    free(t);
    return status;
}

static bcue_status add_delays(bcue_page *page, const bcue_replay_score *score, bcue_error *error)
{
    const bcue_line_series series = {.name = "first beam",
                                     .x = score->delay_ms,
                                     .y = score->delay_loss_db,
                                     .count = BCUE_DELAYS,
                                     .markers = true};
    const bcue_line_chart chart = {
        .options = {.title = "How long an answer stays good",
                    .description = "Mean loss of the answered beam when it is used so much later",
                    .width = 460},
        .x = {.title = "used so much later", .unit = "ms"},
        .y = {.title = "below the best", .unit = "dB", .from_zero = true},
        .series = &series,
        .series_count = 1};
    return add_lines(page, &chart, "Between two instants powers in dB are taken as linear.", error);
}

static bcue_status add_rates(bcue_page *page, const bcue_replay_score *score, bcue_error *error)
{
    const char *names[BCUE_POLICY_COUNT];
    double rates[BCUE_POLICY_COUNT];
    size_t count = 0;
    for (int p = 0; p < BCUE_POLICY_COUNT; p++) {
        if (!score->policies[p].available)
            continue;
        names[count] = bcue_policy_name((bcue_policy)p);
        rates[count++] = 100 * score->policies[p].rate;
    }
    const bcue_bar_series series = {.name = "rate", .values = rates};
    const bcue_bar_chart chart = {.options = {.title = "Rate after overhead",
                                              .description = "Rate that each way of finding the beam leaves",
                                              .width = 460},
                                  .value = {.title = "rate", .unit = "%", .from_zero = true},
                                  .categories = names,
                                  .category_count = count,
                                  .series = &series,
                                  .series_count = 1,
                                  .horizontal = true,
                                  .values = true,
                                  .decimals = 1};
    bcue_text svg = {0};
    bcue_status status = bcue_chart_bars(&chart, &svg, error);
    if (status == BCUE_OK)
        bcue_page_chart(page, &svg, "100 %: a link at 20 dB that knows the best beam without measuring any.");
    bcue_text_free(&svg);
    return status;
}

/* ---- the page ---- */

static void add_highlights(bcue_page *page, const bcue_playback *replay, const bcue_replay_score *score)
{
    const bcue_policy way = replay->calibrated ? BCUE_POLICY_SET : BCUE_POLICY_THREE;
    const double saved = 100 * (1 - score->policies[way].probes / replay->beams);
    char values[5][32], details[5][96];
    snprintf(values[0], sizeof values[0], "%.2f dB", score->usable_loss_db);
    snprintf(details[0], sizeof details[0], "of the first beam, when the answer was ready");
    snprintf(values[1], sizeof values[1], "%.1f %%", saved);
    snprintf(details[1], sizeof details[1], "%s, %.2f dB below the best", bcue_policy_name(way),
             score->policies[way].loss_db);
    snprintf(values[2], sizeof values[2], "%.1f %%", 100 * score->rung_share[BCUE_RUNG_NETWORK]);
    snprintf(details[2], sizeof details[2], "of the answers are the network's");
    snprintf(values[3], sizeof values[3], "%.1f ms", score->latency_ms[1]);
    snprintf(details[3], sizeof details[3], "p95 from bytes to answer; p50 %.1f, p99 %.1f",
             score->latency_ms[0], score->latency_ms[2]);
    snprintf(values[4], sizeof values[4], "%.0f ms%s", score->validity_ms,
             score->validity_ms < score->delay_ms[BCUE_DELAYS - 1] ? "" : " or more");
    snprintf(details[4], sizeof details[4], "until an answer has lost 1 dB");
    const bcue_page_fact facts[] = {{"Below the best beam", values[0], details[0]},
                                    {"Sweeps saved", values[1], details[1]},
                                    {"Available", values[2], details[2]},
                                    {"Latency", values[3], details[3]},
                                    {"Validity", values[4], details[4]}};
    bcue_page_highlights(page, facts, sizeof facts / sizeof *facts);
}

static bcue_status add_table(bcue_page *page, bcue_table *table, bcue_error *error)
{
    if (table == NULL)
        return bcue_fail_memory(error, "the page");
    bcue_page_table(page, table);
    bcue_table_destroy(table);
    return BCUE_OK;
}

static bcue_status fill_page(bcue_page *page, const bcue_playback *replay, const bcue_replay_score *score,
                             bcue_error *error)
{
    add_highlights(page, replay, score);
    if (!replay->test_part)
        bcue_page_callout(
            page, BCUE_CALLOUT_WARNING, "Read the numbers with this in mind",
            "The whole recording was played. If the model was trained on a part of it, give the "
            "configuration of its run instead of the folder: then only the test part is played.");
    bcue_page_section(page, "Over time");
    BCUE_TRY(add_tracks(page, replay, error));
    bcue_page_section(page, "Against the classical ways");
    BCUE_TRY(add_table(page, bcue_replay_policy_table(replay, score), error));
    bcue_page_grid_begin(page, BCUE_GRID_COLUMNS);
    BCUE_TRY(add_rates(page, score, error));
    BCUE_TRY(add_delays(page, score, error));
    bcue_page_grid_end(page);
    bcue_page_section(page, "Sensors and faults");
    BCUE_TRY(add_table(page, bcue_replay_answer_table(replay, score), error));
    BCUE_TRY(add_table(page, bcue_replay_sensor_table(replay), error));
    if (replay->fault_count > 0)
        BCUE_TRY(add_table(page, bcue_replay_fault_table(replay), error));
    if (replay->calibrated)
        BCUE_TRY(add_table(page, bcue_replay_set_table(replay), error));
    bcue_page_section(page, "In time");
    bcue_page_paragraph(
        page,
        "The longest operator of the network took %.2f ms: by so much a stop can come too late. %zu "
        "instants began late, because the one before took too long.",
        replay->longest_operator_ms, replay->behind);
    return add_table(page, bcue_replay_latency_table(replay, score), error);
}

bcue_status bcue_replay_write_page(const bcue_playback *replay, const bcue_replay_score *score,
                                   const char *title, const char *path, bcue_error *error)
{
    bcue_page *page = bcue_page_create("Beams from live frames", title);
    if (page == NULL)
        return bcue_fail_memory(error, path);
    bcue_origin_note note;
    bcue_origin_note_fill(&note, "beamcue predict --replay");
    bcue_status status = fill_page(page, replay, score, error);
    if (status == BCUE_OK)
        status = bcue_page_write(page, &note.provenance, path, error);
    bcue_page_destroy(page);
    return status;
}
