#include "api/replay_score.h"

#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "metrics/quantile.h"

/* One beam measured in a slot of 0.125 ms (120 kHz subcarriers), every 20 ms; the best beam has 20 dB. */
static const double slot_ms = 0.125, frame_ms = 20.0, best_snr = 100.0;
enum { SWEEP_EVERY = 10 };

const char *bcue_policy_name(bcue_policy policy)
{
    static const char *const names[] = {
        "exhaustive sweep", "hierarchical sweep", "last beam, a sweep every 10th",
        "position alone",   "first beam",         "first three probed",
        "set probed"};
    return names[policy];
}

/* ---- beams ---- */

static int32_t strongest(const double *power, int32_t first, int32_t count)
{
    int32_t best = first;
    for (int32_t b = first; b < first + count; b++)
        best = power[b] > power[best] ? b : best;
    return best;
}

static int32_t hierarchical(const double *power, int32_t beams, double *probes)
{
    const int32_t size = (int32_t)lround(sqrt((double)beams)), groups = (beams + size - 1) / size;
    int32_t best = 0;
    double best_mean = -1;
    for (int32_t g = 0; g < groups; g++) {
        const int32_t first = g * size, count = first + size <= beams ? size : beams - first;
        double sum = 0;
        for (int32_t b = first; b < first + count; b++)
            sum += power[b];
        if (sum / count > best_mean) {
            best_mean = sum / count;
            best = first;
        }
    }
    *probes = groups + size;
    return strongest(power, best, best + size <= beams ? size : beams - best);
}

/* Of a beam so many dB below the best, after so many probes. */
static double rate_of(double loss_db, double probes)
{
    const double lost = probes * slot_ms / frame_ms;
    return (lost < 1 ? 1 - lost : 0) * log2(1 + best_snr * pow(10, -0.1 * loss_db)) / log2(1 + best_snr);
}

static double in_db(double power)
{
    return 10 * log10(power > 1e-300 ? power : 1e-300);
}

/* A beam without any power is as bad as one 60 dB below. */
static double loss_of(const double *power, int32_t beams, int32_t beam)
{
    return fmin(60, in_db(power[strongest(power, 0, beams)]) - in_db(power[beam]));
}

typedef struct outcome {
    double loss_db, probes;
} outcome;

/* `swept`: best beam of the last sweep, -1: none yet. */
static outcome follow(const bcue_playback *replay, const bcue_replay_row *row, bcue_policy policy,
                      int32_t swept, bool sweeps_now)
{
    const double *power = row->sample->power;
    const int32_t beams = replay->beams;
    const outcome sweep = {0, beams};
    outcome done = sweep;
    int32_t beam;
    switch (policy) {
    case BCUE_POLICY_EXHAUSTIVE:
        return sweep;
    case BCUE_POLICY_HIERARCHICAL:
        beam = hierarchical(power, beams, &done.probes);
        done.loss_db = loss_of(power, beams, beam);
        return done;
    case BCUE_POLICY_LAST:
        return sweeps_now || swept < 0 ? sweep : (outcome){loss_of(power, beams, swept), 0};
    case BCUE_POLICY_TRACKER:
        return row->tracked < 0 ? sweep : (outcome){loss_of(power, beams, row->tracked), 0};
    case BCUE_POLICY_FIRST:
        return isnan(row->loss_db) ? sweep : (outcome){row->loss_db, 0};
    case BCUE_POLICY_THREE:
        return isnan(row->loss3_db) ? sweep : (outcome){row->loss3_db, 3};
    default:
        return isnan(row->probe_loss_db) ? sweep : (outcome){row->probe_loss_db, (double)row->probe};
    }
}

