/* From raw sensor frames to ranked beams. */
#ifndef BEAMCUE_PREDICT_H
#define BEAMCUE_PREDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "beamcue/model.h"
#include "beamcue/report.h"
#include "beamcue/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One thread's working memory for one model. A session belongs to one thread at a time; make one per thread.
 */
typedef struct bcue_session bcue_session;

/* `model` must outlive the session. On success the caller owns *session until bcue_session_destroy. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_session_create(const bcue_model *model, bcue_session **session,
                                                           bcue_error *error);
BCUE_API void bcue_session_destroy(bcue_session *session); /* NULL is fine */

/* How a session may use memory. */
typedef enum bcue_memory_use {
    BCUE_MEMORY_FAST, /* what is fastest: Winograd's convolution has weights of four times the size */
    BCUE_MEMORY_SMALL /* weights as large as in the file */
} bcue_memory_use;

/* How a session holds the weights of fully connected layers that see one sample at a time (all of a radar
   student's, the heads of other models): reading them is what such layers cost. Sums stay in float. Other
   layers stay f32. */
typedef enum bcue_weight_form {
    BCUE_FORM_F32,  /* as trained */
    BCUE_FORM_BF16, /* half the bytes: 8 bits of each weight's fraction are kept */
    BCUE_FORM_INT8  /* a quarter: 255 steps between the largest weights of each output */
} bcue_weight_form;

typedef struct bcue_session_options {
    bcue_memory_use memory;
    int threads;     /* at most so many run the network; 0: as many as help, up to all */
    int ring_frames; /* of each modality, what the network makes of so many frames is kept, and used when a
                        later window has a frame of the same number; 0: nothing. Windows of P frames that are
                        S ticks apart need S (P - 1) + 1. Answers are the same, bit for bit */
    bcue_weight_form weights; /* other than f32: answers differ from those of 'beamcue evaluate' in more than
                                 the last digits */
    /* How the radar of a model of points stands here; height 0: as the model's recipe says (which knows
       nothing of data.sources.N.radar_pose). Matters with points_frame: ground and hps: highest. */
    double radar_height_m, radar_pitch_deg;
} bcue_session_options;

/* bcue_session_create with options; NULL: all zero. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_session_create_with(const bcue_model *model,
                                                                const bcue_session_options *options,
                                                                bcue_session **session, bcue_error *error);

typedef struct bcue_session_facts {
    uint64_t packed_bytes; /* weights in the layouts of the kernels, shared by all sessions of the model */
    uint64_t activation_bytes;          /* of this session: inputs and what the network computes between */
    uint64_t ring_bytes;                /* of this session: the frames it keeps */
    int64_t frame_multiply_accumulates; /* of one frame of each modality, which a kept frame saves; 0 when
                                           windows have one frame */
    int32_t int8_layers;                /* that compute in 8 bits on this machine */
} bcue_session_facts;

/* Zeros for a look-up model. */
BCUE_API void bcue_session_get_facts(const bcue_session *session, bcue_session_facts *facts);

/* The file of a frame as bytes: JPEG or PNG of a camera, PLY of a LiDAR, npy (or MAT) of a radar. data NULL =
 * this frame is missing. Borrowed for the call. */
typedef struct bcue_encoded_picture {
    const void *data;
    size_t size;
    const char *name; /* of the file, for messages; may be NULL */
} bcue_encoded_picture;

/* WGS-84 degrees; NaN = missing. */
typedef struct bcue_fix {
    double latitude_deg, longitude_deg;
} bcue_fix;

/* What the roadside unit knows at one instant. Fewer frames or fixes than the model wants: the oldest count
   as missing. Everything is borrowed for the duration of the call. */
