/* The small text files of DeepSense 6G: received power per beam, and a GPS fix. They mix "%.18e" and plain
   notation, CRLF and LF, and end with any number of blank lines.

   Errors: BCUE_ERROR_FORMAT with "name:line: sentence"; BCUE_ERROR_IO; BCUE_ERROR_MEMORY. Any thread. */
#ifndef BCUE_FORMATS_DEEPSENSE_TEXT_H
#define BCUE_FORMATS_DEEPSENSE_TEXT_H

#include <stddef.h>
#include "base/text.h"
#include "beamcue/status.h"

/* Numbers between blanks or line ends, nan and inf included: 1 to 65536 of them, linear received power in
   beam order. On success the caller frees *power with free(); otherwise it is NULL and *count 0. */
bcue_status bcue_deepsense_power_parse(const char *text, size_t size, const char *name, double **power,
                                       size_t *count, bcue_error *error);
bcue_status bcue_deepsense_power_read(const char *path, double **power, size_t *count, bcue_error *error);
/* Exactly two numbers: latitude, longitude in degrees (nan kept; otherwise |lat| <= 90, |lon| <= 180).
 * Written only on success. */
bcue_status bcue_deepsense_gps_parse(const char *text, size_t size, const char *name, double *latitude_deg,
                                     double *longitude_deg, bcue_error *error);
bcue_status bcue_deepsense_gps_read(const char *path, double *latitude_deg, double *longitude_deg,
                                    bcue_error *error);
/* As the recordings write them ("%.18e", LF), so every double reads back the same. */
void bcue_deepsense_power_write(const double *power, size_t count, bcue_text *out);
void bcue_deepsense_gps_write(double latitude_deg, double longitude_deg, bcue_text *out);

#endif
