#include "sensors/rgb_camera.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sensors/rgb_lens.h"
#include "sensors/rgb_trace.h"

/* Pixels are traced in blocks of 4 x 4, one packet each; the blocks that need it are shared out among
 * threads. */
enum { BLOCK = 4, EDGE_SAMPLES = 4, HULL_POINTS = 16, DEAL = 16 };
/* Blocks that are worth another thread: about a millisecond of work. */
#define BLOCKS_PER_THREAD 96

static int blocks_across(const bcue_camera *camera)
{
    return (camera->config.width + BLOCK - 1) / BLOCK;
}
static int blocks_down(const bcue_camera *camera)
{
    return (camera->config.height + BLOCK - 1) / BLOCK;
}

static bcue_float3 *make_normals(const bcue_mesh *mesh)
{
    bcue_float3 *normals = bcue_calloc(mesh->triangle_count, sizeof *normals);
    for (size_t i = 0; normals && i < mesh->triangle_count; i++) {
        const uint32_t *v = mesh->triangles[i].vertex;
        bcue_vec3 a = mesh->vertices[v[0]];
        bcue_vec3 n = bcue_vec3_unit(
            bcue_vec3_cross(bcue_vec3_sub(mesh->vertices[v[1]], a), bcue_vec3_sub(mesh->vertices[v[2]], a)));
        normals[i] = (bcue_float3){(float)n.x, (float)n.y, (float)n.z};
    }
    return normals;
}

/* A filmic curve (rational, after the widely used ACES fit) and the sRGB transfer function, tabulated over
 * [0, 1] of sqrt(value / 4). */
static void make_tone_table(uint8_t tone[BCUE_TONE_STEPS + 1])
{
    for (int i = 0; i <= BCUE_TONE_STEPS; i++) {
        double root = (double)i / BCUE_TONE_STEPS, x = 4.0 * root * root;
        double y = x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14);
        y = y < 0.0 ? 0.0 : y > 1.0 ? 1.0 : y;
        double encoded = y <= 0.0031308 ? 12.92 * y : 1.055 * pow(y, 1.0 / 2.4) - 0.055;
        tone[i] = (uint8_t)(255.0 * encoded + 0.5);
    }
}

bcue_status bcue_camera_create(const bcue_camera_config *config, const bcue_ray_scene *scene,
                               bcue_camera **camera, bcue_error *error)
{
    if (config->width < 1 || config->height < 1 || config->width > 8192 || config->height > 8192 ||
        !(config->field_of_view > 0.0 && config->field_of_view < BCUE_PI) || !(config->noise >= 0.0) ||
        !(config->exposure_s >= 0.0))
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "a camera needs 1 to 8192 pixels a side and a field of view below 180 degrees (%d x %d, %g rad)",
            config->width, config->height, config->field_of_view);
    bcue_camera *made = bcue_calloc(1, sizeof *made);
    if (!made)
        return bcue_fail_memory(error, "the camera");
    const bcue_world *world = bcue_ray_scene_world(scene);
    size_t pixels = (size_t)config->width * (size_t)config->height;
    made->config = *config;
    made->scene = scene;
    made->tangent = (float)tan(0.5 * config->field_of_view);
    made->static_normals = make_normals(&world->statics);
    made->samples = bcue_calloc(pixels, sizeof *made->samples);
    made->picture = bcue_calloc(pixels, 3);
    made->street_samples = bcue_calloc(pixels, sizeof *made->street_samples);
    made->street_picture = bcue_calloc(pixels, 3);
    made->instance_map = bcue_calloc(pixels, sizeof *made->instance_map);
    made->scratch = bcue_calloc(pixels, 3);
    size_t blocks = (size_t)blocks_across(made) * (size_t)blocks_down(made);
    made->dirty = bcue_calloc(blocks, sizeof *made->dirty);
    made->dirty_blocks = bcue_calloc(blocks, sizeof *made->dirty_blocks);
    bool ok = made->static_normals && made->samples && made->picture && made->street_samples &&
              made->street_picture && made->instance_map && made->scratch && made->dirty &&
              made->dirty_blocks;
    made->model_normals = bcue_calloc(world->model_count, sizeof *made->model_normals);
    made->clock = bcue_calloc(1, sizeof *made->clock);
    made->signals = bcue_calloc(world->roads.signal_count, sizeof *made->signals);
    ok = ok && made->model_normals && made->clock && made->signals;
    if (made->signals)
        memset(made->signals, BCUE_SIGNAL_OFF, world->roads.signal_count);
    for (size_t m = 0; ok && m < world->model_count; m++) {
        made->model_normals[m] = make_normals(&world->models[m].mesh);
        ok = made->model_normals[m] != NULL;
    }
    if (!ok) {
        bcue_camera_destroy(made);
        return bcue_fail_memory(error, "the camera");
    }
    make_tone_table(made->tone);
    *camera = made;
    return BCUE_OK;
}

