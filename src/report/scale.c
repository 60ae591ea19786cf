#include "report/scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "report/markup.h"

void bcue_range_add(bcue_range *range, double value, bool logarithmic)
{
    if (!isfinite(value) || (logarithmic && value <= 0))
        return;
    if (range->low > range->high) {
        range->low = range->high = value;
        return;
    }
    range->low = value < range->low ? value : range->low;
    range->high = value > range->high ? value : range->high;
}

void bcue_range_add_all(bcue_range *range, const double *values, size_t count, bool logarithmic)
{
    for (size_t i = 0; values != NULL && i < count; i++)
        bcue_range_add(range, values[i], logarithmic);
}

static void put_exponent(char *text, size_t size, double mantissa, int exponent)
{
    static const char *const digits[] = {"\xE2\x81\xB0", "\xC2\xB9",     "\xC2\xB2",     "\xC2\xB3",
                                         "\xE2\x81\xB4", "\xE2\x81\xB5", "\xE2\x81\xB6", "\xE2\x81\xB7",
                                         "\xE2\x81\xB8", "\xE2\x81\xB9"};
    char plain[16], raised[24] = "";
    snprintf(plain, sizeof plain, "%d", exponent);
    for (const char *p = plain; *p != '\0'; p++)
        strncat(raised, *p == '-' ? "\xE2\x81\xBB" : digits[*p - '0'], sizeof raised - strlen(raised) - 1);
    if (fabs(mantissa - 1) < 1e-9)
        snprintf(text, size, "10%s", raised);
    else
        snprintf(text, size,
                 "%s%.4g\xC2\xB7"
                 "10%s",
                 mantissa < 0 ? "\xE2\x88\x92" : "", fabs(mantissa), raised);
}

/* "250000" with a narrow no-break space before each last three digits; `number` has no decimals. */
static void group_digits(char *text, const char *number)
{
    size_t length = strlen(number), used = 0;
    for (size_t i = 0; i < length; i++) {
        size_t left = length - i;
        if (left % 3 == 0 && i > 0 && number[i - 1] >= '0' && number[i - 1] <= '9') {
            memcpy(text + used, "\xE2\x80\xAF", 3);
            used += 3;
        }
        text[used++] = number[i];
    }
    text[used] = '\0';
}

/* One label of ticks that are `step` apart and at most `largest` in size. */
static void linear_label(char *text, double value, double step, double largest)
{
    if (value == 0) {
        snprintf(text, BCUE_TICK_SIZE, "0");
    } else if (largest >= 1e7 || largest < 1e-4) {
        int exponent = (int)floor(log10(largest) + 1e-9);
        put_exponent(text, BCUE_TICK_SIZE, value / pow(10, exponent), exponent);
    } else {
        int decimals = (int)ceil(-log10(step) - 1e-9);
        char number[BCUE_NUMBER_SIZE];
        bcue_format_number(number, value, decimals < 0 ? 0 : decimals > 12 ? 12 : decimals, false);
        if (decimals <= 0 && fabs(value) >= 1e4) /* less than 1e7 here: at most 8 digits and a sign */
            group_digits(text, number);
        else
            snprintf(text, BCUE_TICK_SIZE, "%.*s", BCUE_TICK_SIZE - 1, number);
    }
}

static double nice_step(double span, int wanted, bool integer)
{
    double raw = span / wanted, power = pow(10, floor(log10(raw)));
    double part = raw / power;
    double step = (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10) * power;
    return integer && step < 1 ? 1 : step;
}

static void linear_ticks(bcue_scale *scale, int wanted, bool integer, bool round_out)
{
    double step = nice_step(scale->high - scale->low, wanted, integer);
    if (round_out) {
        scale->low = floor(scale->low / step + 1e-9) * step;
        scale->high = ceil(scale->high / step - 1e-9) * step;
    }
    double first = ceil(scale->low / step - 1e-9), last = floor(scale->high / step + 1e-9);
    double largest = fmax(fabs(scale->low), fabs(scale->high));
    for (double i = first; i <= last && scale->tick_count < BCUE_MAX_TICKS; i++) {
        double value = i * step;
        linear_label(scale->labels[scale->tick_count], value, step, largest);
        scale->ticks[scale->tick_count++] = value;
    }
}

