#include "world/weather.h"

#include <math.h>
#include <stddef.h>
#include "base/fail.h"

#define DEGREE (BCUE_PI / 180.0)
#define FOG_DROPLETS_CM3 200.0
#define LAMPS_BELOW_LX 50.0
#define HEADLIGHTS_BELOW_LX 1000.0
#define HEADLIGHTS_VISIBILITY_M 500.0

bcue_weather bcue_weather_clear(void)
{
    return (bcue_weather){
        .cloudiness = 0.25, .temperature_c = 15.0, .pressure_hpa = 1013.25, .vapour_g_m3 = 7.5};
}

static bcue_status check_range(const char *name, double value, double low, double high, bcue_error *error)
{
    if (value >= low && value <= high)
        return BCUE_OK;
    return bcue_fail(error, BCUE_ERROR_ARGUMENT, "weather: %s is %g; it must lie between %g and %g", name,
                     value, low, high);
}

static bcue_status check(const bcue_weather *weather, bcue_error *error)
{
    BCUE_TRY(check_range("latitude_deg", weather->latitude_deg, -90, 90, error));
    BCUE_TRY(check_range("longitude_deg", weather->longitude_deg, -180, 180, error));
    BCUE_TRY(check_range("year", weather->when.year, 1900, 2100, error));
    BCUE_TRY(check_range("month", weather->when.month, 1, 12, error));
    BCUE_TRY(check_range("day", weather->when.day, 1, 31, error));
    BCUE_TRY(check_range("hour", weather->when.hour, -48, 72, error));
    BCUE_TRY(check_range("cloudiness", weather->cloudiness, 0, 1, error));
    BCUE_TRY(check_range("rain_mm_h", weather->rain_mm_h, 0, 300, error));
    BCUE_TRY(check_range("snow_mm_h", weather->snow_mm_h, 0, 50, error));
    if (weather->fog_visibility_m != 0.0)
        BCUE_TRY(
            check_range("fog_visibility_m", weather->fog_visibility_m, 10, BCUE_CLEAR_VISIBILITY_M, error));
    BCUE_TRY(check_range("temperature_c", weather->temperature_c, -60, 60, error));
    BCUE_TRY(check_range("pressure_hpa", weather->pressure_hpa, 300, 1100, error));
    return check_range("vapour_g_m3", weather->vapour_g_m3, 0, 60, error);
}

/* Illuminance of the ground under a clear sky, lux; `elevation` in degrees. Day: 133 klx outside the
   atmosphere through an air mass of 1 / sin (with a floor at the horizon), direct and diffuse together;
   twilight: 400 lx at the horizon, a decade less every 2.5 degrees, down to starlight. */
static double clear_sky_lx(double elevation)
{
    if (elevation <= 0.0)
        return fmax(1e-3, 400.0 * pow(10.0, elevation / 2.5));
    double sine = sin(elevation * DEGREE);
    return 400.0 + 133000.0 * sine * exp(-0.21 / (sine + 0.02));
}

bcue_status bcue_weather_derive(bcue_weather *w, bcue_error *error)
{
    BCUE_TRY(check(w, error));
    w->sun_place = bcue_sun_at(&w->when, w->latitude_deg, w->longitude_deg);
    w->sun = bcue_sun_direction(&w->sun_place);
    w->extinction_per_m = 3.912 / BCUE_CLEAR_VISIBILITY_M;
    w->fog_water_g_m3 = 0.0;
    if (w->fog_visibility_m > 0.0) {
        w->extinction_per_m = 3.912 / w->fog_visibility_m;
        w->fog_water_g_m3 = pow(1.002e3 / w->fog_visibility_m, 1.0 / 0.6473) / FOG_DROPLETS_CM3;
    }
    if (w->rain_mm_h > 0.0)
        w->extinction_per_m += 0.365e-3 * pow(w->rain_mm_h, 0.63);
    if (w->snow_mm_h > 0.0)
        w->extinction_per_m += 8.0 * 0.365e-3 * pow(w->snow_mm_h, 0.63);
    w->wetness = w->rain_mm_h > 0.0 ? fmin(1.0, 0.5 + 0.05 * w->rain_mm_h) : 0.0;
    w->snow_cover = w->snow_mm_h > 0.0 ? fmin(1.0, 0.4 + 0.3 * w->snow_mm_h) : 0.0;
    double elevation = (w->sun_place.elevation + w->sun_place.refraction) / DEGREE;
    w->daylight_lx = clear_sky_lx(elevation) * (1.0 - 0.75 * pow(w->cloudiness, 3.4));
    w->lamps_on = w->daylight_lx < LAMPS_BELOW_LX;
    w->headlights_on = w->daylight_lx < HEADLIGHTS_BELOW_LX || w->rain_mm_h > 0.0 || w->snow_mm_h > 0.0 ||
                       (w->fog_visibility_m > 0.0 && w->fog_visibility_m < HEADLIGHTS_VISIBILITY_M);
    return BCUE_OK;
}

