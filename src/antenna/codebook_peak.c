#include <math.h>
#include <stdlib.h>
#include "antenna/codebook.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"

/* The first search goes over a grid of direction cosines with so many steps per beam width (2 / elements). */
enum { STEPS_PER_BEAM = 8, MOST_STEPS = 512 };
/* Gains closer than this are equal: lobes that mirror each other differ by rounding only. */
#define EQUAL 1e-6

typedef struct search {
    const bcue_codebook *codebook;
    const bcue_array *array;
    double wavelength_m, step_y, step_z;
    size_t count; /* of grid directions */
    bcue_vec3 *grid;
    double complex *steering; /* count x elements */
    bcue_beam_peak *peaks;
    double complex *scratch; /* beams x elements */
} search;

static double element_gain(const bcue_array *array, bcue_vec3 direction)
{
    bcue_vec3 field = bcue_element_field(&array->element, direction);
    return bcue_vec3_dot(field, field);
}

static bool in_front(double y, double z, bcue_vec3 *direction)
{
    double rest = 1.0 - y * y - z * z;
    *direction = (bcue_vec3){sqrt(fmax(rest, 0.0)), y, z};
    return rest >= 0.0;
}

static double gain_at(const search *s, size_t beam, bcue_vec3 direction)
{
    double complex *scratch = s->scratch + beam * s->codebook->elements;
    return bcue_codebook_gain(s->codebook, s->array, beam, direction, s->wavelength_m, scratch) *
           element_gain(s->array, direction);
}

/* Climb with ever smaller steps. */
static void refine(const search *s, size_t beam, bcue_beam_peak *peak)
{
    double step_y = s->step_y, step_z = s->step_z;
    while (fmax(step_y, step_z) > 1e-7) {
        bool moved = false;
        for (int k = 0; k < 4; k++) {
            double y = peak->direction.y + (k == 0 ? step_y : k == 1 ? -step_y : 0.0);
            double z = peak->direction.z + (k == 2 ? step_z : k == 3 ? -step_z : 0.0);
            bcue_vec3 direction;
            double gain = in_front(y, z, &direction) ? gain_at(s, beam, direction) : 0.0;
            if (gain > peak->gain) {
                *peak = (bcue_beam_peak){direction, gain};
                moved = true;
            }
        }
        if (!moved) {
            step_y *= 0.5;
            step_z *= 0.5;
        }
    }
}

/* Every local maximum of the grid that may turn out the highest is climbed. */
static void find_peak(void *context, size_t beam)
{
    search *s = context;
    size_t elements = s->codebook->elements;
    double most = 0.0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t g = 0; g < s->count; g++) {
            double complex response = bcue_array_response(s->codebook->weights + beam * elements,
                                                          s->steering + g * elements, elements);
            double gain = (creal(response) * creal(response) + cimag(response) * cimag(response)) *
                          element_gain(s->array, s->grid[g]);
            if (pass == 0)
                most = fmax(most, gain);
            else if (gain >= 0.94 * most) { /* the grid misses a peak by less than this */
                bcue_beam_peak peak = {s->grid[g], gain};
                refine(s, beam, &peak);
                if (peak.gain > s->peaks[beam].gain * (1.0 + EQUAL))
                    s->peaks[beam] = peak;
            }
        }
}

static void measured_peaks(const bcue_codebook *codebook, bcue_beam_peak *peaks)
{
    for (size_t b = 0; b < codebook->beams; b++) {
        peaks[b] = (bcue_beam_peak){.direction = bcue_direction(codebook->azimuth[b], 0.0)};
        for (size_t k = 0; k < codebook->samples; k++)
            peaks[b].gain = fmax(peaks[b].gain, codebook->sample_gain[b * codebook->samples + k]);
    }
}

static int steps_for(size_t elements)
{
    size_t steps = STEPS_PER_BEAM * (elements > 1 ? elements : 2);
    return (int)(steps < MOST_STEPS ? steps : MOST_STEPS);
}

static void fill_grid(search *s, int across, int down)
{
    for (int i = 0; i <= across; i++) /* from the left, then from the top */
        for (int j = 0; j <= down; j++) {
            double y = 1.0 - 2.0 * i / across, z = down > 0 ? 1.0 - 2.0 * j / down : 0.0;
            bcue_vec3 direction;
            if (!in_front(y, z, &direction))
                continue;
            s->grid[s->count] = direction;
            bcue_array_steering(s->array, direction, s->wavelength_m,
                                s->steering + s->count * s->codebook->elements);
            s->count++;
        }
}

bcue_status bcue_codebook_peaks(const bcue_codebook *codebook, const bcue_array *array, double wavelength_m,
                                bcue_beam_peak *peaks, bcue_error *error)
{
    if (!codebook->weights) {
        measured_peaks(codebook, peaks);
        return BCUE_OK;
    }
    if (codebook->elements != array->count)
        return bcue_fail(error, BCUE_ERROR_SHAPE, "the codebook is for %zu elements, the array has %zu",
                         codebook->elements, array->count);
    int across = steps_for(array->columns), down = array->rows > 1 ? steps_for(array->rows) : 0;
    search s = {.codebook = codebook,
                .array = array,
                .wavelength_m = wavelength_m,
                .step_y = 2.0 / across,
                .step_z = down > 0 ? 2.0 / down : 0.0,
                .peaks = peaks};
    size_t most = ((size_t)across + 1) * ((size_t)down + 1), total;
    s.grid = bcue_calloc(most, sizeof *s.grid);
    s.steering = bcue_mul_size(most, array->count, &total) ? bcue_calloc(total, sizeof *s.steering) : NULL;
    s.scratch = bcue_calloc(codebook->beams * codebook->elements, sizeof *s.scratch);
    bcue_status status = BCUE_OK;
    if (s.grid && s.steering && s.scratch) {
        for (size_t b = 0; b < codebook->beams; b++)
            peaks[b] = (bcue_beam_peak){.direction = {1, 0, 0}};
        fill_grid(&s, across, down);
        bcue_parallel_for(codebook->beams, 1, find_peak, &s);
    } else
        status = bcue_fail_memory(error, "the search for the peaks of beams");
    free(s.grid);
    free(s.steering);
    free(s.scratch);
    return status;
}
