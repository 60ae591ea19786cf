#include "dataset/site_config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/config_path.h"
#include "base/file.h"
#include "features/geodesy.h"

#define DEGREE (BCUE_PI / 180.0)

static const char *const codebook_names[] = {"unknown", "oversampled", "paper-b", "measured", NULL};
static const char *const side_names[] = {"left", "right", NULL};

#define SITE(member) offsetof(bcue_site_config, member)
/* Without a default: absent is unknown. */
#define NUMBER_AT(key, place, low, high, text)                                                               \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_DOUBLE, .offset = (place), .minimum = (low), .maximum = (high),   \
        .help = (text)                                                                                       \
    }
#define SET_NUMBER_AT(key, place, usual, low, high, text)                                                    \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_DOUBLE, .offset = (place), .fallback = (usual), .minimum = (low), \
        .maximum = (high), .help = (text)                                                                    \
    }
#define NUMBER(key, member, low, high, text) NUMBER_AT(key, SITE(member), low, high, text)
#define SET_NUMBER(key, member, usual, low, high, text)                                                      \
    SET_NUMBER_AT(key, SITE(member), usual, low, high, text)
#define WHOLE(key, member, high, text)                                                                       \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_INT, .offset = SITE(member), .fallback = "0", .minimum = 0,       \
        .maximum = (high), .help = (text)                                                                    \
    }
#define TEXT(key, member, text)                                                                              \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_STRING, .offset = SITE(member), .help = (text)                    \
    }
#define PART(key, table, text)                                                                               \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_SECTION, .fields = (table), .help = (text)                        \
    }

static const bcue_config_field origin_fields[] = {
    NUMBER("latitude_deg", origin.latitude_deg, -90, 90, "degrees, WGS 84"),
    NUMBER("longitude_deg", origin.longitude_deg, -180, 180, "degrees, WGS 84"),
    SET_NUMBER("altitude_m", origin.altitude_m, "0", -1000, 10000, "of the ground, metres"),
    {0}};

static const bcue_config_field array_fields[] = {
    WHOLE("elements", array.elements, 65536, "elements; 0 = unknown"),
    SET_NUMBER("spacing_wavelengths", array.spacing_wavelengths, "0.5", 0.01, 100, "between them"),
    NUMBER("field_of_view_deg", array.field_of_view_deg, 1, 180,
           "angle between the first and the last beam, which lie evenly"),
    {.name = "first_beam",
     .type = BCUE_CONFIG_CHOICE,
     .offset = SITE(array.first_beam),
     .choices = side_names,
     .fallback = "left",
     .help = "where beam 0 points, seen along the boresight"},
    {.name = "codebook",
     .type = BCUE_CONFIG_CHOICE,
     .offset = SITE(array.codebook),
     .choices = codebook_names,
     .fallback = "unknown",
     .help = "its kind"},
    TEXT("codebook_file", array.file, "the beams as weights or as measured"),
    TEXT("codebook_hash", array.hash, "its fingerprint, 16 hex digits; absent: unknown"),
    NUMBER("carrier_hz", array.carrier_hz, 1e6, 1e12, "hertz"),
    NUMBER("height_m", array.height_m, 0, 1000, "above the ground, metres"),
    {0}};

#define IN_POSE(pose, member) ((pose) + offsetof(bcue_site_pose, member))
/* At offset `pose`. */
#define POSE(pose)                                                                                           \
    SET_NUMBER_AT("x_m", IN_POSE(pose, x_m), "0", -1000, 1000,                                               \
                  "ahead of the origin, along the heading, metres"),                                         \
        SET_NUMBER_AT("y_m", IN_POSE(pose, y_m), "0", -1000, 1000, "to its left, metres"),                   \
        NUMBER_AT("height_m", IN_POSE(pose, height_m), 0, 1000, "above the ground, metres"),                 \
        SET_NUMBER_AT("yaw_deg", IN_POSE(pose, yaw_deg), "0", -180, 180,                                     \
                      "where it looks, from the heading to the left, degrees"),                              \
        NUMBER_AT("pitch_deg", IN_POSE(pose, pitch_deg), -90, 90, "it looks up by this much, degrees"),      \
        SET_NUMBER_AT("roll_deg", IN_POSE(pose, roll_deg), "0", -180, 180,                                   \
                      "its right side hangs down by this much, degrees"),                                    \
        SET_NUMBER_AT("rate_hz", IN_POSE(pose, rate_hz), "0", 0, 10000, "frames a second; 0 = unknown"),     \
        SET_NUMBER_AT("clock_offset_ms", IN_POSE(pose, clock_offset_ms), "0", -60000, 60000,                 \
                      "what must be added to its time stamps to get those of the table, milliseconds")

