/* Inside the room: one source of recordings as a table of rows, before windows are made of it. */
#ifndef BCUE_DATASET_SOURCE_TABLE_H
#define BCUE_DATASET_SOURCE_TABLE_H

#include "base/memory.h"
#include "dataset/recordings.h"
#include "formats/csv.h"

enum { BCUE_MAX_SLOTS = 16 }; /* frames that one row of a challenge package carries */

/* One row. A stand-alone recording has one frame (slot) per row; a challenge package has several, oldest
 * first. */
typedef struct bcue_row {
    const char *index; /* as the file says it; else 1-based row */
    const char *
        *file[BCUE_MODALITY_COUNT]; /* slots entries, NULL = missing; NULL: the source lacks this modality */
    int64_t *key;                   /* slots entries */
    double *fix;                    /* slots x (latitude, longitude); NaN = missing */
    double rsu_fix[2];
    const char *vehicle_power; /* file with the power of every vehicle, as the table says it; NULL: none */
    double *power;      /* the file's beams, axis already reversed where the config says so; NULL = missing */
    bool power_present; /* the row names a power file that has numbers, usable or not */
    int64_t file_label; /* as written; INT64_MIN = none */
    int32_t label;      /* 0-based among the kept beams, -1 = none; set by bcue_labels_resolve */
    const char *scene, *condition; /* NULL: none */
    int64_t sequence;
    int64_t piece;   /* of the sequence, in recordings with gaps by design; no window reaches across */
    size_t episode;  /* within the source, by first appearance */
    bool starts_run; /* no window reaches back across the start of this row */
    double time_s;   /* NaN until known */
    int64_t number;  /* frame number in its file names, -1 = none */
} bcue_row;

typedef struct bcue_source_table {
    char *name, *root;
    bcue_csv *csv; /* NULL where the source has none */
    bcue_row *rows;
    size_t row_count;
    int slots;
    bool has[BCUE_MODALITY_COUNT];
    size_t episode_count;
    bcue_codebook_mark
        *codebooks; /* of the arena: that the source says, all different; none: it says nothing */
    size_t codebook_count;
    bcue_defects defects;
} bcue_source_table;

/* What a reader of one source works with. */
typedef struct bcue_source_job {
    const bcue_data_config *data;
    const bcue_source_config *source;
    const bcue_config *origin; /* may be NULL */
    const bcue_hooks *hooks;
    bcue_arena *arena; /* rows live here */
    size_t number;     /* of the source */
    bcue_source_table *table;
} bcue_source_job;

bcue_status bcue_source_read_csv(bcue_source_job *job, bcue_error *error);
bcue_status bcue_source_read_npy(bcue_source_job *job, bcue_error *error);
bcue_status bcue_source_read_paper_b(bcue_source_job *job, bcue_error *error);

/* What the codebook.json of a simulation says; no such file is no error. BCUE_ERROR_FORMAT: a damaged one. */
bcue_status bcue_source_codebook_read(const bcue_source_job *job, bcue_error *error);

/* "config.yaml:7: data.sources.0.key: sentence". */
BCUE_PRINTF(4, 5)
bcue_status bcue_source_fail(const bcue_source_job *job, bcue_error *error, const char *key,
                             const char *format, ...);
/* The same for a key of `data` or `split` itself; `key` in full. `origin` may be NULL. */
BCUE_PRINTF(4, 5)
bcue_status bcue_key_fail(const bcue_config *origin, bcue_error *error, const char *key, const char *format,
                          ...);

/* A path of the config: relative to the folder of the file that gave `key` when it exists there, else as it
 * is. malloc'd; NULL: no memory. */
char *bcue_config_relative_path(const bcue_config *origin, const char *key, const char *path);

/* Allocate rows with `slots` frames each; every pointer NULL, fixes and times NaN, label none. */
bcue_status bcue_source_table_create(bcue_source_job *job, size_t rows, int slots, bcue_error *error);
/* Give rows episodes, runs and times from what the reader filled in. `has_sequence`: row->sequence is set;
   else it is derived from folders and frame numbers, gaps over 2 s starting a new one. */
bcue_status bcue_source_table_finish(bcue_source_job *job, bool has_sequence, bcue_error *error);
/* Decide labels from power vectors and the file's labels; counts defects. */
bcue_status bcue_labels_resolve(bcue_source_job *job, bcue_error *error);
/* Where a file of the row lies and whether it is usable: counts missing and damaged ones. `cell` may be
 * empty. NULL: missing. */
const char *bcue_source_table_file(bcue_source_job *job, bcue_modality modality, const char *cell);

/* The samples of a table: windows that stay inside a run. Appends to `*samples`. */
typedef struct bcue_sample_list {
    bcue_sample *items;
    size_t count, capacity;
} bcue_sample_list;
bcue_status bcue_windows_make(bcue_source_job *job, size_t first_episode, bcue_sample_list *samples,
                              bcue_error *error);

/* For splits that name rows of a source's table. */
const bcue_source_table *bcue_dataset_table(const bcue_dataset *dataset, size_t source);

#endif
