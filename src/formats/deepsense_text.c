#include "formats/deepsense_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"

enum { MOST_NUMBERS = 65536, LARGEST_FILE = 4 << 20, LONGEST_NUMBER = 63 };

typedef struct number_scanner {
    const char *at, *end;
    const char *name;
    size_t line;
} number_scanner;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next number, or *found = false at the end. */
static bcue_status next_number(number_scanner *scanner, double *value, bool *found, bcue_error *error)
{
    for (; scanner->at < scanner->end && is_blank(*scanner->at); scanner->at++)
        scanner->line += *scanner->at == '\n';
    *found = scanner->at < scanner->end;
    if (!*found)
        return BCUE_OK;
    const char *start = scanner->at;
    while (scanner->at < scanner->end && !is_blank(*scanner->at))
        scanner->at++;
    size_t size = (size_t)(scanner->at - start);
    char word[LONGEST_NUMBER + 1];
    size_t kept = size < LONGEST_NUMBER ? size : LONGEST_NUMBER;
    memcpy(word, start, kept);
    word[kept] = '\0';
    if (size > LONGEST_NUMBER || memchr(word, '\0', size) != NULL || !bcue_parse_double(word, value)) {
        for (size_t i = 0; i < kept; i++)
            if (word[i] < ' ' || word[i] > '~')
                word[i] = '?';
        return bcue_fail(error, BCUE_ERROR_FORMAT, "%s:%zu: \"%s\" is not a number", scanner->name,
                         scanner->line, word);
    }
    return BCUE_OK;
}

bcue_status bcue_deepsense_power_parse(const char *text, size_t size, const char *name, double **power,
                                       size_t *count, bcue_error *error)
{
    *power = NULL;
    *count = 0;
    number_scanner scanner = {text, text + size, name, 1};
    void *numbers = NULL;
    size_t used = 0, capacity = 0;
    bcue_status status;
    for (;;) {
        double value = 0.0;
        bool found = false;
        status = next_number(&scanner, &value, &found, error);
        if (status != BCUE_OK || !found)
            break;
        if (used == MOST_NUMBERS) {
            status =
                bcue_fail(error, BCUE_ERROR_FORMAT, "%s:%zu: more than %d numbers; one per beam is expected",
                          name, scanner.line, MOST_NUMBERS);
            break;
        }
        if (!bcue_grow(&numbers, &capacity, used + 1, sizeof(double))) {
            status = bcue_fail_memory(error, name);
            break;
        }
        ((double *)numbers)[used++] = value;
    }
    if (status == BCUE_OK && used == 0)
        status =
            bcue_fail(error, BCUE_ERROR_FORMAT,
                      "%s:%zu: no number found; one received power per beam is expected", name, scanner.line);
    if (status != BCUE_OK) {
        free(numbers);
        return status;
    }
    *power = numbers;
    *count = used;
    return BCUE_OK;
}

bcue_status bcue_deepsense_power_read(const char *path, double **power, size_t *count, bcue_error *error)
{
    *power = NULL;
    *count = 0;
    bcue_bytes bytes;
    BCUE_TRY(bcue_file_read(path, LARGEST_FILE, &bytes, error));
    bcue_status status =
        bcue_deepsense_power_parse((const char *)bytes.data, bytes.size, path, power, count, error);
    bcue_bytes_free(&bytes);
    return status;
}

bcue_status bcue_deepsense_gps_parse(const char *text, size_t size, const char *name, double *latitude_deg,
                                     double *longitude_deg, bcue_error *error)
{
    static const char *const what[2] = {"latitude", "longitude"};
    static const double limit[2] = {90.0, 180.0};
    double fix[2] = {0.0, 0.0}, extra = 0.0;
    number_scanner scanner = {text, text + size, name, 1};
    bool found;
    for (int i = 0; i < 2; i++) {
        BCUE_TRY(next_number(&scanner, &fix[i], &found, error));
        if (!found)
            return bcue_fail(error, BCUE_ERROR_FORMAT, "%s:%zu: the %s is missing; two numbers are expected",
                             name, scanner.line, what[i]);
        if (!isnan(fix[i]) && fabs(fix[i]) > limit[i])
            return bcue_fail(error, BCUE_ERROR_FORMAT, "%s:%zu: the %s is %g, outside of -%g .. %g degrees",
                             name, scanner.line, what[i], fix[i], limit[i], limit[i]);
    }
    BCUE_TRY(next_number(&scanner, &extra, &found, error));
    if (found)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s:%zu: a third number; only latitude and longitude are expected", name,
                         scanner.line);
    *latitude_deg = fix[0];
    *longitude_deg = fix[1];
    return BCUE_OK;
}

bcue_status bcue_deepsense_gps_read(const char *path, double *latitude_deg, double *longitude_deg,
                                    bcue_error *error)
{
    bcue_bytes bytes;
    BCUE_TRY(bcue_file_read(path, LARGEST_FILE, &bytes, error));
    bcue_status status = bcue_deepsense_gps_parse((const char *)bytes.data, bytes.size, path, latitude_deg,
                                                  longitude_deg, error);
    bcue_bytes_free(&bytes);
    return status;
}

void bcue_deepsense_power_write(const double *power, size_t count, bcue_text *out)
{
    for (size_t i = 0; i < count; i++)
        bcue_text_printf(out, "%.18e\n", power[i]);
}

void bcue_deepsense_gps_write(double latitude_deg, double longitude_deg, bcue_text *out)
{
    bcue_text_printf(out, "%.18e\n%.18e\n", latitude_deg, longitude_deg);
}