static const bcue_config_field camera_fields[] = {
    POSE(SITE(camera.pose)),
    WHOLE("width", camera.width, 16384, "of the pictures, pixels; 0 = unknown"),
    WHOLE("height", camera.height, 16384, "of the pictures, pixels; 0 = unknown"),
    NUMBER("field_of_view_deg", camera.field_of_view_deg, 1, 179, "horizontal, without distortion, degrees"),
    SET_NUMBER("distortion", camera.distortion, "0", -0.3, 1,
               "k1 of the lens: a point at radius r (1 = half the width) shows what a pinhole shows at "
               "r (1 + k1 r^2)"),
    {0}};
static const bcue_config_field lidar_fields[] = {POSE(SITE(lidar.pose)), {0}};
static const bcue_config_field radar_fields[] = {POSE(SITE(radar.pose)), {0}};
static const bcue_config_field gnss_fields[] = {
    SET_NUMBER("antenna_height_m", gnss.antenna_height_m, "1.6", 0, 10,
               "of the vehicles' receivers above the ground, metres"),
    SET_NUMBER("rate_hz", gnss.rate_hz, "0", 0, 10000, "fixes a second; 0 = unknown"),
    SET_NUMBER("clock_offset_ms", gnss.clock_offset_ms, "0", -60000, 60000,
               "what must be added to their time stamps to get those of the table, milliseconds"),
    {0}};

const bcue_config_field bcue_site_config_fields[] = {
    TEXT("name", name, "of the site"),
    TEXT("scene", scene, "of recordings of several scenes the one that this file is about"),
    {.name = "data",
     .type = BCUE_CONFIG_SECTION,
     .offset = SITE(data),
     .fields = bcue_data_config_fields,
     .help = "its recordings, as in configurations of training"},
    PART("origin", origin_fields, "local origin: the place of the array on the ground"),
    NUMBER("heading_deg", heading_deg, -360, 360, "where the array looks, clockwise from north, degrees"),
    PART("array", array_fields, "the array and its beams"),
    PART("camera", camera_fields, "the camera"),
    PART("lidar", lidar_fields, "the LiDAR"),
    PART("radar", radar_fields, "the radar"),
    PART("gnss", gnss_fields, "the receivers of the vehicles"),
    {0}};

/* Numbers that are not given and have no default are unknown. */
static void forget_absent(const bcue_config_field *fields, const char *prefix, const bcue_config *source,
                          char *site)
{
    for (; fields->name != NULL; fields++) {
        char key[96];
        snprintf(key, sizeof key, "%s%s", prefix, fields->name);
        if (fields->type == BCUE_CONFIG_SECTION && fields->fields != bcue_data_config_fields) {
            const size_t size = strlen(key);
            snprintf(key + size, sizeof key - size, ".");
            forget_absent(fields->fields, key, source, site);
        } else if (fields->type == BCUE_CONFIG_DOUBLE && fields->fallback == NULL &&
                   !bcue_config_given(source, key)) {
            const double unknown = NAN;
            memcpy(site + fields->offset, &unknown, sizeof unknown);
        }
    }
}

static bcue_status check(const bcue_site_config *site, const bcue_config *source, bcue_error *error)
{
    if (isnan(site->origin.latitude_deg) != isnan(site->origin.longitude_deg))
        return bcue_config_fail(source, error, "origin", "needs both latitude_deg and longitude_deg");
    if ((site->camera.width == 0) != (site->camera.height == 0))
        return bcue_config_fail(source, error, "camera", "needs both width and height");
    if (site->array.hash != NULL && !bcue_codebook_hash_valid(site->array.hash))
        return bcue_config_fail(
            source, error, "array.codebook_hash",
            "'%.40s' is no hash of a codebook: 16 digits of 0-9 and a-f, as 'beamcue beams' and "
            "the codebook.json of a simulation have it (in quotes)",
            site->array.hash);
    if (site->array.codebook == BCUE_SITE_CODEBOOK_MEASURED && site->array.file == NULL &&
        site->array.hash == NULL)
        return bcue_config_fail(source, error, "array.codebook",
                                "measured beams need codebook_file, where they are");
    return BCUE_OK;
}

static bcue_status read_file(const char *path, bcue_site_config *site, bcue_config **source,
                             bcue_error *error)
{
    BCUE_TRY(bcue_config_read(path, NULL, 0, bcue_site_config_fields, site, source, error));
    forget_absent(bcue_site_config_fields, "", *source, (char *)site);
    bcue_status status = check(site, *source, error);
    char *folder = bcue_path_dirname(path);
    if (status == BCUE_OK && folder == NULL)
        status = bcue_fail_memory(error, path);
    bcue_source_config *sources = site->data.sources.items;
    for (size_t i = 0; status == BCUE_OK && i < site->data.sources.count; i++)
        status = bcue_config_find_path(*source, folder, &sources[i].root, error);
    free(folder);
    if (status != BCUE_OK) {
        bcue_config_destroy(*source);
        *source = NULL;
    }
    return status;
}