static void score_policies(const bcue_playback *replay, bcue_replay_score *score)
{
    int32_t swept = -1;
    size_t instant = 0, counted = 0;
    double sums[BCUE_POLICY_COUNT][4] = {{0}};
    bool tracked = false;
    for (size_t i = 0; i < replay->count; i++) {
        const bcue_replay_row *row = &replay->rows[i];
        if (i == 0 || row->episode != replay->rows[i - 1].episode) {
            swept = -1;
            instant = 0;
        }
        const bool sweeps_now = instant++ % SWEEP_EVERY == 0;
        if (sweeps_now && row->sample->power != NULL)
            swept = strongest(row->sample->power, 0, replay->beams);
        if (!row->scored || row->sample->power == NULL)
            continue;
        counted++;
        tracked = tracked || row->tracked >= 0;
        for (int p = 0; p < BCUE_POLICY_COUNT; p++) {
            const outcome o = follow(replay, row, (bcue_policy)p, swept, sweeps_now);
            sums[p][0] += o.loss_db;
            sums[p][1] += o.probes;
            sums[p][2] += rate_of(o.loss_db, o.probes);
            sums[p][3] += o.loss_db <= 0;
        }
    }
    score->scored = counted;
    for (int p = 0; p < BCUE_POLICY_COUNT && counted > 0; p++) {
        const double n = (double)counted;
        score->policies[p] = (bcue_policy_score){.available = true,
                                                 .loss_db = sums[p][0] / n,
                                                 .probes = sums[p][1] / n,
                                                 .rate = sums[p][2] / n,
                                                 .found = sums[p][3] / n};
    }
    score->policies[BCUE_POLICY_HIERARCHICAL].available = replay->monotone;
    score->policies[BCUE_POLICY_TRACKER].available = tracked;
    score->policies[BCUE_POLICY_SET].available = replay->calibrated;
}

/* ---- later ---- */

/* How far the first beam of row i is below the best `later_s` after it; powers in dB are linear in between,
   and stay after the last instant of an episode. NaN: unknown. */
static double loss_later_db(const bcue_playback *replay, size_t i, double later_s)
{
    const bcue_replay_row *row = &replay->rows[i];
    size_t a = i;
    const double at_s = row->time_s + later_s;
    while (a + 1 < replay->count && replay->rows[a + 1].episode == row->episode &&
           replay->rows[a + 1].time_s <= at_s)
        a++;
    const bool more = a + 1 < replay->count && replay->rows[a + 1].episode == row->episode;
    const bcue_replay_row *from = &replay->rows[a], *to = more ? &replay->rows[a + 1] : from;
    const double *p = from->sample->power, *q = to->sample->power;
    if (row->first < 0 || p == NULL || q == NULL)
        return NAN;
    const double share = more ? (at_s - from->time_s) / (to->time_s - from->time_s) : 0;
    double best_db = -INFINITY, reached_db = NAN;
    for (int32_t b = 0; b < replay->beams; b++) {
        const double db = (1 - share) * in_db(p[b]) + share * in_db(q[b]);
        best_db = db > best_db ? db : best_db;
        if (b == row->first)
            reached_db = db;
    }
    return fmin(60, best_db - reached_db);
}

static void score_delays(const bcue_playback *replay, double extra_ms, bcue_replay_score *score)
{
    double usable = 0;
    size_t usable_count = 0;
    for (int d = 0; d < BCUE_DELAYS; d++) {
        double sum = 0;
        size_t count = 0;
        score->delay_ms[d] = 20.0 * d;
        for (size_t i = 0; i < replay->count; i++) {
            const double loss_db =
                replay->rows[i].scored ? loss_later_db(replay, i, 1e-3 * score->delay_ms[d]) : NAN;
            sum += isnan(loss_db) ? 0 : loss_db;
            count += isnan(loss_db) ? 0 : 1;
        }
        score->delay_loss_db[d] = count > 0 ? sum / (double)count : NAN;
    }
    for (size_t i = 0; i < replay->count; i++) {
        const bcue_replay_row *row = &replay->rows[i];
        const double loss_db =
            row->scored ? loss_later_db(replay, i, 1e-3 * (extra_ms + row->latency_ms)) : NAN;
        usable += isnan(loss_db) ? 0 : loss_db;
        usable_count += isnan(loss_db) ? 0 : 1;
    }
    score->usable_loss_db = usable_count > 0 ? usable / (double)usable_count : NAN;
    const double limit_db = score->delay_loss_db[0] + 1;
    score->validity_ms = score->delay_ms[BCUE_DELAYS - 1];
    for (int d = 1; d < BCUE_DELAYS; d++) {
        const double low = score->delay_loss_db[d - 1], high = score->delay_loss_db[d];
        if (!(high > limit_db))
            continue;
        score->validity_ms = score->delay_ms[d - 1] +
                             (score->delay_ms[d] - score->delay_ms[d - 1]) * (limit_db - low) / (high - low);
        break;
    }
}

