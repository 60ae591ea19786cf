#include <math.h>

#include "fuzz.h"
#include "formats/deepsense_text.h"

static void check_power(const char *text, size_t size)
{
    double *power, *again;
    size_t count, count_again;
    bcue_error error = {{0}};
    bcue_status status = bcue_deepsense_power_parse(text, size, FUZZ_NAME, &power, &count, &error);
    if (status != BCUE_OK) {
        fuzz_check_refusal(status, &error);
        return;
    }
    bcue_text out = {0};
    bcue_deepsense_power_write(power, count, &out);
    fuzz_require(bcue_deepsense_power_parse(out.data, out.size, FUZZ_NAME, &again, &count_again, &error) ==
                     BCUE_OK,
                 "written powers cannot be read", &error);
    fuzz_require(count == count_again, "the count changed", &error);
    for (size_t i = 0; i < count; i++)
        fuzz_require(again[i] == power[i] || (isnan(again[i]) && isnan(power[i])), "a power changed", &error);
    free(power);
    free(again);
    bcue_text_free(&out);
}

static void check_gps(const char *text, size_t size)
{
    double latitude_deg = 0.0, longitude_deg = 0.0;
    bcue_error error = {{0}};
    bcue_status status =
        bcue_deepsense_gps_parse(text, size, FUZZ_NAME, &latitude_deg, &longitude_deg, &error);
    if (status != BCUE_OK)
        fuzz_check_refusal(status, &error);
    else
        fuzz_require(!(fabs(latitude_deg) > 90.0) && !(fabs(longitude_deg) > 180.0), "a fix is off the globe",
                     &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_power((const char *)data, size);
    check_gps((const char *)data, size);
    return 0;
}
