/* Recordings as samples: scenario folders, windows, labels, defects. Opening reads the tables and the small
   text files; pictures and clouds are read when a batch needs them. Immutable once open: shareable by
   threads. */
#ifndef BCUE_DATASET_RECORDINGS_H
#define BCUE_DATASET_RECORDINGS_H

#include "base/config.h"
#include "beamcue/hooks.h"
#include "features/recipes.h"

typedef enum bcue_data_format {
    BCUE_DATA_DEEPSENSE, /* scenario folder with a CSV: stand-alone S1-S36 or challenge package (_1.._5
                            columns), told by its columns */
    BCUE_DATA_NPY, /* arrays PREFIX_unit1_pwr_60ghz*.npy, PREFIX_unit2_loc[_cal]*.npy, PREFIX_unit1_loc*.npy,
                      PREFIX_seq_index*.npy */
    BCUE_DATA_PAPER_B, /* _out_rgb/_out_lidar/_out_radar/_out_gps/_out_net */
} bcue_data_format;

typedef struct bcue_source_config {
    char *name; /* default: last part of root */
    int format; /* bcue_data_format */
    char *root; /* folder; relative paths are relative to the config file's folder when that exists, else to
                   the working folder */
    char *csv;  /* DEEPSENSE: file in root (default: the one named after the folder, scenario.csv, or the only
                 *.csv) */
    char *prefix;            /* NPY */
    bcue_string_map columns; /* our name -> name in the file, for foreign names */
    bool beams_one_based;    /* labels in the CSV */
    bool reverse_beams;      /* the file's power vectors have the beam axis reversed */
    bcue_double_list rsu_m;  /* PAPER_B: X and Y of the RSU in the map, metres; empty = unknown */
    bcue_double_list
        radar_pose; /* height above ground, m, and pitch, degrees; empty: as features.radar says */
    int64_t copies; /* of every sample, each changed by its own fixed draw of features.augment */
} bcue_source_config;

typedef struct bcue_window_config {
    int64_t frames;   /* P */
    int64_t stride;   /* rows between the frames of a window */
    int64_t horizon;  /* label at t + horizon rows */
    int64_t behind;   /* rows of the same run that lie before a sample at least, (frames - 1) stride or not */
    double max_gap_s; /* where time stamps are further apart, no window crosses; 0 = do not look */
} bcue_window_config;

/* Errors added to the recorded fixes, per axis (east, north). */
typedef struct bcue_gps_error_config {
    double white_m;      /* standard deviation, another draw in every frame */
    double drift_m;      /* standard deviation of a slow error, another draw in every episode */
    double drift_time_s; /* its correlation time */
    int64_t seed;
} bcue_gps_error_config;

typedef struct bcue_data_config {
    bcue_section_list sources; /* bcue_source_config */
    int64_t beams;             /* in the files, e.g. 64 */
    int64_t beam_step;         /* 2: every second beam (the 32-beam task) */
    bool index_monotone;       /* codebook property: beam index monotone in angle */
    int power_unit;            /* as bcue_power_unit of the metrics: 0 arbitrary, 1 milliwatts, 2 watts */
    bcue_window_config window;
    bcue_string_list require; /* modalities that a sample must have ("camera", "gps", ...) */
    int64_t gps_frames;       /* GPS fixes per sample, newest last; 1 by default */
    bool gps_extrapolate;     /* challenge package: extrapolate its two oldest fixes to now; else the fixes as
                                 they are */
    bcue_gps_error_config gps_error;
    bool verify; /* read every LiDAR, radar and camera file while opening; damaged ones are missing then */
    char *cache; /* folder of the packed cache; NULL: none */
    bool other_codebook; /* a model may have been trained for another codebook than the recordings have */
} bcue_data_config;

extern const bcue_config_field bcue_data_config_fields[];

/* Everything counted while opening; docs/data.md says what happens to each. Printed by inspect, put under
 * tables. Counts are of rows unless said. */
typedef struct bcue_defects {
    int64_t rows, samples;
    int64_t nan_power;          /* power with NaN or infinity: power and label dropped */
    int64_t nan_label_repaired; /* of these: the file's label was the place of the first NaN, an argmax
                                   artefact */
    int64_t zero_power;         /* all-zero power: power and label dropped */
    int64_t no_power;           /* no power file, or one that cannot be read or has another number of beams */
    int64_t no_label;           /* neither a usable power vector nor a label in the file */
    int64_t
        label_mismatch; /* the file's label is not a best beam of its power vector: the power vector wins */
    int64_t label_out_of_range; /* the file's label is no beam: ignored */
    int64_t index_base_mixed;   /* the file's label fits the other index base (0 where 1-based, or best beam
                                   after such a shift) */
    int64_t missing_file[BCUE_MODALITY_COUNT]; /* frames without a file: empty cell or no such file */
    int64_t
        damaged_file[BCUE_MODALITY_COUNT]; /* frames whose file is cut off or unreadable: missing as well */
    int64_t nan_fix;                       /* frames with a GPS file that says NaN */
    int64_t nan_telemetry; /* rows with NaN or empty speed, satellites, altitude, dilution columns (not used,
                              only counted) */
    int64_t repeated_headers;
    int64_t window_crossing_dropped;  /* rows without a whole window or horizon inside their episode */
    int64_t required_missing_dropped; /* samples that lack a required modality */
} bcue_defects;