/* ---- times and states ---- */

static void quantiles(double *values, size_t count, double out[3])
{
    static const double at[3] = {0.5, 0.95, 0.99};
    bcue_sort_doubles(values, count);
    for (int i = 0; i < 3; i++)
        out[i] = bcue_quantile_sorted(values, count, at[i]);
}

static bcue_status score_times(const bcue_playback *replay, bcue_replay_score *score, bcue_error *error)
{
    double *values = bcue_calloc(replay->count, sizeof *values);
    if (values == NULL)
        return bcue_fail_memory(error, "the scores");
    for (size_t i = 0; i < replay->count; i++)
        values[i] = replay->rows[i].latency_ms;
    quantiles(values, replay->count, score->latency_ms);
    for (size_t i = 0; i < replay->count; i++)
        values[i] = replay->rows[i].prepare_ms;
    quantiles(values, replay->count, score->prepare_ms);
    for (size_t i = 0; i < replay->count; i++)
        values[i] = replay->rows[i].network_ms;
    quantiles(values, replay->count, score->network_ms);
    for (size_t i = 0; i < replay->count; i++)
        values[i] = replay->rows[i].compressed_ms;
    quantiles(values, replay->count, score->compressed_ms);
    free(values);
    return BCUE_OK;
}

/* 0: every sensor that the model takes is used, 1: one is held, 2: one is zeros. */
static int worst_state(const bcue_replay_row *row)
{
    int worst = 0;
    for (int s = 0; s < BCUE_SENSOR_COUNT; s++) {
        const bcue_source_state state = row->sources[s].state;
        const int bad = state == BCUE_SOURCE_HELD ? 1 : state == BCUE_SOURCE_ZERO ? 2 : 0;
        worst = bad > worst ? bad : worst;
    }
    return worst;
}

static void score_states(const bcue_playback *replay, bcue_replay_score *score)
{
    size_t known[3] = {0};
    for (size_t i = 0; i < replay->count; i++) {
        const bcue_replay_row *row = &replay->rows[i];
        const int state = worst_state(row);
        score->rung_share[row->rung] += 1.0 / (double)replay->count;
        score->late_share += row->late / (double)replay->count;
        score->cut_share += row->cut / (double)replay->count;
        score->compressed_cut_share += row->compressed_cut / (double)replay->count;
        score->state_count[state]++;
        if (!row->scored || isnan(row->loss_db))
            continue;
        score->state_loss_db[state] += row->loss_db;
        known[state]++;
    }
    for (int s = 0; s < 3; s++)
        score->state_loss_db[s] = known[s] > 0 ? score->state_loss_db[s] / (double)known[s] : NAN;
}

bcue_status bcue_replay_score_make(const bcue_playback *replay, bcue_replay_score *score, bcue_error *error)
{
    *score = (bcue_replay_score){0};
    score_policies(replay, score);
    if (score->scored == 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "none of the %zu instants has a power per beam to compare the answers with",
                         replay->count);
    score_delays(replay, replay->delay_ms, score);
    score_states(replay, score);
    return score_times(replay, score, error);
}

/* ---- tables ---- */