const char *bcue_condition_name(bcue_condition condition)
{
    static const char *const names[BCUE_CONDITION_COUNT] = {"noon", "night", "rain", "fog", "snow"};
    return (int)condition >= 0 && condition < BCUE_CONDITION_COUNT ? names[condition] : "?";
}

bcue_status bcue_weather_condition(bcue_condition condition, double latitude_deg, double longitude_deg,
                                   bcue_weather *weather, bcue_error *error)
{
    bcue_weather made = bcue_weather_clear();
    made.latitude_deg = latitude_deg;
    made.longitude_deg = longitude_deg;
    made.when = (bcue_date_time){2024, 6, 21, 12.0 - longitude_deg / 15.0};
    switch (condition) {
    case BCUE_CONDITION_NIGHT:
        made.when.hour -= 12.0;
        break;
    case BCUE_CONDITION_RAIN:
        made.rain_mm_h = 30.0;
        made.cloudiness = 1.0;
        made.vapour_g_m3 = 12.0;
        break;
    case BCUE_CONDITION_FOG:
        made.fog_visibility_m = 80.0;
        made.cloudiness = 0.9;
        made.temperature_c = 8.0;
        made.vapour_g_m3 = 8.3;
        break;
    case BCUE_CONDITION_SNOW:
        made.when.month = 1;
        made.snow_mm_h = 2.0;
        made.cloudiness = 1.0;
        made.temperature_c = -2.0;
        made.vapour_g_m3 = 4.0;
        break;
    default:
        break;
    }
    BCUE_TRY(bcue_weather_derive(&made, error));
    *weather = made;
    return BCUE_OK;
}

bcue_status bcue_weather_make(const bcue_weather_config *config, bcue_weather *weather, bcue_error *error)
{
    if (config->condition > 0)
        return bcue_weather_condition((bcue_condition)(config->condition - 1), config->latitude_deg,
                                      config->longitude_deg, weather, error);
    bcue_weather made = {.latitude_deg = config->latitude_deg,
                         .longitude_deg = config->longitude_deg,
                         .when = {(int)config->year, (int)config->month, (int)config->day,
                                  config->hour - config->utc_offset_h},
                         .cloudiness = config->cloudiness,
                         .rain_mm_h = config->rain_mm_h,
                         .snow_mm_h = config->snow_mm_h,
                         .fog_visibility_m = config->fog_visibility_m,
                         .temperature_c = config->temperature_c,
                         .pressure_hpa = config->pressure_hpa,
                         .vapour_g_m3 = config->vapour_g_m3};
    BCUE_TRY(bcue_weather_derive(&made, error));
    *weather = made;
    return BCUE_OK;
}

static const char *const condition_names[] = {"custom", "noon", "night", "rain", "fog", "snow", NULL};

#define AT(member) offsetof(bcue_weather_config, member)
#define REAL(key, fallback_text, low, high, help_text)                                                       \
    {                                                                                                        \
        .name = #key, .type = BCUE_CONFIG_DOUBLE, .offset = AT(key), .fallback = (fallback_text),            \
        .minimum = (low), .maximum = (high), .help = (help_text)                                             \
    }
#define WHOLE(key, fallback_text, low, high, help_text)                                                      \
    {                                                                                                        \
        .name = #key, .type = BCUE_CONFIG_INT, .offset = AT(key), .fallback = (fallback_text),               \
        .minimum = (low), .maximum = (high), .help = (help_text)                                             \
    }

const bcue_config_field bcue_weather_fields[] = {
    {.name = "condition",
     .type = BCUE_CONFIG_CHOICE,
     .offset = AT(condition),
     .fallback = "noon",
     .choices = condition_names,
     .help = "a named one on 21 June (snow: January), or custom: the keys below"},
    REAL(latitude_deg, "37.2296", -90, 90, "where, north positive"),
    REAL(longitude_deg, "-80.4139", -180, 180, "where, east positive"),
    WHOLE(year, "2024", 1900, 2100, "of the date"),
    WHOLE(month, "6", 1, 12, "of the date"),
    WHOLE(day, "21", 1, 31, "of the date"),
    REAL(hour, "12", 0, 24, "local clock at the start"),
    REAL(utc_offset_h, "-5", -14, 14, "how far the local clock is ahead of UTC"),
    REAL(cloudiness, "0.25", 0, 1, "share of the sky under cloud"),
    REAL(rain_mm_h, "0", 0, 300, "rain rate"),
    REAL(snow_mm_h, "0", 0, 50, "snow, as water"),
    REAL(fog_visibility_m, "0", 0, 20000, "meteorological visibility, at least 10; 0 = no fog"),
    REAL(temperature_c, "15", -60, 60, "of the air"),
    REAL(pressure_hpa, "1013.25", 300, 1100, "of the air"),
    REAL(vapour_g_m3, "7.5", 0, 60, "water vapour"),
    {.name = NULL},
};
