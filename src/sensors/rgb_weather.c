#include "sensors/rgb_weather.h"

#include <math.h>

/* Between these illuminances the picture goes from day to night. */
#define DAY_LX 1500.0
#define NIGHT_LX 5.0
/* Heavy: streaks and flakes at full strength. */
#define HEAVY_RAIN_MM_H 40.0
#define HEAVY_SNOW_MM_H 3.0
/* A lamp of 6,000 lm over its cone, in the picture's units. */
#define INTENSITY_PER_LM (14.0 / 6000.0)

bcue_daylight bcue_daylight_of(const bcue_weather *weather, const bcue_world *world, bcue_lamp_source *lamps)
{
    double lux = fmax(weather->daylight_lx, 1e-3);
    double darkness = (log10(DAY_LX) - log10(lux)) / (log10(DAY_LX) - log10(NIGHT_LX));
    darkness = fmin(fmax(darkness, 0.0), 1.0);
    bcue_daylight light = {.sun = weather->sun,
                           .exposure = 0.75 + 0.25 * darkness,
                           .cloudiness = weather->cloudiness,
                           .darkness = darkness,
                           .extinction_per_m = weather->extinction_per_m,
                           .rain = sqrt(fmin(weather->rain_mm_h / HEAVY_RAIN_MM_H, 1.0)),
                           .snow = sqrt(fmin(weather->snow_mm_h / HEAVY_SNOW_MM_H, 1.0)),
                           .wetness = weather->wetness,
                           .snow_cover = weather->snow_cover,
                           .headlights = weather->headlights_on ? 1.0 : 0.0};
    if (!weather->lamps_on)
        return light;
    for (size_t i = 0; i < world->lamp_count; i++)
        lamps[i] = (bcue_lamp_source){.position = world->lamps[i].position,
                                      .direction = {0, 0, -1},
                                      .half_angle = 1.35,
                                      .intensity = INTENSITY_PER_LM * world->lamps[i].flux_lm,
                                      .colour = {1.0f, 0.80f, 0.52f}};
    light.lamps = lamps;
    light.lamp_count = world->lamp_count;
    return light;
}
