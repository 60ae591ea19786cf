#include "record/channel_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "record/hdf5_table.h"

enum column_id {
    LINK_FRAME,
    LINK_TIME,
    LINK_UNIT,
    LINK_VEHICLE,
    LINK_TRANSMITTER,
    LINK_RECEIVER,
    LINK_FIRST_PATH,
    LINK_PATHS,
    LINK_SIGHT,
    LINK_BLOCKER,
    LINK_GAIN,
    LINK_RICIAN_K,
    LINK_SPREAD,
    PATH_LINK,
    PATH_LENGTH,
    PATH_DELAY,
    PATH_DOPPLER,
    PATH_DEPARTURE,
    PATH_ARRIVAL,
    PATH_FOLIAGE,
    PATH_GAIN,
    PATH_FIRST_INTERACTION,
    PATH_INTERACTIONS,
    INTERACTION_KIND,
    INTERACTION_POINT,
    INTERACTION_SURFACE,
    INTERACTION_INSTANCE,
    INTERACTION_MATERIAL,
    BEAM_POWER,
    RESPONSE_FREQUENCY,
    RESPONSE_ELEMENT,
    RESPONSE_IMPULSE,
    RESPONSE_IMPULSE_START,
    COLUMN_COUNT,
};

/* The schema. Sizes of 0 in the last four lines come from the configuration. */
static const struct {
    const char *name;
    bcue_column_type type;
    hsize_t a, b;
    const char *unit, *meaning;
} schema[COLUMN_COUNT] = {
    [LINK_FRAME] = {"link/frame", BCUE_COLUMN_U32, 0, 0, "1", "number of the instant in the episode"},
    [LINK_TIME] = {"link/time_s", BCUE_COLUMN_F64, 0, 0, "s", "since the start of the episode"},
    [LINK_UNIT] = {"link/unit", BCUE_COLUMN_U32, 0, 0, "1", "roadside unit"},
    [LINK_VEHICLE] = {"link/vehicle", BCUE_COLUMN_U32, 0, 0, "1", "vehicle (its track)"},
    [LINK_TRANSMITTER] = {"link/transmitter", BCUE_COLUMN_F64, 3, 0, "m", "east, north, up"},
    [LINK_RECEIVER] = {"link/receiver", BCUE_COLUMN_F64, 3, 0, "m", "east, north, up"},
    [LINK_FIRST_PATH] = {"link/first_path", BCUE_COLUMN_U64, 0, 0, "1", "row of its first path in path/"},
    [LINK_PATHS] = {"link/path_count", BCUE_COLUMN_U32, 0, 0, "1", "its paths follow one another"},
    [LINK_SIGHT] = {"link/line_of_sight", BCUE_COLUMN_U8, 0, 0, "1", "1: free"},
    [LINK_BLOCKER] = {"link/blocker", BCUE_COLUMN_I32, 0, 0, "1",
                      "vehicle in the line of sight; -1: it is free; -2: something that stands still"},
    [LINK_GAIN] = {"link/gain_db", BCUE_COLUMN_F64, 0, 0, "dB",
                   "sum of the powers of the paths, isotropic antennas"},
    [LINK_RICIAN_K] = {"link/rician_k_db", BCUE_COLUMN_F64, 0, 0, "dB", "line of sight over all other paths"},
    [LINK_SPREAD] = {"link/delay_spread_s", BCUE_COLUMN_F64, 0, 0, "s",
                     "root mean square, weighted by power"},
    [PATH_LINK] = {"path/link", BCUE_COLUMN_U64, 0, 0, "1", "row of its link"},
    [PATH_LENGTH] = {"path/length_m", BCUE_COLUMN_F64, 0, 0, "m", "from transmitter to receiver"},
    [PATH_DELAY] = {"path/delay_s", BCUE_COLUMN_F64, 0, 0, "s", "tau"},
    [PATH_DOPPLER] = {"path/doppler_hz", BCUE_COLUMN_F64, 0, 0, "Hz", "positive: the path gets shorter"},
    [PATH_DEPARTURE] = {"path/departure", BCUE_COLUMN_F64, 3, 0, "1",
                        "unit vector away from the transmitter"},
    [PATH_ARRIVAL] = {"path/arrival", BCUE_COLUMN_F64, 3, 0, "1",
                      "unit vector away from the receiver: where the wave comes from"},
    [PATH_FOLIAGE] = {"path/foliage_m", BCUE_COLUMN_F64, 0, 0, "m", "length inside tree crowns"},
    [PATH_GAIN] = {"path/gain", BCUE_COLUMN_COMPLEX, 2, 2, "1",
                   "alpha: [[vv, vh], [hv, hh]], vh from h sent to v received; with lambda/(4 pi L) and "
                   "exp(-j 2 pi f_c tau)"},
    [PATH_FIRST_INTERACTION] = {"path/first_interaction", BCUE_COLUMN_U64, 0, 0, "1", "row in interaction/"},
    [PATH_INTERACTIONS] = {"path/interaction_count", BCUE_COLUMN_U8, 0, 0, "1", "0: line of sight"},
    [INTERACTION_KIND] = {"interaction/kind", BCUE_COLUMN_U8, 0, 0, "1",
                          "1 reflection, 2 diffraction, 3 scattering, 4 transmission"},
    [INTERACTION_POINT] = {"interaction/point", BCUE_COLUMN_F64, 3, 0, "m", "east, north, up"},
    [INTERACTION_SURFACE] = {"interaction/surface", BCUE_COLUMN_U32, 0, 0, "1",
                             "surface, wedge or patch of the object"},
    [INTERACTION_INSTANCE] = {"interaction/vehicle", BCUE_COLUMN_I32, 0, 0, "1", "-1: what stands still"},
    [INTERACTION_MATERIAL] = {"interaction/material", BCUE_COLUMN_U32, 0, 0, "1", "row in material"},
    [BEAM_POWER] = {"beam/power_mw", BCUE_COLUMN_F64, 0, 0, "mW", "received power per beam, without noise"},
    [RESPONSE_FREQUENCY] = {"response/frequency", BCUE_COLUMN_COMPLEX, 0, 0, "1",
                            "per subcarrier, one element"},
    [RESPONSE_ELEMENT] = {"response/element", BCUE_COLUMN_COMPLEX, 0, 0, "1", "per element and subcarrier"},
    [RESPONSE_IMPULSE] = {"response/impulse", BCUE_COLUMN_COMPLEX, 0, 0, "1", "sampled at the bandwidth"},
    [RESPONSE_IMPULSE_START] = {"response/impulse_start_s", BCUE_COLUMN_F64, 0, 0, "s",
                                "delay of its first sample"},
};

