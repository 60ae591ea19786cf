/* The sun against published places, and what weather makes of light. */
#include "check.h"
#include "world/weather.h"

#define DEGREE (BCUE_PI / 180.0)

/* Meeus, Astronomical Algorithms, examples 7.a, 25.a. */
static void meeus_examples(void)
{
    const bcue_date_time sputnik = {1957, 10, 4, 0.81 * 24.0};
    CHECK_NEAR(bcue_julian_date(&sputnik), 2436116.31, 1e-6);
    const bcue_date_time millennium = {2000, 1, 1, 12.0};
    CHECK_NEAR(bcue_julian_date(&millennium), 2451545.0, 1e-9);
    const bcue_date_time new_year = {1988, 1, 27, 0.0};
    CHECK_NEAR(bcue_julian_date(&new_year), 2447187.5, 1e-9);
    /* 1992 October 13, 0h TD (universal time 59 s before): 198.38083 and -7.78507 degrees. */
    const bcue_date_time october = {1992, 10, 13, -69.0 / 3600.0};
    bcue_sun_place sun = bcue_sun_at(&october, 0.0, 0.0);
    CHECK_NEAR(sun.right_ascension / DEGREE, 198.38083, 0.001);
    CHECK_NEAR(sun.declination / DEGREE, -7.78507, 0.001);
}

/* The worked example of NREL's Solar Position Algorithm (Reda and Andreas 2004, table A5.1): Golden,
   Colorado, 17 October 2003, 12:30:30 at UTC-7. Elevation without refraction 39.872046, azimuth 194.340241
   degrees; with refraction at 820 hPa the zenith angle is 50.11162 degrees. */
static void nrel_example(void)
{
    const bcue_date_time when = {2003, 10, 17, 12.0 + 30.0 / 60.0 + 30.0 / 3600.0 + 7.0};
    bcue_sun_place sun = bcue_sun_at(&when, 39.742476, -105.1786);
    CHECK_NEAR(sun.elevation / DEGREE, 39.872046, 0.01);
    CHECK_NEAR(sun.azimuth / DEGREE, 194.340241, 0.01);
    CHECK_NEAR(90.0 - (sun.elevation + sun.refraction) / DEGREE, 50.11162, 0.015);
    bcue_vec3 direction = bcue_sun_direction(&sun);
    CHECK_NEAR(bcue_vec3_norm(direction), 1.0, 1e-12);
    CHECK_NEAR(atan2(direction.x, direction.y) / DEGREE + 360.0, 194.340241, 0.01);
}

/* Greenwich: sunrise 3:43 and sunset 20:21 UTC on 21 June 2023 (HM Nautical Almanac Office: 04:43 and 21:21
   BST); the upper limb touches the horizon at a geometric elevation of -0.833 degrees. Spring 2024 began on
   20 March at 3:06 UTC: declination zero. Solstice: 20 June, 20:51 UTC; the obliquity is 23.4361 degrees
   and 9.0 seconds of nutation. */
static void almanac(void)
{
    const bcue_date_time rise = {2023, 6, 21, 3.0 + 43.0 / 60.0}, set = {2023, 6, 21, 20.0 + 21.0 / 60.0};
    CHECK_NEAR(bcue_sun_at(&rise, 51.4769, 0.0).elevation / DEGREE, -0.833, 0.15);
    CHECK_NEAR(bcue_sun_at(&set, 51.4769, 0.0).elevation / DEGREE, -0.833, 0.15);
    const bcue_date_time spring = {2024, 3, 20, 3.0 + 6.0 / 60.0},
                         solstice = {2024, 6, 20, 20.0 + 51.0 / 60.0};
    CHECK_NEAR(bcue_sun_at(&spring, 0, 0).declination / DEGREE, 0.0, 0.001);
    CHECK_NEAR(bcue_sun_at(&solstice, 0, 0).right_ascension / DEGREE, 90.0, 0.02);
    CHECK_NEAR(bcue_sun_at(&solstice, 0, 0).declination / DEGREE, 23.4386, 0.002);
    /* Refraction lifts the setting sun by about 34 minutes of arc, and the zenith by nothing. */
    bcue_sun_place low = bcue_sun_at(&set, 51.4769, 0.0);
    CHECK_NEAR(low.refraction / DEGREE * 60.0, 36.0, 4.0);
}

