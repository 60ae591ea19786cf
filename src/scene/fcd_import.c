#include "scene/fcd_import.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "base/text.h"
#include "features/geodesy.h"
#include "scene/fcd_track.h"
#include "scene/xml_reader.h"

enum { BUCKETS = 4096, LONGEST_ID = 127, POLL = 256 };
#define NOBODY UINT32_MAX
/* Where the file has nothing for longer, nobody knows how the vehicles went on. */
#define LONGEST_GAP_S 60.0

/* A vehicle in view. Places are used again when it has gone. */
typedef struct fcd_vehicle {
    char id[LONGEST_ID + 1];
    uint32_t next;  /* in its bucket or in the free list */
    uint64_t step;  /* of its last sample; 0: the place is free */
    uint32_t model; /* NOBODY: not shown */
    bool person;
    bcue_fcd_sample *samples; /* owned */
    size_t count, capacity;
} fcd_vehicle;

typedef struct fcd_reading {
    const bcue_fcd_options *options;
    const bcue_world *world;
    bcue_traffic *traffic;
    bcue_fcd_report *report;
    bcue_fcd_curve curve;
    double begin_s, end_s;
    size_t most_states;
    fcd_vehicle *vehicles; /* owned */
    size_t vehicle_count, vehicle_capacity;
    uint32_t buckets[BUCKETS], unused;
    bool in_step, in_window, begun, ended;
    double time_s;   /* of the current step, in the file */
    uint64_t step;   /* number of the current step, from 1 */
    uint64_t states; /* of the tracks and of what is in view */
} fcd_reading;

static uint64_t hash_text(const char *text, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3ULL;
    return hash;
}

/* ---- which model ---- */

static uint32_t find_model(const bcue_world *world, const char *name)
{
    for (size_t m = 0; m < world->model_count; m++)
        if (strcmp(world->models[m].name, name) == 0)
            return (uint32_t)m;
    return NOBODY;
}

/* By what the type is called; passenger cars are drawn by the vehicle's name. */
static uint32_t model_of_name(const fcd_reading *reading, const char *type, const char *id)
{
    /* NULL: not shown. The first that fits counts. */
    static const struct {
        const char *part, *model;
    } kinds[] = {
        {"rail", NULL},          {"tram", NULL},           {"train", NULL},     {"ship", NULL},
        {"bus", "bus"},          {"coach", "bus"},         {"truck", "truck"},  {"trailer", "truck"},
        {"lorry", "truck"},      {"delivery", "van"},      {"van", "van"},      {"motor", "motorcycle"},
        {"moped", "motorcycle"}, {"bicycle", "bicycle"},   {"bike", "bicycle"}, {"cycl", "bicycle"},
        {"ped", "pedestrian"},   {"person", "pedestrian"}, {"suv", "suv"},
    };
    static const char *const cars[] = {"hatchback", "sedan", "suv"};
    char lower[64];
    size_t size = 0;
    for (; type[size] != '\0' && size + 1 < sizeof lower; size++)
        lower[size] = (char)tolower((unsigned char)type[size]);
    lower[size] = '\0';
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strstr(lower, kinds[i].part) != NULL)
            return kinds[i].model != NULL ? find_model(reading->world, kinds[i].model) : NOBODY;
    bcue_rng rng =
        bcue_rng_make(reading->options->seed, BCUE_RNG_TRAFFIC, 0, 1, (uint32_t)hash_text(id, strlen(id)));
    return find_model(reading->world, cars[bcue_rng_below(&rng, 3)]);
}

static bcue_status choose_model(const fcd_reading *reading, const bcue_xml_element *element, const char *type,
                                const char *id, uint32_t *model, bcue_error *error)
{
    size_t size = strlen(type);
    for (size_t i = 0; i < reading->options->type_count; i++) {
        const char *entry = reading->options->types[i];
        if (strncmp(entry, type, size) != 0 || entry[size] != '=')
            continue;
        *model = find_model(reading->world, entry + size + 1);
        if (*model == NOBODY)
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "%s:%zu: type \"%.60s\" is to be \"%.40s\", and the world has no "
                             "such vehicle",
                             element->file, element->line, type, entry + size + 1);
        return BCUE_OK;
    }
    *model = model_of_name(reading, type, id);
    return BCUE_OK;
}

/* ---- vehicles in view ---- */

static fcd_vehicle *find_vehicle(fcd_reading *reading, const char *id)
{
    size_t bucket = hash_text(id, strlen(id)) % BUCKETS;
    for (uint32_t v = reading->buckets[bucket]; v != NOBODY; v = reading->vehicles[v].next)
        if (strcmp(reading->vehicles[v].id, id) == 0)
            return &reading->vehicles[v];
    return NULL;
}