void bcue_camera_destroy(bcue_camera *camera)
{
    if (!camera)
        return;
    free(camera->static_normals);
    size_t models = bcue_ray_scene_world(camera->scene)->model_count;
    for (size_t m = 0; camera->model_normals && m < models; m++)
        free(camera->model_normals[m]);
    free(camera->model_normals);
    free(camera->samples);
    free(camera->picture);
    free(camera->street_samples);
    free(camera->street_picture);
    free(camera->instance_map);
    free(camera->scratch);
    bcue_lamp_list_free(&camera->lamps);
    free(camera->dirty);
    free(camera->dirty_blocks);
    free(camera->vehicles);
    free(camera->clock);
    free(camera->signals);
    free(camera);
}

/* Pixel centres of one dirty block. */
static void trace_block(void *context, size_t index)
{
    bcue_camera *camera = context;
    int width = camera->config.width, height = camera->config.height;
    int top = camera->dirty_blocks[index] / blocks_across(camera) * BLOCK;
    int left = camera->dirty_blocks[index] % blocks_across(camera) * BLOCK, count = 0;
    float columns[BCUE_RAY_LANES] = {0}, rows[BCUE_RAY_LANES] = {0};
    size_t places[BCUE_RAY_LANES];
    for (int y = top; y < top + BLOCK && y < height; y++)
        for (int x = left; x < left + BLOCK && x < width; x++) {
            columns[count] = (float)x + 0.5f;
            rows[count] = (float)y + 0.5f;
            places[count++] = (size_t)y * (size_t)width + (size_t)x;
        }
    bcue_camera_sample samples[BCUE_RAY_LANES];
    bcue_camera_trace(camera, columns, rows, count, samples);
    for (int i = 0; i < count; i++) {
        camera->samples[places[i]] = samples[i];
        camera->instance_map[places[i]] = samples[i].instance;
    }
}

static bool differs(const bcue_camera_sample *a, const bcue_camera_sample *b)
{
    float nearer = bcue_min(a->distance, b->distance);
    return a->instance != b->instance || a->surface != b->surface ||
           fabsf(a->distance - b->distance) > 0.25f * nearer;
}

static bool is_edge(const bcue_camera *camera, int x, int y)
{
    int width = camera->config.width, height = camera->config.height;
    const bcue_camera_sample *here = &camera->samples[(size_t)y * (size_t)width + (size_t)x];
    return (x > 0 && differs(here, here - 1)) || (x + 1 < width && differs(here, here + 1)) ||
           (y > 0 && differs(here, here - width)) || (y + 1 < height && differs(here, here + width));
}

static uint8_t tone_of(const bcue_camera *camera, float value)
{
    float root = sqrtf(0.25f * bcue_max(value, 0.0f));
    return camera->tone[(int)(bcue_min(root, 1.0f) * BCUE_TONE_STEPS + 0.5f)];
}

static void put_pixel(bcue_camera *camera, int x, int y, bcue_rgb colour)
{
    uint8_t *pixel = camera->picture + 3 * ((size_t)y * (size_t)camera->config.width + (size_t)x);
    pixel[0] = tone_of(camera, colour.r);
    pixel[1] = tone_of(camera, colour.g);
    pixel[2] = tone_of(camera, colour.b);
}

