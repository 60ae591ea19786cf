#include "formats/nmea.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"

enum { MOST_FIELDS = 32, LONGEST_FIELD = 31, LONGEST_SENTENCE = 256, LARGEST_LOG = 1 << 30 };
static const double knot_mps = 1852.0 / 3600.0;

/* One sentence, cut at its commas. */
typedef struct sentence {
    const char *name; /* of the file */
    size_t line;
    size_t count;
    char field[MOST_FIELDS][LONGEST_FIELD + 1]; /* [0]: talker and type */
} sentence;

unsigned bcue_nmea_checksum(const char *characters, size_t size)
{
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++)
        sum ^= (unsigned char)characters[i];
    return sum;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* "$...*HH" of printable characters with a right checksum: its middle. */
static bool check_sentence(const char *line, size_t size, const char **middle, size_t *length)
{
    if (size < 4 || size > LONGEST_SENTENCE || line[0] != '$' || line[size - 3] != '*')
        return false;
    int high = hex_digit(line[size - 2]), low = hex_digit(line[size - 1]);
    *middle = line + 1;
    *length = size - 4;
    for (size_t i = 0; i < *length; i++)
        if ((*middle)[i] < ' ' || (*middle)[i] > '~' || (*middle)[i] == '*' || (*middle)[i] == '$')
            return false;
    return high >= 0 && low >= 0 && bcue_nmea_checksum(*middle, *length) == (unsigned)(16 * high + low);
}

/* Fields beyond the 32nd, and characters beyond the 31st, are none of GGA's or RMC's. */
static void cut_fields(const char *middle, size_t length, sentence *cut)
{
    size_t used = 0;
    cut->count = 1;
    memset(cut->field, 0, sizeof cut->field);
    for (size_t i = 0; i < length; i++) {
        if (middle[i] == ',') {
            if (cut->count == MOST_FIELDS)
                return;
            cut->count++;
            used = 0;
        } else if (used < LONGEST_FIELD) {
            cut->field[cut->count - 1][used++] = middle[i];
        }
    }
}

static bcue_status refuse(const sentence *cut, const char *field, const char *found, bcue_error *error)
{
    return bcue_fail(error, BCUE_ERROR_FORMAT, "%s:%zu: %s: \"%s\" is no %s", cut->name, cut->line,
                     cut->field[0], found, field);
}

/* An empty field leaves the value as it is. */
static bcue_status take_double(const sentence *cut, size_t at, const char *what, double low, double high,
                               double *value, bcue_error *error)
{
    double found;
    const char *field = at < cut->count ? cut->field[at] : "";
    if (*field == '\0')
        return BCUE_OK;
    if (!bcue_parse_double(field, &found) || !(found >= low && found <= high))
        return refuse(cut, what, field, error);
    *value = found;
    return BCUE_OK;
}

static bcue_status take_count(const sentence *cut, size_t at, const char *what, int *value, bcue_error *error)
{
    int64_t found;
    const char *field = at < cut->count ? cut->field[at] : "";
    if (*field == '\0')
        return BCUE_OK;
    if (!bcue_parse_int64(field, &found) || found < 0 || found > 999)
        return refuse(cut, what, field, error);
    *value = (int)found;
    return BCUE_OK;
}

static bool two_digits(const char *text, int *value)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return false;
    *value = 10 * (text[0] - '0') + (text[1] - '0');
    return true;
}

/* "hhmmss.ss". */
static bcue_status take_time(const sentence *cut, size_t at, double *time_s, bcue_error *error)
{
    const char *field = at < cut->count ? cut->field[at] : "";
    int hours, minutes;
    double seconds;
    if (*field == '\0')
        return BCUE_OK;
    if (strlen(field) < 6 || !two_digits(field, &hours) || !two_digits(field + 2, &minutes) ||
        field[4] < '0' || field[4] > '9' || !bcue_parse_double(field + 4, &seconds) || hours > 23 ||
        minutes > 59 || !(seconds >= 0 && seconds < 61))
        return refuse(cut, "time of day (hhmmss)", field, error);
    *time_s = hours * 3600.0 + minutes * 60.0 + seconds;
    return BCUE_OK;
}

