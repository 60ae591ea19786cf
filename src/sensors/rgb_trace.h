/* Inside the room: the camera's buffers, and colouring picture positions. */
#ifndef BCUE_SENSORS_RGB_TRACE_H
#define BCUE_SENSORS_RGB_TRACE_H

#include <stdatomic.h>
#include "sensors/rgb_post.h"

enum { BCUE_TONE_STEPS = 4096 };

/* Parts of tracing whose time is measured. */
typedef enum bcue_trace_stage {
    BCUE_TRACE_RAYS,
    BCUE_TRACE_POINTS,
    BCUE_TRACE_SUN,
    BCUE_TRACE_LAMPS,
    BCUE_TRACE_SHADING,
    BCUE_TRACE_STAGES,
} bcue_trace_stage;

/* Nanoseconds of all threads. */
typedef struct bcue_trace_clock {
    bool on;
    _Atomic uint64_t ns[BCUE_TRACE_STAGES];
} bcue_trace_clock;

/* A placed vehicle as the shading of points reads it. */
typedef struct bcue_camera_vehicle {
    float x, y, cosine, sine;
    float half_length, half_width;
    float reach; /* beyond this in x or y it does not darken the ground */
} bcue_camera_vehicle;

/* One sample of a picture. */
typedef struct bcue_camera_sample {
    bcue_rgb colour;
    uint32_t instance; /* as in the instance map */
    uint32_t surface;  /* differs across edges worth smoothing: material and orientation */
    float distance;
    uint8_t kind; /* bcue_camera_class */
} bcue_camera_sample;

struct bcue_camera {
    bcue_camera_config config;
    const bcue_ray_scene *scene;
    bcue_float3 *static_normals;
    bcue_float3 **model_normals; /* per model of the world */
    float tangent;               /* of half the field of view */
    uint8_t tone[BCUE_TONE_STEPS + 1];
    bcue_camera_sample *samples; /* height x width, of pixel centres */
    uint8_t *picture;            /* height x width x 3, edges smoothed */
    uint32_t *instance_map;
    bool *dirty;       /* per block: vehicles change something here */
    int *dirty_blocks; /* their indices, while a pass runs */
    /* the street without vehicles, for the frame and daylight below */
    bool have_street;
    bcue_camera_sample *street_samples;
    uint8_t *street_picture;
    bcue_frame frame;
    bcue_daylight daylight;
    bcue_light light;
    bcue_lamp_list lamps;
    bcue_camera_vehicle *vehicles; /* one per placed instance */
    size_t vehicle_count, vehicle_capacity;
    bcue_trace_clock *clock;
    bcue_camera_times times;
    bcue_ray_target target; /* of the pass that runs */
    uint8_t *scratch;       /* a picture */
    uint64_t seed;
    uint32_t episode, frame_index;
    uint8_t *signals;     /* per traffic light of the world: a bcue_signal_state, or BCUE_SIGNAL_OFF; owned */
    bool signals_changed; /* since the street was rendered */
};
enum { BCUE_SIGNAL_OFF = 255 };

/* Read the placed vehicles; false: no memory. */
bool bcue_camera_take_vehicles(bcue_camera *camera);
/* Colour up to BCUE_RAY_LANES picture positions (pixels; (0, 0) is the outer corner of the top left one). */
void bcue_camera_trace(const bcue_camera *camera, const float *columns, const float *rows, int count,
                       bcue_camera_sample *samples);

#endif
