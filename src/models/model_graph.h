/* The models that a configuration can name, and what they need: graphs (trained by gradients) and tables
 * (fitted in one pass over the training samples). */
#ifndef BCUE_MODELS_MODEL_GRAPH_H
#define BCUE_MODELS_MODEL_GRAPH_H

#include "base/config.h"
#include "graph/graph.h"
#include "graph/weights.h"
#include "models/loss.h"
#include "models/pruned.h"

typedef enum bcue_model_kind {
    BCUE_MODEL_RANDOM,       /* a uniformly random order of the beams */
    BCUE_MODEL_CONSTANT,     /* always the beams that are best on average (mean dB) in training */
    BCUE_MODEL_MAJORITY,     /* always the beams that are most often best in training */
    BCUE_MODEL_POSITION_LUT, /* position grid, votes of the training samples in the cell; an empty cell
                                answers at random */
    BCUE_MODEL_POSITION_KNN, /* votes of the nearest training positions */
    BCUE_MODEL_POSITION_MLP, /* position -> hidden, `shared_layers` times one shared hidden layer, -> beams */
    BCUE_MODEL_RESNET18, /* camera, or another modality; with `position: true` the position is concatenated to
                            the pooled features (late fusion) */
    BCUE_MODEL_RESNET34,
    BCUE_MODEL_POSITION_GRU,   /* position fixes -> a gated recurrent unit -> beams */
    BCUE_MODEL_BEAMTRANSFUSER, /* four modalities, fused by transformers after every stage: beamtransfuser.h
                                */
    BCUE_MODEL_STUDENT,        /* radar window -> six fully connected layers: radar_student.h */
    BCUE_MODEL_POINT_STUDENT, /* lists of radar points -> shared layers, attention pooling: radar_student.h */
    BCUE_MODEL_TEACHER,       /* camera, LiDAR, radar points, vehicles -> one transformer: fusion_teacher.h */
    /* Tables again. */
    BCUE_MODEL_RADAR_KNN,    /* votes of the training samples with the most similar radar windows */
    BCUE_MODEL_RADAR_RULE,   /* the greatest cluster of moving radar points, votes of its direction */
    BCUE_MODEL_ORACLE_HOLD,  /* the order of the beams at the newest frame, kept: no sensor knows it */
    BCUE_MODEL_ORACLE_SWEEP, /* the right order */
} bcue_model_kind;

/* What a model can take in. In the order of bcue_modality. */
typedef enum bcue_model_input {
    BCUE_INPUT_CAMERA,
    BCUE_INPUT_LIDAR,
    BCUE_INPUT_RADAR,
    BCUE_INPUT_POSITION,
    BCUE_INPUT_VEHICLES,
    BCUE_INPUT_COUNT
} bcue_model_input;
enum { BCUE_PICTURE_INPUTS = BCUE_INPUT_POSITION }; /* the first ones are, or can be, pictures */
/* Does the input come in frames of (channels, height, width) (all but BCUE_INPUT_POSITION)? */
bool bcue_model_input_has_frames(bcue_model_input input);

typedef enum bcue_model_fusion {
    BCUE_FUSION_SUM,     /* as the public code of paper A's network: all pooled vectors added */
    BCUE_FUSION_SOFTMAX, /* paper A: M softmax(w)_m times the sum of modality m, w = 0 at the start */
} bcue_model_fusion;

/* NULL-terminated, as in configurations. */
extern const char *const bcue_model_kind_names[], *const bcue_model_input_names[],
                                                      *const bcue_model_preset_names[];
/* The sensor (camera, lidar, radar or gps) of the first `size` letters of `name`; -1: it is none. */
int bcue_model_sensor_find(const char *name, size_t size);

