#include "sensors/rgb_lens.h"

#include <math.h>
#include "sensors/rgb_camera.h"

double bcue_lens_bend(const double distortion[2], double straight)
{
    const double *k = distortion;
    double r = straight;
    for (int i = 0; i < 20; i++) {
        double slope = 1.0 + r * r * (3.0 * k[0] + 5.0 * r * r * k[1]);
        double step = (bcue_lens_straighten(k, r) - straight) / (fabs(slope) > 0.05 ? slope : 0.05);
        r -= step;
        if (fabs(step) < 1e-12)
            break;
    }
    return r;
}

bool bcue_camera_project(const bcue_camera_config *config, const bcue_frame *frame, bcue_vec3 point,
                         double *column, double *row)
{
    bcue_vec3 local = bcue_frame_local(frame, bcue_vec3_sub(point, frame->origin));
    if (local.x <= 0.0)
        return false;
    double half = 0.5 * (double)config->width, focal = half / tan(0.5 * config->field_of_view);
    double right = -focal * local.y / local.x, down = -focal * local.z / local.x;
    if (config->distortion[0] != 0.0 || config->distortion[1] != 0.0) {
        double straight = hypot(right, down) / half;
        double scale = straight > 1e-9 ? bcue_lens_bend(config->distortion, straight) / straight : 1.0;
        right *= scale;
        down *= scale;
    }
    *column = half + right;
    *row = 0.5 * (double)config->height + down;
    return true;
}
