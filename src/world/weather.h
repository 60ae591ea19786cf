/* Time of day and weather: plain numbers that every sensor and the channel read. */
#ifndef BCUE_WORLD_WEATHER_H
#define BCUE_WORLD_WEATHER_H

#include <stdbool.h>
#include "base/config.h"
#include "beamcue/status.h"
#include "world/sun.h"

#define BCUE_CLEAR_VISIBILITY_M 20000.0 /* of air without fog */

typedef struct bcue_weather {
    /* Where and when. */
    double latitude_deg, longitude_deg;
    bcue_date_time when; /* UTC */
    /* The air. */
    double cloudiness;                               /* share of the sky, 0..1 */
    double rain_mm_h;                                /* rain rate; 0 = none (ITU-R P.838 reads it) */
    double snow_mm_h;                                /* of water; 0 = none */
    double fog_visibility_m;                         /* meteorological visibility; 0 = no fog */
    double temperature_c, pressure_hpa, vapour_g_m3; /* ITU-R P.676 reads them */
    /* What follows from the above (bcue_weather_derive). */
    bcue_sun_place sun_place;
    bcue_vec3 sun;           /* unit, towards the sun; below the horizon at night */
    double fog_water_g_m3;   /* liquid water of the fog (ITU-R P.840 reads it) */
    double extinction_per_m; /* of visible light, by fog, rain and snow together */
    double wetness;          /* of roads, 0..1: they darken and mirror */
    double snow_cover;       /* of the ground, 0..1 */
    double daylight_lx;      /* on a horizontal surface */
    bool lamps_on;           /* street lamps */
    bool headlights_on;      /* of all vehicles */
} bcue_weather;

/* A mild day without weather: 15 C, 1013.25 hPa, 7.5 g/m3 of vapour (the reference atmosphere of ITU-R P.835
   at the ground), a quarter of the sky clouded. `latitude_deg` .. `when` stay 0: set them, then derive. */
bcue_weather bcue_weather_clear(void);

/* Check the given values, and fill what follows from them:
   - the sun's place (sun.h);
   - fog water from visibility: V[km] = 1.002 / (M N)^0.6473 (Gultepe et al. 2006) with N = 200 droplets per
   cm3 and M in g/m3;
   - extinction: Koschmieder's 3.912 / V for fog; rain 0.365 R^0.63 per km with R in mm/h (Atlas 1953); snow
     8 times that of rain of the same water rate;
   - illuminance by the sun's elevation (clear sky to 120 klx, twilight falling a decade every 2.5 degrees
   below the horizon), times 1 - 0.75 cloudiness^3.4 (Kasten and Czeplak 1980);
   - street lamps below 50 lx, headlights below 1,000 lx, or with rain, snow, or visibility under 500 m. */
bcue_status bcue_weather_derive(bcue_weather *weather, bcue_error *error);

/* The named conditions of paper B: noon, night, rain, fog (and snow), on 2024-06-21 at the given place: the
   hours are local solar time, rain 30 mm/h, fog of 80 m visibility, snow 2 mm/h. Derived already. */
typedef enum bcue_condition {
    BCUE_CONDITION_NOON,
    BCUE_CONDITION_NIGHT,
    BCUE_CONDITION_RAIN,
    BCUE_CONDITION_FOG,
    BCUE_CONDITION_SNOW,
    BCUE_CONDITION_COUNT,
} bcue_condition;
const char *bcue_condition_name(bcue_condition condition);
bcue_status bcue_weather_condition(bcue_condition condition, double latitude_deg, double longitude_deg,
                                   bcue_weather *weather, bcue_error *error);

/* Weather as a configuration names it. */
typedef struct bcue_weather_config {
    int condition; /* 0 = custom: the values below; else bcue_condition + 1 */
    double latitude_deg, longitude_deg;
    int64_t year, month, day;
    double hour, utc_offset_h; /* local clock, and how far it is ahead of UTC */
    double cloudiness, rain_mm_h, snow_mm_h, fog_visibility_m, temperature_c, pressure_hpa, vapour_g_m3;
} bcue_weather_config;

extern const bcue_config_field bcue_weather_fields[];
bcue_status bcue_weather_make(const bcue_weather_config *config, bcue_weather *weather, bcue_error *error);

#endif
