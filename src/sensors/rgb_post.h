/* Inside the room: what happens to a finished 8-bit picture: motion blur, glowing lamps, rain and snow in the
   air, noise. */
#ifndef BCUE_SENSORS_RGB_POST_H
#define BCUE_SENSORS_RGB_POST_H

#include "sensors/rgb_lamps.h"

typedef struct bcue_picture_post {
    const bcue_camera_config *config;
    const bcue_frame *frame;
    const bcue_daylight *daylight;
    const bcue_ray_scene *scene;
    const uint32_t *instance_map;
    uint64_t seed;
    uint32_t episode, frame_index;
    uint8_t *scratch; /* as large as the picture */
} bcue_picture_post;

/* Vehicles smear along their motion in the picture while the shutter is open. */
void bcue_post_motion_blur(const bcue_picture_post *post, uint8_t *rgb);
/* Lamps that shine into the camera glow; wider in fog. */
void bcue_post_glow(const bcue_picture_post *post, const bcue_lamp_list *lamps, uint8_t *rgb);
/* Streaks of rain and flakes of snow. */
void bcue_post_precipitation(const bcue_picture_post *post, uint8_t *rgb);
/* Shot noise: strongest in mid-tones, keyed by (seed, episode, frame, row). */
void bcue_post_noise(const bcue_picture_post *post, uint8_t *rgb);

#endif