/* Trace the sub-pixel samples of up to four edge pixels and put their mean in the picture. */
static void smooth_pixels(bcue_camera *camera, const int *xs, const int *ys, int pixels)
{
    static const float offsets[EDGE_SAMPLES][2] = {
        {0.375f, 0.125f}, {0.875f, 0.375f}, {0.125f, 0.625f}, {0.625f, 0.875f}};
    float columns[BCUE_RAY_LANES] = {0}, rows[BCUE_RAY_LANES] = {0};
    bcue_camera_sample samples[BCUE_RAY_LANES];
    for (int i = 0; i < pixels * EDGE_SAMPLES; i++) {
        int pixel = i / EDGE_SAMPLES;
        columns[i] = (float)xs[pixel] + offsets[i % EDGE_SAMPLES][0];
        rows[i] = (float)ys[pixel] + offsets[i % EDGE_SAMPLES][1];
    }
    bcue_camera_trace(camera, columns, rows, pixels * EDGE_SAMPLES, samples);
    for (int i = 0; i < pixels; i++) {
        bcue_rgb mean = {0};
        for (int s = 0; s < EDGE_SAMPLES; s++) {
            bcue_rgb colour = samples[i * EDGE_SAMPLES + s].colour;
            /* One glint must not outshine the rest of the pixel. */
            mean.r += bcue_min(colour.r, 4.0f) / EDGE_SAMPLES;
            mean.g += bcue_min(colour.g, 4.0f) / EDGE_SAMPLES;
            mean.b += bcue_min(colour.b, 4.0f) / EDGE_SAMPLES;
        }
        put_pixel(camera, xs[i], ys[i], mean);
    }
}

/* Colours of one dirty block: plain inside surfaces, smoothed on edges. */
static void finish_block(void *context, size_t index)
{
    bcue_camera *camera = context;
    int width = camera->config.width, height = camera->config.height;
    int top = camera->dirty_blocks[index] / blocks_across(camera) * BLOCK;
    int left = camera->dirty_blocks[index] % blocks_across(camera) * BLOCK;
    int xs[BCUE_RAY_LANES / EDGE_SAMPLES], ys[BCUE_RAY_LANES / EDGE_SAMPLES], waiting = 0;
    for (int y = top; y < top + BLOCK && y < height; y++) {
        for (int x = left; x < left + BLOCK && x < width; x++) {
            if (!is_edge(camera, x, y)) {
                put_pixel(camera, x, y, camera->samples[(size_t)y * (size_t)width + (size_t)x].colour);
                continue;
            }
            xs[waiting] = x;
            ys[waiting] = y;
            if (++waiting == BCUE_RAY_LANES / EDGE_SAMPLES) {
                smooth_pixels(camera, xs, ys, waiting);
                waiting = 0;
            }
        }
    }
    if (waiting > 0)
        smooth_pixels(camera, xs, ys, waiting);
}

static void render_dirty(bcue_camera *camera, bcue_ray_target target)
{
    size_t count = 0;
    int across = blocks_across(camera), down = blocks_down(camera);
    /* Rows of blocks are dealt like cards, so that every thread gets of the sky as of the street. */
    for (int hand = 0; hand < DEAL; hand++)
        for (int y = hand; y < down; y += DEAL)
            for (int x = 0; x < across; x++)
                if (camera->dirty[y * across + x])
                    camera->dirty_blocks[count++] = y * across + x;
    /* Without memory for the vehicles, the street alone. */
    camera->target =
        target == BCUE_RAY_ALL && !bcue_camera_take_vehicles(camera) ? BCUE_RAY_STREET_ONLY : target;
    double started = bcue_clock_s();
    bcue_parallel_for(count, BLOCKS_PER_THREAD, trace_block, camera);
    double middle = bcue_clock_s();
    bcue_parallel_for(count, BLOCKS_PER_THREAD, finish_block, camera);
    camera->times.centres_s += middle - started;
    camera->times.edges_s += bcue_clock_s() - middle;
}

/* Mark the blocks from (left, top) to (right, bottom), in pixels, and one block around: edges look at their
 * neighbours. */
static void mark_pixels(bcue_camera *camera, double left, double top, double right, double bottom)
{
    int across = blocks_across(camera), down = blocks_down(camera);
    double columns = (double)across, rows = (double)down;
    int x0 = (int)fmin(columns, fmax(0.0, floor(left / BLOCK) - 1.0)),
        x1 = (int)fmax(-1.0, fmin(columns - 1.0, floor(right / BLOCK) + 1.0));
    int y0 = (int)fmin(rows, fmax(0.0, floor(top / BLOCK) - 1.0)),
        y1 = (int)fmax(-1.0, fmin(rows - 1.0, floor(bottom / BLOCK) + 1.0));
    for (int y = y0; y <= y1; y++)
        for (int x = x0; x <= x1; x++)
            camera->dirty[(size_t)y * (size_t)across + (size_t)x] = true;
}

/* A rectangle of the picture, pixels. */
typedef struct span {
    double left, top, right, bottom;
} span;

static void widen(span *s, double column, double row)
{
    s->left = fmin(s->left, column);
    s->right = fmax(s->right, column);
    s->top = fmin(s->top, row);
    s->bottom = fmax(s->bottom, row);
}