static fcd_vehicle *new_vehicle(fcd_reading *reading, const char *id)
{
    uint32_t v = reading->unused;
    if (v != NOBODY) {
        reading->unused = reading->vehicles[v].next;
    } else {
        if (reading->vehicle_count >= NOBODY ||
            !bcue_grow((void **)&reading->vehicles, &reading->vehicle_capacity, reading->vehicle_count + 1,
                       sizeof *reading->vehicles))
            return NULL;
        v = (uint32_t)reading->vehicle_count++;
    }
    size_t bucket = hash_text(id, strlen(id)) % BUCKETS;
    fcd_vehicle *vehicle = &reading->vehicles[v];
    *vehicle = (fcd_vehicle){.next = reading->buckets[bucket]};
    snprintf(vehicle->id, sizeof vehicle->id, "%s", id);
    reading->buckets[bucket] = v;
    return vehicle;
}

static void remove_vehicle(fcd_reading *reading, uint32_t v)
{
    fcd_vehicle *vehicle = &reading->vehicles[v];
    uint32_t *link = &reading->buckets[hash_text(vehicle->id, strlen(vehicle->id)) % BUCKETS];
    while (*link != v)
        link = &reading->vehicles[*link].next;
    *link = vehicle->next;
    free(vehicle->samples);
    *vehicle = (fcd_vehicle){.next = reading->unused};
    reading->unused = v;
}

/* Its samples become a track. */
static bcue_status make_track(fcd_reading *reading, fcd_vehicle *vehicle, const char *file, bcue_error *error)
{
    int64_t first_step;
    size_t count = vehicle->count;
    size_t steps = count < 2 ? 0
                             : bcue_fcd_steps(vehicle->samples[0].time_s, vehicle->samples[count - 1].time_s,
                                              reading->curve.step_s, &first_step);
    if (steps < 2) {
        reading->report->brief++;
        return BCUE_OK;
    }
    reading->states += steps;
    if (reading->states > reading->most_states)
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: more than %zu places of vehicles; choose a shorter window, a smaller part of the map or "
            "longer steps",
            file, reading->most_states);
    bcue_track track = {.model = vehicle->model, .first_time_s = (double)first_step * reading->curve.step_s};
    snprintf(track.id, sizeof track.id, "%.31s", vehicle->id);
    bcue_rng rng = bcue_rng_make(reading->options->seed, BCUE_RNG_TRAFFIC, 0, 2,
                                 (uint32_t)hash_text(vehicle->id, strlen(vehicle->id)));
    bcue_draw_paint(track.paint, &rng);
    bcue_fcd_curve curve = reading->curve;
    curve.half_length_m = 0.5 * reading->world->models[vehicle->model].length_m;
    if (vehicle->person)
        curve.lane_change_s = -1.0;
    if (!bcue_traffic_add_track(reading->traffic, &track) ||
        !bcue_fcd_add_states(vehicle->samples, count, &curve, reading->traffic, &reading->report->lane_jumps))
        return bcue_fail_memory(error, file);
    if (vehicle->person)
        reading->report->persons++;
    else
        reading->report->vehicles++;
    return BCUE_OK;
}

/* Vehicles that the step which has just ended did not name are gone; all of them at the end of the file. */
static bcue_status finish_vehicles(fcd_reading *reading, bool all, const char *file, bcue_error *error)
{
    for (size_t v = 0; v < reading->vehicle_count; v++) {
        fcd_vehicle *vehicle = &reading->vehicles[v];
        if (vehicle->step == 0 || (!all && vehicle->step == reading->step))
            continue;
        if (vehicle->model != NOBODY)
            BCUE_TRY(make_track(reading, vehicle, file, error));
        else
            reading->report->skipped++;
        remove_vehicle(reading, (uint32_t)v);
    }
    return BCUE_OK;
}

/* ---- the document ---- */

/* "edge_2" is lane 2 of road "edge". */
static void read_lane(const bcue_xml_element *element, bcue_fcd_sample *sample)
{
    const char *lane = bcue_xml_attribute(element, "lane");
    const char *bar = lane != NULL ? strrchr(lane, '_') : NULL;
    int64_t number;
    sample->lane = -1;
    if (bar == NULL || !bcue_parse_int64(bar + 1, &number) || number < 0 || number > INT32_MAX)
        return;
    sample->edge = hash_text(lane, (size_t)(bar - lane)) | 1;
    sample->lane = (int32_t)number;
}

