/* GNSS receiver logs: the NMEA 0183 sentences GGA and RMC of any talker ("$GPGGA", "$GNRMC", ...), with
   checksum. Other sentences are counted and passed over; lines that are no sentence, or whose checksum is
   wrong or missing, are counted as damaged and passed over, since a log that begins or ends in the middle of
   a line is the usual case. A GGA and an RMC of the same instant make one fix.

   Errors: BCUE_ERROR_FORMAT with "name:line:" when not one line is a sentence with a right checksum, or when
   a GGA or RMC with a right checksum says what cannot be (minutes of 60, an hour of 25); BCUE_ERROR_IO;
   BCUE_ERROR_MEMORY. Any thread. */
#ifndef BCUE_FORMATS_NMEA_H
#define BCUE_FORMATS_NMEA_H

#include <stdbool.h>
#include <stddef.h>
#include "base/text.h"
#include "beamcue/status.h"

/* NaN and -1: not said. */
typedef struct bcue_nmea_fix {
    double time_s;                               /* UTC, seconds of the day */
    int year, month, day;                        /* RMC; -1 */
    double latitude_deg, longitude_deg;          /* NaN: no fix */
    double altitude_m, geoid_separation_m, hdop; /* GGA: above mean sea level; geoid above ellipsoid */
    int quality;       /* GGA: 0 none, 1 GPS, 2 DGPS, 4 RTK fixed, 5 RTK float, ... */
    int satellites;    /* GGA */
    double speed_mps;  /* RMC, over ground */
    double course_deg; /* RMC, clockwise from true north */
    size_t line;       /* 1-based, of its first sentence */
} bcue_nmea_fix;

typedef struct bcue_nmea_log {
    size_t count;
    bcue_nmea_fix *fixes; /* owned; in the order of the file */
    size_t sentences;     /* with a right checksum, of any kind */
    size_t gga, rmc;      /* of these */
    size_t damaged;       /* lines that are no sentence or fail their checksum */
} bcue_nmea_log;

/* `name` stands for the file in messages. On success the caller frees `log`; otherwise it is empty. */
bcue_status bcue_nmea_parse(const char *text, size_t size, const char *name, bcue_nmea_log *log,
                            bcue_error *error);
bcue_status bcue_nmea_read(const char *path, bcue_nmea_log *log, bcue_error *error);
void bcue_nmea_free(bcue_nmea_log *log); /* and make it empty; NULL is fine */

/* XOR of the characters between '$' and '*'. */
unsigned bcue_nmea_checksum(const char *characters, size_t size);
/* "$GNGGA,..." and "$GNRMC,..." lines with CR LF: seven decimals of a minute (about 0.2 mm), hundredths of
   seconds. NaN position: an empty fix of quality 0, or status V. */
void bcue_nmea_write_gga(const bcue_nmea_fix *fix, bcue_text *out);
void bcue_nmea_write_rmc(const bcue_nmea_fix *fix, bcue_text *out);

#endif