static void add_log_tick(bcue_scale *scale, double mantissa, int exponent)
{
    double value = mantissa * pow(10, exponent);
    if (scale->tick_count == BCUE_MAX_TICKS || value < scale->low * (1 - 1e-9) ||
        value > scale->high * (1 + 1e-9))
        return;
    char *label = scale->labels[scale->tick_count];
    if (exponent >= -3 && exponent <= 4)
        snprintf(label, BCUE_TICK_SIZE, "%.*f", exponent < 0 ? -exponent : 0, value);
    else
        put_exponent(label, BCUE_TICK_SIZE, mantissa, exponent);
    scale->ticks[scale->tick_count++] = value;
}

static void log_ticks(bcue_scale *scale, int wanted, bool round_out)
{
    double decades = log10(scale->high) - log10(scale->low);
    if (decades < 0.7) { /* too few round numbers on a logarithmic grid: round ones of a linear one */
        linear_ticks(scale, wanted, false, false);
        return;
    }
    if (round_out && decades >= 2) {
        scale->low = fmax(pow(10, floor(log10(scale->low) + 1e-9)), 1e-307);
        scale->high = pow(10, ceil(log10(scale->high) - 1e-9));
    }
    int first = (int)floor(log10(scale->low) - 1e-9), last = (int)ceil(log10(scale->high) + 1e-9);
    int stride = (last - first + wanted) / (wanted + 1);
    for (int e = first; e <= last; e++) {
        if (decades < 3) {
            add_log_tick(scale, 1, e);
            add_log_tick(scale, 2, e);
            add_log_tick(scale, 5, e);
        } else if (stride <= 1 || (e - first) % stride == 0) {
            add_log_tick(scale, 1, e);
        }
    }
}

static void choose_range(bcue_scale *scale, const bcue_chart_axis *axis, bcue_range data)
{
    bool fixed = axis->low < axis->high && isfinite(axis->low) && isfinite(axis->high) &&
                 (!axis->logarithmic || axis->low > 0);
    double limit = 1e300;
    double low = fixed ? axis->low : data.low, high = fixed ? axis->high : data.high;
    if (low > high) {
        low = axis->logarithmic ? 1 : 0;
        high = axis->logarithmic ? 10 : 1;
    }
    double smallest = axis->logarithmic ? 1e-300 : -limit;
    low = fmin(fmax(low, smallest), limit);
    high = fmin(fmax(high, smallest), limit);
    if (axis->from_zero && !axis->logarithmic && !fixed) {
        low = fmin(low, 0);
        high = fmax(high, 0);
    }
    double size = fmax(fabs(low), fabs(high));
    if (!(high - low > 1e-9 * size) || high - low < 1e-300) { /* one value: give it room */
        double room = size > 1e-290 ? size * 0.1 : 1;
        if (axis->integer)
            room = fmax(1, room);
        high = axis->logarithmic ? high * 2 : high + room;
        low = axis->logarithmic ? low / 2 : axis->from_zero && low >= 0 ? 0 : low - room;
    }
    if (axis->integer && !fixed && high - low < 1) /* less than one tick */
        high = low + 1;
    scale->low = low;
    scale->high = high;
}

void bcue_scale_fit(bcue_scale *scale, const bcue_chart_axis *axis, bcue_range data, int wanted,
                    bool round_out)
{
    memset(scale, 0, sizeof *scale);
    scale->logarithmic = axis->logarithmic;
    choose_range(scale, axis, data);
    wanted = wanted < 2 ? 2 : wanted > 16 ? 16 : wanted;
    round_out = round_out && !(axis->low < axis->high);
    if (scale->logarithmic)
        log_ticks(scale, wanted, round_out);
    else
        linear_ticks(scale, wanted, axis->integer, round_out);
}

double bcue_scale_at(const bcue_scale *scale, double value)
{
    if (isnan(value) || (scale->logarithmic && value <= 0))
        return NAN;
    value = value < scale->low ? scale->low : value > scale->high ? scale->high : value;
    double part = scale->logarithmic ? (log(value) - log(scale->low)) / (log(scale->high) - log(scale->low))
                                     : (value - scale->low) / (scale->high - scale->low);
    return scale->pixel_low + part * (scale->pixel_high - scale->pixel_low);
}