struct bcue_channel_file {
    char *path, *temporary; /* owned */
    bcue_channel_file_config config;
    hid_t file;
    bcue_column columns[COLUMN_COUNT];
    bool has[COLUMN_COUNT];
    uint64_t links, paths, interactions;
};

static bcue_status fail_write(const bcue_channel_file *file, bcue_error *error)
{
    return bcue_fail(error, BCUE_ERROR_IO, "%s: HDF5 could not write to it; is the disk full?", file->path);
}

static bool make_group(hid_t file, const char *name)
{
    hid_t group = H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    return group >= 0 && H5Gclose(group) >= 0;
}

static bool write_materials(bcue_channel_file *file)
{
    const bcue_world *world = file->config.world;
    size_t count = world != NULL ? world->material_count : 0, size = sizeof world->materials->name;
    char *names = bcue_calloc(count, size);
    for (size_t m = 0; m < count && names != NULL; m++)
        memcpy(names + m * size, world->materials[m].name, size);
    bool good = names != NULL && bcue_hdf5_texts(file->file, "material", names, size, count);
    free(names);
    return good;
}

static bool begin(bcue_channel_file *file)
{
    static const char *const groups[] = {"link", "path", "interaction", "beam", "response"};
    const bcue_channel_file_config *config = &file->config;
    bool good = true;
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
        good = good && make_group(file->file, groups[g]);
    good = good && bcue_hdf5_text_attribute(file->file, "/", "format", "beamcue channel") &&
           bcue_hdf5_count_attribute(file->file, "/", "version", 1) &&
           bcue_hdf5_number_attribute(file->file, "/", "carrier_hz", config->carrier_hz) &&
           bcue_hdf5_number_attribute(file->file, "/", "bandwidth_hz", config->bandwidth_hz) &&
           bcue_hdf5_count_attribute(file->file, "/", "seed", config->seed) &&
           bcue_hdf5_count_attribute(file->file, "/", "episode", config->episode) && write_materials(file);
    for (int c = 0; c < COLUMN_COUNT && good; c++) {
        hsize_t a = schema[c].a, b = schema[c].b;
        file->has[c] = true;
        if (c == BEAM_POWER)
            file->has[c] = (a = config->beams) > 0;
        else if (c == RESPONSE_FREQUENCY)
            file->has[c] = (a = config->subcarriers) > 0;
        else if (c == RESPONSE_ELEMENT)
            file->has[c] = (a = config->elements) > 0 && (b = config->subcarriers) > 0;
        else if (c == RESPONSE_IMPULSE)
            file->has[c] = (a = config->impulse_taps) > 0;
        else if (c == RESPONSE_IMPULSE_START)
            file->has[c] = config->impulse_taps > 0;
        if (file->has[c])
            bcue_column_create(&file->columns[c], file->file, schema[c].name, schema[c].type, a, b,
                               schema[c].unit, schema[c].meaning);
        good = !file->has[c] || !file->columns[c].failed;
    }
    return good;
}