/* The lens moves the points of the rectangle toward the middle or away by factors between those of its
   nearest and of its farthest one. */
static span bent(const bcue_camera_config *c, span s)
{
    double half = 0.5 * (double)c->width, x[2] = {s.left - half, s.right - half};
    double middle = 0.5 * (double)c->height, y[2] = {s.top - middle, s.bottom - middle};
    double near = hypot(fmax(0.0, fmax(x[0], -x[1])), fmax(0.0, fmax(y[0], -y[1]))) / half;
    double far = hypot(fmax(fabs(x[0]), fabs(x[1])), fmax(fabs(y[0]), fabs(y[1]))) / half;
    double factors[2] = {near > 1e-9 ? bcue_lens_bend(c->distortion, near) / near : 1.0,
                         far > 1e-9 ? bcue_lens_bend(c->distortion, far) / far : 1.0};
    span out = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
    for (int k = 0; k < 4; k++) {
        widen(&out, half + factors[0] * x[k & 1], middle + factors[0] * y[k >> 1]);
        widen(&out, half + factors[1] * x[k & 1], middle + factors[1] * y[k >> 1]);
    }
    return out;
}

/* Mark where the convex hull of some points can be seen: the part of it before the camera is the hull of the
   points there and of those where the lines between points cross the plane just before the camera. */
static void mark_hull(bcue_camera *camera, const bcue_vec3 *points, size_t count)
{
    const double near_m = 0.04;
    const bcue_camera_config *c = &camera->config;
    double half = 0.5 * (double)c->width, middle = 0.5 * (double)c->height;
    double focal = half / (double)camera->tangent;
    bcue_vec3 local[HULL_POINTS];
    span s = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
    for (size_t i = 0; i < count; i++) {
        local[i] = bcue_frame_local(&camera->frame, bcue_vec3_sub(points[i], camera->frame.origin));
        if (local[i].x >= near_m)
            widen(&s, half - focal * local[i].y / local[i].x, middle - focal * local[i].z / local[i].x);
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            if (!(local[i].x >= near_m && local[j].x < near_m))
                continue;
            double t = (local[i].x - near_m) / (local[i].x - local[j].x);
            widen(&s, half - focal * (local[i].y + t * (local[j].y - local[i].y)) / near_m,
                  middle - focal * (local[i].z + t * (local[j].z - local[i].z)) / near_m);
        }
    if (s.right < s.left)
        return;
    if (c->distortion[0] != 0.0 || c->distortion[1] != 0.0)
        s = bent(c, s);
    mark_pixels(camera, s.left, s.top, s.right, s.bottom);
}

/* Everything that a vehicle can change in the picture lies within the box around it and its contact shade, or
   in the sweep of that box along the sunlight down to the ground. */
static void mark_vehicle(bcue_camera *camera, const bcue_instance *instance)
{
    const bcue_vehicle_model *model = &bcue_ray_scene_world(camera->scene)->models[instance->model];
    bcue_frame frame = bcue_frame_make(instance->position, instance->yaw, 0.0);
    double half_length = 0.5 * model->length_m + 1.0, half_width = 0.5 * model->width_m + 1.0,
           height = model->height_m + 0.1;
    bcue_vec3 points[16], sun = camera->daylight.sun;
    bool shadow = sun.z > 0.0 && camera->daylight.darkness < 1.0;
    for (int i = 0; i < 8; i++) {
        bcue_vec3 corner = {i & 1 ? half_length : -half_length, i & 2 ? half_width : -half_width,
                            i & 4 ? height : -0.1};
        points[i] = bcue_vec3_add(frame.origin, bcue_frame_world(&frame, corner));
        double fall = (points[i].z + 0.2) / fmax(sun.z, 1e-3);
        points[8 + i] = bcue_vec3_sub(points[i], bcue_vec3_scale(sun, fall));
    }
    mark_hull(camera, points, shadow ? 16 : 8);
}

