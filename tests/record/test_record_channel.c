/* Channel files, read back with the HDF5 library. With BCUE_CHANNEL_FILE=PATH one is left there, for
   tools/peer/open_deepmimo.py. */
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "channel/link.h"
#include "check.h"
#include "record/channel_file.h"

#define CARRIER 28e9
enum { BEAMS = 9, SUBCARRIERS = 4, ELEMENTS = 3, TAPS = 5, VEHICLES = 6 };

typedef struct rig {
    bcue_world world;
    bcue_radio_scene *scene;
    bcue_channel *channel;
    bcue_path_list paths[VEHICLES];
    bcue_tap taps[VEHICLES][8];
    bcue_vec3 transmitter, receivers[VEHICLES];
} rig;

/* A unit over flat ground: line of sight and one reflection to each vehicle. */
static void set_up(rig *r)
{
    bcue_error error = {{0}};
    *r = (rig){.transmitter = {0, 0, 6}};
    CHECK_OK(bcue_world_make_plain(500.0, BCUE_MATERIAL_ASPHALT, &r->world, &error), error);
    CHECK_OK(bcue_radio_scene_create(&r->world, &r->scene, &error), error);
    bcue_channel_config config = {.carrier_hz = CARRIER};
    CHECK_OK(bcue_channel_create(&r->world, &config, &r->channel, &error), error);
    for (int v = 0; v < VEHICLES; v++)
        r->receivers[v] = bcue_vec3_make(20.0 + 10.0 * v, 5.0 * v, 1.5);
    bcue_path_options options = {.max_reflections = 1};
    CHECK_OK(
        bcue_paths_find(r->scene, r->transmitter, r->receivers, VEHICLES, &options, r->paths, NULL, &error),
        error);
    for (int v = 0; v < VEHICLES; v++) {
        CHECK_INT(r->paths[v].count, 2);
        for (size_t p = 0; p < r->paths[v].count && p < 8; p++)
            CHECK_OK(bcue_channel_tap(r->channel, &r->paths[v].paths[p], (bcue_vec3){0},
                                      (bcue_vec3){10, 0, 0}, &r->taps[v][p], &error),
                     error);
    }
}

static void tear_down(rig *r)
{
    for (int v = 0; v < VEHICLES; v++)
        bcue_path_list_free(&r->paths[v]);
    bcue_channel_destroy(r->channel);
    bcue_radio_scene_destroy(r->scene);
    bcue_world_free(&r->world);
}

static void fill(double power[BEAMS], double complex frequency[SUBCARRIERS],
                 double complex element[ELEMENTS][SUBCARRIERS], double complex impulse[TAPS], uint32_t number)
{
    for (int b = 0; b < BEAMS; b++)
        power[b] = number + 0.01 * b;
    for (int k = 0; k < SUBCARRIERS; k++)
        frequency[k] = (double)number - 1.0 * k * I;
    for (int n = 0; n < ELEMENTS; n++)
        for (int k = 0; k < SUBCARRIERS; k++)
            element[n][k] = 10.0 * n + k + (double)number * I;
    for (int m = 0; m < TAPS; m++)
        impulse[m] = 0.5 * m * I - (double)number;
}

