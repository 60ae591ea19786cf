#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/text.h"
#include "metrics/metric.h"

typedef enum { NO_PARAMETER, COUNT_K, LEVEL_DB } parameter_kind;

typedef struct {
    const char *before, *after; /* the name is before [parameter] after */
    parameter_kind parameter;
    const char *title_before, *title_after;
    const char *unit;
    bool higher_is_better;
} metric_words;

static const metric_words words[BCUE_METRIC_KIND_COUNT] = {
    [BCUE_METRIC_TOP_K] = {"top_", "", COUNT_K, "Top-", " accuracy", "%", true},
    [BCUE_METRIC_DBA] = {"dba", "", NO_PARAMETER, "DBA", "", "", true},
    [BCUE_METRIC_DBA_OFFICIAL] = {"dba_official", "", NO_PARAMETER, "DBA, challenge weights", "", "", true},
    [BCUE_METRIC_MPR] = {"mpr", "", NO_PARAMETER, "Mean percentile rank", "", "%", true},
    [BCUE_METRIC_RSS] = {"rss_db", "", NO_PARAMETER, "Mean RSS", "", "dBm", true},
    [BCUE_METRIC_LOSS] = {"loss_db", "", NO_PARAMETER, "Mean loss to the best beam", "", "dB", false},
    [BCUE_METRIC_WITHIN] = {"within_", "db", LEVEL_DB, "Top-1 within ", " dB", "%", true},
    [BCUE_METRIC_OUTAGE] = {"outage_", "db", LEVEL_DB, "Outage beyond ", " dB", "%", false},
    [BCUE_METRIC_POWER_LOSS] = {"power_loss_db", "", NO_PARAMETER, "Power loss, noise removed", "", "dB",
                                false},
    [BCUE_METRIC_TOP_K_LOSS] = {"top_", "_loss_db", COUNT_K, "Loss of the best of top-", "", "dB", false},
    [BCUE_METRIC_APL] = {"apl_db", "", NO_PARAMETER, "Average power loss (V2V)", "", "dB", true},
    [BCUE_METRIC_RATE_RATIO] = {"rate_ratio_", "db", LEVEL_DB, "Rate ratio at ", " dB", "%", true},
    [BCUE_METRIC_REACHABLE] = {"reachable", "", NO_PARAMETER, "Vehicles that some beam reaches", "", "%",
                               true},
    [BCUE_METRIC_VEHICLE_RSS] = {"vehicle_rss_db", "", NO_PARAMETER, "Mean RSS, reachable vehicles", "",
                                 "dBm", true},
    [BCUE_METRIC_VEHICLE_WORST] = {"vehicle_worst_db", "", NO_PARAMETER, "RSS of the worst reachable vehicle",
                                   "", "dBm", true},
    [BCUE_METRIC_VEHICLE_LOSS] = {"vehicle_loss_db", "", NO_PARAMETER, "Loss to each vehicle's own best beam",
                                  "", "dB", false},
    [BCUE_METRIC_VEHICLE_OUTAGE] = {"vehicle_outage", "", NO_PARAMETER, "Vehicles in outage", "", "%", false},
    [BCUE_METRIC_OVERHEAD_SAVING] = {"overhead_saving_", "", COUNT_K, "Overhead saved by top-", "", "%",
                                     true},
};

static void join(char *out, size_t size, const char *before, bcue_metric metric, const char *after)
{
    switch (words[metric.kind].parameter) {
    case COUNT_K:
        snprintf(out, size, "%s%" PRId32 "%s", before, metric.k, after);
        break;
    case LEVEL_DB:
        snprintf(out, size, "%s%.6g%s", before, metric.level_db, after);
        break;
    case NO_PARAMETER:
        snprintf(out, size, "%s", before);
        break;
    }
}

void bcue_metric_name(bcue_metric metric, char name[BCUE_METRIC_NAME_SIZE])
{
    join(name, BCUE_METRIC_NAME_SIZE, words[metric.kind].before, metric, words[metric.kind].after);
}

void bcue_metric_title(bcue_metric metric, char title[64])
{
    join(title, 64, words[metric.kind].title_before, metric, words[metric.kind].title_after);
}

const char *bcue_metric_unit(bcue_metric metric, bcue_power_unit power_unit)
{
    const bool level = metric.kind == BCUE_METRIC_RSS || metric.kind == BCUE_METRIC_VEHICLE_RSS ||
                       metric.kind == BCUE_METRIC_VEHICLE_WORST;
    if (level && power_unit == BCUE_POWER_ARBITRARY)
        return "dB rel.";
    return words[metric.kind].unit;
}

bool bcue_metric_higher_is_better(bcue_metric metric)
{
    return words[metric.kind].higher_is_better;
}

/* Does `name` fit this kind? */
static bool parse_as(const char *name, bcue_metric_kind kind, bcue_metric *metric)
{
    const metric_words *w = &words[kind];
    size_t total = strlen(name), before = strlen(w->before), after = strlen(w->after);
    *metric = (bcue_metric){.kind = kind};
    if (w->parameter == NO_PARAMETER)
        return strcmp(name, w->before) == 0;
    if (!bcue_starts_with(name, w->before) || !bcue_ends_with(name, w->after) || total <= before + after)
        return false;
    char number[24];
    size_t digits = total - before - after;
    if (digits >= sizeof number)
        return false;
    memcpy(number, name + before, digits);
    number[digits] = '\0';
    if (w->parameter == LEVEL_DB)
        return bcue_parse_double(number, &metric->level_db) && isfinite(metric->level_db);
    int64_t k;
    if (!bcue_parse_int64(number, &k) || k < 1 || k > INT32_MAX)
        return false;
    metric->k = (int32_t)k;
    return true;
}

bcue_status bcue_metric_parse(const char *name, bcue_metric *metric, bcue_error *error)
{
    static const char *const examples[] = {"top_1",
                                           "top_2",
                                           "top_3",
                                           "top_5",
                                           "top_10",
                                           "dba",
                                           "dba_official",
                                           "mpr",
                                           "rss_db",
                                           "loss_db",
                                           "within_1db",
                                           "outage_1db",
                                           "outage_3db",
                                           "power_loss_db",
                                           "top_3_loss_db",
                                           "apl_db",
                                           "rate_ratio_0db",
                                           "rate_ratio_10db",
                                           "rate_ratio_20db",
                                           "overhead_saving_5",
                                           "reachable",
                                           "vehicle_rss_db",
                                           "vehicle_worst_db",
                                           "vehicle_loss_db",
                                           "vehicle_outage"};
    for (int kind = 0; kind < BCUE_METRIC_KIND_COUNT; kind++) {
        bcue_metric parsed;
        if (parse_as(name, (bcue_metric_kind)kind, &parsed)) {
            *metric = parsed;
            return BCUE_OK;
        }
    }
    const char *near = bcue_nearest_word(name, examples, sizeof examples / sizeof *examples);
    return bcue_fail(error, BCUE_ERROR_ARGUMENT, "no metric is named \"%s\"; %s%s", name,
                     near != NULL ? "did you mean "
                                  : "some that are: top_3, dba, mpr, loss_db, power_loss_db, ",
                     near != NULL ? near : "outage_1db");
}
