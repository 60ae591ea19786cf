#include <stdlib.h>
#include <string.h>

#include "beamcue/beams.h"
#include "cli.h"

enum { MOST_SHOWN = 1024 };

static int take_beams(bcue_cli *cli, uint64_t *shown, size_t *count)
{
    const char *const *values = bcue_cli_values(cli, "--beam", count);
    for (size_t i = 0; i < *count; i++) {
        char *end;
        const long beam = strtol(values[i], &end, 10);
        if (i == MOST_SHOWN)
            return bcue_cli_usage(cli, "--beam: at most %d beams", MOST_SHOWN);
        if (end == values[i] || *end != '\0' || beam < 0)
            return bcue_cli_usage(cli, "--beam %s: expected the number of a beam, from 0", values[i]);
        shown[i] = (uint64_t)beam;
    }
    return BCUE_EXIT_DONE;
}

static int take_options(bcue_cli *cli, bcue_beams_options *o)
{
    long rows = 0, columns = 0, beams = 0, oversampling = 0;
    const char *cut = bcue_cli_value(cli, "--cut");
    int result = bcue_cli_whole(cli, "--rows", 1, 4096, &rows);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_whole(cli, "--columns", 1, 4096, &columns);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_whole(cli, "--beams", 2, 8192, &beams);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_whole(cli, "--oversampling", 1, 64, &oversampling);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_number(cli, "--spacing", 0.01, 10.0, &o->spacing);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_number(cli, "--field-of-view", 1.0, 179.0, &o->field_of_view_deg);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_number(cli, "--at", -180.0, 180.0, &o->cut_deg);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_number(cli, "--range", 1.0, 200.0, &o->range_db);
    if (result == BCUE_EXIT_DONE && cut != NULL && strcmp(cut, "azimuth") != 0 &&
        strcmp(cut, "elevation") != 0)
        return bcue_cli_usage(cli, "--cut %s: expected azimuth or elevation", cut);
    o->rows = rows;
    o->columns = columns;
    o->beams = beams;
    o->oversampling = oversampling;
    o->has_cut = bcue_cli_value(cli, "--at") != NULL;
    o->elevation_cut = cut != NULL && strcmp(cut, "elevation") == 0;
    o->amplitude = bcue_cli_flag(cli, "--amplitude");
    o->polar = bcue_cli_value(cli, "--polar");
    return result;
}

static int run(bcue_cli *cli)
{
    static const char *const made[] = {"oversampled", "dft", "paper-b"};
    static uint64_t shown[MOST_SHOWN];
    bcue_beams_options options_given = {.measured = cli->operands[0], .shown = shown};
    bcue_report *report = NULL;
    bcue_error error = {""};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        if (strcmp(cli->operands[0], made[i]) == 0) {
            options_given.codebook = made[i];
            options_given.measured = NULL;
        }
    int result = take_beams(cli, shown, &options_given.shown_count);
    if (result == BCUE_EXIT_DONE)
        result = take_options(cli, &options_given);
    if (result != BCUE_EXIT_DONE)
        return result;
    if (options_given.polar == NULL && (bcue_cli_value(cli, "--cut") != NULL || options_given.has_cut ||
                                        bcue_cli_value(cli, "--range") != NULL))
        return bcue_cli_usage(cli, "--cut, --at and --range are for --polar FILE");
    const bcue_status status = bcue_beams(&options_given, &report, &error);
    return bcue_cli_finish_call(cli, status, report, &error);
}

static const bcue_cli_option options[] = {
    {.name = "--beam",
     .value = "N",
     .repeats = true,
     .help = "list and plot only this one, from 0; may be repeated"},
    {.name = "--polar", .value = "FILE", .help = "plot the patterns of those beams: .png or .svg"},
    {.name = "--cut", .value = "PLANE", .help = "over azimuth (seen from above; when absent) or elevation"},
    {.name = "--at",
     .value = "DEGREES",
     .help = "elevation of an azimuth cut, azimuth of an elevation cut;\n"
             "through the peak of each beam when absent"},
    {.name = "--range", .value = "DB", .help = "from the rim to the centre; 40 when absent"},
    {.name = "--rows", .value = "N", .help = "elements above each other; 1 when absent"},
    {.name = "--columns", .value = "N", .help = "elements side by side; 16 when absent"},
    {.name = "--spacing", .value = "WAVELENGTHS", .help = "between elements; 0.5 when absent"},
    {.name = "--beams", .value = "N", .help = "oversampled: how many; 64 when absent"},
    {.name = "--field-of-view", .value = "DEGREES", .help = "oversampled: that they cover; 90 when absent"},
    {.name = "--oversampling", .value = "N", .help = "dft: beams per element and axis; 1 when absent"},
    {.name = "--amplitude", .help = "paper-b: the weights as published, not of equal power"},
    {.name = NULL}};

const bcue_cli_verb bcue_verb_beams = {
    .name = "beams",
    .purpose = "list the beams of a codebook and plot their patterns",
    .operands = "CODEBOOK",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "CODEBOOK is oversampled (over azimuth), dft, paper-b (152 beams of 8 x 8 elements),\n"
             "or what was measured: a .npy array of amplitudes (beams, directions) over -90 to\n"
             "90 degrees, or a folder with the files built_in_beam_pattern_N.mat of DeepSense 6G.\n"
             "Listed are where each beam is strongest and its gain over an isotropic antenna.\n"
             "\n"
             "Examples:\n"
             "  beamcue beams paper-b --beam 17 --polar beam17.png\n"
             "  beamcue beams dft --rows 4 --columns 8 --beam 0 --beam 9 --polar two.svg --cut elevation\n"
             "\n"
             "Writes only the FILE of --polar.\n",
    .run = run,
};
