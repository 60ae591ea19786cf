/* A site.yaml from what recordings tell. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/dataset_api.h"
#include "api/example_frames.h"
#include "api/report_handle.h"
#include "api/site_tracks.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/report_hooks.h"
#include "beamcue/site.h"
#include "simulate/sim_describe.h"

#define DEGREE (BCUE_PI / 180.0)
#define DEEPSENSE_FIELD_OF_VIEW_DEG 90.0 /* what the beams of its arrays span, about */

/* What is known of a site. Unknown numbers are NaN or 0, as in bcue_site_config. */
typedef struct known_site {
    bcue_site_config site;
    bool simulated, has[BCUE_MODALITY_COUNT];
    double rate_hz; /* of the rows; 0: unknown */
    int32_t beams;
    char codebook[17];     /* its hash; "": unknown */
    bcue_site_heading fit; /* the heading by best beams and fixes */
} known_site;

/* ---- what the recordings tell ---- */

static bcue_site_pose unknown_pose(void)
{
    return (bcue_site_pose){.height_m = NAN, .pitch_deg = NAN};
}

static void forget(known_site *known)
{
    bcue_site_config *site = &known->site;
    site->origin.latitude_deg = site->origin.longitude_deg = NAN;
    site->heading_deg = NAN;
    site->array.spacing_wavelengths = site->array.field_of_view_deg = NAN;
    site->array.height_m = site->array.carrier_hz = NAN;
    site->camera.pose = site->lidar.pose = site->radar.pose = unknown_pose();
    site->camera.field_of_view_deg = NAN;
    site->gnss.antenna_height_m = 1.6;
}

static void look_at_samples(const bcue_dataset *dataset, known_site *known)
{
    const size_t count = bcue_dataset_count(dataset), newest = (size_t)bcue_dataset_frames(dataset) - 1;
    double step_s = INFINITY;
    for (size_t i = 0; i < count; i++) {
        const bcue_sample *sample = bcue_dataset_sample(dataset, i);
        for (int m = 0; m < BCUE_GPS; m++)
            known->has[m] = known->has[m] || (sample->file[m] != NULL && sample->file[m][newest] != NULL);
        known->has[BCUE_GPS] = known->has[BCUE_GPS] || (sample->fix != NULL && isfinite(sample->fix[0]));
        if (isnan(known->site.origin.latitude_deg) && isfinite(sample->rsu_fix[0])) {
            known->site.origin.latitude_deg = sample->rsu_fix[0];
            known->site.origin.longitude_deg = sample->rsu_fix[1];
        }
        const bcue_sample *before = i > 0 ? bcue_dataset_sample(dataset, i - 1) : sample;
        const double step = before->episode == sample->episode ? sample->time_s - before->time_s : 0;
        if (step > 1e-4 && step < step_s)
            step_s = step;
    }
    known->rate_hz = isfinite(step_s) ? round(1e3 / step_s) / 1e3 : 0;
    known->beams = bcue_dataset_beams(dataset) * bcue_dataset_beam_step(dataset);
}

/* The size of the first picture that can be read. */
static bcue_status look_at_pictures(const bcue_dataset *dataset, known_site *known, bcue_error *error)
{
    for (size_t i = 0; known->has[BCUE_CAMERA] && i < bcue_dataset_count(dataset); i++) {
        bcue_picture_file picture;
        BCUE_TRY(bcue_picture_open(dataset, bcue_dataset_sample(dataset, i), &picture, error));
        const bool readable = picture.bytes.data != NULL;
        known->site.camera.width = (int64_t)picture.width;
        known->site.camera.height = (int64_t)picture.height;
        bcue_picture_close(&picture);
        if (readable)
            return BCUE_OK;
    }
    return BCUE_OK;
}