static bcue_status read_sample(const fcd_reading *reading, const bcue_xml_element *element,
                               bcue_fcd_sample *sample, bcue_error *error)
{
    const bcue_fcd_options *options = reading->options;
    double x = 0.0, y = 0.0, z = 0.0, angle = 0.0, reach = options->geographic ? 360.0 : 1e7;
    BCUE_TRY(bcue_xml_number(element, "x", -reach, reach, &x, error));
    BCUE_TRY(bcue_xml_number(element, "y", options->geographic ? -90.0 : -reach,
                             options->geographic ? 90.0 : reach, &y, error));
    BCUE_TRY(bcue_xml_number(element, "angle", -720.0, 720.0, &angle, error));
    if (bcue_xml_attribute(element, "z") != NULL)
        BCUE_TRY(bcue_xml_number(element, "z", -1e6, 1e6, &z, error));
    *sample = (bcue_fcd_sample){.time_s = reading->time_s - reading->begin_s,
                                .yaw = BCUE_PI * (90.0 - angle) / 180.0};
    if (options->geographic) {
        double enu[3];
        bcue_geodetic_to_enu(y, x, 0.0, options->latitude_deg, options->longitude_deg, 0.0, enu);
        x = enu[0];
        y = enu[1];
    }
    sample->front = bcue_vec3_add(bcue_vec3_make(x, y, z), options->shift_m);
    read_lane(element, sample);
    return BCUE_OK;
}

static bcue_status on_vehicle(fcd_reading *reading, const bcue_xml_element *element, bool person,
                              bcue_error *error)
{
    const char *id = "", *type = bcue_xml_attribute(element, "type");
    BCUE_TRY(bcue_xml_required(element, "id", &id, error));
    if (strlen(id) > LONGEST_ID)
        return bcue_xml_fail(element, error, "the id is longer than %d bytes", (int)LONGEST_ID);
    bcue_fcd_sample sample;
    BCUE_TRY(read_sample(reading, element, &sample, error));
    fcd_vehicle *vehicle = find_vehicle(reading, id);
    if (vehicle != NULL && vehicle->step == reading->step)
        return bcue_xml_fail(element, error, "\"%.60s\" is there twice at time %g", id, reading->time_s);
    if (!bcue_bounds_contain(&reading->options->bounds, sample.front.x, sample.front.y))
        return BCUE_OK;
    if (vehicle == NULL) {
        uint32_t model = NOBODY;
        BCUE_TRY(choose_model(reading, element,
                              type != NULL ? type
                              : person     ? "pedestrian"
                                           : "passenger",
                              id, &model, error));
        vehicle = new_vehicle(reading, id);
        if (vehicle == NULL)
            return bcue_fail_memory(error, element->file);
        vehicle->model = model;
        vehicle->person = person;
    }
    vehicle->step = reading->step;
    if (vehicle->model == NOBODY)
        return BCUE_OK;
    if (reading->states + vehicle->count >= reading->most_states)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s:%zu: more than %zu places of vehicles; choose a shorter window or "
                         "a smaller part of the map",
                         element->file, element->line, reading->most_states);
    if (!bcue_grow((void **)&vehicle->samples, &vehicle->capacity, vehicle->count + 1, sizeof sample))
        return bcue_fail_memory(error, element->file);
    vehicle->samples[vehicle->count++] = sample;
    return BCUE_OK;
}

static bcue_status on_step(fcd_reading *reading, const bcue_xml_element *element, bcue_error *error)
{
    double time_s = 0.0;
    BCUE_TRY(bcue_xml_number(element, "time", -1e9, 1e9, &time_s, error));
    if (reading->step > 0 && time_s <= reading->time_s)
        return bcue_xml_fail(element, error, "time %g comes after %g; the steps must go forward", time_s,
                             reading->time_s);
    if (reading->step > 0 && time_s - reading->time_s > LONGEST_GAP_S)
        BCUE_TRY(finish_vehicles(reading, true, element->file, error));
    if (reading->step == 0 && reading->options->from_first)
        reading->begin_s = time_s;
    reading->step++;
    reading->time_s = time_s;
    reading->in_step = true;
    reading->in_window = time_s >= reading->begin_s && time_s <= reading->end_s;
    if (time_s > reading->end_s) {
        reading->ended = true;
        return BCUE_ERROR_CANCELLED; /* the rest of the file does not matter */
    }
    if (reading->in_window) {
        if (!reading->begun)
            reading->report->first_s = time_s;
        reading->begun = true;
        reading->report->last_s = time_s;
        reading->report->steps++;
    }
    if (reading->step % POLL == 0) {
        bcue_progress(reading->options->hooks, "traffic", reading->step, 0);
        if (bcue_cancelled(reading->options->hooks))
            return bcue_fail(error, BCUE_ERROR_CANCELLED, "%s: stopped", element->file);
    }
    return BCUE_OK;
}