typedef struct bcue_model_config {
    int kind;       /* bcue_model_kind */
    bool position;  /* RESNET*: late fusion with the position */
    int64_t width;  /* RESNET*: channels of the first stage, 64 in the paper; each further stage has twice as
                       many */
    int64_t hidden; /* POSITION_MLP, and the fusion head: width */
    int64_t shared_layers; /* POSITION_MLP */
    int64_t lut_bins;      /* POSITION_LUT: cells per axis */
    int64_t neighbours;    /* POSITION_KNN */
    int constant_by;       /* CONSTANT: 0 mean dB, 1 mean percentile rank */
    double dropout;        /* before the last layer; BEAMTRANSFUSER: in the fusion blocks */
    int modality;          /* RESNET*: bcue_model_input, a picture */
    int64_t gru; /* RESNET* with position: hidden numbers of a recurrent unit over the fixes, 0: none */
    /* BEAMTRANSFUSER */
    int preset;                         /* bcue_model_preset_names: where defaults were taken from */
    bcue_string_list modalities;        /* bcue_model_input_names */
    int64_t depth[BCUE_PICTURE_INPUTS]; /* 18 or 34 */
    bcue_int_list embedding;            /* D of each stage; empty: the channels of the stage */
    int64_t blocks, heads, expansion, anchors;
    int fusion;               /* bcue_model_fusion */
    bcue_int_list head;       /* hidden widths */
    bcue_section_list pruned; /* of bcue_pruned_part: RESNET*, BEAMTRANSFUSER made smaller */
    /* STUDENT, POINT_STUDENT, TEACHER */
    int64_t parameters;   /* STUDENT: weights to come near to */
    bcue_int_list widths; /* STUDENT: hidden widths; empty: by `parameters` */
    int64_t mid_layer;    /* STUDENT: hidden layer whose output is "mid", 1 .. 5 */
    int64_t point_width, queries;
} bcue_model_config;

/* How a network is built. */
typedef enum bcue_model_form {
    BCUE_FORM_WHOLE,
    BCUE_FORM_STAGED, /* its inputs are what leaves stage 1, not pictures */
    BCUE_FORM_MASKED, /* with the inputs of bcue_model_build_masked */
} bcue_model_form;

extern const bcue_config_field bcue_model_config_fields[];

typedef struct bcue_picture_size {
    int64_t channels, height, width; /* 0 = none */
} bcue_picture_size;

/* What the data offers a model. Filled from the data set and the feature recipes, stored in the model file.
 */
typedef struct bcue_model_inputs {
    int64_t frames;                  /* P of camera, LiDAR and radar */
    int64_t channels, height, width; /* camera; 0 = no camera */
    bcue_picture_size lidar, radar;  /* radar points: 1, points, numbers of a point */
    bcue_picture_size vehicles;      /* 1, vehicles, numbers of a vehicle */
    int64_t gps_frames;              /* position fixes; 0 = no position */
    int64_t beams;
} bcue_model_inputs;

extern const bcue_config_field bcue_model_inputs_fields[];

/* What the table of keys cannot say. BCUE_ERROR_CONFIG with a sentence, and in *key the key that it is about.
 */
bcue_status bcue_model_config_check(const bcue_model_config *config, const char **key, bcue_error *error);

bool bcue_model_is_table(const bcue_model_config *config);
bool bcue_model_needs(const bcue_model_config *config, bcue_model_input input);
unsigned bcue_model_needed(const bcue_model_config *config); /* bits 1 << bcue_model_input */
/* Bits of the names among those of camera, lidar, radar and gps. */
unsigned bcue_model_input_bits(const bcue_string_list *names);
bool bcue_model_needs_camera(const bcue_model_config *config);
bool bcue_model_needs_position(const bcue_model_config *config);
/* The size of the pictures of an input, all zero for BCUE_INPUT_POSITION. */
bcue_picture_size bcue_model_picture(const bcue_model_inputs *inputs, bcue_model_input input);
bool bcue_model_offers(const bcue_model_inputs *inputs, bcue_model_input input);

/* The graph of a model for one batch size. Inputs "camera", "lidar", "radar" (B, P, C, H, W) and "position"
   (B, G, 2) as the model needs them, "label" (B) i32; outputs "logits" (B, beams) and "loss" (scalar), of
   students and teacher also "mid" (B, width of the middle layer).
   Destroy with bcue_graph_destroy. */
bcue_status bcue_model_build(const bcue_model_config *config, const bcue_model_inputs *inputs, int64_t batch,
                             bcue_graph **graph, bcue_error *error);
