/* The configuration of a run: one YAML file says data, split, features, model, training and evaluation. */
#ifndef BCUE_LEARN_RUN_CONFIG_H
#define BCUE_LEARN_RUN_CONFIG_H

#include "dataset/recordings.h"
#include "dataset/split.h"
#include "learn/complete_config.h"
#include "learn/compress_config.h"
#include "learn/distill_loss.h"
#include "learn/missing_frames.h"
#include "learn/prune_config.h"
#include "learn/quantise_config.h"
#include "learn/train_config.h"
#include "models/model_graph.h"

typedef struct bcue_evaluate_config {
    int part; /* 0 test, 1 validation */
    bcue_int_list top_k;
    int64_t bootstrap;        /* draws */
    int64_t insight;          /* samples on which the page looks into the network */
    double outage_dbm;        /* a vehicle that hears less is in outage */
    bcue_string_list missing; /* modalities that are taken away */
    int stand_in;             /* what takes their place: 0 auto, else 1 + bcue_stand_in */
    bcue_missing_frames_config missing_frames;
    double radar_lost;     /* share of the radar's detections that are lost */
    double radar_false;    /* mean number of its false points a frame */
    bool patterns;         /* measure calibrated models for every pattern of their files */
    bool rounded;          /* layers in 8 bits: rounded in f32 on any machine */
    bool official_weights; /* the 300/54/140/131 weighting of the 2022 challenge over sources named
                              scenario31..34 */
} bcue_evaluate_config;

/* 'beamcue calibrate'. */
typedef struct bcue_calibrate_config {
    int part; /* of the split: 0 test, 1 validation, 2 all of it */
    bcue_double_list coverage;
    double margin_db;                /* 0: only the best beam counts */
    int64_t most_missing, hold_rows; /* 0: not without modalities; not for held ones */
} bcue_calibrate_config;

/* Where the camera looks and the beams point, to draw beams over pictures. Metadata of the site: nothing is
 * computed from it. */
typedef struct bcue_view_config {
    double camera_fov_deg; /* horizontal; 0: unknown, nothing is drawn */
    double camera_yaw_deg; /* of the optical axis from the array's boresight, left positive */
    double beam_span_deg;  /* azimuth of the first beam minus that of the last; beams lie evenly between,
                              centred on boresight */
} bcue_view_config;

typedef struct bcue_run_config {
    char *name, *out;
    int64_t seed, seeds, threads;
    bool split_follows_seed; /* every seed draws its own split */
    bool cross_validate;     /* all folds, every sample tested once */
    bcue_data_config data;
    bcue_split_config split;
    bcue_feature_config features;
    bcue_model_config model;
    bcue_train_config train;
    bcue_prune_config prune;
    bcue_quantise_config quantise;
    bcue_compress_config compress;
    bcue_distill_config distill;
    bcue_complete_config complete;
    bcue_evaluate_config evaluate;
    bcue_calibrate_config calibrate;
    bcue_view_config view;
} bcue_run_config;

extern const bcue_config_field bcue_run_config_fields[];

/* Reads, checks what one key alone cannot show (model against features, folds against cross_validate), makes
   `out` default to out/NAME. On success free with bcue_run_config_free. */
bcue_status bcue_run_config_read(const char *path, const char *const *overrides, size_t override_count,
                                 bcue_run_config *run, bcue_config **config, bcue_error *error);

/* One member of a run: seed number and fold. */
typedef struct bcue_run_member {
    uint64_t seed;
    int64_t fold; /* -1: no folds */
} bcue_run_member;
size_t bcue_run_member_count(const bcue_run_config *run);
bcue_run_member bcue_run_member_at(const bcue_run_config *run, size_t index);
/* "OUT/STEM-seed1-fold0.ENDING"; malloc'd, NULL: no memory. */
char *bcue_run_member_path(const bcue_run_config *run, bcue_run_member member, const char *stem,
                           const char *ending);
/* "OUT/FILE" with all keys below the line "# COMMENT", written whole or not at all. `path`, if not NULL, is
 * the caller's, malloc'd. */
bcue_status bcue_run_config_write(const bcue_run_config *run, const char *file, const char *comment,
                                  char **path, bcue_error *error);
/* The split of a member. */
bcue_status bcue_run_member_split(const bcue_run_config *run, const bcue_config *origin,
                                  const bcue_dataset *dataset, bcue_run_member member, bcue_split *split,
                                  bcue_error *error);

#endif
