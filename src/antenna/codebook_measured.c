#include <stdlib.h>
#include <string.h>
#include "antenna/codebook_make.h"
#include "base/fail.h"
#include "base/memory.h"

static bcue_status check(const double *azimuths, const double *magnitudes, size_t beams, size_t samples,
                         bcue_error *error)
{
    size_t total;
    if (beams == 0 || samples < 2 || !bcue_mul_size(beams, samples, &total))
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "measured beams need at least one beam and two directions (%zu beams, %zu directions)", beams,
            samples);
    bool rising = azimuths[1] > azimuths[0];
    for (size_t s = 0; s < samples; s++)
        if (!isfinite(azimuths[s]) ||
            (s > 0 && !(rising ? azimuths[s] > azimuths[s - 1] : azimuths[s] < azimuths[s - 1])))
            return bcue_fail(
                error, BCUE_ERROR_DATA,
                "the azimuths of measured beams must rise or fall strictly; direction %zu does not", s);
    for (size_t i = 0; i < total; i++)
        if (!(magnitudes[i] >= 0.0) || !isfinite(magnitudes[i]))
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "measured beam %zu has the amplitude %g in direction %zu", i / samples,
                             magnitudes[i], i % samples);
    return BCUE_OK;
}

bcue_status bcue_codebook_make_measured(const double *azimuths, const double *magnitudes, size_t beams,
                                        size_t samples, bool index_monotone, bcue_codebook *codebook,
                                        bcue_error *error)
{
    BCUE_TRY(check(azimuths, magnitudes, beams, samples, error));
    bcue_codebook made;
    bool ok = bcue_codebook_allocate(beams, 0, &made);
    if (ok) {
        made.sample_azimuth = bcue_calloc(samples, sizeof *made.sample_azimuth);
        made.sample_gain = bcue_calloc(beams * samples, sizeof *made.sample_gain);
        if (!made.sample_azimuth || !made.sample_gain) {
            bcue_codebook_free(&made);
            ok = false;
        }
    }
    if (!ok)
        return bcue_fail_memory(error, "the measured beams");
    bool rising = azimuths[1] > azimuths[0];
    for (size_t s = 0; s < samples; s++)
        made.sample_azimuth[s] = azimuths[rising ? s : samples - 1 - s];
    for (size_t b = 0; b < beams; b++) {
        size_t peak = 0;
        double *gain = made.sample_gain + b * samples;
        for (size_t s = 0; s < samples; s++) {
            double magnitude = magnitudes[b * samples + (rising ? s : samples - 1 - s)];
            gain[s] = magnitude * magnitude;
            if (gain[s] > gain[peak])
                peak = s;
        }
        made.azimuth[b] = made.sample_azimuth[peak];
    }
    free(made.mirror); /* no two measured beams are alike */
    made.mirror = NULL;
    made.samples = samples;
    made.index_monotone = index_monotone;
    *codebook = made;
    return BCUE_OK;
}
