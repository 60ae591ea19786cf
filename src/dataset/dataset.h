/* Recordings as samples: scenario folders, windows, labels, defects. Opening reads the tables and the small text files; pictures and clouds are read
   when a batch needs them. Immutable once open: shareable by threads. */
#ifndef BCUE_DATASET_DATASET_H
#define BCUE_DATASET_DATASET_H

#include "base/config.h"
#include "beamcue/hooks.h"
#include "features/recipes.h"

typedef enum bcue_data_format {
    BCUE_DATA_DEEPSENSE, /* scenario folder with a CSV: stand-alone S1-S36 or challenge package (_1.._5 columns), told by its columns */
    BCUE_DATA_NPY,       /* arrays PREFIX_unit1_pwr_60ghz*.npy, PREFIX_unit2_loc[_cal]*.npy, PREFIX_unit1_loc*.npy, PREFIX_seq_index*.npy */
    BCUE_DATA_PAPER_B,   /* _out_rgb/_out_lidar/_out_radar/_out_gps/_out_net */
} bcue_data_format;

typedef struct bcue_source_config {
    char *name;  /* default: last part of root */
    int format;  /* bcue_data_format */
    char *root;  /* folder; relative paths are relative to the config file's folder when that exists, else to the working folder */
    char *csv;   /* DEEPSENSE: file in root (default: the only *.csv, or the one named after the folder) */
    char *prefix; /* NPY */
    bcue_string_map columns; /* our name -> name in the file, for foreign names */
    bool beams_one_based;    /* labels in the CSV */
    bool reverse_beams;      /* the file's power vectors have the beam axis reversed */
} bcue_source_config;

typedef struct bcue_window_config {
    int64_t frames;  /* P */
    int64_t stride;  /* rows between the frames of a window */
    int64_t horizon; /* label at t + horizon rows */
} bcue_window_config;

typedef struct bcue_data_config {
    bcue_section_list sources; /* bcue_source_config */
    int64_t beams;             /* in the files, e.g. 64 */
    int64_t beam_step;         /* 2: every second beam (the 32-beam task) */
    bool index_monotone;       /* codebook property: beam index monotone in angle */
    bcue_window_config window;
    bcue_string_list require;  /* modalities that a sample must have ("camera", "gps", ...) */
    int64_t gps_frames;        /* GPS fixes per sample, newest last; 1 by default */
    char *cache;               /* folder of the packed cache; NULL: none */
} bcue_data_config;

extern const bcue_config_field bcue_data_config_fields[];

/* Everything counted while opening; survey section 3.4. Printed by inspect, put under tables. */
typedef struct bcue_defects {
    int64_t rows, samples;
    int64_t nan_power, zero_power, nan_label_repaired, label_mismatch, label_out_of_range, no_power, no_label;
    int64_t missing_file[BCUE_MODALITY_COUNT], nan_fix, nan_telemetry;
    int64_t repeated_headers, window_crossing_dropped, required_missing_dropped, index_base_mixed;
} bcue_defects;

/* One frame slot: file relative to the source's root, or NULL when that modality is missing at that instant. */
typedef struct bcue_sample {
    const char *id;      /* unique: "scenario5/1234" = source name and CSV index */
    int32_t source;      /* index of the source */
    int32_t episode;     /* 0 .. episodes-1 over the whole data set */
    int32_t sequence;    /* seq_index of the file */
    int64_t row;         /* row (newest frame) within the source, 0-based; consecutive rows of an episode are consecutive instants */
    double time_s;       /* of the newest frame; from time stamps, else row * 0.1 */
    int32_t label;       /* 0-based best beam, or -1: unlabelled (e.g. challenge test) */
    const double *power; /* linear, bcue_dataset_beams() values, or NULL */
    const char *const *file[BCUE_MODALITY_COUNT]; /* frames entries, oldest first; NULL array: modality absent from the source */
    const double *fix;   /* gps_frames x (latitude, longitude) degrees, oldest first, NaN = missing; the newest is now (extrapolated where the files end earlier) */
    double rsu_fix[2];   /* latitude, longitude or NaN */
    const int64_t *frame_key; /* frames entries identifying each frame uniquely in the data set, for the leak check */
} bcue_sample;

typedef struct bcue_dataset bcue_dataset;

/* `origin` (may be NULL) gives file:line to messages. On success destroy with bcue_dataset_destroy. */
bcue_status bcue_dataset_open(const bcue_data_config *config, const bcue_config *origin, const bcue_hooks *hooks, bcue_dataset **dataset,
                              bcue_error *error);
void bcue_dataset_destroy(bcue_dataset *dataset);
size_t bcue_dataset_count(const bcue_dataset *dataset);
const bcue_sample *bcue_dataset_sample(const bcue_dataset *dataset, size_t index);
int32_t bcue_dataset_beams(const bcue_dataset *dataset); /* after beam_step */
int32_t bcue_dataset_frames(const bcue_dataset *dataset);
int32_t bcue_dataset_gps_frames(const bcue_dataset *dataset);
size_t bcue_dataset_episodes(const bcue_dataset *dataset);
size_t bcue_dataset_sources(const bcue_dataset *dataset);
const char *bcue_dataset_source_name(const bcue_dataset *dataset, size_t source);
const char *bcue_dataset_source_root(const bcue_dataset *dataset, size_t source);
const bcue_defects *bcue_dataset_defects(const bcue_dataset *dataset);
/* 64-bit hash of the file list and the settings that shape samples, as 16 hex digits: part of results. */
const char *bcue_dataset_hash(const bcue_dataset *dataset);

#endif