typedef struct bcue_observation {
    const bcue_encoded_picture *camera; /* oldest first */
    size_t camera_count;
    const bcue_fix *fixes; /* of the vehicle, oldest first */
    size_t fix_count;
    bcue_fix rsu;                              /* of the roadside unit; NaN when the model does not need it */
    const bcue_encoded_picture *lidar, *radar; /* oldest first */
    size_t lidar_count, radar_count;
    int32_t scenario; /* of DeepSense 6G, for recipes that depend on it; 0 = unknown */
    /* For a session with ring_frames: as many numbers as there are frames, which name them. Within a modality
       the same number is always the same frame; 0 is no name, and UINT64_MAX is taken. NULL: no names. */
    const uint64_t *camera_id, *lidar_id, *radar_id;
} bcue_observation;

typedef struct bcue_ranked_beam {
    int32_t beam;       /* 0-based codebook index */
    double probability; /* softmax of the scores, at the temperature of a calibrated model */
} bcue_ranked_beam;

typedef struct bcue_timing {
    double decode_ms, features_ms, network_ms, total_ms;
} bcue_timing;

/* The `count` (1 .. beams) best beams, best first, into `ranked` (room for `count`). `timing` may be NULL.
   Missing frames are zeros, as in training; when nothing that the model needs is there: BCUE_ERROR_DATA. A
   frame that cannot be decoded: BCUE_ERROR_FORMAT; one of another shape than the recipe takes:
   BCUE_ERROR_DATA. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_predict(bcue_session *session,
                                                    const bcue_observation *observation, size_t count,
                                                    bcue_ranked_beam *ranked, bcue_timing *timing,
                                                    bcue_error *error);

/* Was the last bcue_predict asked about something that its model was not trained on: a radar's FMCW cube
   where it takes lists of points? The cube was turned into points (CFAR, no elevation); how good such answers
   are is not known, and what a calibration promises does not hold for them. */
BCUE_API bool bcue_session_out_of_domain(const bcue_session *session);

/* After bcue_predict: how many of the first beams to probe, so that a right one is among them in a share
   `coverage` of the samples of new episodes like those of the calibration. Right is a best beam, or
   (margin_db, which has to be that of the calibration) one within margin_db of it. The next higher coverage
   that the model is calibrated for is taken, and the set of the sensors that were there; where it was never
   calibrated for these, the widest of its sets (bcue_session_get_pattern). BCUE_ERROR_UNSUPPORTED: the model
   is not calibrated ('beamcue calibrate'); BCUE_ERROR_ARGUMENT: not for this. Allocates nothing. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_session_probe(bcue_session *session, double coverage,
                                                          double margin_db, size_t *count, bcue_error *error);

/* How a calibration fits what was there: it is made for every pattern of missing or held sensors by itself.
 */
typedef enum bcue_set_basis {
    BCUE_SET_NONE,  /* the model is not calibrated */
    BCUE_SET_OWN,   /* calibrated for just these sensors, with the same stand-ins */
    BCUE_SET_WIDEST /* never calibrated for them: the widest of all its sets, and the least sure of its
                       probabilities */
} bcue_set_basis;

/* What a prediction lacked. Bits 1 << bcue_sensor (stream.h): 1 camera, 2 LiDAR, 4 radar, 8 gps. */
typedef struct bcue_sensor_pattern {
    unsigned missing; /* the model takes it, and of its window nothing was there; */
    unsigned held;    /* its last good frames stood in; */
    int partly; /* of a sensor, some frames of the window were missing or held, or it was held for longer
                   than in calibration: never calibrated for */
    bcue_set_basis basis;
} bcue_sensor_pattern;

/* Of the last bcue_predict or bcue_session_predict. */
BCUE_API void bcue_session_get_pattern(const bcue_session *session, bcue_sensor_pattern *pattern);

/* Where the time of a network goes: every layer's time against the limits of this machine, which are
   measured, too. `svg_path`: also write a roofline picture there; NULL: none. BCUE_ERROR_ARGUMENT for a
   look-up model. */
typedef struct bcue_layers_options {
    long runs; /* of the network; 0: 10 */
    const char *svg_path;
} bcue_layers_options;
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_bench_layers(const char *model_path,
                                                         const bcue_layers_options *options,
                                                         bcue_report **report, bcue_error *error);

#ifdef __cplusplus
}
#endif
#endif