static bcue_status on_fcd_start(void *context, const bcue_xml_element *element, bcue_error *error)
{
    fcd_reading *reading = context;
    if (element->depth == 1)
        return strcmp(element->name, "fcd-export") == 0
                   ? BCUE_OK
                   : bcue_xml_fail(element, error, "the root of SUMO's floating-car data is <fcd-export>");
    if (element->depth == 2)
        return strcmp(element->name, "timestep") == 0 ? on_step(reading, element, error) : BCUE_OK;
    if (element->depth != 3 || !reading->in_step || !reading->in_window)
        return BCUE_OK;
    if (strcmp(element->name, "vehicle") == 0)
        return on_vehicle(reading, element, false, error);
    if (strcmp(element->name, "person") == 0)
        return on_vehicle(reading, element, true, error);
    return BCUE_OK;
}

static bcue_status on_fcd_end(void *context, const bcue_xml_element *element, bcue_error *error)
{
    fcd_reading *reading = context;
    if (element->depth != 2 || !reading->in_step)
        return BCUE_OK;
    reading->in_step = false;
    return reading->in_window ? finish_vehicles(reading, false, element->file, error) : BCUE_OK;
}

static bcue_status report_overlaps(fcd_reading *reading, const char *name, bcue_error *error)
{
    uint32_t a, b;
    double time_s;
    BCUE_TRY(bcue_count_overlaps(reading->world, reading->traffic, &reading->report->overlaps, &a, &b,
                                 &time_s, error));
    if (reading->report->overlaps > 0)
        bcue_log(reading->options->hooks, BCUE_LOG_WARNING,
                 "%s: vehicles overlap in %zu cases (pair and step), first \"%s\" and \"%s\" at %.2f s", name,
                 reading->report->overlaps, reading->traffic->tracks[a].id, reading->traffic->tracks[b].id,
                 time_s);
    return BCUE_OK;
}

static bcue_status read_trace(fcd_reading *reading, const void *data, size_t size, const char *name,
                              bcue_error *error)
{
    static const bcue_xml_handlers handlers = {on_fcd_start, on_fcd_end};
    bcue_status status = data != NULL ? bcue_xml_decode(data, size, name, &handlers, reading, error)
                                      : bcue_xml_read(name, &handlers, reading, error);
    if (status != BCUE_OK && !(status == BCUE_ERROR_CANCELLED && reading->ended))
        return status;
    BCUE_TRY(finish_vehicles(reading, true, name, error));
    if (reading->traffic->track_count == 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: no vehicle stays for a step of %g s within the window and the bounds", name,
                         reading->curve.step_s);
    reading->traffic->step_s = reading->curve.step_s;
    reading->traffic->duration_s = reading->report->last_s - reading->begin_s;
    return report_overlaps(reading, name, error);
}

static bcue_status read_fcd(const void *data, size_t size, const char *name, const bcue_fcd_options *options,
                            const bcue_world *world, bcue_traffic *traffic, bcue_fcd_report *report,
                            bcue_error *error)
{
    static const bcue_fcd_options defaults = {0};
    bcue_fcd_report unseen;
    *traffic = (bcue_traffic){0};
    fcd_reading *reading = bcue_calloc(1, sizeof *reading);
    if (reading == NULL)
        return bcue_fail_memory(error, name);
    reading->options = options != NULL ? options : &defaults;
    options = reading->options;
    reading->world = world;
    reading->traffic = traffic;
    reading->report = report != NULL ? report : &unseen;
    *reading->report = (bcue_fcd_report){0};
    reading->curve.step_s = options->step_s > 0.0 ? options->step_s : 0.1;
    reading->curve.lane_change_s = options->lane_change_s != 0.0 ? options->lane_change_s : 3.0;
    reading->begin_s = options->from_first ? -INFINITY : options->begin_s;
    reading->end_s = options->end_s > 0.0 ? options->end_s : INFINITY;
    reading->most_states = options->most_states > 0 ? options->most_states : 20000000;
    reading->unused = NOBODY;
    for (size_t b = 0; b < BUCKETS; b++)
        reading->buckets[b] = NOBODY;
    bcue_status status = read_trace(reading, data, size, name, error);
    for (size_t v = 0; v < reading->vehicle_count; v++)
        free(reading->vehicles[v].samples);
    free(reading->vehicles);
    free(reading);
    if (status != BCUE_OK)
        bcue_traffic_free(traffic);
    return status;
}

bcue_status bcue_fcd_read(const char *path, const bcue_fcd_options *options, const bcue_world *world,
                          bcue_traffic *traffic, bcue_fcd_report *report, bcue_error *error)
{
    return read_fcd(NULL, 0, path, options, world, traffic, report, error);
}

bcue_status bcue_fcd_decode(const void *data, size_t size, const char *name, const bcue_fcd_options *options,
                            const bcue_world *world, bcue_traffic *traffic, bcue_fcd_report *report,
                            bcue_error *error)
{
    return read_fcd(size > 0 ? data : "", size, name, options, world, traffic, report, error);
}