/* Everything that a lamp of a vehicle lights lies within a cone as long as its reach. */
static void mark_lamp(bcue_camera *camera, const bcue_lamp_light *lamp)
{
    const bcue_vec3 at = {(double)lamp->position.x, (double)lamp->position.y, (double)lamp->position.z};
    const bcue_vec3 axis = {(double)lamp->direction.x, (double)lamp->direction.y, (double)lamp->direction.z};
    double reach = (double)lamp->reach;
    bcue_vec3 points[9] = {at};
    if (lamp->cos_edge < 0.5f) { /* wider than 60 degrees: all around it */
        for (int i = 0; i < 8; i++)
            points[i] = bcue_vec3_add(
                at, (bcue_vec3){i & 1 ? reach : -reach, i & 2 ? reach : -reach, i & 4 ? reach : -reach});
        mark_hull(camera, points, 8);
        return;
    }
    bcue_vec3 side = bcue_vec3_unit(
        bcue_vec3_cross(axis, fabs(axis.z) < 0.9 ? (bcue_vec3){0, 0, 1} : (bcue_vec3){1, 0, 0}));
    bcue_vec3 up = bcue_vec3_cross(side, axis), end = bcue_vec3_add(at, bcue_vec3_scale(axis, reach));
    /* An octagon around the cone's circle. */
    double radius = reach * (double)(lamp->sin_edge / lamp->cos_edge) / cos(BCUE_PI / 8.0);
    for (int i = 0; i < 8; i++) {
        double turn = BCUE_PI / 4.0 * i;
        points[1 + i] = bcue_vec3_add(end, bcue_vec3_add(bcue_vec3_scale(side, radius * cos(turn)),
                                                         bcue_vec3_scale(up, radius * sin(turn))));
    }
    mark_hull(camera, points, 9);
}

/* Render the street without vehicles, unless it is there already. */
static void prepare_street(bcue_camera *camera, const bcue_frame *frame, const bcue_daylight *daylight)
{
    if (camera->have_street && !camera->signals_changed &&
        memcmp(&camera->frame, frame, sizeof *frame) == 0 &&
        memcmp(&camera->daylight, daylight, sizeof *daylight) == 0)
        return;
    camera->signals_changed = false;
    camera->frame = *frame;
    camera->daylight = *daylight;
    camera->light = bcue_light_make(daylight);
    bcue_daylight still = *daylight;
    still.headlights = 0.0;
    bcue_lamp_list_fill(&camera->lamps, &still, camera->scene);
    memset(camera->dirty, 1,
           (size_t)blocks_across(camera) * (size_t)blocks_down(camera) * sizeof *camera->dirty);
    render_dirty(camera, BCUE_RAY_STREET_ONLY);
    size_t pixels = (size_t)camera->config.width * (size_t)camera->config.height;
    memcpy(camera->street_samples, camera->samples, pixels * sizeof *camera->samples);
    memcpy(camera->street_picture, camera->picture, pixels * 3);
    camera->have_street = true;
}

void bcue_camera_set_key(bcue_camera *camera, uint64_t seed, uint32_t episode, uint32_t frame)
{
    camera->seed = seed;
    camera->episode = episode;
    camera->frame_index = frame;
}

void bcue_camera_set_time(bcue_camera *camera, double time_s)
{
    const bcue_roads *roads = &bcue_ray_scene_world(camera->scene)->roads;
    for (size_t i = 0; i < roads->signal_count; i++) {
        uint8_t state = (uint8_t)bcue_signal_at(&roads->signals[i], time_s);
        camera->signals_changed = camera->signals_changed || state != camera->signals[i];
        camera->signals[i] = state;
    }
}

/* From the finished picture to what the caller gets. */
static void hand_out(bcue_camera *camera, uint8_t *rgb)
{
    memcpy(rgb, camera->picture, (size_t)camera->config.width * (size_t)camera->config.height * 3);
    const bcue_picture_post post = {&camera->config, &camera->frame,       &camera->daylight,
                                    camera->scene,   camera->instance_map, camera->seed,
                                    camera->episode, camera->frame_index,  camera->scratch};
    double started = bcue_clock_s();
    bcue_post_motion_blur(&post, rgb);
    bcue_post_glow(&post, &camera->lamps, rgb);
    bcue_post_precipitation(&post, rgb);
    bcue_post_noise(&post, rgb);
    camera->times.post_s += bcue_clock_s() - started;
    camera->times.pictures++;
}

static void render_everything(bcue_camera *camera, const bcue_daylight *daylight)
{
    bcue_lamp_list_fill(&camera->lamps, daylight, camera->scene);
    memset(camera->dirty, 1,
           (size_t)blocks_across(camera) * (size_t)blocks_down(camera) * sizeof *camera->dirty);
    render_dirty(camera, BCUE_RAY_ALL);
}