/* `frames` instants of all vehicles. */
static bcue_status write_file(const rig *r, const char *path, uint32_t frames, bool whole, bcue_error *error)
{
    bcue_channel_file_config config = {
        .carrier_hz = CARRIER, .bandwidth_hz = 1e8, .seed = 7, .episode = 3, .world = &r->world};
    if (whole) {
        config.beams = BEAMS;
        config.subcarriers = SUBCARRIERS;
        config.elements = ELEMENTS;
        config.impulse_taps = TAPS;
    }
    bcue_channel_file *file = NULL;
    bcue_status status = bcue_channel_file_create(path, &config, &file, error);
    for (uint32_t f = 0; status == BCUE_OK && f < frames; f++)
        for (uint32_t v = 0; status == BCUE_OK && v < VEHICLES; v++) {
            double power[BEAMS];
            double complex frequency[SUBCARRIERS], element[ELEMENTS][SUBCARRIERS], impulse[TAPS];
            fill(power, frequency, element, impulse, f * VEHICLES + v);
            bcue_channel_link link = {.frame = f,
                                      .unit = 0,
                                      .vehicle = v,
                                      .time_s = 0.1 * f,
                                      .transmitter = r->transmitter,
                                      .receiver = r->receivers[v],
                                      .paths = r->paths[v].paths,
                                      .taps = r->taps[v],
                                      .path_count = v == 5 ? 0 : r->paths[v].count, /* one hears nothing */
                                      .line_of_sight = v != 5,
                                      .blocker = v == 5 ? BCUE_STATIC_BLOCKER : BCUE_NO_BLOCKER,
                                      .gain_db = -80.0 - v,
                                      .rician_k_db = 10.0,
                                      .delay_spread_s = 1e-9,
                                      .power_mw = power,
                                      .frequency = frequency,
                                      .element_response = &element[0][0],
                                      .impulse_start_s = 1e-7,
                                      .impulse = impulse};
            status = bcue_channel_file_add(file, &link, error);
        }
    if (status != BCUE_OK) {
        bcue_channel_file_abandon(file);
        return status;
    }
    return bcue_channel_file_commit(file, error);
}

/* Read a whole data set as doubles (complex: pairs); its dimensions. */
static double *read_all(hid_t file, const char *name, hsize_t dimensions[3], int *rank, bool is_complex)
{
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    CHECK_AT(set >= 0, "no data set %s", name);
    if (set < 0)
        return calloc(1, 1 << 16);
    hid_t space = H5Dget_space(set);
    dimensions[0] = dimensions[1] = dimensions[2] = 0;
    *rank = H5Sget_simple_extent_dims(space, dimensions, NULL);
    hssize_t count = H5Sget_simple_extent_npoints(space);
    double *values = calloc((size_t)count * 2 + 1, sizeof *values);
    hid_t type = H5Tcopy(H5T_NATIVE_DOUBLE);
    if (is_complex) {
        H5Tclose(type);
        type = H5Tcreate(H5T_COMPOUND, 16);
        H5Tinsert(type, "r", 0, H5T_NATIVE_DOUBLE);
        H5Tinsert(type, "i", 8, H5T_NATIVE_DOUBLE);
    }
    CHECK_AT(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0, "%s cannot be read", name);
    H5Tclose(type);
    H5Sclose(space);
    H5Dclose(set);
    return values;
}

static void check_paths(const rig *r, hid_t file, uint32_t frames)
{
    hsize_t n[3];
    int rank;
    double *first = read_all(file, "link/first_path", n, &rank, false);
    CHECK_INT(n[0], frames * VEHICLES);
    double *count = read_all(file, "link/path_count", n, &rank, false);
    double *gain = read_all(file, "path/gain", n, &rank, true);
    CHECK(rank == 3 && n[1] == 2 && n[2] == 2);
    CHECK_INT(n[0], frames * (VEHICLES - 1) * 2);
    double *delay = read_all(file, "path/delay_s", n, &rank, false);
    double *doppler = read_all(file, "path/doppler_hz", n, &rank, false);
    double *arrival = read_all(file, "path/arrival", n, &rank, false);
    double *begin = read_all(file, "path/first_interaction", n, &rank, false);
    double *inside = read_all(file, "path/interaction_count", n, &rank, false);
    double *point = read_all(file, "interaction/point", n, &rank, false);
    CHECK_INT(n[0], frames * (VEHICLES - 1));
    double *kind = read_all(file, "interaction/kind", n, &rank, false);
    double *vehicle = read_all(file, "interaction/vehicle", n, &rank, false);
    for (uint32_t l = 0; l < frames * VEHICLES; l++) {
        uint32_t v = l % VEHICLES;
        CHECK_INT(count[l], v == 5 ? 0 : 2);
        for (size_t p = 0; p < (size_t)count[l]; p++) {
            size_t row = (size_t)first[l] + p;
            const bcue_tap *tap = &r->taps[v][p];
            const bcue_path *path = &r->paths[v].paths[p];
            CHECK(gain[8 * row] == creal(tap->gain.vv) && gain[8 * row + 1] == cimag(tap->gain.vv));
            CHECK(gain[8 * row + 6] == creal(tap->gain.hh) && gain[8 * row + 7] == cimag(tap->gain.hh));
            CHECK(delay[row] == tap->delay_s && doppler[row] == tap->doppler_hz &&
                  arrival[3 * row + 2] == tap->arrival.z);
            CHECK_INT(inside[row], path->count);
            for (int i = 0; i < path->count; i++) {
                size_t at = (size_t)begin[row] + (size_t)i;
                CHECK(point[3 * at] == path->at[i].point.x && point[3 * at + 2] == path->at[i].point.z);
                CHECK(kind[at] == 1.0 && vehicle[at] == -1.0);
            }
        }
    }
    double *const all[] = {first, count, gain, delay, doppler, arrival, begin, inside, point, kind, vehicle};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
}

