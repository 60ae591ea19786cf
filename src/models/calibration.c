#include "models/calibration.h"

#include <stddef.h>
#include <stdio.h>

#include "base/fail.h"
#include "models/completion.h"

#define REAL(key, place, low, high, text)                                                                    \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_DOUBLE, .offset = (place), .minimum = (low), .maximum = (high),   \
        .required = true, .help = (text)                                                                     \
    }
#define REALS(key, place, low, high, text)                                                                   \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_DOUBLE_LIST, .offset = (place), .fallback = "[]",                 \
        .minimum = (low), .maximum = (high), .help = (text)                                                  \
    }
#define WHOLE(key, place, text)                                                                              \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_INT, .offset = (place), .minimum = 1, .maximum = 1e15,            \
        .required = true, .help = (text)                                                                     \
    }
#define NAMES(key, place, text)                                                                              \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_STRING_LIST, .offset = (place), .fallback = "[]", .help = (text)  \
    }
/* What is kept of every pattern, `from` being where it begins. */
#define OF_PATTERN(from)                                                                                     \
    REAL("temperature", (from) + offsetof(bcue_calibration_pattern, temperature), 0.01, 100,                 \
         "probabilities are taken to the power 1 / this"),                                                   \
        REAL("error_before", (from) + offsetof(bcue_calibration_pattern, error_before), 0, 1,                \
             "expected calibration error without it"),                                                       \
        REAL("error_after", (from) + offsetof(bcue_calibration_pattern, error_after), 0, 1, "and with it"),  \
        REALS("threshold", (from) + offsetof(bcue_calibration_pattern, threshold), 0, 2,                     \
              "for each coverage: probability of the set; above 1: all beams"),                              \
        REALS("margin_threshold", (from) + offsetof(bcue_calibration_pattern, margin_threshold), 0, 2,       \
              "likewise for a beam within margin_db of the best"),                                           \
        WHOLE("episodes", (from) + offsetof(bcue_calibration_pattern, episodes), "made with so many"),       \
        WHOLE("samples", (from) + offsetof(bcue_calibration_pattern, samples), "made with so many")

static const bcue_config_field pattern_fields[] = {
    NAMES("missing", offsetof(bcue_calibration_pattern, missing), "modalities"),
    NAMES("held", offsetof(bcue_calibration_pattern, held), "modalities"),
    {.name = "stand_in",
     .type = BCUE_CONFIG_CHOICE,
     .offset = offsetof(bcue_calibration_pattern, stand_in),
     .choices = bcue_stand_in_names,
     .fallback = "zero",
     .help = "what took the place of those missing"},
    OF_PATTERN(0),
    {0}};

const bcue_config_field bcue_calibration_fields[] = {
    OF_PATTERN(offsetof(bcue_calibration, whole)),
    REALS("coverage", offsetof(bcue_calibration, coverage), 0, 1, "shares of samples of new episodes"),
    REAL("margin_db", offsetof(bcue_calibration, margin_db), 0, 100, "0: no thresholds for a margin"),
    {.name = "hold_rows",
     .type = BCUE_CONFIG_INT,
     .offset = offsetof(bcue_calibration, hold_rows),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1e6,
     .help = "held frames were so many rows old"},
    {.name = "hold_s",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = offsetof(bcue_calibration, hold_s),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1e9,
     .help = "and so many seconds"},
    {.name = "patterns",
     .type = BCUE_CONFIG_SECTION_LIST,
     .offset = offsetof(bcue_calibration, patterns),
     .fields = pattern_fields,
     .item_size = sizeof(bcue_calibration_pattern),
     .help = "the same for modalities that are missing or held"},
    {.name = "data",
     .type = BCUE_CONFIG_STRING,
     .offset = offsetof(bcue_calibration, data),
     .help = "hash of the data set"},
    {0}};

static size_t list_inputs(unsigned inputs, char *text, size_t used)
{
    const char *between = "";
    for (int m = 0; m <= BCUE_INPUT_POSITION; m++) {
        if ((inputs & 1U << m) == 0)
            continue;
        used += (size_t)snprintf(text + used, BCUE_PATTERN_NAME_SIZE - used, "%s%s", between,
                                 bcue_model_input_names[m]);
        between = " + ";
    }
    return used;
}

