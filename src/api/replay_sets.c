/* Replays: what the sets of a calibrated model covered, pattern by pattern. */
#include <math.h>

#include "api/replay_score.h"

enum { MOST_GROUPS = 64 };

/* The instants of one pattern of sensors. */
typedef struct group {
    bcue_sensor_pattern pattern;
    size_t count, covered;
    double beams;
} group;

static bool same_pattern(const bcue_sensor_pattern *a, const bcue_sensor_pattern *b)
{
    return a->missing == b->missing && a->held == b->held && a->partly == b->partly && a->basis == b->basis;
}

static group *find_group(group *groups, size_t *count, const bcue_sensor_pattern *pattern)
{
    size_t i = 0;
    while (i < *count && !same_pattern(&groups[i].pattern, pattern))
        i++;
    if (i == MOST_GROUPS)
        return NULL;
    if (i == *count)
        groups[(*count)++] = (group){.pattern = *pattern};
    return &groups[i];
}

static void list_sensors(bcue_text *out, const char *before, unsigned sensors, const char *after)
{
    const char *between = "";
    if (sensors == 0)
        return;
    bcue_text_printf(out, "%s%s", out->size > 0 ? ", " : "", before);
    for (int s = 0; s < BCUE_SENSOR_COUNT; s++)
        if ((sensors & 1U << s) != 0) {
            bcue_text_printf(out, "%s%s", between, bcue_sensor_name((bcue_sensor)s));
            between = " + ";
        }
    bcue_text_puts(out, after);
}

static void name_pattern(const bcue_sensor_pattern *pattern, bcue_text *out)
{
    list_sensors(out, "no ", pattern->missing, "");
    list_sensors(out, "", pattern->held, " held");
    if (pattern->partly)
        bcue_text_printf(out, "%sgaps, or held for longer", out->size > 0 ? ", " : "");
    if (out->size == 0)
        bcue_text_puts(out, "all there");
}

bcue_table *bcue_replay_set_table(const bcue_playback *replay)
{
    const bcue_column columns[] = {{"sensors", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"set", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"share", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"best beam in it", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"beams", NULL, BCUE_ALIGN_RIGHT, 1}};
    group groups[MOST_GROUPS];
    size_t count = 0, scored = 0;
    for (size_t i = 0; i < replay->count; i++) {
        const bcue_replay_row *row = &replay->rows[i];
        scored += row->scored;
        group *g = row->scored && row->probe > 0 && !isnan(row->probe_loss_db)
                       ? find_group(groups, &count, &row->pattern)
                       : NULL;
        if (g == NULL)
            continue;
        g->count++;
        g->covered += row->probe_loss_db <= 0;
        g->beams += (double)row->probe;
    }
    bcue_table *table =
        bcue_table_create("Sets of beams to probe, by sensors", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; table != NULL && i < count; i++) {
        const group *g = &groups[i];
        bcue_text name = {0};
        name_pattern(&g->pattern, &name);
        bcue_table_row(table);
        bcue_table_text(table, name.data);
        bcue_table_text(table, g->pattern.basis == BCUE_SET_OWN ? "calibrated" : "widest");
        bcue_table_number(table, 100.0 * (double)g->count / (double)scored);
        bcue_table_number(table, 100.0 * (double)g->covered / (double)g->count);
        bcue_table_number(table, g->beams / (double)g->count);
        bcue_text_free(&name);
    }
    if (table != NULL)
        bcue_table_footnote(table, "widest: never calibrated for these sensors, so the widest of the model's "
                                   "sets, without a promise. Shares of instants, not of episodes");
    return table;
}