static void render_vehicles(bcue_camera *camera)
{
    size_t pixels = (size_t)camera->config.width * (size_t)camera->config.height, count;
    double started = bcue_clock_s();
    memcpy(camera->samples, camera->street_samples, pixels * sizeof *camera->samples);
    memcpy(camera->picture, camera->street_picture, pixels * 3);
    for (size_t i = 0; i < pixels; i++)
        camera->instance_map[i] = camera->samples[i].instance;
    memset(camera->dirty, 0,
           (size_t)blocks_across(camera) * (size_t)blocks_down(camera) * sizeof *camera->dirty);
    bcue_lamp_list_fill(&camera->lamps, &camera->daylight, camera->scene);
    for (size_t i = 0; i < camera->lamps.count; i++)
        mark_lamp(camera, &camera->lamps.lights[i]);
    const bcue_instance *instances = bcue_ray_scene_instances(camera->scene, &count);
    for (size_t i = 0; i < count; i++)
        mark_vehicle(camera, &instances[i]);
    camera->times.keep_s += bcue_clock_s() - started;
    render_dirty(camera, BCUE_RAY_ALL);
}

/* Street lamps throw the shadows of vehicles anywhere, and by night headlights reach far: then all of the
   picture changes. */
static bool lit_by_lamps(const bcue_daylight *daylight)
{
    return daylight->lamp_count > 0 || (daylight->headlights > 0.0 && daylight->darkness > 0.5);
}

void bcue_camera_render(bcue_camera *camera, const bcue_frame *frame, const bcue_daylight *daylight,
                        uint8_t *rgb)
{
    if (lit_by_lamps(daylight)) {
        bcue_camera_render_all(camera, frame, daylight, rgb);
        return;
    }
    prepare_street(camera, frame, daylight);
    render_vehicles(camera);
    hand_out(camera, rgb);
}

void bcue_camera_render_all(bcue_camera *camera, const bcue_frame *frame, const bcue_daylight *daylight,
                            uint8_t *rgb)
{
    camera->have_street = camera->have_street && !lit_by_lamps(daylight) &&
                          memcmp(&camera->frame, frame, sizeof *frame) == 0 &&
                          memcmp(&camera->daylight, daylight, sizeof *daylight) == 0;
    camera->frame = *frame;
    camera->daylight = *daylight;
    camera->light = bcue_light_make(daylight);
    render_everything(camera, daylight);
    hand_out(camera, rgb);
}

void bcue_camera_measure(bcue_camera *camera, bool on)
{
    camera->times = (bcue_camera_times){0};
    camera->clock->on = on;
    for (int k = 0; k < BCUE_TRACE_STAGES; k++)
        atomic_store(&camera->clock->ns[k], 0);
}

const bcue_camera_times *bcue_camera_measured(bcue_camera *camera)
{
    double seconds[BCUE_TRACE_STAGES];
    for (int k = 0; k < BCUE_TRACE_STAGES; k++)
        seconds[k] = 1e-9 * (double)atomic_load(&camera->clock->ns[k]);
    camera->times.rays_s = seconds[BCUE_TRACE_RAYS];
    camera->times.points_s = seconds[BCUE_TRACE_POINTS];
    camera->times.sun_s = seconds[BCUE_TRACE_SUN];
    camera->times.lamps_s = seconds[BCUE_TRACE_LAMPS];
    camera->times.shading_s = seconds[BCUE_TRACE_SHADING];
    return &camera->times;
}

const uint32_t *bcue_camera_instance_map(const bcue_camera *camera)
{
    return camera->instance_map;
}

void bcue_camera_depth_map(const bcue_camera *camera, float *metres)
{
    size_t pixels = (size_t)camera->config.width * (size_t)camera->config.height;
    for (size_t i = 0; i < pixels; i++)
        metres[i] = camera->samples[i].kind == BCUE_CLASS_SKY ? HUGE_VALF : camera->samples[i].distance;
}

void bcue_camera_class_map(const bcue_camera *camera, uint8_t *classes)
{
    size_t pixels = (size_t)camera->config.width * (size_t)camera->config.height;
    for (size_t i = 0; i < pixels; i++)
        classes[i] = camera->samples[i].kind;
}

bool bcue_camera_visible_box(const bcue_camera *camera, uint32_t instance, int *left, int *top, int *right,
                             int *bottom, size_t *pixels)
{
    int width = camera->config.width, height = camera->config.height;
    *left = width;
    *top = height;
    *right = *bottom = -1;
    *pixels = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            if (camera->instance_map[(size_t)y * (size_t)width + (size_t)x] == instance) {
                *left = x < *left ? x : *left;
                *right = x > *right ? x : *right;
                *top = y < *top ? y : *top;
                *bottom = y;
                ++*pixels;
            }
    return *pixels > 0;
}