/* A frame of the simulated world in that of the site. */
static bcue_site_pose pose_of(const bcue_sim_description *d, const bcue_frame *frame,
                              const bcue_sim_clock_config *clock)
{
    const bcue_frame base = bcue_frame_make(bcue_vec3_make(d->place.x, d->place.y, 0), d->azimuth, 0);
    const bcue_vec3 at = bcue_frame_local(&base, bcue_vec3_sub(frame->origin, base.origin));
    const bcue_vec3 ahead = bcue_frame_local(&base, frame->forward);
    return (bcue_site_pose){.x_m = at.x,
                            .y_m = at.y,
                            .height_m = at.z,
                            .yaw_deg = atan2(ahead.y, ahead.x) / DEGREE,
                            .pitch_deg = asin(ahead.z) / DEGREE,
                            .rate_hz = clock->rate_hz > 0 ? clock->rate_hz : d->config.frame_rate_hz,
                            .clock_offset_ms = clock->latency_ms > 0 ? -clock->latency_ms : 0};
}

static void take_simulation(const bcue_sim_description *d, known_site *known)
{
    static const int codebooks[] = {[BCUE_SIM_CODEBOOK_OVERSAMPLED] = BCUE_SITE_CODEBOOK_OVERSAMPLED,
                                    [BCUE_SIM_CODEBOOK_PAPER_B] = BCUE_SITE_CODEBOOK_PAPER_B,
                                    [BCUE_SIM_CODEBOOK_MEASURED] = BCUE_SITE_CODEBOOK_MEASURED};
    bcue_site_config *site = &known->site;
    const bcue_simulate_config *c = &d->config;
    known->simulated = true;
    site->origin.latitude_deg = d->latitude_deg;
    site->origin.longitude_deg = d->longitude_deg;
    site->origin.altitude_m = c->rsu.altitude_m;
    site->heading_deg = fmod(450.0 - d->azimuth / DEGREE, 360.0);
    site->array.codebook = codebooks[c->array.codebook];
    snprintf(known->codebook, sizeof known->codebook, "%s", d->codebook);
    site->array.carrier_hz = c->channel.carrier_hz;
    site->array.height_m = d->place.z;
    if (c->array.codebook == BCUE_SIM_CODEBOOK_OVERSAMPLED) {
        site->array.elements = c->array.elements;
        site->array.spacing_wavelengths = c->array.spacing_wavelengths;
        site->array.field_of_view_deg = c->array.field_of_view_deg;
    } else if (c->array.codebook == BCUE_SIM_CODEBOOK_PAPER_B) {
        site->array.elements = 64;
        site->array.spacing_wavelengths = 0.5;
    }
    site->camera.pose = pose_of(d, &d->camera, &c->camera.clock);
    site->camera.field_of_view_deg = c->camera.field_of_view_deg;
    site->camera.distortion = c->camera.distortion;
    site->lidar.pose = pose_of(d, &d->lidar, &c->lidar.clock);
    site->radar.pose = pose_of(d, &d->radar, &c->radar.clock);
    site->gnss.rate_hz = c->gnss.clock.rate_hz > 0 ? c->gnss.clock.rate_hz : c->frame_rate_hz;
    site->gnss.clock_offset_ms = c->gnss.clock.latency_ms > 0 ? -c->gnss.clock.latency_ms : 0;
}

static bcue_status guess_heading(const bcue_dataset *dataset, known_site *known, bcue_error *error)
{
    bcue_site_config assumed = known->site;
    bcue_site_tracks tracks;
    if (isnan(assumed.origin.latitude_deg) || !bcue_dataset_index_monotone(dataset))
        return BCUE_OK;
    if (isnan(assumed.array.field_of_view_deg))
        assumed.array.field_of_view_deg = DEEPSENSE_FIELD_OF_VIEW_DEG;
    assumed.scene = NULL;
    bcue_status status = bcue_site_tracks_make(&assumed, dataset, &tracks, error);
    if (status == BCUE_OK)
        status = bcue_site_heading_fit(&assumed, &tracks, &known->fit, error);
    bcue_site_tracks_free(&tracks);
    return status;
}

/* ---- the file ---- */

/* "key: value  # help", or, where the value is unknown, a comment to be filled in. */
BCUE_PRINTF(6, 7)
static void put(bcue_text *out, int indent, const char *key, bool is_known, const char *help,
                const char *format, ...)
{
    char value[160] = "", line[256];
    va_list arguments;
    va_start(arguments, format);
    if (is_known)
        vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    snprintf(line, sizeof line, "%s%s: %s", is_known ? "" : "# ", key, value);
    bcue_text_printf(out, "%*s%-34s # %s%s\n", indent, "", line, is_known ? "" : "TO MEASURE: ", help);
}