/* "ddmm.mmmm" with its hemisphere in the next field; both empty: no fix. */
static bcue_status take_angle(const sentence *cut, size_t at, size_t degree_digits, const char *hemispheres,
                              double most_deg, double *angle_deg, bcue_error *error)
{
    const char *field = at < cut->count ? cut->field[at] : "",
               *side = at + 1 < cut->count ? cut->field[at + 1] : "";
    char whole[4] = "";
    int64_t degrees;
    double minutes;
    if (*field == '\0' && *side == '\0')
        return BCUE_OK;
    if (strlen(field) < degree_digits + 2)
        return refuse(cut, "angle (degrees and minutes)", field, error);
    memcpy(whole, field, degree_digits);
    const char *rest = field + degree_digits;
    if (!bcue_parse_int64(whole, &degrees) || degrees < 0 || *rest < '0' || *rest > '9' ||
        !bcue_parse_double(rest, &minutes) || !(minutes >= 0 && minutes < 60) ||
        (double)degrees + minutes / 60.0 > most_deg)
        return refuse(cut, "angle (degrees and minutes)", field, error);
    if (side[0] == '\0' || side[1] != '\0' || strchr(hemispheres, side[0]) == NULL)
        return refuse(cut, hemispheres[0] == 'N' ? "hemisphere (N or S)" : "hemisphere (E or W)", side,
                      error);
    *angle_deg = ((double)degrees + minutes / 60.0) * (side[0] == hemispheres[0] ? 1.0 : -1.0);
    return BCUE_OK;
}

static bcue_status take_place(const sentence *cut, size_t at, bcue_nmea_fix *fix, bcue_error *error)
{
    BCUE_TRY(take_angle(cut, at, 2, "NS", 90, &fix->latitude_deg, error));
    return take_angle(cut, at + 2, 3, "EW", 180, &fix->longitude_deg, error);
}

/* "ddmmyy": 80 to 99 belong to the last century. */
static bcue_status take_date(const sentence *cut, size_t at, bcue_nmea_fix *fix, bcue_error *error)
{
    const char *field = at < cut->count ? cut->field[at] : "";
    int day, month, year;
    if (*field == '\0')
        return BCUE_OK;
    if (strlen(field) != 6 || !two_digits(field, &day) || !two_digits(field + 2, &month) ||
        !two_digits(field + 4, &year) || day < 1 || day > 31 || month < 1 || month > 12)
        return refuse(cut, "date (ddmmyy)", field, error);
    fix->day = day;
    fix->month = month;
    fix->year = year < 80 ? 2000 + year : 1900 + year;
    return BCUE_OK;
}

static bcue_nmea_fix empty_fix(size_t line)
{
    return (bcue_nmea_fix){.time_s = NAN,
                           .year = -1,
                           .month = -1,
                           .day = -1,
                           .latitude_deg = NAN,
                           .longitude_deg = NAN,
                           .altitude_m = NAN,
                           .geoid_separation_m = NAN,
                           .hdop = NAN,
                           .quality = -1,
                           .satellites = -1,
                           .speed_mps = NAN,
                           .course_deg = NAN,
                           .line = line};
}

/* Every value is bounded by what a receiver on or over the Earth can mean. */
static bcue_status read_gga(const sentence *cut, bcue_nmea_fix *fix, bcue_error *error)
{
    BCUE_TRY(take_time(cut, 1, &fix->time_s, error));
    BCUE_TRY(take_place(cut, 2, fix, error));
    BCUE_TRY(take_count(cut, 6, "quality of a fix", &fix->quality, error));
    BCUE_TRY(take_count(cut, 7, "number of satellites", &fix->satellites, error));
    BCUE_TRY(take_double(cut, 8, "dilution of precision", 0, 1e6, &fix->hdop, error));
    BCUE_TRY(take_double(cut, 9, "altitude", -1e7, 1e9, &fix->altitude_m, error));
    BCUE_TRY(take_double(cut, 11, "geoid separation", -1e4, 1e4, &fix->geoid_separation_m, error));
    if (fix->quality == 0)
        fix->latitude_deg = fix->longitude_deg = NAN;
    return BCUE_OK;
}

static bcue_status read_rmc(const sentence *cut, bcue_nmea_fix *fix, bcue_error *error)
{
    double speed_knots = NAN;
    BCUE_TRY(take_time(cut, 1, &fix->time_s, error));
    BCUE_TRY(take_place(cut, 3, fix, error));
    BCUE_TRY(take_double(cut, 7, "speed", 0, 1e6, &speed_knots, error));
    BCUE_TRY(take_double(cut, 8, "course", 0, 360, &fix->course_deg, error));
    BCUE_TRY(take_date(cut, 9, fix, error));
    fix->speed_mps = speed_knots * knot_mps;
    if (cut->count > 2 && strcmp(cut->field[2], "V") == 0)
        fix->latitude_deg = fix->longitude_deg = NAN;
    return BCUE_OK;
}

