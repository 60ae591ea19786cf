#include <math.h>

#include "fuzz.h"
#include "formats/nmea.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bcue_nmea_log log, again;
    bcue_error error = {{0}};
    bcue_status status = bcue_nmea_parse((const char *)data, size, FUZZ_NAME, &log, &error);
    if (status != BCUE_OK) {
        fuzz_check_refusal(status, &error);
        return 0;
    }
    for (size_t i = 0; i < log.count; i++) {
        const bcue_nmea_fix *fix = &log.fixes[i];
        fuzz_require(!(fabs(fix->latitude_deg) > 90.0) && !(fabs(fix->longitude_deg) > 180.0),
                     "a fix is off the globe", &error);
        bcue_text out = {0};
        bcue_nmea_write_gga(fix, &out);
        bcue_nmea_write_rmc(fix, &out);
        fuzz_require(!out.failed && bcue_nmea_parse(out.data, out.size, FUZZ_NAME, &again, &error) == BCUE_OK,
                     "a written fix cannot be read", &error);
        fuzz_require(again.gga == 1 && again.rmc == 1, "a written sentence is lost", &error);
        /* Two sentences without a time may be of two instants. */
        fuzz_require(isnan(fix->time_s) || again.count == 1, "a written fix is not one", &error);
        bool there = !isnan(fix->latitude_deg) && !isnan(fix->longitude_deg);
        fuzz_require(!there || fabs(again.fixes[0].latitude_deg - fix->latitude_deg) < 1e-8, "a fix moved",
                     &error);
        bcue_nmea_free(&again);
        bcue_text_free(&out);
    }
    bcue_nmea_free(&log);
    return 0;
}