bcue_table *bcue_replay_policy_table(const bcue_playback *replay, const bcue_replay_score *score)
{
    const bcue_column columns[] = {{"way", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"best beam used", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"below the best", "dB", BCUE_ALIGN_RIGHT, 2},
                                   {"beams measured", NULL, BCUE_ALIGN_RIGHT, 1},
                                   {"sweeps saved", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"rate", "%", BCUE_ALIGN_RIGHT, 1}};
    bcue_table *table = bcue_table_create("Ways to find the beam", columns, sizeof columns / sizeof *columns);
    for (int p = 0; table != NULL && p < BCUE_POLICY_COUNT; p++) {
        const bcue_policy_score *s = &score->policies[p];
        if (!s->available)
            continue;
        bcue_table_row(table);
        bcue_table_text(table, bcue_policy_name((bcue_policy)p));
        bcue_table_number(table, 100 * s->found);
        bcue_table_number(table, s->loss_db);
        bcue_table_number(table, s->probes);
        bcue_table_number(table, 100 * (1 - s->probes / replay->beams));
        bcue_table_number(table, 100 * s->rate);
    }
    if (table != NULL)
        bcue_table_footnote(
            table,
            "%zu instants with a measured power per beam. Rate: of a link at 20 dB that knows the "
            "best beam for nothing; every beam measured takes 0.125 ms of each 20 ms. Where the "
            "answer is to sweep, all beams are measured.",
            score->scored);
    return table;
}

bcue_table *bcue_replay_answer_table(const bcue_playback *replay, const bcue_replay_score *score)
{
    const bcue_column columns[] = {{"answers", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"share", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"below the best", "dB", BCUE_ALIGN_RIGHT, 2}};
    static const char *const states[3] = {"all sensors there", "one or more held", "one or more zeros"};
    bcue_table *table = bcue_table_create("Answers", columns, sizeof columns / sizeof *columns);
    for (int r = BCUE_RUNG_NETWORK; table != NULL && r >= 0; r--) {
        double sum = 0;
        size_t count = 0;
        if (r == BCUE_RUNG_COMPRESSED && !replay->compressed)
            continue;
        for (size_t i = 0; i < replay->count; i++) {
            const bcue_replay_row *row = &replay->rows[i];
            if ((int)row->rung != r || !row->scored || isnan(row->loss_db))
                continue;
            sum += row->loss_db;
            count++;
        }
        bcue_table_row(table);
        bcue_table_printf(table, "rung: %s", bcue_rung_name((bcue_rung)r));
        bcue_table_number(table, 100 * score->rung_share[r]);
        bcue_table_number(table, count > 0 ? sum / (double)count : NAN);
    }
    if (table != NULL)
        bcue_table_rule(table);
    for (int s = 0; table != NULL && s < 3; s++) {
        bcue_table_row(table);
        bcue_table_text(table, states[s]);
        bcue_table_number(table, 100.0 * (double)score->state_count[s] / (double)replay->count);
        bcue_table_number(table, score->state_loss_db[s]);
    }
    if (table != NULL) {
        bcue_table_rule(table);
        bcue_table_row(table);
        bcue_table_text(table, "network stopped");
        bcue_table_number(table, 100 * score->cut_share);
        bcue_table_row(table);
        if (replay->compressed) {
            bcue_table_text(table, "compressed stopped");
            bcue_table_number(table, 100 * score->compressed_cut_share);
            bcue_table_row(table);
        }
        bcue_table_text(table, "late, and said so");
        bcue_table_number(table, 100 * score->late_share);
    }
    return table;
}

