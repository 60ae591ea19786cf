#include "simulate/sim_codebook.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/mat.h"

#define DEGREE (BCUE_PI / 180.0)
/* More directions than a pattern of hundredths of a degree has. */
#define MOST_DIRECTIONS 65536

/* Beam `beam` of a folder; 211 directions for the published ones. */
static bcue_status read_pattern(const char *folder, size_t beam, bcue_mat *pattern, bcue_error *error)
{
    char name[64];
    snprintf(name, sizeof name, "built_in_beam_pattern_%zu.mat", beam);
    char *path = bcue_path_join(folder, name);
    if (!path)
        return bcue_fail_memory(error, "the measured beams");
    bcue_status status = bcue_mat_read(path, "beam_pattern", pattern, error);
    if (status == BCUE_OK && (pattern->count < 2 || pattern->count > MOST_DIRECTIONS)) {
        status =
            bcue_fail(error, BCUE_ERROR_DATA, "%s: beam_pattern has %zu directions; 2 to %d are possible",
                      path, pattern->count, MOST_DIRECTIONS);
        bcue_mat_free(pattern);
    }
    free(path);
    return status;
}

/* All amplitudes (beams x *directions), owned by the caller. */
static bcue_status read_patterns(const char *folder, size_t beams, double **amplitudes, size_t *directions,
                                 bcue_error *error)
{
    double *all = NULL;
    size_t expected = 0;
    bcue_status status = BCUE_OK;
    for (size_t b = 0; status == BCUE_OK && b < beams; b++) {
        bcue_mat pattern;
        status = read_pattern(folder, b, &pattern, error);
        if (status != BCUE_OK)
            break;
        if (b == 0) {
            expected = pattern.count;
            all = bcue_calloc(beams * expected, sizeof *all);
            if (!all)
                status = bcue_fail_memory(error, "the measured beams");
        }
        if (status == BCUE_OK && pattern.count != expected)
            status = bcue_fail(error, BCUE_ERROR_DATA,
                               "%s/built_in_beam_pattern_%zu.mat: %zu directions where beam 0 has %zu",
                               folder, b, pattern.count, expected);
        for (size_t s = 0; status == BCUE_OK && s < expected; s++)
            all[b * expected + s] = pattern.real[s];
        bcue_mat_free(&pattern);
    }
    if (status != BCUE_OK) {
        free(all);
        return status;
    }
    *amplitudes = all;
    *directions = expected;
    return BCUE_OK;
}

static bcue_status make_measured(const bcue_simulate_config *config, bcue_codebook *codebook,
                                 bcue_error *error)
{
    double *amplitudes;
    size_t directions, beams = (size_t)config->array.beams;
    BCUE_TRY(read_patterns(config->array.patterns, beams, &amplitudes, &directions, error));
    double *azimuths = bcue_calloc(directions, sizeof *azimuths);
    for (size_t s = 0; azimuths && s < directions; s++)
        azimuths[s] = (180.0 * (double)s / (double)(directions - 1) - 90.0) * DEGREE;
    bcue_status status =
        azimuths ? bcue_codebook_make_measured(azimuths, amplitudes, beams, directions, true, codebook, error)
                 : bcue_fail_memory(error, "the measured beams");
    free(azimuths);
    free(amplitudes);
    return status;
}

static bcue_codebook_normalisation normalisation_of(const bcue_simulate_config *config,
                                                    const bcue_link_switches *switches)
{
    if (config->array.normalisation == BCUE_SIM_NORMALISE_BY_MODE)
        return bcue_link_switched_normalisation(switches);
    return config->array.normalisation == BCUE_SIM_NORMALISE_AMPLITUDE ? BCUE_NORMALISE_AMPLITUDE
                                                                       : BCUE_NORMALISE_POWER;
}

bcue_status bcue_sim_codebook_make(const bcue_simulate_config *config, const bcue_link_switches *switches,
                                   double wavelength_m, bcue_array *array, bcue_codebook *codebook,
                                   bcue_error *error)
{
    bcue_status status;
    if (config->array.codebook == BCUE_SIM_CODEBOOK_PAPER_B)
        BCUE_TRY(bcue_array_make_ura(8, 8, 0.5 * wavelength_m, array, error));
    else
        BCUE_TRY(bcue_array_make_ula((size_t)config->array.elements,
                                     config->array.spacing_wavelengths * wavelength_m, array, error));
    if (config->array.codebook == BCUE_SIM_CODEBOOK_PAPER_B)
        status = bcue_codebook_make_paper_b(normalisation_of(config, switches), codebook, error);
    else if (config->array.codebook == BCUE_SIM_CODEBOOK_MEASURED)
        status = make_measured(config, codebook, error);
    else
        status = bcue_codebook_make_oversampled(array, wavelength_m, (size_t)config->array.beams,
                                                config->array.field_of_view_deg * DEGREE, codebook, error);
    if (status != BCUE_OK)
        bcue_array_free(array);
    return status;
}

bcue_status bcue_sim_codebook_hash(const bcue_simulate_config *config, size_t *beams, size_t *elements,
                                   char hash[17], bcue_error *error)
{
    const double wavelength_m = BCUE_SPEED_OF_LIGHT / config->channel.carrier_hz;
    const bcue_link_switches switches = bcue_link_mode_switches((bcue_link_mode)config->channel.mode);
    bcue_array array;
    bcue_codebook codebook;
    BCUE_TRY(bcue_sim_codebook_make(config, &switches, wavelength_m, &array, &codebook, error));
    bcue_codebook_hash(&codebook, &array, wavelength_m, hash);
    *beams = codebook.beams;
    *elements = codebook.elements;
    bcue_codebook_free(&codebook);
    bcue_array_free(&array);
    return BCUE_OK;
}