bcue_status bcue_site_config_read(const char *path, bcue_site_config *site, bcue_config **source,
                                  bcue_error *error)
{
    *source = NULL;
    if (!bcue_path_is_dir(path))
        return read_file(path, site, source, error);
    char *inside = bcue_path_join(path, "site.yaml");
    if (inside == NULL)
        return bcue_fail_memory(error, path);
    const bcue_status status =
        bcue_path_exists(inside)
            ? read_file(inside, site, source, error)
            : bcue_fail(error, BCUE_ERROR_IO,
                        "%s: has no site.yaml; 'beamcue inspect %s --new-site %s/site.yaml' writes one", path,
                        path, path);
    free(inside);
    return status;
}

const bcue_site_pose *bcue_site_pose_of(const bcue_site_config *site, bcue_site_sensor sensor)
{
    return sensor == BCUE_SITE_CAMERA  ? &site->camera.pose
           : sensor == BCUE_SITE_LIDAR ? &site->lidar.pose
                                       : &site->radar.pose;
}

static void name_missing(bool missing, const char *prefix, const char *key, size_t start, bcue_text *out)
{
    if (missing)
        bcue_text_printf(out, "%s%s%s", out->size > start ? ", " : "", prefix, key);
}

void bcue_site_missing(const bcue_site_config *site, bcue_site_sensor sensor, bcue_text *out)
{
    static const char *const prefixes[] = {"camera.", "lidar.", "radar."};
    const bcue_site_pose *pose = bcue_site_pose_of(site, sensor);
    const char *prefix = prefixes[sensor];
    const size_t start = out->size;
    name_missing(isnan(site->origin.latitude_deg), "", "origin", start, out);
    name_missing(isnan(site->heading_deg), "", "heading_deg", start, out);
    name_missing(isnan(pose->height_m), prefix, "height_m", start, out);
    name_missing(isnan(pose->pitch_deg), prefix, "pitch_deg", start, out);
    if (sensor == BCUE_SITE_CAMERA)
        name_missing(isnan(site->camera.field_of_view_deg), prefix, "field_of_view_deg", start, out);
}

void bcue_site_missing_array(const bcue_site_config *site, bcue_text *out)
{
    const size_t start = out->size;
    name_missing(isnan(site->origin.latitude_deg), "", "origin", start, out);
    name_missing(isnan(site->heading_deg), "", "heading_deg", start, out);
    name_missing(isnan(site->array.field_of_view_deg), "array.", "field_of_view_deg", start, out);
}

bcue_frame bcue_site_frame(const bcue_site_config *site, const bcue_site_pose *pose)
{
    const double heading = (90.0 - site->heading_deg) * DEGREE, roll = pose->roll_deg * DEGREE;
    const bcue_frame base = bcue_frame_make(bcue_vec3_make(0, 0, 0), heading, 0);
    const bcue_frame level =
        bcue_frame_make(bcue_frame_world(&base, bcue_vec3_make(pose->x_m, pose->y_m, pose->height_m)),
                        heading + pose->yaw_deg * DEGREE, pose->pitch_deg * DEGREE);
    bcue_frame turned = level;
    turned.left = bcue_frame_world(&level, bcue_vec3_make(0, cos(roll), sin(roll)));
    turned.up = bcue_frame_world(&level, bcue_vec3_make(0, -sin(roll), cos(roll)));
    return turned;
}

bcue_vec3 bcue_site_place(const bcue_site_config *site, const double fix[2])
{
    double enu_m[3];
    bcue_geodetic_to_enu(fix[0], fix[1], site->origin.altitude_m, site->origin.latitude_deg,
                         site->origin.longitude_deg, site->origin.altitude_m, enu_m);
    return bcue_vec3_make(enu_m[0], enu_m[1], site->gnss.antenna_height_m);
}

double bcue_site_beam_azimuth(const bcue_site_config *site, int32_t beam, int32_t beams)
{
    const double part = beams > 1 ? 0.5 - (double)beam / (double)(beams - 1) : 0;
    return (site->array.first_beam == 0 ? part : -part) * site->array.field_of_view_deg * DEGREE;
}

bool bcue_site_codebook_mark(const bcue_site_config *site, bcue_codebook_mark *mark)
{
    const bcue_source_config *first = site->data.sources.items;
    if (site->array.hash == NULL)
        return false;
    bcue_codebook_mark_make(site->array.hash, site->data.beam_step,
                            site->data.sources.count > 0 && first->reverse_beams, mark);
    return true;
}

bcue_status bcue_site_check_codebook(const bcue_codebook_mark *mark, const char *path,
                                     const bcue_dataset *dataset, bcue_error *error)
{
    const char *source,
        *other = mark != NULL ? bcue_dataset_codebook_unlike(dataset, mark->text, &source) : NULL;
    if (other == NULL)
        return BCUE_OK;
    return bcue_fail(
        error, BCUE_ERROR_DATA,
        "%s: array.codebook_hash says the codebook %s, the recordings of %s have the codebook %s; correct "
        "the file, or name the recordings of this site",
        path, mark->text, source, other);
}
