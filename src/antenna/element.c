#include "antenna/element.h"

bcue_polarisation bcue_polarisation_across(bcue_vec3 direction)
{
    double level = hypot(direction.x, direction.y);
    if (level < 1e-9)
        return (bcue_polarisation){{1, 0, 0}, {0, direction.z < 0.0 ? -1.0 : 1.0, 0}};
    bcue_vec3 h = {-direction.y / level, direction.x / level, 0.0};
    return (bcue_polarisation){bcue_vec3_cross(direction, h), h};
}

/* Power gain of the kinds that depend on direction. */
static double power_gain(bcue_element_kind kind, bcue_vec3 direction)
{
    double zenith = acos(fmax(-1.0, fmin(1.0, direction.z)));
    if (kind == BCUE_ELEMENT_DIPOLE) {
        /* 1 / integral of the pattern over the sphere, times 4 pi: 1.640922. */
        double across = sin(zenith);
        double field = across > 1e-9 ? cos(0.5 * BCUE_PI * direction.z) / across : 0.0;
        return 1.6409223769 * field * field;
    }
    double degrees = 180.0 / BCUE_PI, azimuth = atan2(direction.y, direction.x) * degrees;
    double vertical = (zenith * degrees - 90.0) / 65.0, horizontal = azimuth / 65.0;
    double loss_db = fmin(12.0 * vertical * vertical, 30.0) + fmin(12.0 * horizontal * horizontal, 30.0);
    return pow(10.0, 0.1 * (8.0 - fmin(loss_db, 30.0)));
}

bcue_vec3 bcue_element_field(const bcue_element *element, bcue_vec3 direction)
{
    bcue_polarisation basis = bcue_polarisation_across(direction);
    double field = element->kind == BCUE_ELEMENT_ISOTROPIC ? 1.0 : sqrt(power_gain(element->kind, direction));
    return bcue_vec3_add(bcue_vec3_scale(basis.v, field * cos(element->slant)),
                         bcue_vec3_scale(basis.h, field * sin(element->slant)));
}

bcue_frame bcue_frame_rolled(const bcue_frame *frame, double roll)
{
    double c = cos(roll), s = sin(roll);
    bcue_frame turned = *frame;
    turned.left = bcue_vec3_sub(bcue_vec3_scale(frame->left, c), bcue_vec3_scale(frame->up, s));
    turned.up = bcue_vec3_add(bcue_vec3_scale(frame->up, c), bcue_vec3_scale(frame->left, s));
    return turned;
}