/* Open the temporary file; HDF5's own messages stay silent. */
static bool open_temporary(bcue_channel_file *file)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t list = H5Pcreate(H5P_FILE_CREATE);
    if (list >= 0 && H5Pset_obj_track_times(list, 0) >= 0)
        file->file = H5Fcreate(file->temporary, H5F_ACC_TRUNC, list, H5P_DEFAULT);
    if (list >= 0)
        H5Pclose(list);
    return file->file >= 0;
}

bcue_status bcue_channel_file_create(const char *path, const bcue_channel_file_config *config,
                                     bcue_channel_file **made, bcue_error *error)
{
    *made = NULL;
    if (config->elements > 0 && config->subcarriers == 0)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s: the response of elements needs subcarriers", path);
    bcue_channel_file *file = bcue_calloc(1, sizeof *file);
    size_t size = strlen(path) + 32;
    if (file == NULL)
        return bcue_fail_memory(error, path);
    file->config = *config;
    file->file = -1;
    for (int c = 0; c < COLUMN_COUNT; c++)
        file->columns[c].dataset = file->columns[c].type = -1;
    file->path = bcue_strdup(path);
    file->temporary = bcue_calloc(size, 1);
    bcue_status status = BCUE_OK;
    if (file->path == NULL || file->temporary == NULL) {
        status = bcue_fail_memory(error, path);
    } else {
        snprintf(file->temporary, size, "%s.partial", path);
        if (!open_temporary(file))
            status = bcue_fail(error, BCUE_ERROR_IO,
                               "%s: cannot be made; does its folder exist, and may you write there?", path);
        else if (!begin(file))
            status = fail_write(file, error);
    }
    if (status != BCUE_OK) {
        bcue_channel_file_abandon(file);
        return status;
    }
    *made = file;
    return BCUE_OK;
}

static void add(bcue_channel_file *file, enum column_id column, const void *row)
{
    if (file->has[column])
        bcue_column_add(&file->columns[column], row);
}

static void add_point(bcue_channel_file *file, enum column_id column, bcue_vec3 point)
{
    add(file, column, &(double[3]){point.x, point.y, point.z});
}

static uint8_t kind_code(bcue_interaction_kind kind)
{
    switch (kind) {
    case BCUE_REFLECTION:
        return 1;
    case BCUE_DIFFRACTION:
        return 2;
    case BCUE_SCATTERING:
        return 3;
    default:
        return 4;
    }
}

static void add_interaction(bcue_channel_file *file, const bcue_interaction *interaction)
{
    uint8_t kind = kind_code(interaction->kind);
    int32_t vehicle = interaction->instance == BCUE_RADIO_STATIC ? -1 : (int32_t)interaction->instance;
    add(file, INTERACTION_KIND, &kind);
    add_point(file, INTERACTION_POINT, interaction->point);
    add(file, INTERACTION_SURFACE, &interaction->surface);
    add(file, INTERACTION_INSTANCE, &vehicle);
    add(file, INTERACTION_MATERIAL, &interaction->material);
    file->interactions++;
}

static void add_path(bcue_channel_file *file, const bcue_path *path, const bcue_tap *tap)
{
    const double complex gain[4] = {tap->gain.vv, tap->gain.vh, tap->gain.hv, tap->gain.hh};
    uint8_t count = (uint8_t)path->count;
    add(file, PATH_LINK, &file->links);
    add(file, PATH_LENGTH, &path->length_m);
    add(file, PATH_DELAY, &tap->delay_s);
    add(file, PATH_DOPPLER, &tap->doppler_hz);
    add_point(file, PATH_DEPARTURE, tap->departure);
    add_point(file, PATH_ARRIVAL, tap->arrival);
    add(file, PATH_FOLIAGE, &path->foliage_m);
    add(file, PATH_GAIN, gain);
    add(file, PATH_FIRST_INTERACTION, &file->interactions);
    add(file, PATH_INTERACTIONS, &count);
    for (int i = 0; i < path->count; i++)
        add_interaction(file, &path->at[i]);
    file->paths++;
}

