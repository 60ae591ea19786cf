/* YAML configurations against a schema with every type of field. */
#include "fuzz.h"
#include "base/config.h"

typedef struct place {
    char *name;
    double height_m;
} place;

typedef struct settings {
    bool verbose;
    int64_t beams;
    double rate;
    char *title;
    int mode;
    bcue_int_list widths;
    bcue_double_list weights;
    bcue_string_list inputs;
    place site;
    bcue_section_list places;
    bcue_string_map columns;
} settings;

static const char *const modes[] = {"fast", "exact", NULL};

static const bcue_config_field place_fields[] = {
    {.name = "name", .type = BCUE_CONFIG_STRING, .offset = offsetof(place, name), .help = "name"},
    {.name = "height_m",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = offsetof(place, height_m),
     .fallback = "6",
     .minimum = 0,
     .maximum = 100,
     .help = "height"},
    {0},
};

static const bcue_config_field fields[] = {
    {.name = "verbose",
     .type = BCUE_CONFIG_BOOL,
     .offset = offsetof(settings, verbose),
     .help = "more lines"},
    {.name = "beams",
     .type = BCUE_CONFIG_INT,
     .offset = offsetof(settings, beams),
     .fallback = "64",
     .minimum = 2,
     .maximum = 4096,
     .help = "beams"},
    {.name = "rate",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = offsetof(settings, rate),
     .fallback = "1e-3",
     .help = "rate"},
    {.name = "title", .type = BCUE_CONFIG_STRING, .offset = offsetof(settings, title), .help = "title"},
    {.name = "mode",
     .type = BCUE_CONFIG_CHOICE,
     .offset = offsetof(settings, mode),
     .fallback = "fast",
     .choices = modes,
     .help = "mode"},
    {.name = "widths",
     .type = BCUE_CONFIG_INT_LIST,
     .offset = offsetof(settings, widths),
     .fallback = "[1, 2]",
     .help = "widths"},
    {.name = "weights",
     .type = BCUE_CONFIG_DOUBLE_LIST,
     .offset = offsetof(settings, weights),
     .help = "weights"},
    {.name = "inputs",
     .type = BCUE_CONFIG_STRING_LIST,
     .offset = offsetof(settings, inputs),
     .help = "inputs"},
    {.name = "site",
     .type = BCUE_CONFIG_SECTION,
     .offset = offsetof(settings, site),
     .fields = place_fields,
     .help = "the unit"},
    {.name = "places",
     .type = BCUE_CONFIG_SECTION_LIST,
     .offset = offsetof(settings, places),
     .fields = place_fields,
     .item_size = sizeof(place),
     .help = "more units"},
    {.name = "columns",
     .type = BCUE_CONFIG_MAP,
     .offset = offsetof(settings, columns),
     .help = "column names"},
    {0},
};

/* What was read is written as text that reads back to the same text. */
static void check_round_trip(const settings *read)
{
    bcue_text written = {0}, again = {0};
    settings reread;
    bcue_config *config = NULL;
    bcue_error error = {{0}};
    bcue_config_write(fields, read, &written);
    fuzz_require(bcue_config_read_text(written.data, written.size, FUZZ_NAME, NULL, 0, fields, &reread,
                                       &config, &error) == BCUE_OK,
                 "a written configuration cannot be read", &error);
    bcue_config_write(fields, &reread, &again);
    fuzz_require(written.size == again.size && memcmp(written.data, again.data, written.size) == 0,
                 "a configuration changed by being written", &error);
    bcue_config_destroy(config);
    bcue_text_free(&written);
    bcue_text_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    settings read;
    bcue_config *config = NULL;
    bcue_error error = {{0}};
    bcue_status status =
        bcue_config_read_text((const char *)data, size, FUZZ_NAME, NULL, 0, fields, &read, &config, &error);
    if (status != BCUE_OK) {
        fuzz_check_refusal(status, &error);
        return 0;
    }
    check_round_trip(&read);
    bcue_config_destroy(config);
    return 0;
}
