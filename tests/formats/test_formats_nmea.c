/* NMEA sentences: checksums computed elsewhere, the standard's own example, what is written reads back. */
#include "check.h"

#include <math.h>
#include <string.h>

#include "formats/nmea.h"
#include "mangle.h"

/* The sentence of the NMEA 0183 literature, and one of a real receiver, with their printed checksums. */
static const char known[] =
    "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n"
    "$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\r\n"
    "$GPGSV,4,1,13,26,33,050,38,9,40,314,43,3,55,188,44,23,68,354,50*72\n"
    "$GNRMC,235647.00,A,3403.47162394,N,11711.80927093,W,0.003,0.000,201217,12.0194,E,D*33\n";

static void test_known(void)
{
    bcue_nmea_log log;
    bcue_error error;
    CHECK_OK(bcue_nmea_parse(known, strlen(known), "log", &log, &error), error);
    CHECK_INT(log.sentences, 4);
    CHECK_INT(log.damaged, 0);
    CHECK_INT(log.count, 2);
    const bcue_nmea_fix *fix = log.fixes;
    CHECK_NEAR(fix->time_s, 12 * 3600 + 35 * 60 + 19, 0);
    CHECK_NEAR(fix->latitude_deg, 48.1173, 1e-9);
    CHECK_NEAR(fix->longitude_deg, 11.0 + 31.0 / 60, 1e-9);
    CHECK_NEAR(fix->altitude_m, 545.4, 1e-9);
    CHECK_NEAR(fix->geoid_separation_m, 46.9, 1e-9);
    CHECK_NEAR(fix->hdop, 0.9, 1e-9);
    CHECK(fix->quality == 1 && fix->satellites == 8 && fix->line == 1);
    CHECK_NEAR(fix->speed_mps, 22.4 * 0.514444, 1e-4);
    CHECK_NEAR(fix->course_deg, 84.4, 1e-9);
    CHECK(fix->year == 1994 && fix->month == 3 && fix->day == 23);
    fix = &log.fixes[1];
    CHECK_NEAR(fix->longitude_deg, -(117 + 11.80927093 / 60), 1e-10);
    CHECK(fix->year == 2017 && fix->quality == -1 && isnan(fix->altitude_m) && fix->line == 4);
    bcue_nmea_free(&log);
}

static void test_damaged(void)
{
    static const char text[] =
        "120000.00,3325.24,N,11155.8,W,4*11\n"                                /* begins late */
        "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*46\n" /* checksum */
        "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,\n"    /* none */
        "\n"
        "$GPGSV,4,1,13,26,33,050,38,9,40,314,43,3,55,188,44,23,68,354,50*72\n"
        "$GPRMC,1235"; /* ends early */
    bcue_nmea_log log;
    bcue_error error;
    CHECK_OK(bcue_nmea_parse(text, strlen(text), "log", &log, &error), error);
    CHECK_INT(log.sentences, 1);
    CHECK_INT(log.damaged, 4);
    CHECK_INT(log.count, 0);
    bcue_nmea_free(&log);
    CHECK_STATUS(bcue_nmea_parse("a\nb\n", 4, "log", &log, &error), BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, "log:2: not one NMEA sentence");
    CHECK_STATUS(bcue_nmea_parse("", 0, "log", &log, &error), BCUE_ERROR_FORMAT);
}

/* A line with its checksum. */
static bcue_status parse_body(const char *body, bcue_nmea_log *log, bcue_error *error)
{
    char line[256];
    int size = snprintf(line, sizeof line, "$%s*%02X\n", body, bcue_nmea_checksum(body, strlen(body)));
    return bcue_nmea_parse(line, (size_t)size, "log", log, error);
}