static void put_number(bcue_text *out, const char *key, double value, const char *help)
{
    put(out, 2, key, isfinite(value), help, "%.10g", value + 0.0);
}

static void put_pose(bcue_text *out, const bcue_site_pose *pose, double rows_hz)
{
    const bool stands = isfinite(pose->height_m);
    const double rate_hz = pose->rate_hz > 0 ? pose->rate_hz : rows_hz;
    put(out, 2, "x_m", stands, "ahead of the origin, along the heading; 0 if left out", "%.4g",
        pose->x_m + 0.0);
    put(out, 2, "y_m", stands, "to the left of it; 0 if left out", "%.4g", pose->y_m + 0.0);
    put_number(out, "height_m", pose->height_m, "above the ground");
    put(out, 2, "yaw_deg", stands, "where it looks, from the heading to the left; 0 if left out", "%.6g",
        round(pose->yaw_deg * 1e6) * 1e-6 + 0.0);
    put(out, 2, "pitch_deg", isfinite(pose->pitch_deg), "it looks up by this much", "%.6g",
        round(pose->pitch_deg * 1e6) * 1e-6 + 0.0);
    put(out, 2, "roll_deg", stands, "its right side hangs down by this much; 0 if left out", "%g",
        pose->roll_deg);
    put(out, 2, "rate_hz", rate_hz > 0, "frames a second", "%g", rate_hz);
    put(out, 2, "clock_offset_ms", stands, "to be added to its time stamps; 0 if left out", "%g",
        pose->clock_offset_ms);
}

static void put_data(const bcue_data_config *data, const char *root, int32_t beams, bcue_text *out)
{
    static const char *const units[] = {"arbitrary", "mW", "W"};
    static const char *const formats[] = {"deepsense", "npy", "paper-b"};
    bcue_text_puts(out, "data:\n  sources:\n");
    const bcue_source_config *sources = data->sources.items;
    for (size_t i = 0; i < data->sources.count; i++) {
        const bcue_source_config *s = &sources[i];
        bcue_text_printf(out, "    - root: \"%s\"\n", root != NULL ? root : s->root);
        if (s->format != BCUE_DATA_DEEPSENSE)
            bcue_text_printf(out, "      format: %s\n", formats[s->format]);
        if (s->csv != NULL)
            bcue_text_printf(out, "      csv: \"%s\"\n", s->csv);
        if (s->prefix != NULL)
            bcue_text_printf(out, "      prefix: \"%s\"\n", s->prefix);
        if (!s->beams_one_based)
            bcue_text_puts(out, "      beams_one_based: false\n");
        if (s->reverse_beams)
            bcue_text_puts(out, "      reverse_beams: true\n");
        for (size_t k = 0; k < s->columns.count; k++)
            bcue_text_printf(out, "%s        %s: \"%s\"\n", k == 0 ? "      columns:\n" : "",
                             s->columns.keys[k], s->columns.values[k]);
    }
    put(out, 2, "beams", true, "in the files", "%d", (int)beams);
    if (data->beam_step > 1)
        put(out, 2, "beam_step", true, "every so many-th is used", "%lld", (long long)data->beam_step);
    put(out, 2, "index_monotone", true, "does the beam index grow with the angle?", "%s",
        data->index_monotone ? "true" : "false");
    put(out, 2, "power_unit", true, "arbitrary, mW or W", "%s", units[data->power_unit]);
}

