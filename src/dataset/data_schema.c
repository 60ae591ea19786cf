#include "dataset/split.h"

static const char *const format_choices[] = {"deepsense", "npy", "paper-b", NULL};

#define SOURCE(member) offsetof(bcue_source_config, member)
static const bcue_config_field source_fields[] = {
    {.name = "name", .type = BCUE_CONFIG_STRING, .offset = SOURCE(name), .help = "name in results; default: last part of root"},
    {.name = "format", .type = BCUE_CONFIG_CHOICE, .offset = SOURCE(format), .fallback = "deepsense", .choices = format_choices,
     .help = "deepsense: scenario folder with a CSV; npy: arrays; paper-b: _out_rgb, _out_lidar, ... folders"},
    {.name = "root", .type = BCUE_CONFIG_STRING, .offset = SOURCE(root), .required = true,
     .help = "folder; relative to the config file's folder when it exists there, else to the working folder"},
    {.name = "csv", .type = BCUE_CONFIG_STRING, .offset = SOURCE(csv),
     .help = "deepsense: table in root; default: the only *.csv, or the one named after the folder"},
    {.name = "prefix", .type = BCUE_CONFIG_STRING, .offset = SOURCE(prefix),
     .help = "npy: PREFIX of PREFIX_unit1_pwr_60ghz*.npy; default: the only one there"},
    {.name = "columns", .type = BCUE_CONFIG_MAP, .offset = SOURCE(columns),
     .help = "deepsense: our column name -> the file's, e.g. unit1_rgb: image_path"},
    {.name = "beams_one_based", .type = BCUE_CONFIG_BOOL, .offset = SOURCE(beams_one_based), .fallback = "true",
     .help = "labels in the CSV count from 1"},
    {.name = "reverse_beams", .type = BCUE_CONFIG_BOOL, .offset = SOURCE(reverse_beams), .fallback = "false",
     .help = "the power vectors have the beam axis reversed"},
    {0},
};

#define WINDOW(member) offsetof(bcue_window_config, member)
static const bcue_config_field window_fields[] = {
    {.name = "frames", .type = BCUE_CONFIG_INT, .offset = WINDOW(frames), .fallback = "1", .minimum = 1, .maximum = 256,
     .help = "frames per sample"},
    {.name = "stride", .type = BCUE_CONFIG_INT, .offset = WINDOW(stride), .fallback = "1", .minimum = 1, .maximum = 1000,
     .help = "rows from one frame of a window to the next"},
    {.name = "horizon", .type = BCUE_CONFIG_INT, .offset = WINDOW(horizon), .fallback = "0", .minimum = 0, .maximum = 1000,
     .help = "the label is that of so many rows later"},
    {.name = "max_gap_s", .type = BCUE_CONFIG_DOUBLE, .offset = WINDOW(max_gap_s), .fallback = "1", .minimum = 0, .maximum = 86400,
     .help = "no window crosses a longer gap between time stamps, seconds; 0 = do not look"},
    {0},
};

#define DATA(member) offsetof(bcue_data_config, member)
const bcue_config_field bcue_data_config_fields[] = {
    {.name = "sources", .type = BCUE_CONFIG_SECTION_LIST, .offset = DATA(sources), .fields = source_fields,
     .item_size = sizeof(bcue_source_config), .required = true, .help = "recordings, one after another"},
    {.name = "beams", .type = BCUE_CONFIG_INT, .offset = DATA(beams), .fallback = "64", .minimum = 2, .maximum = 65536,
     .help = "beams in the files"},
    {.name = "beam_step", .type = BCUE_CONFIG_INT, .offset = DATA(beam_step), .fallback = "1", .minimum = 1, .maximum = 65536,
     .help = "keep every so many-th beam, from the first; 2 makes 32 of 64"},
    {.name = "index_monotone", .type = BCUE_CONFIG_BOOL, .offset = DATA(index_monotone), .fallback = "true",
     .help = "the beam index grows with the angle, so distances between indices mean something"},
    {.name = "window", .type = BCUE_CONFIG_SECTION, .offset = DATA(window), .fields = window_fields, .help = "what a sample is"},
    {.name = "require", .type = BCUE_CONFIG_STRING_LIST, .offset = DATA(require),
     .help = "modalities that a sample must have in every frame: camera, lidar, radar, gps"},
    {.name = "gps_frames", .type = BCUE_CONFIG_INT, .offset = DATA(gps_frames), .fallback = "1", .minimum = 1, .maximum = 256,
     .help = "GPS fixes per sample"},
    {.name = "gps_extrapolate", .type = BCUE_CONFIG_BOOL, .offset = DATA(gps_extrapolate), .fallback = "true",
     .help = "challenge package: extrapolate its two oldest fixes to now"},
    {.name = "verify", .type = BCUE_CONFIG_BOOL, .offset = DATA(verify), .fallback = "false",
     .help = "read every picture, cloud and radar file while opening, to count damaged ones"},
    {.name = "cache", .type = BCUE_CONFIG_STRING, .offset = DATA(cache), .help = "folder for decoded features; absent: decode every time"},
    {0},
};