static void conditions(void)
{
    bcue_error error = {0};
    bcue_weather w[BCUE_CONDITION_COUNT];
    for (int c = 0; c < BCUE_CONDITION_COUNT; c++)
        CHECK_OK(bcue_weather_condition((bcue_condition)c, 37.2, -80.4, &w[c], &error), error);
    /* Solar noon: the sun culminates at 90 - 37.2 + 23.4 degrees (the equation of time is 2 minutes). */
    CHECK_NEAR(w[BCUE_CONDITION_NOON].sun_place.elevation / DEGREE, 90.0 - 37.2 + 23.436, 0.05);
    CHECK(w[BCUE_CONDITION_NOON].daylight_lx > 80e3 && w[BCUE_CONDITION_NOON].daylight_lx < 130e3);
    CHECK(!w[BCUE_CONDITION_NOON].lamps_on && !w[BCUE_CONDITION_NOON].headlights_on);
    CHECK(w[BCUE_CONDITION_NIGHT].sun.z < -0.3 && w[BCUE_CONDITION_NIGHT].lamps_on &&
          w[BCUE_CONDITION_NIGHT].headlights_on);
    CHECK(w[BCUE_CONDITION_RAIN].headlights_on && !w[BCUE_CONDITION_RAIN].lamps_on &&
          w[BCUE_CONDITION_RAIN].wetness > 0.9);
    /* Overcast: Kasten and Czeplak leave a quarter of the light. */
    CHECK_NEAR(w[BCUE_CONDITION_RAIN].daylight_lx / w[BCUE_CONDITION_NOON].daylight_lx, 0.25, 0.01);
    /* Gultepe et al.: 80 m of visibility with 200 droplets per cm3 hold 0.25 g/m3. */
    CHECK_NEAR(w[BCUE_CONDITION_FOG].fog_water_g_m3, 0.2485, 0.005);
    CHECK_NEAR(exp(-80.0 * w[BCUE_CONDITION_FOG].extinction_per_m), 0.02, 1e-4);
    CHECK(w[BCUE_CONDITION_SNOW].snow_cover > 0.9);
    CHECK(w[BCUE_CONDITION_NOON].fog_water_g_m3 == 0.0);
    CHECK_STR(bcue_condition_name(BCUE_CONDITION_FOG), "fog");
}

static void light_falls_steadily(void)
{
    bcue_error error = {0};
    bcue_weather w = bcue_weather_clear();
    w.latitude_deg = 50.0;
    double before = HUGE_VAL;
    for (double hour = 12.0; hour <= 24.0; hour += 0.1) {
        w.when = (bcue_date_time){2024, 3, 20, hour};
        CHECK_OK(bcue_weather_derive(&w, &error), error);
        CHECK(w.daylight_lx < before * 1.001);
        before = w.daylight_lx;
    }
    CHECK(before <= 2e-3);
}

/* The same evening by name of date and clock, and a sentence with the nearest key. */
static void read_from_yaml(void)
{
    bcue_error error = {0};
    bcue_weather_config config;
    bcue_config *source;
    const char *const text =
        "condition: custom\nyear: 2003\nmonth: 10\nday: 17\nhour: 12.508333333\n"
        "utc_offset_h: -7\nlatitude_deg: 39.742476\nlongitude_deg: -105.1786\nrain_mm_h: 4\n";
    bcue_weather w;
    CHECK_OK(bcue_config_read_text(text, strlen(text), "w.yaml", NULL, 0, bcue_weather_fields, &config,
                                   &source, &error),
             error);
    CHECK_OK(bcue_weather_make(&config, &w, &error), error);
    CHECK_NEAR(w.sun_place.azimuth / DEGREE, 194.340241, 0.01);
    CHECK(w.rain_mm_h == 4.0 && w.headlights_on);
    bcue_config_destroy(source);
    CHECK_OK(bcue_config_read_text("condition: fog\n", 15, "w.yaml", NULL, 0, bcue_weather_fields, &config,
                                   &source, &error),
             error);
    CHECK_OK(bcue_weather_make(&config, &w, &error), error);
    CHECK(w.fog_visibility_m == 80.0);
    bcue_config_destroy(source);
    CHECK_STATUS(bcue_config_read_text("rain_mm: 4\n", 11, "w.yaml", NULL, 0, bcue_weather_fields, &config,
                                       &source, &error),
                 BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "w.yaml:1: unknown key 'rain_mm'; did you mean 'rain_mm_h'?");
}

static void nonsense_is_refused(void)
{
    bcue_error error = {0};
    bcue_weather w = bcue_weather_clear();
    w.when = (bcue_date_time){2024, 13, 1, 0.0};
    CHECK_STATUS(bcue_weather_derive(&w, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "weather: month is 13; it must lie between 1 and 12");
    w.when.month = 12;
    w.rain_mm_h = NAN;
    CHECK_STATUS(bcue_weather_derive(&w, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "rain_mm_h");
}

int main(void)
{
    RUN(meeus_examples);
    RUN(nrel_example);
    RUN(almanac);
    RUN(conditions);
    RUN(light_falls_steadily);
    RUN(read_from_yaml);
    RUN(nonsense_is_refused);
    return check_summary();
}