static void put_array(const known_site *known, bcue_text *out)
{
    static const char *const kinds[] = {"unknown", "oversampled", "paper-b", "measured"};
    const bcue_site_config *site = &known->site;
    bcue_text_puts(out, "\narray:\n");
    put(out, 2, "elements", site->array.elements > 0, "of the array", "%lld",
        (long long)site->array.elements);
    put_number(out, "spacing_wavelengths", site->array.spacing_wavelengths, "between them; 0.5 if left out");
    put_number(out, "field_of_view_deg", site->array.field_of_view_deg,
               "angle between the first and the last beam (DeepSense: about 90)");
    put(out, 2, "first_beam", known->simulated || known->fit.samples > 0,
        "where beam 0 points, seen along the boresight: left or right", "%s",
        !known->simulated && known->fit.right ? "right" : "left");
    put(out, 2, "codebook", true, "oversampled, paper-b, measured or unknown", "%s",
        kinds[site->array.codebook]);
    if (site->array.codebook == BCUE_SITE_CODEBOOK_UNKNOWN ||
        site->array.codebook == BCUE_SITE_CODEBOOK_MEASURED)
        put(out, 2, "codebook_file", false, "measured: where the beams are", "%s", "");
    if (known->codebook[0] != '\0')
        put(out, 2, "codebook_hash", true, "models of another codebook are refused", "\"%s\"",
            known->codebook);
    put_number(out, "carrier_hz", site->array.carrier_hz, "hertz");
    put_number(out, "height_m", site->array.height_m, "above the ground");
}

static void put_place(const known_site *known, bcue_text *out)
{
    const bcue_site_config *site = &known->site;
    bcue_text_puts(out, "\norigin:                              # the place of the array on the ground\n");
    put(out, 2, "latitude_deg", isfinite(site->origin.latitude_deg), "WGS 84", "%.8f",
        site->origin.latitude_deg);
    put(out, 2, "longitude_deg", isfinite(site->origin.longitude_deg), "WGS 84", "%.8f",
        site->origin.longitude_deg);
    put(out, 2, "altitude_m", known->simulated, "of the ground; 0 if left out", "%g",
        site->origin.altitude_m);
    put(out, 0, "heading_deg", isfinite(site->heading_deg),
        "where the array looks, clockwise from north; everything else refers to it", "%.6g",
        site->heading_deg);
    if (!isfinite(site->heading_deg) && known->fit.samples > 0)
        bcue_text_printf(out,
                         "# Best beams and fixes say about %.0f (half of %zu samples are within %.1f of it), "
                         "if the beams\n"
                         "# span %g degrees; a compass knows better.\n",
                         known->fit.heading_deg, known->fit.samples, known->fit.spread_deg,
                         isfinite(site->array.field_of_view_deg) ? site->array.field_of_view_deg
                                                                 : DEEPSENSE_FIELD_OF_VIEW_DEG);
}

static void put_sensors(const known_site *known, bcue_text *out)
{
    const bcue_site_config *site = &known->site;
    if (known->has[BCUE_CAMERA]) {
        bcue_text_puts(out, "\ncamera:\n");
        put_pose(out, &site->camera.pose, known->rate_hz);
        put(out, 2, "width", site->camera.width > 0, "pixels", "%lld", (long long)site->camera.width);
        put(out, 2, "height", site->camera.height > 0, "pixels", "%lld", (long long)site->camera.height);
        put_number(out, "field_of_view_deg", site->camera.field_of_view_deg, "horizontal");
        put(out, 2, "distortion", known->simulated, "k1 of the lens; 0 if left out", "%g",
            site->camera.distortion);
    }
    if (known->has[BCUE_LIDAR]) {
        bcue_text_puts(out, "\nlidar:\n");
        put_pose(out, &site->lidar.pose, known->rate_hz);
    }
    if (known->has[BCUE_RADAR]) {
        bcue_text_puts(out, "\nradar:\n");
        put_pose(out, &site->radar.pose, known->rate_hz);
    }
    bcue_text_puts(out, "\ngnss:\n");
    put(out, 2, "antenna_height_m", true,
        known->simulated ? "on the roof of a car; each vehicle has its own" : "on the roof of a car: a guess",
        "%g", site->gnss.antenna_height_m);
    const double rate_hz = site->gnss.rate_hz > 0 ? site->gnss.rate_hz : known->rate_hz;
    put(out, 2, "rate_hz", rate_hz > 0, "fixes a second", "%g", rate_hz);
    put(out, 2, "clock_offset_ms", known->simulated, "to be added to its time stamps; 0 if left out", "%g",
        site->gnss.clock_offset_ms);
}