static bcue_status check_link(const bcue_channel_file *file, const bcue_channel_link *link, bcue_error *error)
{
    if ((file->has[BEAM_POWER] && link->power_mw == NULL) ||
        (file->has[RESPONSE_FREQUENCY] && link->frequency == NULL) ||
        (file->has[RESPONSE_ELEMENT] && link->element_response == NULL) ||
        (file->has[RESPONSE_IMPULSE] && link->impulse == NULL))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "%s: frame %u, vehicle %u: a part that the file has is missing", file->path,
                         (unsigned)link->frame, (unsigned)link->vehicle);
    for (size_t p = 0; p < link->path_count; p++)
        if (link->paths[p].count < 0 || link->paths[p].count > BCUE_PATH_MAX_INTERACTIONS)
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "%s: frame %u, vehicle %u: path %zu has %d interactions", file->path,
                             (unsigned)link->frame, (unsigned)link->vehicle, p, link->paths[p].count);
    return BCUE_OK;
}

bcue_status bcue_channel_file_add(bcue_channel_file *file, const bcue_channel_link *link, bcue_error *error)
{
    BCUE_TRY(check_link(file, link, error));
    uint32_t count = (uint32_t)link->path_count;
    uint8_t sight = link->line_of_sight ? 1 : 0;
    add(file, LINK_FRAME, &link->frame);
    add(file, LINK_TIME, &link->time_s);
    add(file, LINK_UNIT, &link->unit);
    add(file, LINK_VEHICLE, &link->vehicle);
    add_point(file, LINK_TRANSMITTER, link->transmitter);
    add_point(file, LINK_RECEIVER, link->receiver);
    add(file, LINK_FIRST_PATH, &file->paths);
    add(file, LINK_PATHS, &count);
    add(file, LINK_SIGHT, &sight);
    add(file, LINK_BLOCKER, &link->blocker);
    add(file, LINK_GAIN, &link->gain_db);
    add(file, LINK_RICIAN_K, &link->rician_k_db);
    add(file, LINK_SPREAD, &link->delay_spread_s);
    for (size_t p = 0; p < link->path_count; p++)
        add_path(file, &link->paths[p], &link->taps[p]);
    add(file, BEAM_POWER, link->power_mw);
    add(file, RESPONSE_FREQUENCY, link->frequency);
    add(file, RESPONSE_ELEMENT, link->element_response);
    add(file, RESPONSE_IMPULSE, link->impulse);
    add(file, RESPONSE_IMPULSE_START, &link->impulse_start_s);
    file->links++;
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (file->has[c] && file->columns[c].failed)
            return fail_write(file, error);
    return BCUE_OK;
}

/* Close everything; false: something of it failed. */
static bool close_all(bcue_channel_file *file)
{
    bool good = true;
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (file->columns[c].dataset >= 0 || file->columns[c].type >= 0)
            good = bcue_column_close(&file->columns[c]) && good;
    if (file->file >= 0)
        good = H5Fclose(file->file) >= 0 && good;
    file->file = -1;
    return good;
}

static void free_file(bcue_channel_file *file)
{
    free(file->path);
    free(file->temporary);
    free(file);
}

bcue_status bcue_channel_file_commit(bcue_channel_file *file, bcue_error *error)
{
    bool good = bcue_hdf5_count_attribute(file->file, "/", "links", file->links);
    good = close_all(file) && good;
    bcue_status status = good ? BCUE_OK : fail_write(file, error);
    if (status == BCUE_OK) {
        /* On the disk before it gets its name. */
        int descriptor = open(file->temporary, O_RDONLY);
        if (descriptor < 0 || fsync(descriptor) != 0 || rename(file->temporary, file->path) != 0)
            status =
                bcue_fail(error, BCUE_ERROR_IO, "%s: cannot be completed: %s", file->path, strerror(errno));
        if (descriptor >= 0)
            close(descriptor);
    }
    if (status != BCUE_OK)
        unlink(file->temporary);
    free_file(file);
    return status;
}

void bcue_channel_file_abandon(bcue_channel_file *file)
{
    if (file == NULL)
        return;
    bool was_open = file->file >= 0;
    (void)close_all(file);
    if (was_open)
        unlink(file->temporary);
    free_file(file);
}