bcue_table *bcue_replay_sensor_table(const bcue_playback *replay)
{
    const bcue_column columns[] = {
        {"sensor", NULL, BCUE_ALIGN_LEFT, 0},  {"used", "%", BCUE_ALIGN_RIGHT, 1},
        {"held", "%", BCUE_ALIGN_RIGHT, 1},    {"zeros", "%", BCUE_ALIGN_RIGHT, 1},
        {"behind", "%", BCUE_ALIGN_RIGHT, 1},  {"frames held", "%", BCUE_ALIGN_RIGHT, 1},
        {"carried", "%", BCUE_ALIGN_RIGHT, 1}, {"why not", NULL, BCUE_ALIGN_LEFT, 0}};
    bcue_table *table = bcue_table_create("Sensors", columns, sizeof columns / sizeof *columns);
    for (int s = 0; table != NULL && s < BCUE_SENSOR_COUNT; s++) {
        size_t states[4] = {0}, reasons[BCUE_VERDICT_COUNT] = {0}, behind = 0;
        double held = 0, carried = 0, places = 0;
        bcue_text why = {0};
        for (size_t i = 0; i < replay->count; i++) {
            const bcue_source *source = &replay->rows[i].sources[s];
            states[source->state]++;
            reasons[source->reason]++;
            behind += source->behind > 0;
            held += source->held;
            carried += source->carried;
            places += source->frames + source->held + source->carried + source->missing;
        }
        if (states[BCUE_SOURCE_UNWANTED] == replay->count)
            continue;
        for (int v = BCUE_FRAME_GOOD + 1; v < BCUE_VERDICT_COUNT; v++)
            if (reasons[v] > 0)
                bcue_text_printf(&why, "%s%s %zu", why.size > 0 ? ", " : "",
                                 bcue_verdict_name((bcue_verdict)v), reasons[v]);
        bcue_table_row(table);
        bcue_table_text(table, bcue_sensor_name((bcue_sensor)s));
        for (int k = BCUE_SOURCE_USED; k <= BCUE_SOURCE_ZERO; k++)
            bcue_table_number(table, 100.0 * (double)states[k] / (double)replay->count);
        bcue_table_number(table, 100.0 * (double)behind / (double)replay->count);
        bcue_table_number(table, places > 0 ? 100.0 * held / places : 0);
        bcue_table_number(table, places > 0 ? 100.0 * carried / places : 0);
        bcue_table_text(table, why.data);
        bcue_text_free(&why);
    }
    return table;
}

bcue_table *bcue_replay_fault_table(const bcue_playback *replay)
{
    const bcue_column columns[] = {
        {"fault", NULL, BCUE_ALIGN_LEFT, 0},     {"frames", NULL, BCUE_ALIGN_RIGHT, 0},
        {"lost", NULL, BCUE_ALIGN_RIGHT, 0},     {"rejected", NULL, BCUE_ALIGN_RIGHT, 0},
        {"believed", NULL, BCUE_ALIGN_RIGHT, 0}, {"as", NULL, BCUE_ALIGN_LEFT, 0}};
    if (replay->fault_count == 0)
        return NULL;
    bcue_table *table =
        bcue_table_create("Faults, and how they were met", columns, sizeof columns / sizeof *columns);
    for (size_t f = 0; table != NULL && f < replay->fault_count; f++) {
        const bcue_fault *fault = &replay->faults[f];
        bcue_text as = {0};
        size_t rejected = 0;
        for (int v = BCUE_FRAME_GOOD + 1; v < BCUE_VERDICT_COUNT; v++) {
            rejected += fault->met[v];
            if (fault->met[v] > 0)
                bcue_text_printf(&as, "%s%s %zu", as.size > 0 ? ", " : "", bcue_verdict_name((bcue_verdict)v),
                                 fault->met[v]);
        }
        bcue_table_row(table);
        bcue_table_text(table, fault->text);
        bcue_table_number(table, (double)fault->frames);
        bcue_table_number(table, (double)fault->lost);
        bcue_table_number(table, (double)rejected);
        bcue_table_number(table, (double)fault->met[BCUE_FRAME_GOOD]);
        bcue_table_text(table, as.data);
        bcue_text_free(&as);
    }
    return table;
}

bcue_table *bcue_replay_latency_table(const bcue_playback *replay, const bcue_replay_score *score)
{
    const bcue_column columns[] = {{"time", "ms", BCUE_ALIGN_LEFT, 0},
                                   {"p50", NULL, BCUE_ALIGN_RIGHT, 2},
                                   {"p95", NULL, BCUE_ALIGN_RIGHT, 2},
                                   {"p99", NULL, BCUE_ALIGN_RIGHT, 2}};
    const struct {
        const char *name;
        const double *values;
    } rows[] = {{"frames: decode and prepare", score->prepare_ms},
                {"compressed", score->compressed_ms},
                {"network", score->network_ms},
                {"from bytes to answer", score->latency_ms}};
    bcue_table *table = bcue_table_create("Latency", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; table != NULL && i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].values == score->compressed_ms && !replay->compressed)
            continue;
        bcue_table_row(table);
        bcue_table_text(table, rows[i].name);
        for (int q = 0; q < 3; q++)
            bcue_table_number(table, rows[i].values[q]);
    }
    return table;
}
