#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "formats_fixture.h"
#include "formats/deepsense_text.h"
#include "mangle.h"

static void test_power(void)
{
    double *power = NULL;
    size_t count = 0;
    bcue_error error = {{0}};
    CHECK_OK(bcue_deepsense_power_read(fixture_path("power_mixed.txt"), &power, &count, &error), error);
    CHECK_INT(count, 7);
    if (count == 7) {
        static const double expected[7] = {0.0669728400000000057, 0.16, 1.0, 2.0, 3.0, 0.0, 1e-3};
        for (int i = 0; i < 7; i++)
            CHECK(i == 5 ? isnan(power[i]) : power[i] == expected[i]);
    }
    free(power);
    CHECK_OK(bcue_deepsense_power_read(fixture_path("power_plain.txt"), &power, &count, &error), error);
    CHECK_INT(count, 64);
    for (size_t i = 0; i < count; i++)
        CHECK(power[i] == 0.01 * (double)(i + 1));
    free(power);
}

static void check_power_refused(const char *text, const char *part)
{
    double *power;
    size_t count;
    bcue_error error = {{0}};
    CHECK_STATUS(bcue_deepsense_power_parse(text, strlen(text), "p.txt", &power, &count, &error),
                 BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, part);
    CHECK(power == NULL && count == 0);
}

static void test_power_refused(void)
{
    check_power_refused("", "p.txt:1: no number found");
    check_power_refused("\r\n \r\n", "p.txt:3: no number found");
    check_power_refused("1\n2\n0,5\n", "p.txt:3: \"0,5\" is not a number");
    check_power_refused("1e999\n", "p.txt:1: \"1e999\" is not a number");
    check_power_refused("1\n\x01\xff\n", "p.txt:2: \"??\" is not a number");
    double *power;
    size_t count, most = 65536;
    bcue_error error = {{0}};
    char *text = malloc(2 * (most + 1));
    CHECK(text != NULL);
    if (text == NULL)
        return;
    for (size_t i = 0; i <= most; i++)
        memcpy(text + 2 * i, "1\n", 2);
    CHECK_OK(bcue_deepsense_power_parse(text, 2 * most, "p.txt", &power, &count, &error), error);
    CHECK_INT(count, most);
    free(power);
    CHECK_STATUS(bcue_deepsense_power_parse(text, 2 * most + 2, "p.txt", &power, &count, &error),
                 BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, "p.txt:65537: more than 65536 numbers");
    memset(text, '1', 64);
    CHECK_STATUS(bcue_deepsense_power_parse(text, 64, "p.txt", &power, &count, &error), BCUE_ERROR_FORMAT);
    CHECK_STATUS(bcue_deepsense_power_parse("1\0", 2, "p.txt", &power, &count, &error), BCUE_ERROR_FORMAT);
    free(text);
    CHECK_STATUS(bcue_deepsense_power_read(fixture_path("absent.txt"), &power, &count, &error),
                 BCUE_ERROR_IO);
}

static void test_gps(void)
{
    double latitude_deg = 0.0, longitude_deg = 0.0;
    bcue_error error = {{0}};
    CHECK_OK(bcue_deepsense_gps_read(fixture_path("gps_mixed.txt"), &latitude_deg, &longitude_deg, &error),
             error);
    CHECK(latitude_deg == 33.42069305555555 && longitude_deg == -111.929175);
    CHECK_OK(bcue_deepsense_gps_read(fixture_path("gps_plain.txt"), &latitude_deg, &longitude_deg, &error),
             error);
    CHECK(latitude_deg == 33.42050603999999936 && longitude_deg == -111.9289250999999865);
    CHECK_OK(bcue_deepsense_gps_parse("nan nan", 7, "g", &latitude_deg, &longitude_deg, &error), error);
    CHECK(isnan(latitude_deg) && isnan(longitude_deg));
}

static void check_gps_refused(const char *text, const char *part)
{
    double latitude_deg = 7.0, longitude_deg = 8.0;
    bcue_error error = {{0}};
    CHECK_STATUS(bcue_deepsense_gps_parse(text, strlen(text), "g.txt", &latitude_deg, &longitude_deg, &error),
                 BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, part);
    CHECK(latitude_deg == 7.0 && longitude_deg == 8.0);
}

static void test_gps_refused(void)
{
    check_gps_refused("", "g.txt:1: the latitude is missing");
    check_gps_refused("33.4\n", "g.txt:2: the longitude is missing");
    check_gps_refused("90.1\n0\n", "g.txt:1: the latitude is 90.1, outside of -90 .. 90 degrees");
    check_gps_refused("33\n-181\n", "g.txt:2: the longitude is -181");
    check_gps_refused("33\ninf\n", "g.txt:2: the longitude is inf");
    check_gps_refused("33\n44\n55\n", "g.txt:3: a third number");
    check_gps_refused("33\nN\n", "g.txt:2: \"N\" is not a number");
}

static void test_round_trip(void)
{
    const double power[4] = {0.1, 1e-17, 0.0, 123456.789};
    bcue_text out = {0};
    bcue_deepsense_power_write(power, 4, &out);
    double *again = NULL;
    size_t count = 0;
    bcue_error error = {{0}};
    CHECK_CONTAINS(out.data, "1.000000000000000056e-01\n");
    CHECK_OK(bcue_deepsense_power_parse(out.data, out.size, "p", &again, &count, &error), error);
    CHECK(count == 4 && memcmp(power, again, sizeof power) == 0);
    free(again);
    bcue_text_free(&out);
    double latitude_deg, longitude_deg;
    bcue_deepsense_gps_write(-33.1, 151.2, &out);
    CHECK_OK(bcue_deepsense_gps_parse(out.data, out.size, "g", &latitude_deg, &longitude_deg, &error), error);
    CHECK(latitude_deg == -33.1 && longitude_deg == 151.2);
    bcue_text_free(&out);
}

static bcue_status decode_power(const uint8_t *data, size_t size, const char *name, bcue_error *error)
{
    double *power;
    size_t count;
    bcue_status status = bcue_deepsense_power_parse((const char *)data, size, name, &power, &count, error);
    free(power);
    return status;
}

static bcue_status decode_gps(const uint8_t *data, size_t size, const char *name, bcue_error *error)
{
    double latitude_deg, longitude_deg;
    return bcue_deepsense_gps_parse((const char *)data, size, name, &latitude_deg, &longitude_deg, error);
}

static void test_mangled(void)
{
    static const struct {
        const char *name;
        mangle_decode decode;
    } cases[] = {{"power_mixed.txt", decode_power},
                 {"power_plain.txt", decode_power},
                 {"gps_mixed.txt", decode_gps},
                 {"gps_plain.txt", decode_gps}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bcue_bytes bytes = fixture_read(cases[i].name);
        mangle_report cut = mangle_truncate(bytes.data, bytes.size, cases[i].decode, cases[i].name);
        mangle_report flipped = mangle_flip(bytes.data, bytes.size, cases[i].decode, cases[i].name);
        CHECK(cut.refused > 0 && flipped.refused > 100);
        bcue_bytes_free(&bytes);
    }
}

int main(void)
{
    RUN(test_power);
    RUN(test_power_refused);
    RUN(test_gps);
    RUN(test_gps_refused);
    RUN(test_round_trip);
    RUN(test_mangled);
    return check_summary();
}