static void test_impossible(void)
{
    static const struct {
        const char *body, *sentence;
    } cases[] = {
        {"GPGGA,253519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,", "\"253519\" is no time of day"},
        {"GPGGA,126519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,", "is no time of day"},
        {"GPGGA,123519,4860.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,", "\"4860.038\" is no angle"},
        {"GPGGA,123519,9100.000,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,", "is no angle"},
        {"GPGGA,123519,4807.038,X,01131.000,E,1,08,0.9,545.4,M,46.9,M,,", "\"X\" is no hemisphere (N or S)"},
        {"GPGGA,123519,4807.038,N,01131.000,,1,08,0.9,545.4,M,46.9,M,,", "is no hemisphere (E or W)"},
        {"GPGGA,123519,4807.038,N,01131.000,E,one,08,0.9,545.4,M,46.9,M,,", "is no quality"},
        {"GPGGA,123519,4807.038,N,01131.000,E,1,08,-1,545.4,M,46.9,M,,", "is no dilution"},
        {"GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,nan,M,46.9,M,,", "is no altitude"},
        {"GPRMC,123519,A,4807.038,N,01131.000,E,fast,084.4,230394,,", "is no speed"},
        {"GPRMC,123519,A,4807.038,N,01131.000,E,022.4,384.4,230394,,", "is no course"},
        {"GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,321394,,", "is no date"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bcue_nmea_log log;
        bcue_error error = {{0}};
        CHECK_STATUS(parse_body(cases[i].body, &log, &error), BCUE_ERROR_FORMAT);
        CHECK_CONTAINS(error.text, "log:1: GP");
        CHECK_CONTAINS(error.text, cases[i].sentence);
    }
}

static void test_no_fix(void)
{
    bcue_nmea_log log;
    bcue_error error;
    CHECK_OK(parse_body("GPGGA,123519,4807.038,N,01131.000,E,0,00,,,M,,M,,", &log, &error), error);
    CHECK(log.count == 1 && isnan(log.fixes[0].latitude_deg) && log.fixes[0].quality == 0);
    bcue_nmea_free(&log);
    CHECK_OK(parse_body("GPRMC,123519,V,4807.038,N,01131.000,E,,,230394,,", &log, &error), error);
    CHECK(log.count == 1 && isnan(log.fixes[0].latitude_deg) && isnan(log.fixes[0].speed_mps));
    bcue_nmea_free(&log);
    CHECK_OK(parse_body("GPGGA", &log, &error), error);
    CHECK(log.count == 1 && isnan(log.fixes[0].time_s));
    bcue_nmea_free(&log);
}

static void test_written(void)
{
    bcue_rng rng = bcue_rng_make(4, BCUE_RNG_TEST, 0, 0, 0);
    for (int i = 0; i < 500; i++) {
        bcue_nmea_fix fix = {.time_s = floor(bcue_rng_range(&rng, 0, 8640000)) / 100,
                             .year = 2026,
                             .month = 11,
                             .day = 1 + i % 30,
                             .latitude_deg = bcue_rng_range(&rng, -90, 90),
                             .longitude_deg = bcue_rng_range(&rng, -180, 180),
                             .altitude_m = 340.125,
                             .geoid_separation_m = -28.5,
                             .hdop = 0.8,
                             .quality = 4,
                             .satellites = 12,
                             .speed_mps = 10,
                             .course_deg = 271.5};
        if (i == 0)
            fix.latitude_deg = 33.0 - 1e-12; /* minutes that round to 60 */
        bcue_text out = {0};
        bcue_nmea_log log;
        bcue_error error;
        bcue_nmea_write_gga(&fix, &out);
        bcue_nmea_write_rmc(&fix, &out);
        CHECK_OK(bcue_nmea_parse(out.data, out.size, "log", &log, &error), error);
        CHECK(log.count == 1 && log.gga == 1 && log.rmc == 1 && log.damaged == 0);
        if (log.count == 1) {
            CHECK_NEAR(log.fixes[0].time_s, fix.time_s, 1e-6);
            CHECK_NEAR(log.fixes[0].latitude_deg, fix.latitude_deg, 1e-9); /* half of 1e-7 minutes */
            CHECK_NEAR(log.fixes[0].longitude_deg, fix.longitude_deg, 1e-9);
            CHECK_NEAR(log.fixes[0].altitude_m, fix.altitude_m, 1e-9);
            CHECK_NEAR(log.fixes[0].speed_mps, fix.speed_mps, 3e-4);
            CHECK_NEAR(log.fixes[0].course_deg, fix.course_deg, 1e-9);
            CHECK(log.fixes[0].quality == 4 && log.fixes[0].satellites == 12);
            CHECK(log.fixes[0].year == 2026 && log.fixes[0].month == 11 && log.fixes[0].day == fix.day);
        }
        bcue_nmea_free(&log);
        bcue_text_free(&out);
    }
    const bcue_nmea_fix lost = {.time_s = 1,
                                .latitude_deg = NAN,
                                .longitude_deg = NAN,
                                .altitude_m = NAN,
                                .geoid_separation_m = NAN,
                                .hdop = NAN,
                                .speed_mps = NAN,
                                .course_deg = NAN};
    bcue_text out = {0};
    bcue_nmea_write_gga(&lost, &out);
    CHECK_CONTAINS(out.data, "$GNGGA,000001.00,,,,,0,00,,,M,,M,,*");
    bcue_text_free(&out);
}

static bcue_status decode(const uint8_t *data, size_t size, const char *name, bcue_error *error)
{
    bcue_nmea_log log;
    bcue_status status = bcue_nmea_parse((const char *)data, size, name, &log, error);
    bcue_nmea_free(&log);
    return status;
}

static void test_mangled(void)
{
    mangle_report cut = mangle_truncate((const uint8_t *)known, strlen(known), decode, "log");
    CHECK_INT(cut.tried, strlen(known));
    CHECK(cut.refused >= 60); /* before the first sentence is whole */
    mangle_flip((const uint8_t *)known, strlen(known), decode, "log");
}

int main(void)
{
    RUN(test_known);
    RUN(test_damaged);
    RUN(test_impossible);
    RUN(test_no_fix);
    RUN(test_written);
    RUN(test_mangled);
    return check_summary();
}
