#include "sensors/gnss.h"

bcue_vec3 bcue_gnss_fix(const bcue_gnss_config *config, bcue_vec3 truth, bcue_rng *rng)
{
    bcue_vec3 fix = truth;
    fix.x += config->horizontal_sigma_m * bcue_rng_normal(rng);
    fix.y += config->horizontal_sigma_m * bcue_rng_normal(rng);
    fix.z += config->vertical_sigma_m * bcue_rng_normal(rng);
    return fix;
}