static const char *const split_choices[] = {"episode", "block", "official", "paper-random", NULL};

#define SPLIT(member) offsetof(bcue_split_config, member)
const bcue_config_field bcue_split_config_fields[] = {
    {.name = "kind", .type = BCUE_CONFIG_CHOICE, .offset = SPLIT(kind), .fallback = "episode", .choices = split_choices,
     .help = "episode: whole recordings; block: runs of rows with gaps; official: CSV files; paper-random: random windows (leaks)"},
    {.name = "seed", .type = BCUE_CONFIG_INT, .offset = SPLIT(seed), .fallback = "1", .help = "of the random draws"},
    {.name = "train", .type = BCUE_CONFIG_DOUBLE, .offset = SPLIT(train), .fallback = "0.7", .minimum = 0, .maximum = 1,
     .help = "share of the labelled samples"},
    {.name = "validation", .type = BCUE_CONFIG_DOUBLE, .offset = SPLIT(validation), .fallback = "0.1", .minimum = 0, .maximum = 1,
     .help = "share; may be 0"},
    {.name = "test", .type = BCUE_CONFIG_DOUBLE, .offset = SPLIT(test), .fallback = "0.2", .minimum = 0, .maximum = 1,
     .help = "share; the three sum to at most 1"},
    {.name = "folds", .type = BCUE_CONFIG_INT, .offset = SPLIT(folds), .fallback = "0", .minimum = 0, .maximum = 1000,
     .help = "episode: k-fold over episodes; 0 = by shares"},
    {.name = "fold", .type = BCUE_CONFIG_INT, .offset = SPLIT(fold), .fallback = "0", .minimum = 0, .maximum = 999,
     .help = "which fold tests, from 0"},
    {.name = "guard_s", .type = BCUE_CONFIG_DOUBLE, .offset = SPLIT(guard_s), .fallback = "2", .minimum = 2, .maximum = 86400,
     .help = "block: time left out between sides, seconds; never less than a window"},
    {.name = "block_rows", .type = BCUE_CONFIG_INT, .offset = SPLIT(block_rows), .fallback = "100", .minimum = 1, .maximum = 1000000000,
     .help = "block: rows per block"},
    {.name = "train_csv", .type = BCUE_CONFIG_STRING, .offset = SPLIT(train_csv), .help = "official: file that lists training rows"},
    {.name = "validation_csv", .type = BCUE_CONFIG_STRING, .offset = SPLIT(validation_csv), .help = "official: may be absent"},
    {.name = "test_csv", .type = BCUE_CONFIG_STRING, .offset = SPLIT(test_csv), .help = "official: file that lists test rows"},
    {.name = "match_column", .type = BCUE_CONFIG_STRING, .offset = SPLIT(match_column), .fallback = "index",
     .help = "official: column of these files that names a row; of paths only the last part counts"},
    {.name = "match_with", .type = BCUE_CONFIG_STRING, .offset = SPLIT(match_with),
     .help = "official: column of the source's CSV to compare with; default: match_column"},
    {.name = "allow_leak", .type = BCUE_CONFIG_BOOL, .offset = SPLIT(allow_leak), .fallback = "false",
     .help = "accept a split in which more than 1 % of the test samples leak; every table then says how many"},
    {0},
};
