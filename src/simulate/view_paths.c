#include <math.h>
#include <stdlib.h>
#include "base/base64.h"
#include "base/fail.h"
#include "base/memory.h"
#include "simulate/view_parts.h"

/* Weaker ones than this below the strongest are not drawn. */
#define PATH_RANGE_DB 40.0
#define LOBE_RANGE_DB 20.0
enum { LOBE_DEGREES = 360 };

typedef struct strength {
    size_t path;
    double gain_db;
} strength;

static int stronger_first(const void *a, const void *b)
{
    const strength *x = a, *y = b;
    if (x->gain_db > y->gain_db || x->gain_db < y->gain_db)
        return x->gain_db > y->gain_db ? -1 : 1;
    return x->path < y->path ? -1 : 1;
}

static int kind_of(const bcue_path *path)
{
    bool met[4] = {false};
    for (int i = 0; i < path->count; i++)
        met[path->at[i].kind] = true;
    if (met[BCUE_SCATTERING])
        return 5;
    if (met[BCUE_DIFFRACTION])
        return met[BCUE_REFLECTION] ? 3 : 2;
    if (met[BCUE_REFLECTION])
        return 1;
    return met[BCUE_TRANSMISSION] ? 4 : 0;
}

static void put_point(const bcue_view_window *window, bcue_vec3 point, bcue_text *out)
{
    double u, w;
    bcue_view_place(window, point, &u, &w);
    bcue_text_printf(out, ",%.1f,%.1f", u, w);
}

static void put_path(const bcue_view_window *window, const bcue_path *path, size_t vehicle, double gain_db,
                     bool *first, bcue_text *out)
{
    bcue_text_printf(out, "%s[%d,%zu,%.0f", *first ? "" : ",", kind_of(path), vehicle, gain_db);
    *first = false;
    put_point(window, path->transmitter, out);
    for (int i = 0; i < path->count; i++)
        put_point(window, path->at[i].point, out);
    put_point(window, path->receiver, out);
    bcue_text_puts(out, "]");
}

/* The gains of those paths that the link lets pass. */
static bcue_status weigh(const bcue_sim_radio *radio, const bcue_path_list *list, bcue_vec3 velocity_mps,
                         strength *strengths, size_t *count, bcue_error *error)
{
    const bcue_vec3 still = {0, 0, 0};
    bcue_link_rays rays = {0};
    bcue_status status = BCUE_OK;
    *count = 0;
    for (size_t p = 0; status == BCUE_OK && p < list->count; p++) {
        const bcue_path_list one = {.paths = &list->paths[p], .count = 1, .capacity = 1};
        status = bcue_link_trace(&radio->link, radio->channel, &radio->unit, &one, still, velocity_mps, &rays,
                                 error);
        double power = status == BCUE_OK && rays.count == 1 ? bcue_link_ray_power(&rays, 0) : 0.0;
        if (power > 0.0)
            strengths[(*count)++] = (strength){p, 10.0 * log10(power)};
    }
    bcue_link_rays_free(&rays);
    return status;
}

bcue_status bcue_view_put_paths(const bcue_view_window *window, const bcue_sim_radio *radio, size_t vehicle,
                                bcue_vec3 velocity_mps, size_t most, bool *first, bcue_vec3 *departure,
                                double *gain_db, bcue_text *out, bcue_error *error)
{
    const bcue_path_list *list = &radio->lists[vehicle];
    *gain_db = -HUGE_VAL;
    strength *strengths = bcue_calloc(list->count + 1, sizeof *strengths);
    if (!strengths)
        return bcue_fail_memory(error, "the paths of a view");
    size_t count;
    bcue_status status = weigh(radio, list, velocity_mps, strengths, &count, error);
    if (status == BCUE_OK && count > 0) {
        qsort(strengths, count, sizeof *strengths, stronger_first);
        *gain_db = strengths[0].gain_db;
        *departure = list->paths[strengths[0].path].departure;
        for (size_t i = 0; i < count && i < most && strengths[i].gain_db >= *gain_db - PATH_RANGE_DB; i++)
            put_path(window, &list->paths[strengths[i].path], vehicle, strengths[i].gain_db, first, out);
    }
    free(strengths);
    return status;
}

/* What the array could do with the beam's weights if they all pulled together; the peak of a measured beam.
 */
static double most_gain(const bcue_codebook *codebook, size_t beam)
{
    double sum = 0.0;
    for (size_t n = 0; codebook->weights && n < codebook->elements; n++)
        sum += cabs(codebook->weights[beam * codebook->elements + n]) *
               cabs(codebook->weights[beam * codebook->elements + n]);
    if (codebook->weights)
        return sum * (double)codebook->elements;
    for (size_t s = 0; s < codebook->samples; s++)
        sum = fmax(sum, codebook->sample_gain[beam * codebook->samples + s]);
    return sum;
}

bcue_status bcue_view_put_lobe(const bcue_view_window *window, const bcue_sim_radio *radio, size_t beam,
                               double elevation, bcue_text *out, bcue_error *error)
{
    const bcue_codebook *codebook = &radio->codebook;
    double complex *scratch = bcue_calloc(codebook->elements + 1, sizeof *scratch);
    if (!scratch)
        return bcue_fail_memory(error, "the lobe of a view");
    double wavelength = BCUE_SPEED_OF_LIGHT / radio->config->channel.carrier_hz;
    double most = most_gain(codebook, beam), ahead = atan2(window->sine, window->cosine);
    uint8_t levels[LOBE_DEGREES];
    for (int k = 0; k < LOBE_DEGREES; k++) {
        bcue_vec3 world = bcue_direction(ahead - k * BCUE_PI / 180.0, elevation);
        double gain = bcue_codebook_gain(codebook, &radio->array, beam,
                                         bcue_frame_local(&radio->unit.frame, world), wavelength, scratch);
        double below = most > 0.0 && gain > 0.0 ? 10.0 * log10(gain / most) : -LOBE_RANGE_DB;
        levels[k] = (uint8_t)lround(255.0 * fmin(1.0, fmax(0.0, 1.0 + below / LOBE_RANGE_DB)));
    }
    bcue_base64(out, levels, sizeof levels);
    free(scratch);
    return BCUE_OK;
}
