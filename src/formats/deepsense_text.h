/* The small text files of DeepSense 6G: received power per beam, and a GPS fix. */
#ifndef BCUE_FORMATS_DEEPSENSE_TEXT_H
#define BCUE_FORMATS_DEEPSENSE_TEXT_H

#include <stddef.h>
#include "base/text.h"
#include "beamcue/status.h"

/* One number per line or blank-separated, any notation incl. nan, CRLF, trailing blank lines. *power (linear, owned by the caller, free()) and *count. At most 65536 numbers. */
bcue_status bcue_deepsense_power_parse(const char *text, size_t size, const char *name, double **power, size_t *count, bcue_error *error);
bcue_status bcue_deepsense_power_read(const char *path, double **power, size_t *count, bcue_error *error);
/* Two numbers: latitude, longitude in degrees (nan kept; otherwise |lat| <= 90, |lon| <= 180). */
bcue_status bcue_deepsense_gps_parse(const char *text, size_t size, const char *name, double *latitude_deg, double *longitude_deg, bcue_error *error);
bcue_status bcue_deepsense_gps_read(const char *path, double *latitude_deg, double *longitude_deg, bcue_error *error);
/* As the recordings write them ("%.18e", LF). */
void bcue_deepsense_power_write(const double *power, size_t count, bcue_text *out);
void bcue_deepsense_gps_write(double latitude_deg, double longitude_deg, bcue_text *out);

#endif
