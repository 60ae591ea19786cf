#include "features/recipes.h"

#include <math.h>

#include "base/fail.h"
#include "features/geodesy.h"

static bcue_status check_fixes(double latitude_deg, double longitude_deg, double rsu_latitude_deg,
                               double rsu_longitude_deg, const bcue_position_recipe *recipe,
                               bcue_error *error)
{
    if (isnan(latitude_deg) || isnan(longitude_deg))
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "position: the fix is NaN; treat the GPS of this sample as missing");
    if (recipe->mode != BCUE_POSITION_MINMAX && (isnan(rsu_latitude_deg) || isnan(rsu_longitude_deg)))
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "position: this mode is relative to the RSU, whose fix is unknown; give unit1_loc "
                         "or use mode: minmax");
    return BCUE_OK;
}

bcue_status bcue_position_raw(double latitude_deg, double longitude_deg, double rsu_latitude_deg,
                              double rsu_longitude_deg, const bcue_position_recipe *recipe, double raw[2],
                              bcue_error *error)
{
    BCUE_TRY(check_fixes(latitude_deg, longitude_deg, rsu_latitude_deg, rsu_longitude_deg, recipe, error));
    if (recipe->mode == BCUE_POSITION_MINMAX) {
        raw[0] = latitude_deg;
        raw[1] = longitude_deg;
    } else if (recipe->mode == BCUE_POSITION_ENU) {
        double enu_m[3];
        bcue_geodetic_to_enu(latitude_deg, longitude_deg, 0, rsu_latitude_deg, rsu_longitude_deg, 0, enu_m);
        raw[0] = enu_m[0];
        raw[1] = enu_m[1];
    } else {
        /* Both in the RSU's zone, so that a street on a zone border is not torn apart. */
        int zone = bcue_utm_zone(rsu_latitude_deg, rsu_longitude_deg);
        double rsu[2];
        bcue_geodetic_to_utm(latitude_deg, longitude_deg, zone, &raw[0], &raw[1]);
        bcue_geodetic_to_utm(rsu_latitude_deg, rsu_longitude_deg, zone, &rsu[0], &rsu[1]);
        raw[0] -= rsu[0];
        raw[1] -= rsu[1];
    }
    return BCUE_OK;
}

bcue_position_recipe bcue_position_recipe_for(const bcue_position_recipe *recipe, int scenario)
{
    /* Of the challenge entry of TII: scenarios 31 to 34. */
    static const double offset_deg[] = {-50.52, 44.8, 55.6, -60.0};
    bcue_position_recipe used = *recipe;
    if (recipe->angle_by_scenario && scenario >= 31 && scenario <= 34)
        used.angle_offset_deg = offset_deg[scenario - 31];
    return used;
}

/* The angle recipe: direction of the line through RSU and vehicle, less the array's, wrapped to +-90 degrees.
 */
static double line_angle(const double difference_m[2], double offset_deg)
{
    const double degree = 3.14159265358979323846 / 180.0;
    double angle_deg =
        (difference_m[0] == 0 ? 90.0 : atan(difference_m[1] / difference_m[0]) / degree) - offset_deg;
    while (angle_deg > 90.0)
        angle_deg -= 180.0;
    while (angle_deg < -90.0)
        angle_deg += 180.0;
    return angle_deg * degree;
}

bcue_status bcue_position_features(double latitude_deg, double longitude_deg, double rsu_latitude_deg,
                                   double rsu_longitude_deg, const bcue_position_recipe *recipe,
                                   bool training, float out[2], bcue_error *error)
{
    double value[2];
    BCUE_TRY(bcue_position_raw(latitude_deg, longitude_deg, rsu_latitude_deg, rsu_longitude_deg, recipe,
                               value, error));
    if (recipe->mode == BCUE_POSITION_ENU) {
        value[0] /= recipe->scale_m;
        value[1] /= recipe->scale_m;
    } else if (recipe->mode == BCUE_POSITION_ANGLE) {
        value[0] = value[1] = line_angle(value, recipe->angle_offset_deg);
    } else {
        for (int axis = 0; axis < 2; axis++) {
            double range = recipe->high[axis] - recipe->low[axis];
            if (!(range > 0))
                return bcue_fail(error, BCUE_ERROR_DATA,
                                 "position: bounds of axis %d are %g to %g: fit them on samples that differ, "
                                 "or give bounds",
                                 axis, recipe->low[axis], recipe->high[axis]);
            value[axis] = (value[axis] - recipe->low[axis]) / range;
        }
    }
    if (training && recipe->quantise > 0)
        for (int axis = 0; axis < 2; axis++)
            value[axis] = nearbyint(value[axis] * (double)recipe->quantise) / (double)recipe->quantise;
    out[0] = (float)value[0];
    out[1] = (float)value[1];
    return BCUE_OK;
}