/* The same for evaluations of what parts of the network are worth: everything that can be pruned is
   multiplied by an input whose name has "mask_" after its last dot (models/layers.h, models/resnet.h). */
bcue_status bcue_model_build_masked(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                    int64_t batch, bcue_graph **graph, bcue_error *error);
/* The same with another loss, which may read "target" (B, beams) instead of "label" (models/loss.h). */
bcue_status bcue_model_build_with_loss(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                       const bcue_loss_config *loss, int64_t batch, bcue_graph **graph,
                                       bcue_error *error);

/* A BeamTransFuser without some of its modalities: their branches are not run, they are no inputs, and their
   tokens are in no fusion sequence. What leaves the branches: (batch, frames or fixes, 8 width), the outputs
   "vectors.M" where `show`. With `completion` the missing ones are generated (models/completion.h, with its
   parameters and its input "latent"), without it they are left out of the pooled sum. */
typedef struct bcue_model_gap {
    unsigned missing; /* bits 1 << bcue_model_input, not all that the model sees; 0: none */
    const struct bcue_completion *completion; /* or NULL */
    bool show;
} bcue_model_gap;
const char *bcue_model_vectors_name(bcue_model_input input);
/* As bcue_model_build, or bcue_model_build_rest (BCUE_FORM_STAGED). */
bcue_status bcue_model_build_gap(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                 const bcue_model_gap *gap, int64_t batch, bcue_model_form form,
                                 bcue_graph **graph, bcue_error *error);

/* Inference in two parts, for the ResNets and BeamTransFuser without masks. A front is what one frame of a
   modality goes through alone: the stem of its ResNet and stage 1, the same for every window that holds the
   frame. */
bool bcue_model_has_front(const bcue_model_config *config, bcue_model_input input);
/* Do windows of these inputs hold several frames, one of which at least has a front? */
bool bcue_model_is_split(const bcue_model_config *config, const bcue_model_inputs *inputs);
/* What leaves the front: channels, height and width. */
bcue_picture_size bcue_model_front_size(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                        bcue_model_input input);
/* Input: the modality's name (1, C, H, W); output "map" (1, C', H', W'). */
bcue_status bcue_model_build_front(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                   bcue_model_input input, bcue_graph **graph, bcue_error *error);
/* The graph of bcue_model_build for one window, whose pictures are replaced by their maps (1, P, C', H', W').
 */
bcue_status bcue_model_build_rest(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                  bcue_graph **graph, bcue_error *error);

/* Table models. */
typedef struct bcue_table_samples {
    size_t count;
    const float *position; /* (count, 2), NULL when the kind needs none; a missing position is NaN */
    const int32_t *label;  /* (count) */
    const double *const
        *power;         /* count pointers to `beams` linear powers, each may be NULL; CONSTANT needs some */
    const float *radar; /* (count, radar_size): RADAR_KNN whole windows, RADAR_RULE bcue_radar_direction */
    size_t radar_size;
} bcue_table_samples;

/* `weights` gets the named tensors of the fitted table; free with bcue_weights_free. */
bcue_status bcue_table_fit(const bcue_model_config *config, int64_t beams, const bcue_table_samples *samples,
                           bcue_weights *weights, bcue_error *error);
/* Is it an oracle, which is told the powers that it should predict? */
bool bcue_model_is_oracle(const bcue_model_config *config);
/* Where the greatest cluster of moving points lies in a frame of radar points (rows of 5 numbers, sorted by
   azimuth; features/point_sampling.h): mean azimuth in -1 .. 1, NaN: nothing moves. */
float bcue_radar_direction(const float *frame, int64_t rows);
/* Scores (higher = better) of every beam for one position (2 floats, NaN = missing; NULL where not needed);
 * of the radar tables for one row of `radar`. What is random depends on (seed, sample) alone. */
bcue_status bcue_table_score(const bcue_model_config *config, int64_t beams, const bcue_weights *weights,
                             const float *position, uint64_t seed, uint32_t sample, float *scores,
                             bcue_error *error);

#endif