/* The fix that a sentence adds to: the last one when it is of the same instant and lacks this kind. */
static bcue_status target_fix(bcue_nmea_log *log, size_t *capacity, double time_s, bool is_gga, size_t line,
                              bcue_nmea_fix **fix)
{
    void *fixes = log->fixes;
    if (log->count > 0) {
        bcue_nmea_fix *last = &log->fixes[log->count - 1];
        bool lacks = is_gga ? last->quality < 0 : isnan(last->speed_mps) && last->day < 0;
        if (lacks && last->time_s == time_s) {
            *fix = last;
            return BCUE_OK;
        }
    }
    if (!bcue_grow(&fixes, capacity, log->count + 1, sizeof *log->fixes))
        return BCUE_ERROR_MEMORY;
    log->fixes = fixes;
    *fix = &log->fixes[log->count++];
    **fix = empty_fix(line);
    return BCUE_OK;
}

static double known(double value, double otherwise)
{
    return isnan(value) ? otherwise : value;
}

/* Where both sentences have a place, GGA's counts. */
static void merge(const bcue_nmea_fix *found, bool is_gga, bcue_nmea_fix *fix)
{
    bool placed = !isnan(fix->latitude_deg);
    fix->time_s = known(found->time_s, fix->time_s);
    if (is_gga || !placed) {
        fix->latitude_deg = known(found->latitude_deg, fix->latitude_deg);
        fix->longitude_deg = known(found->longitude_deg, fix->longitude_deg);
    }
    if (is_gga) {
        fix->altitude_m = found->altitude_m;
        fix->geoid_separation_m = found->geoid_separation_m;
        fix->hdop = found->hdop;
        fix->quality = found->quality;
        fix->satellites = found->satellites;
        return;
    }
    fix->year = found->year;
    fix->month = found->month;
    fix->day = found->day;
    fix->speed_mps = found->speed_mps;
    fix->course_deg = found->course_deg;
}

static bcue_status take_sentence(const sentence *cut, bcue_nmea_log *log, size_t *capacity, bcue_error *error)
{
    size_t length = strlen(cut->field[0]);
    const char *kind = length >= 3 ? cut->field[0] + length - 3 : "";
    bool is_gga = length == 5 && strcmp(kind, "GGA") == 0, is_rmc = length == 5 && strcmp(kind, "RMC") == 0;
    bcue_nmea_fix found = empty_fix(cut->line), *fix;
    if (!is_gga && !is_rmc)
        return BCUE_OK;
    BCUE_TRY(is_gga ? read_gga(cut, &found, error) : read_rmc(cut, &found, error));
    if (target_fix(log, capacity, found.time_s, is_gga, cut->line, &fix) != BCUE_OK)
        return bcue_fail_memory(error, cut->name);
    merge(&found, is_gga, fix);
    log->gga += is_gga;
    log->rmc += is_rmc;
    return BCUE_OK;
}

static bcue_status parse_lines(const char *text, size_t size, const char *name, bcue_nmea_log *log,
                               bcue_error *error)
{
    sentence cut = {.name = name};
    size_t capacity = 0;
    const char *end = text + size;
    for (const char *at = text; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at)), *middle;
        size_t length = (size_t)((newline != NULL ? newline : end) - at), middle_length;
        cut.line++;
        while (length > 0 && (at[length - 1] == '\r' || at[length - 1] == ' '))
            length--;
        if (check_sentence(at, length, &middle, &middle_length)) {
            log->sentences++;
            cut_fields(middle, middle_length, &cut);
            BCUE_TRY(take_sentence(&cut, log, &capacity, error));
        } else if (length > 0) {
            log->damaged++;
        }
        at = newline != NULL ? newline + 1 : end;
    }
    return log->sentences > 0
               ? BCUE_OK
               : bcue_fail(error, BCUE_ERROR_FORMAT,
                           "%s:%zu: not one NMEA sentence (\"$...*\" and a right checksum) in %zu lines",
                           name, cut.line, cut.line);
}

bcue_status bcue_nmea_parse(const char *text, size_t size, const char *name, bcue_nmea_log *log,
                            bcue_error *error)
{
    *log = (bcue_nmea_log){0};
    bcue_status status = parse_lines(text, size, name, log, error);
    if (status != BCUE_OK)
        bcue_nmea_free(log);
    return status;
}

