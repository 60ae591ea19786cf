#include "predict/frame_judge.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "features/geodesy.h"
#include "formats/deepsense_text.h"
#include "formats/nmea.h"

enum { SAMPLES = 65536, DARK = 16, BRIGHT = 250 };

bcue_verdict bcue_judge_picture(const bcue_image *image)
{
    const size_t size = (size_t)image->width * (size_t)image->height * (size_t)image->channels;
    size_t step = size / SAMPLES | 1;
    step += image->channels == 3 && step % 3 == 0 ? 2 : 0; /* all three channels in turn */
    size_t count = 0, lit = 0, bright = 0;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < size; i += step, count++) {
        const double value = image->pixels[i];
        lit += image->pixels[i] >= DARK;
        bright += image->pixels[i] >= BRIGHT;
        sum += value;
        squares += value * value;
    }
    const double n = (double)count, mean = sum / n;
    if ((double)lit < 1e-4 * n)
        return BCUE_FRAME_BLACK;
    if ((double)bright > 0.99 * n)
        return BCUE_FRAME_SATURATED;
    return squares / n - mean * mean < 1.0 ? BCUE_FRAME_FLAT : BCUE_FRAME_GOOD;
}

bool bcue_npy_only_zeros(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    if (size < 12 || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return false;
    size_t at = bytes[6] == 1 ? 10 + ((size_t)bytes[8] | (size_t)bytes[9] << 8)
                              : 12 + ((size_t)bytes[8] | (size_t)bytes[9] << 8 | (size_t)bytes[10] << 16 |
                                      (size_t)bytes[11] << 24);
    if (at >= size)
        return false;
    while (at < size && bytes[at] == 0)
        at++;
    return at == size;
}

bool bcue_radar_is_still(const bcue_radar_recipe *recipe, const float *maps)
{
    if (recipe->kind != BCUE_RADAR_TII && recipe->kind != BCUE_RADAR_CALIBRATED)
        return false;
    const size_t plane = (size_t)recipe->height * (size_t)recipe->width;
    for (size_t i = 1; i < plane; i++)
        if (maps[i] != maps[0])
            return false;
    return true;
}

double bcue_fix_distance_m(const bcue_fix *from, const bcue_fix *to)
{
    double enu_m[3];
    bcue_geodetic_to_enu(to->latitude_deg, to->longitude_deg, 0, from->latitude_deg, from->longitude_deg, 0,
                         enu_m);
    return sqrt(enu_m[0] * enu_m[0] + enu_m[1] * enu_m[1] + enu_m[2] * enu_m[2]);
}

bcue_status bcue_fix_parse(const void *data, size_t size, bcue_fix *fix, bcue_error *error)
{
    static const char name[] = "a fix";
    const char *text = data;
    *fix = (bcue_fix){NAN, NAN};
    if (size == 0 || text[0] != '$')
        return bcue_deepsense_gps_parse(text, size, name, &fix->latitude_deg, &fix->longitude_deg, error);
    bcue_nmea_log log;
    BCUE_TRY(bcue_nmea_parse(text, size, name, &log, error));
    for (size_t i = 0; i < log.count; i++)
        if (!isnan(log.fixes[i].latitude_deg))
            *fix = (bcue_fix){log.fixes[i].latitude_deg, log.fixes[i].longitude_deg};
    bcue_nmea_free(&log);
    return BCUE_OK;
}