static void check_responses(hid_t file, uint32_t frames)
{
    hsize_t n[3];
    int rank;
    double *power = read_all(file, "beam/power_mw", n, &rank, false);
    CHECK(rank == 2 && n[0] == frames * VEHICLES && n[1] == BEAMS);
    double *frequency = read_all(file, "response/frequency", n, &rank, true);
    CHECK(rank == 2 && n[1] == SUBCARRIERS);
    double *element = read_all(file, "response/element", n, &rank, true);
    CHECK(rank == 3 && n[1] == ELEMENTS && n[2] == SUBCARRIERS);
    double *impulse = read_all(file, "response/impulse", n, &rank, true);
    double *start = read_all(file, "response/impulse_start_s", n, &rank, false);
    for (uint32_t l = 0; l < frames * VEHICLES; l++) {
        double p[BEAMS];
        double complex f[SUBCARRIERS], e[ELEMENTS][SUBCARRIERS], m[TAPS];
        fill(p, f, e, m, l);
        CHECK(memcmp(p, power + l * BEAMS, sizeof p) == 0);
        CHECK(memcmp(f, frequency + 2 * l * SUBCARRIERS, sizeof f) == 0);
        CHECK(memcmp(e, element + 2 * l * ELEMENTS * SUBCARRIERS, sizeof e) == 0);
        CHECK(memcmp(m, impulse + 2 * l * TAPS, sizeof m) == 0);
        CHECK(start[l] == 1e-7);
    }
    free(power);
    free(frequency);
    free(element);
    free(impulse);
    free(start);
}

static void check_heads(hid_t file)
{
    double carrier = 0.0;
    unsigned long long seed = 0;
    hid_t attribute = H5Aopen(file, "carrier_hz", H5P_DEFAULT);
    CHECK(attribute >= 0 && H5Aread(attribute, H5T_NATIVE_DOUBLE, &carrier) >= 0 && carrier == CARRIER);
    H5Aclose(attribute);
    attribute = H5Aopen(file, "seed", H5P_DEFAULT);
    CHECK(attribute >= 0 && H5Aread(attribute, H5T_NATIVE_ULLONG, &seed) >= 0 && seed == 7);
    H5Aclose(attribute);
    char unit[16] = "";
    attribute = H5Aopen_by_name(file, "path/delay_s", "unit", H5P_DEFAULT, H5P_DEFAULT);
    hid_t type = H5Aget_type(attribute);
    CHECK(H5Tget_size(type) < sizeof unit && H5Aread(attribute, type, unit) >= 0 && strcmp(unit, "s") == 0);
    H5Tclose(type);
    H5Aclose(attribute);
    hid_t set = H5Dopen2(file, "material", H5P_DEFAULT);
    type = H5Dget_type(set);
    char names[BCUE_MATERIAL_COUNT][48] = {{0}};
    CHECK(H5Tget_size(type) == 48 && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, names) >= 0);
    CHECK_STR(names[BCUE_MATERIAL_ASPHALT], "asphalt");
    H5Tclose(type);
    H5Dclose(set);
}