void bcue_input_pattern_name(bcue_input_pattern pattern, char text[BCUE_PATTERN_NAME_SIZE])
{
    size_t used = 0;
    if ((pattern.missing | pattern.held) == 0)
        used = (size_t)snprintf(text, BCUE_PATTERN_NAME_SIZE, "all there");
    if (pattern.missing != 0) {
        used = list_inputs(pattern.missing, text, (size_t)snprintf(text, BCUE_PATTERN_NAME_SIZE, "no "));
        used += (size_t)snprintf(text + used, BCUE_PATTERN_NAME_SIZE - used, " (%s)%s",
                                 bcue_stand_in_names[pattern.stand_in], pattern.held != 0 ? ", " : "");
    }
    if (pattern.held != 0) {
        used = list_inputs(pattern.held, text, used);
        (void)snprintf(text + used, BCUE_PATTERN_NAME_SIZE - used, " held");
    }
}

static bool fits(const bcue_calibration *c, const bcue_calibration_pattern *p)
{
    return p->threshold.count == c->coverage.count &&
           p->margin_threshold.count == (c->margin_db > 0.0 ? c->coverage.count : 0);
}

bcue_status bcue_calibration_check(const bcue_calibration *c, const char *name, bcue_error *error)
{
    bool right = fits(c, &c->whole);
    for (size_t i = 1; right && i < c->coverage.count; i++)
        right = c->coverage.items[i] > c->coverage.items[i - 1];
    for (size_t i = 1; right && i < bcue_calibration_count(c); i++) {
        const bcue_calibration_pattern *p = bcue_calibration_at(c, i);
        const bcue_input_pattern inputs = bcue_calibration_inputs(p);
        right = fits(c, p) && (inputs.missing | inputs.held) != 0 && (inputs.missing & inputs.held) == 0;
    }
    return right
               ? BCUE_OK
               : bcue_fail(error, BCUE_ERROR_FORMAT,
                           "%s: its calibration does not have one threshold for each coverage; make it again "
                           "with 'beamcue calibrate'",
                           name);
}

size_t bcue_calibration_count(const bcue_calibration *c)
{
    return 1 + c->patterns.count;
}

const bcue_calibration_pattern *bcue_calibration_at(const bcue_calibration *c, size_t index)
{
    const bcue_calibration_pattern *patterns = c->patterns.items;
    return index == 0 ? &c->whole : &patterns[index - 1];
}

bcue_input_pattern bcue_calibration_inputs(const bcue_calibration_pattern *pattern)
{
    return (bcue_input_pattern){.missing = bcue_model_input_bits(&pattern->missing),
                                .held = bcue_model_input_bits(&pattern->held),
                                .stand_in = pattern->stand_in};
}

const bcue_calibration_pattern *bcue_calibration_find(const bcue_calibration *c, bcue_input_pattern inputs)
{
    for (size_t i = 0; i < bcue_calibration_count(c); i++) {
        const bcue_input_pattern of = bcue_calibration_inputs(bcue_calibration_at(c, i));
        if (of.missing == inputs.missing && of.held == inputs.held &&
            (of.missing == 0 || of.stand_in == inputs.stand_in))
            return bcue_calibration_at(c, i);
    }
    return NULL;
}

double bcue_calibration_temperature(const bcue_calibration *c, const bcue_calibration_pattern *pattern)
{
    double highest = c->whole.temperature;
    for (size_t i = 1; i < bcue_calibration_count(c); i++) {
        const double other = bcue_calibration_at(c, i)->temperature;
        highest = other > highest ? other : highest;
    }
    return pattern != NULL ? pattern->temperature : highest;
}

bcue_status bcue_calibration_level(const bcue_calibration *c, double coverage, double margin_db,
                                   size_t *level, bcue_error *error)
{
    if (margin_db > 0.0 && (margin_db < c->margin_db || margin_db > c->margin_db))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "the model is calibrated for the best beam%s, not for a margin of %g dB",
                         c->margin_db > 0.0 ? " and one other margin" : "", margin_db);
    for (*level = 0; *level < c->coverage.count; ++*level)
        if (c->coverage.items[*level] >= coverage - 1e-12)
            return BCUE_OK;
    return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                     "the model is calibrated for a coverage of up to %g, not %g; calibrate it again with "
                     "calibrate.coverage",
                     c->coverage.count > 0 ? c->coverage.items[c->coverage.count - 1] : 0.0, coverage);
}