/* One frame slot: file relative to the source's root, or NULL when that modality is missing at that instant.
 */
typedef struct bcue_sample {
    const char *id;        /* unique: "scenario5/1234" = source name and CSV index */
    int32_t source;        /* index of the source */
    int32_t scenario;      /* of DeepSense 6G, from a folder "scenarioN" or the source's name; 0 = unknown */
    int32_t episode;       /* 0 .. episodes-1 over the whole data set */
    int32_t sequence;      /* seq_index of the file */
    int32_t copy;          /* 0: the recording; 1 ..: an augmented copy of the sample before it */
    const char *scene;     /* what the table says in its columns `scene` and `condition`; NULL: nothing */
    const char *condition; /* noon, night, rain, ... */
    int64_t row;         /* row (newest frame) within the source, 0-based; consecutive rows of an episode are
                            consecutive instants */
    double time_s;       /* of the newest frame; from time stamps, else row * 0.1 */
    int32_t label;       /* 0-based best beam, or -1: unlabelled (e.g. challenge test) */
    const double *power; /* linear, bcue_dataset_beams() values, or NULL */
    int32_t label_now; /* best beam at the newest frame, -1 unknown: with a horizon, what a sweep now finds */
    const double *power_now;
    const char *vehicle_power; /* at the label's instant: .npy (vehicles, beams) of linear powers; or NULL */
    const char *const *file[BCUE_MODALITY_COUNT]; /* frames entries, oldest first; NULL array: modality absent
                                                     from the source */
    const double *fix; /* gps_frames x (latitude, longitude) degrees, oldest first, NaN = missing; the newest
                          is now (extrapolated where the files end earlier) */
    double rsu_fix[2]; /* latitude, longitude or NaN */
    double radar_pose[2]; /* height above ground, m, and pitch, degrees, of its source; NaN: as the recipe
                             says */
    const int64_t
        *frame_key; /* frames entries identifying each frame uniquely in the data set, for the leak check */
} bcue_sample;

/* Which codebook it is: the 16 hex digits of its fingerprint (antenna/codebook.h, bcue_codebook_hash), "/2"
   when every second beam is used, "-reversed" when they are used from the last to the first. */
typedef struct bcue_codebook_mark {
    char text[40];
} bcue_codebook_mark;
bool bcue_codebook_hash_valid(const char *hash); /* is it 16 hex digits? */
void bcue_codebook_mark_make(const char *hash, int64_t beam_step, bool reversed, bcue_codebook_mark *mark);

typedef struct bcue_dataset bcue_dataset;

/* `origin` (may be NULL) gives file:line to messages. On success destroy with bcue_dataset_destroy. */
bcue_status bcue_dataset_open(const bcue_data_config *config, const bcue_config *origin,
                              const bcue_hooks *hooks, bcue_dataset **dataset, bcue_error *error);
void bcue_dataset_destroy(bcue_dataset *dataset);
size_t bcue_dataset_count(const bcue_dataset *dataset);
const bcue_sample *bcue_dataset_sample(const bcue_dataset *dataset, size_t index);
int32_t bcue_dataset_beams(const bcue_dataset *dataset); /* after beam_step */
int32_t bcue_dataset_frames(const bcue_dataset *dataset);
int32_t bcue_dataset_gps_frames(const bcue_dataset *dataset);
int32_t bcue_dataset_stride(const bcue_dataset *dataset);
size_t bcue_dataset_episodes(const bcue_dataset *dataset);
size_t bcue_dataset_sources(const bcue_dataset *dataset);
const char *bcue_dataset_source_name(const bcue_dataset *dataset, size_t source);
const char *bcue_dataset_source_root(const bcue_dataset *dataset, size_t source);
const bcue_defects *bcue_dataset_defects(const bcue_dataset *dataset);
const bcue_defects *bcue_dataset_source_defects(const bcue_dataset *dataset, size_t source);
/* Is the codebook said to be monotone in angle, and how many of the files' beams lie between two of ours. */
bool bcue_dataset_index_monotone(const bcue_dataset *dataset);
int32_t bcue_dataset_beam_step(const bcue_dataset *dataset);
/* The mark of the codebook of all recordings; NULL: not all of them say it (those of simulations do), or
   there are several. */
const char *bcue_dataset_codebook(const bcue_dataset *dataset);
/* The first codebook that a source says and that is another one than `mark`, and the name of the source (may
   be NULL); NULL: there is none. */
const char *bcue_dataset_codebook_unlike(const bcue_dataset *dataset, const char *mark, const char **source);
bool bcue_dataset_allows_other_codebook(const bcue_dataset *dataset); /* data.other_codebook */
/* Does the data config name this modality in `require`? */
bool bcue_dataset_requires(const bcue_dataset *dataset, bcue_modality modality);
const char *bcue_dataset_cache_folder(const bcue_dataset *dataset); /* NULL: none */
/* Has the sample anything of this modality at its newest frame? */
bool bcue_sample_has(const bcue_dataset *dataset, const bcue_sample *sample, bcue_modality modality);
/* Full path of a file of a sample's source; malloc'd, NULL: no memory. */
char *bcue_dataset_path(const bcue_dataset *dataset, const bcue_sample *sample, const char *file);
/* 64-bit hash of the file list and the settings that shape samples, as 16 hex digits: part of results. */
const char *bcue_dataset_hash(const bcue_dataset *dataset);

#endif