static void test_read_back(void)
{
    char folder[] = "/tmp/bcue-record-XXXXXX", path[2][64];
    rig r;
    bcue_error error = {{0}};
    CHECK(mkdtemp(folder) != NULL);
    set_up(&r);
    for (int i = 0; i < 2; i++) {
        snprintf(path[i], sizeof path[i], "%s/%d.h5", folder, i);
        CHECK_OK(write_file(&r, path[i], 40, true, &error), error);
    }
    hid_t file = H5Fopen(path[0], H5F_ACC_RDONLY, H5P_DEFAULT);
    CHECK(file >= 0);
    if (file >= 0) {
        check_heads(file);
        check_paths(&r, file, 40);
        check_responses(file, 40);
        H5Fclose(file);
    }
    bcue_bytes bytes[2] = {{0}};
    for (int i = 0; i < 2; i++) {
        CHECK_OK(bcue_file_read(path[i], 1 << 26, &bytes[i], &error), error);
        unlink(path[i]);
    }
    CHECK(bytes[0].size == bytes[1].size && memcmp(bytes[0].data, bytes[1].data, bytes[0].size) == 0);
    bcue_bytes_free(&bytes[0]);
    bcue_bytes_free(&bytes[1]);
    if (getenv("BCUE_CHANNEL_FILE") != NULL)
        CHECK_OK(write_file(&r, getenv("BCUE_CHANNEL_FILE"), 3, true, &error), error);
    CHECK(rmdir(folder) == 0); /* nothing else was left there */
    tear_down(&r);
}

/* More than is kept in memory at a time; the optional parts are not there. */
static void test_large(void)
{
    char folder[] = "/tmp/bcue-record-XXXXXX", path[64];
    rig r;
    bcue_error error = {{0}};
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/large.h5", folder);
    set_up(&r);
    CHECK_OK(write_file(&r, path, 8000, false, &error), error);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    CHECK(file >= 0);
    if (file >= 0) {
        check_paths(&r, file, 8000);
        CHECK(H5Lexists(file, "beam/power_mw", H5P_DEFAULT) == 0);
        H5Fclose(file);
    }
    unlink(path);
    CHECK(rmdir(folder) == 0);
    tear_down(&r);
}

static void test_refused(void)
{
    char folder[] = "/tmp/bcue-record-XXXXXX", path[64];
    bcue_error error = {{0}};
    bcue_channel_file *file = NULL;
    bcue_channel_file_config config = {.carrier_hz = CARRIER, .beams = 4};
    CHECK(mkdtemp(folder) != NULL);
    CHECK_STATUS(bcue_channel_file_create("/tmp/absent-folder/a.h5", &config, &file, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "/tmp/absent-folder/a.h5: cannot be made; does its folder exist");
    CHECK(file == NULL);
    snprintf(path, sizeof path, "%s/a.h5", folder);
    CHECK_OK(bcue_channel_file_create(path, &config, &file, &error), error);
    bcue_channel_link link = {.frame = 2, .vehicle = 9};
    CHECK_STATUS(bcue_channel_file_add(file, &link, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "a.h5: frame 2, vehicle 9: a part that the file has is missing");
    bcue_channel_file_abandon(file);
    config.elements = 2;
    CHECK_STATUS(bcue_channel_file_create(path, &config, &file, &error), BCUE_ERROR_ARGUMENT);
    CHECK(rmdir(folder) == 0);
    bcue_channel_file_abandon(NULL);
}

int main(void)
{
    RUN(test_read_back);
    RUN(test_large);
    RUN(test_refused);
    return check_summary();
}
