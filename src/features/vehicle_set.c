#include "features/vehicle_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "features/geodesy.h"
#include "formats/csv.h"

typedef struct vehicle_place {
    double east, north;
} vehicle_place;

static int by_number(double a, double b)
{
    return (a > b) - (a < b);
}

static int by_place(const void *left, const void *right)
{
    const vehicle_place *a = left, *b = right;
    const int order = by_number(a->east, b->east);
    return order != 0 ? order : by_number(a->north, b->north);
}

/* Ties by place, so that which of two equally near ones stays does not depend on the order. */
static int by_distance(const void *left, const void *right)
{
    const vehicle_place *a = left, *b = right;
    const int order = by_number(hypot(a->east, a->north), hypot(b->east, b->north));
    return order != 0 ? order : by_place(left, right);
}

static bcue_status read_places(const bcue_csv *csv, const double rsu_fix[2], vehicle_place *places,
                               size_t *count, bcue_error *error)
{
    const int latitude = bcue_csv_find(csv, "latitude_deg"), longitude = bcue_csv_find(csv, "longitude_deg");
    *count = 0;
    if (latitude < 0 || longitude < 0)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: no columns latitude_deg and longitude_deg; is it a table of vehicles?",
                         bcue_csv_name(csv));
    for (size_t row = 0; row < bcue_csv_rows(csv); row++) {
        double fix[2], enu_m[3];
        if (!bcue_parse_double(bcue_csv_cell(csv, row, (size_t)latitude), &fix[0]) ||
            !bcue_parse_double(bcue_csv_cell(csv, row, (size_t)longitude), &fix[1]))
            return bcue_fail(error, BCUE_ERROR_FORMAT,
                             "%s:%zu: the fix is no number; expected degrees or nan", bcue_csv_name(csv),
                             bcue_csv_line(csv, row));
        if (isnan(fix[0]) || isnan(fix[1]))
            continue;
        if (!(fabs(fix[0]) <= 90 && fabs(fix[1]) <= 360))
            return bcue_fail(error, BCUE_ERROR_DATA, "%s:%zu: latitude %g, longitude %g is no place on earth",
                             bcue_csv_name(csv), bcue_csv_line(csv, row), fix[0], fix[1]);
        bcue_geodetic_to_enu(fix[0], fix[1], 0, rsu_fix[0], rsu_fix[1], 0, enu_m);
        places[(*count)++] = (vehicle_place){enu_m[0], enu_m[1]};
    }
    return BCUE_OK;
}

bcue_status bcue_vehicle_set_decode(const void *data, size_t size, const char *name,
                                    const bcue_vehicle_recipe *recipe, const double rsu_fix[2], float *out,
                                    bcue_error *error)
{
    const size_t rows = (size_t)recipe->most;
    memset(out, 0, rows * BCUE_VEHICLE_FIELDS * sizeof *out);
    if (isnan(rsu_fix[0]) || isnan(rsu_fix[1]))
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: vehicles are placed relative to the RSU, whose fix is unknown; give unit1_loc",
                         name);
    bcue_csv *csv;
    BCUE_TRY(bcue_csv_parse(data, size, name, &csv, error));
    size_t count = 0;
    vehicle_place *places = bcue_calloc(bcue_csv_rows(csv) + 1, sizeof *places);
    bcue_status status = places == NULL ? bcue_fail_memory(error, "the vehicles")
                                        : read_places(csv, rsu_fix, places, &count, error);
    bcue_csv_destroy(csv);
    if (status == BCUE_OK && count > rows) {
        qsort(places, count, sizeof *places, by_distance);
        count = rows;
    }
    if (status == BCUE_OK && count > 1)
        qsort(places, count, sizeof *places, by_place);
    for (size_t i = 0; status == BCUE_OK && i < count; i++) {
        out[BCUE_VEHICLE_FIELDS * i] = (float)(places[i].east / recipe->scale_m);
        out[BCUE_VEHICLE_FIELDS * i + 1] = (float)(places[i].north / recipe->scale_m);
        out[BCUE_VEHICLE_FIELDS * i + 2] = 1;
    }
    free(places);
    return status;
}