static void put_site(const known_site *known, const bcue_data_config *data, const char *root, bcue_text *out)
{
    bcue_text_printf(
        out,
        "# The site of a roadside unit (docs/site.md). Metres, degrees, hertz. The frame of the site: origin "
        "on the ground\n"
        "# below the array, x along its heading, y to the left of that, z up. Lines that say TO MEASURE are "
        "unknown yet:\n"
        "# take the first # away and fill them in. Then: beamcue inspect --site THIS_FILE --pictures FOLDER\n"
        "name: \"%s\"\n",
        known->site.name);
    if (known->site.scene != NULL)
        put(out, 0, "scene", true, "of several in these recordings; sites are described one by one", "\"%s\"",
            known->site.scene);
    put_data(data, root, known->beams, out);
    put_place(known, out);
    put_array(known, out);
    put_sensors(known, out);
}

/* ---- all together ---- */

/* What the recordings of the first source are, from the configuration of the simulation that made them. */
static void read_simulation(const char *folder, bcue_sim_description *d, known_site *known)
{
    char *path = bcue_path_join(folder, "beamcue.yaml");
    if (path != NULL && bcue_path_exists(path) && bcue_sim_describe(path, d, NULL) == BCUE_OK) {
        take_simulation(d, known);
        if (d->scenes > 1)
            known->site.scene = d->scene;
    }
    free(path);
}

static size_t count_unknown(const char *text)
{
    size_t count = 0;
    for (const char *at = strstr(text, "# TO MEASURE: "); at != NULL; at = strstr(at + 1, "# TO MEASURE: "))
        count++;
    return count;
}

static bcue_status write_site(const bcue_dataset *dataset, const bcue_data_config *data, const char *root,
                              const char *out_path, bcue_report *report, bcue_error *error)
{
    known_site known = {.site = {0}};
    bcue_sim_description d = {0};
    bcue_text out = {0};
    const char *folder = bcue_dataset_source_root(dataset, 0);
    known.site.name = (char *)(uintptr_t)bcue_dataset_source_name(dataset, 0);
    forget(&known);
    look_at_samples(dataset, &known);
    read_simulation(folder, &d, &known);
    bcue_status status = look_at_pictures(dataset, &known, error);
    if (status == BCUE_OK)
        status = guess_heading(dataset, &known, error);
    if (status == BCUE_OK) {
        put_site(&known, data, root, &out);
        status = out.failed ? bcue_fail_memory(error, out_path)
                            : bcue_file_write(out_path, out.data, out.size, error);
    }
    if (status == BCUE_OK) {
        const size_t unknown = count_unknown(out.data);
        bcue_text_printf(bcue_report_out(report), "%s: %s; %zu %s to be measured\n", out_path,
                         known.simulated ? "filled in from the simulation" : "filled in from the recordings",
                         unknown, unknown == 1 ? "line is" : "lines are");
        json_object_set_new(bcue_report_object(report), "to_measure", json_integer((json_int_t)unknown));
        json_object_set_new(bcue_report_object(report), "simulated", json_boolean(known.simulated));
        status = bcue_report_add_file(report, out_path) ? BCUE_OK : bcue_fail_memory(error, out_path);
    }
    bcue_text_free(&out);
    bcue_sim_description_free(&d);
    return status;
}

bcue_status bcue_site_new(const char *config_or_folder, const char *const *overrides, size_t override_count,
                          const char *out_path, const bcue_hooks *hooks, bcue_report **report,
                          bcue_error *error)
{
    bcue_dataset *dataset;
    bcue_data_config data;
    bcue_config *config;
    *report = NULL;
    if (bcue_path_exists(out_path))
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: is there already, and may hold what was measured; name another file or remove it", out_path);
    BCUE_TRY(bcue_open_recordings_as(config_or_folder, overrides, override_count, hooks, &dataset, &data,
                                     &config, error));
    char *root = bcue_path_is_dir(config_or_folder) ? realpath(config_or_folder, NULL) : NULL;
    bcue_report *made = bcue_report_create();
    bcue_status status = made == NULL ? bcue_fail_memory(error, "the report")
                                      : write_site(dataset, &data, root, out_path, made, error);
    free(root);
    bcue_dataset_destroy(dataset);
    bcue_config_destroy(config);
    return bcue_report_deliver(made, status, report, error);
}
