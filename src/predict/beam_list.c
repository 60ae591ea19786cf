#include "predict/beam_list.h"

#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "formats/csv.h"

void bcue_beam_list_free(bcue_beam_note *notes, size_t beams)
{
    for (size_t i = 0; notes != NULL && i < beams; i++)
        free(notes[i].id);
    free(notes);
}

static bcue_status read_angle(const bcue_csv *csv, size_t row, int column, double *angle_deg,
                              bcue_error *error)
{
    const char *cell = column >= 0 ? bcue_csv_cell(csv, row, (size_t)column) : "";
    if (cell[0] == '\0' || (bcue_parse_double(cell, angle_deg) && isfinite(*angle_deg)))
        return BCUE_OK;
    return bcue_fail(error, BCUE_ERROR_DATA, "%s:%zu: '%s' is no angle; give degrees, or leave it empty",
                     bcue_csv_name(csv), bcue_csv_line(csv, row), cell);
}

static bcue_status read_row(const bcue_csv *csv, size_t row, size_t beams, bool *seen, bcue_beam_note *notes,
                            bcue_error *error)
{
    const int column = bcue_csv_find(csv, "beam"), id = bcue_csv_find(csv, "id");
    const char *cell = bcue_csv_cell(csv, row, (size_t)column);
    int64_t beam;
    if (!bcue_parse_int64(cell, &beam) || beam < 0 || (uint64_t)beam >= beams || seen[beam])
        return bcue_fail(error, BCUE_ERROR_DATA, "%s:%zu: beam '%s'; expected 0 to %zu, each once",
                         bcue_csv_name(csv), bcue_csv_line(csv, row), cell, beams - 1);
    seen[beam] = true;
    BCUE_TRY(read_angle(csv, row, bcue_csv_find(csv, "azimuth_deg"), &notes[beam].azimuth_deg, error));
    BCUE_TRY(read_angle(csv, row, bcue_csv_find(csv, "elevation_deg"), &notes[beam].elevation_deg, error));
    const char *text = id >= 0 ? bcue_csv_cell(csv, row, (size_t)id) : "";
    if (text[0] != '\0' && (notes[beam].id = bcue_strdup(text)) == NULL)
        return bcue_fail_memory(error, "the list of beams");
    return BCUE_OK;
}

static bcue_status read_all(const bcue_csv *csv, size_t beams, bcue_beam_note *notes, bcue_error *error)
{
    if (bcue_csv_find(csv, "beam") < 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: there is no column 'beam'; expected beam, and any of azimuth_deg, "
                         "elevation_deg, id",
                         bcue_csv_name(csv));
    bool *seen = bcue_calloc(beams, sizeof *seen);
    bcue_status status = seen == NULL ? bcue_fail_memory(error, "the list of beams") : BCUE_OK;
    for (size_t r = 0; status == BCUE_OK && r < bcue_csv_rows(csv); r++)
        status = read_row(csv, r, beams, seen, notes, error);
    free(seen);
    return status;
}

bcue_status bcue_beam_list_read(const char *path, size_t beams, bcue_beam_note **notes, bcue_error *error)
{
    bcue_csv *csv = NULL;
    *notes = NULL;
    bcue_beam_note *made = bcue_calloc(beams, sizeof *made);
    if (made == NULL)
        return bcue_fail_memory(error, "the list of beams");
    for (size_t i = 0; i < beams; i++)
        made[i].azimuth_deg = made[i].elevation_deg = NAN;
    bcue_status status = path == NULL ? BCUE_OK : bcue_csv_read(path, &csv, error);
    if (status == BCUE_OK && csv != NULL)
        status = read_all(csv, beams, made, error);
    bcue_csv_destroy(csv);
    if (status != BCUE_OK) {
        bcue_beam_list_free(made, beams);
        return status;
    }
    *notes = made;
    return BCUE_OK;
}
