/* What the answered beams do for each vehicle of the samples. */
#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "formats/npy.h"
#include "learn/predictions.h"

/* -200 dBm: where no path arrives, and what less counts as (the CRKD paper's simulator). */
static const double floor_mw = 1e-20;

static double dbm(double power_mw)
{
    return 10 * log10(power_mw > floor_mw ? power_mw : floor_mw);
}

static void score_vehicles(const bcue_npy *power, int32_t beam, double outage_dbm, double *scores)
{
    const size_t vehicles = power->shape[0], beams = power->shape[1];
    double reachable = 0, rss = 0, worst = HUGE_VAL, loss = 0, outage = 0;
    for (size_t v = 0; v < vehicles; v++) {
        const double *row = (const double *)power->data + v * beams;
        double best = 0;
        for (size_t b = 0; b < beams; b++)
            best = row[b] > best ? row[b] : best;
        const double heard = dbm(row[beam]);
        outage += heard < outage_dbm || best <= floor_mw;
        if (best <= floor_mw)
            continue;
        reachable++;
        rss += heard;
        worst = heard < worst ? heard : worst;
        loss += dbm(best) - heard;
    }
    scores[BCUE_VEHICLE_REACHABLE] = reachable / (double)vehicles;
    scores[BCUE_VEHICLE_OUTAGE] = outage / (double)vehicles;
    scores[BCUE_VEHICLE_RSS] = reachable > 0 ? rss / reachable : NAN;
    scores[BCUE_VEHICLE_WORST] = reachable > 0 ? worst : NAN;
    scores[BCUE_VEHICLE_LOSS] = reachable > 0 ? loss / reachable : NAN;
}

static bcue_status check_array(const bcue_npy *power, const char *path, int64_t beams, bcue_error *error)
{
    if (power->type != BCUE_NPY_F64 || power->rank != 2 || power->shape[0] == 0 ||
        (int64_t)power->shape[1] != beams)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: expected float64 (vehicles, %lld), the power of every beam for every vehicle; "
                         "was the recording made with another codebook?",
                         path, (long long)beams);
    for (size_t i = 0; i < power->count; i++) {
        const double value = ((const double *)power->data)[i];
        if (!(isfinite(value) && value >= 0))
            return bcue_fail(error, BCUE_ERROR_DATA, "%s: power %zu is %g; expected a number of 0 or more",
                             path, i, value);
    }
    return BCUE_OK;
}

bcue_status bcue_predictions_rate_vehicles(const bcue_dataset *dataset, const size_t *samples,
                                           double outage_dbm, bcue_predictions *p, bcue_error *error)
{
    if (bcue_dataset_beam_step(dataset) != 1) /* which beams were kept is the table's affair */
        return BCUE_OK;
    for (size_t i = 0; i < p->rows; i++) {
        const bcue_sample *sample = bcue_dataset_sample(dataset, samples[i]);
        if (sample->vehicle_power == NULL)
            continue;
        bcue_npy power = {0};
        char *path = bcue_dataset_path(dataset, sample, sample->vehicle_power);
        bcue_status status =
            path == NULL ? bcue_fail_memory(error, "the vehicles") : bcue_npy_read(path, &power, error);
        if (status == BCUE_OK)
            status = check_array(&power, path, p->beams, error);
        if (status == BCUE_OK)
            score_vehicles(&power, p->ranked[i * (size_t)p->ranked_count], outage_dbm,
                           p->vehicle + i * BCUE_VEHICLE_SCORES);
        bcue_npy_free(&power);
        free(path);
        BCUE_TRY(status);
    }
    return BCUE_OK;
}
