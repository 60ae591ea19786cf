/* The positions of all vehicles near a roadside unit, as a set: whatever order the file lists them in, the
   numbers are the same. Any thread. */
#ifndef BCUE_FEATURES_VEHICLE_SET_H
#define BCUE_FEATURES_VEHICLE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "beamcue/status.h"

typedef struct bcue_vehicle_recipe {
    bool enabled;
    int64_t most;   /* rows */
    double scale_m; /* becomes 1 */
} bcue_vehicle_recipe;

enum { BCUE_VEHICLE_FIELDS = 3 };

/* `data`: a CSV with the columns latitude_deg and longitude_deg, one line per vehicle (unit2_vehicles of a
   simulated recording). `out`: (recipe->most, BCUE_VEHICLE_FIELDS): east / scale, north / scale of the RSU,
   and the mask 1; rows of zeros where there are fewer. Of more vehicles than rows the nearest stay. Rows are
   sorted by east, then north. A vehicle without a fix (nan) is left out; none at all is a valid frame.
   BCUE_ERROR_DATA where the RSU's fix is NaN or a cell is no place on earth; BCUE_ERROR_FORMAT for a damaged
   table. */
bcue_status bcue_vehicle_set_decode(const void *data, size_t size, const char *name,
                                    const bcue_vehicle_recipe *recipe, const double rsu_fix[2], float *out,
                                    bcue_error *error);

#endif
