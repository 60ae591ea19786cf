#include <math.h>

#include "base/fail.h"
#include "base/report_hooks.h"
#include "dataset/source_table.h"

enum { BCUE_ARGMAX_NONE = -1 };

/* The first of the largest among every `step`-th. */
static int64_t best_beam(const double *power, int64_t beams, int64_t step)
{
    int64_t best = 0;
    for (int64_t i = step; i < beams; i += step)
        if (power[i] > power[best])
            best = i;
    return best / step;
}

/* The place, in the file's own order, of the first number that is none. */
static int64_t first_not_finite(const double *power, int64_t beams, bool reversed)
{
    for (int64_t i = 0; i < beams; i++)
        if (!isfinite(power[reversed ? beams - 1 - i : i]))
            return i;
    return BCUE_ARGMAX_NONE;
}

static bool all_zero(const double *power, int64_t beams)
{
    for (int64_t i = 0; i < beams; i++)
        if (power[i] != 0)
            return false;
    return true;
}

typedef struct label_tally {
    int64_t compared, agree, agree_other_base, in_file, out_of_range, zero_labels;
} label_tally;

/* Drop a power vector that says nothing. */
static void screen_power(const bcue_source_job *job, bcue_row *row, bcue_defects *defects)
{
    int64_t beams = job->data->beams, base = job->source->beams_one_based ? 1 : 0;
    if (row->power == NULL) {
        defects->no_power++;
        return;
    }
    int64_t broken = first_not_finite(row->power, beams, job->source->reverse_beams);
    if (broken != BCUE_ARGMAX_NONE) {
        defects->nan_power++;
        if (row->file_label - base == broken)
            defects->nan_label_repaired++;
        row->power = NULL;
    } else if (all_zero(row->power, beams)) {
        defects->zero_power++;
        row->power = NULL;
    }
}

static void compare_label(const bcue_source_job *job, const bcue_row *row, bcue_defects *defects,
                          label_tally *tally)
{
    int64_t beams = job->data->beams, base = job->source->beams_one_based ? 1 : 0;
    double best = row->power[best_beam(row->power, beams, 1)];
    int64_t label = row->file_label - base, other = row->file_label - (1 - base);
    bool agrees = label >= 0 && label < beams && row->power[label] == best;
    bool other_agrees = other >= 0 && other < beams && row->power[other] == best;
    tally->compared++;
    if (agrees)
        tally->agree++;
    else if (other_agrees) {
        tally->agree_other_base++;
        defects->index_base_mixed++;
    } else if (label >= 0 && label < beams)
        defects->label_mismatch++;
}

static void decide(const bcue_source_job *job, bcue_row *row, bcue_defects *defects, label_tally *tally)
{
    int64_t beams = job->data->beams, step = job->data->beam_step,
            base = job->source->beams_one_based ? 1 : 0;
    bool said = row->file_label != INT64_MIN;
    bool distrusted =
        row->power_present; /* a label beside a broken power vector is the argmax of that vector */
    screen_power(job, row, defects);
    if (said) {
        int64_t label = row->file_label - base;
        tally->in_file++;
        if (label < 0 || label >= beams) {
            tally->out_of_range++;
            defects->label_out_of_range++;
            if (row->file_label == (base == 1 ? 0 : beams) && row->power == NULL)
                defects->index_base_mixed++;
        }
    }
    if (row->power != NULL) {
        if (said)
            compare_label(job, row, defects, tally);
        row->label = (int32_t)best_beam(row->power, beams, step);
        return;
    }
    int64_t label = said && !distrusted ? row->file_label - base : -1;
    /* The best of every second beam cannot be told from the best of all, unless it is one of the kept. */
    if (label >= 0 && label < beams && label % step == 0)
        row->label = (int32_t)(label / step);
    else
        defects->no_label++;
}

bcue_status bcue_labels_resolve(bcue_source_job *job, bcue_error *error)
{
    bcue_source_table *table = job->table;
    label_tally tally = {0};
    for (size_t i = 0; i < table->row_count; i++)
        decide(job, &table->rows[i], &table->defects, &tally);
    if (tally.out_of_range * 2 > tally.in_file)
        return bcue_source_fail(job, error, "beams_one_based",
                                "%s: %lld of %lld labels are no beam of %s; set beams_one_based and "
                                "data.beams to what the file has",
                                table->name, (long long)tally.out_of_range, (long long)tally.in_file,
                                job->source->beams_one_based ? "1 .. data.beams" : "0 .. data.beams - 1");
    if (tally.agree_other_base * 2 > tally.compared)
        return bcue_source_fail(job, error, "beams_one_based",
                                "%s: %lld of %lld labels match their power vectors only when counted from "
                                "%d; set beams_one_based: %s",
                                table->name, (long long)tally.agree_other_base, (long long)tally.compared,
                                job->source->beams_one_based ? 0 : 1,
                                job->source->beams_one_based ? "false" : "true");
    if ((tally.compared - tally.agree) * 2 > tally.compared)
        bcue_log(job->hooks, BCUE_LOG_WARNING,
                 "%s: only %lld of %lld labels in the CSV are the best beam of their power vector; the power "
                 "vector is used. Is the "
                 "beam axis reversed (reverse_beams)?",
                 table->name, (long long)tally.agree, (long long)tally.compared);
    return BCUE_OK;
}