bcue_status bcue_nmea_read(const char *path, bcue_nmea_log *log, bcue_error *error)
{
    bcue_bytes bytes;
    *log = (bcue_nmea_log){0};
    BCUE_TRY(bcue_file_read(path, LARGEST_LOG, &bytes, error));
    bcue_status status = bcue_nmea_parse((const char *)bytes.data, bytes.size, path, log, error);
    bcue_bytes_free(&bytes);
    return status;
}

void bcue_nmea_free(bcue_nmea_log *log)
{
    if (log == NULL)
        return;
    free(log->fixes);
    *log = (bcue_nmea_log){0};
}

/* Degrees and minutes, rounded as a whole so that minutes never read 60. */
static void put_angle(double angle_deg, int degree_digits, const char *hemispheres, bcue_text *out)
{
    if (isnan(angle_deg)) {
        bcue_text_puts(out, ",,");
        return;
    }
    double units = nearbyint(fabs(angle_deg) * 60.0 * 1e7), per_degree = 60.0 * 1e7;
    double degrees = floor(units / per_degree), minutes = (units - degrees * per_degree) / 1e7;
    bcue_text_printf(out, ",%0*.0f%010.7f,%c", degree_digits, degrees, minutes,
                     hemispheres[angle_deg < 0 ? 1 : 0]);
}

static void put_time(double time_s, bcue_text *out)
{
    if (isnan(time_s)) {
        bcue_text_puts(out, ",");
        return;
    }
    double hundredths = fmod(nearbyint(time_s * 100.0), 8640000.0);
    double hours = floor(hundredths / 360000.0), minutes = floor(fmod(hundredths, 360000.0) / 6000.0);
    bcue_text_printf(out, ",%02.0f%02.0f%05.2f", hours, minutes, fmod(hundredths, 6000.0) / 100.0);
}

static void put_value(const char *format, double value, bcue_text *out)
{
    bcue_text_puts(out, ",");
    if (!isnan(value))
        bcue_text_printf(out, format, value);
}

static void finish_sentence(bcue_text *sentence_text, bcue_text *out)
{
    if (sentence_text->failed || sentence_text->size == 0) {
        out->failed = true;
    } else {
        bcue_text_append(out, sentence_text->data, sentence_text->size);
        bcue_text_printf(out, "*%02X\r\n",
                         bcue_nmea_checksum(sentence_text->data + 1, sentence_text->size - 1));
    }
    bcue_text_free(sentence_text);
}

void bcue_nmea_write_gga(const bcue_nmea_fix *fix, bcue_text *out)
{
    bcue_text text = {0};
    bool there = !isnan(fix->latitude_deg) && !isnan(fix->longitude_deg);
    bcue_text_puts(&text, "$GNGGA");
    put_time(fix->time_s, &text);
    put_angle(there ? fix->latitude_deg : NAN, 2, "NS", &text);
    put_angle(there ? fix->longitude_deg : NAN, 3, "EW", &text);
    bcue_text_printf(&text, ",%d,%02d", there ? (fix->quality > 0 ? fix->quality : 1) : 0,
                     fix->satellites > 0 ? fix->satellites : 0);
    put_value("%.1f", fix->hdop, &text);
    put_value("%.3f", fix->altitude_m, &text);
    bcue_text_puts(&text, ",M");
    put_value("%.3f", fix->geoid_separation_m, &text);
    bcue_text_puts(&text, ",M,,");
    finish_sentence(&text, out);
}

void bcue_nmea_write_rmc(const bcue_nmea_fix *fix, bcue_text *out)
{
    bcue_text text = {0};
    bool there = !isnan(fix->latitude_deg) && !isnan(fix->longitude_deg);
    bcue_text_puts(&text, "$GNRMC");
    put_time(fix->time_s, &text);
    bcue_text_puts(&text, there ? ",A" : ",V");
    put_angle(there ? fix->latitude_deg : NAN, 2, "NS", &text);
    put_angle(there ? fix->longitude_deg : NAN, 3, "EW", &text);
    put_value("%.3f", fix->speed_mps / knot_mps, &text);
    put_value("%.3f", fix->course_deg, &text);
    bcue_text_puts(&text, ",");
    if (fix->day > 0)
        bcue_text_printf(&text, "%02d%02d%02d", fix->day, fix->month, fix->year % 100);
    bcue_text_puts(&text, ",,,A");
    finish_sentence(&text, out);
}
