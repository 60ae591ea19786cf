#include "models/calibration.h"

#include <stddef.h>

#include "base/fail.h"

#define FIELD(member) offsetof(bcue_calibration, member)
#define REAL(key, member, low, high, text)                                                                   \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_DOUBLE, .offset = FIELD(member), .minimum = (low),                \
        .maximum = (high), .required = true, .help = (text)                                                  \
    }
#define REALS(key, member, low, high, text)                                                                  \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_DOUBLE_LIST, .offset = FIELD(member), .fallback = "[]",           \
        .minimum = (low), .maximum = (high), .help = (text)                                                  \
    }
#define WHOLE(key, member, text)                                                                             \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_INT, .offset = FIELD(member), .minimum = 1, .maximum = 1e15,      \
        .required = true, .help = (text)                                                                     \
    }
const bcue_config_field bcue_calibration_fields[] = {
    REAL("temperature", temperature, 0.01, 100, "probabilities are taken to the power 1 / this"),
    REAL("error_before", error_before, 0, 1, "expected calibration error without it"),
    REAL("error_after", error_after, 0, 1, "and with it"),
    REALS("coverage", coverage, 0, 1, "shares of samples of new episodes"),
    REALS("threshold", threshold, 0, 2, "for each: probability of the set; above 1: all beams"),
    REAL("margin_db", margin_db, 0, 100, "0: no thresholds for a margin"),
    REALS("margin_threshold", margin_threshold, 0, 2, "likewise for a beam within margin_db of the best"),
    WHOLE("episodes", episodes, "made with so many"),
    WHOLE("samples", samples, "made with so many"),
    {.name = "data", .type = BCUE_CONFIG_STRING, .offset = FIELD(data), .help = "hash of the data set"},
    {0}};

bcue_status bcue_calibration_check(const bcue_calibration *c, const char *name, bcue_error *error)
{
    bool right = c->threshold.count == c->coverage.count &&
                 c->margin_threshold.count == (c->margin_db > 0.0 ? c->coverage.count : 0);
    for (size_t i = 1; right && i < c->coverage.count; i++)
        right = c->coverage.items[i] > c->coverage.items[i - 1];
    return right
               ? BCUE_OK
               : bcue_fail(error, BCUE_ERROR_FORMAT,
                           "%s: its calibration does not have one threshold for each coverage; make it again "
                           "with 'beamcue calibrate'",
                           name);
}

bcue_status bcue_calibration_threshold(const bcue_calibration *c, double coverage, double margin_db,
                                       double *threshold, bcue_error *error)
{
    if (margin_db > 0.0 && (margin_db < c->margin_db || margin_db > c->margin_db))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "the model is calibrated for the best beam%s, not for a margin of %g dB",
                         c->margin_db > 0.0 ? " and one other margin" : "", margin_db);
    for (size_t i = 0; i < c->coverage.count; i++) {
        if (c->coverage.items[i] < coverage - 1e-12)
            continue;
        *threshold = margin_db > 0.0 ? c->margin_threshold.items[i] : c->threshold.items[i];
        return BCUE_OK;
    }
    return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                     "the model is calibrated for a coverage of up to %g, not %g; calibrate it again with "
                     "calibrate.coverage",
                     c->coverage.count > 0 ? c->coverage.items[c->coverage.count - 1] : 0.0, coverage);
}
