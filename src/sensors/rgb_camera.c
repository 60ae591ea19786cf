#include "sensors/rgb_camera.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sensors/rgb_shade.h"

/* Pixels are traced in blocks of 4 x 4, one packet each; the blocks that need it are shared out among
 * threads. */
enum { BLOCK = 4, EDGE_SAMPLES = 4, TONE_STEPS = 4096 };
/* Blocks that are worth another thread: about a millisecond of work. */
#define BLOCKS_PER_THREAD 96

#define SHADOW_OFFSET_M 2e-3f
#define FAR_M 2000.0f
/* A vehicle darkens the ground within CONTACT_INSET_M inside to CONTACT_REACH_M outside of its outline. */
#define CONTACT_INSET_M 0.25f
#define CONTACT_REACH_M 0.65f

/* One sample of a picture. */
typedef struct bcue_camera_sample {
    bcue_rgb colour;
    uint32_t instance; /* as in the instance map */
    uint32_t surface;  /* differs across edges worth smoothing: material and orientation */
    float distance;
} bcue_camera_sample;

struct bcue_camera {
    bcue_camera_config config;
    const bcue_ray_scene *scene;
    bcue_float3 *static_normals;
    bcue_float3 **model_normals; /* per model of the world */
    float tangent;               /* of half the field of view */
    uint8_t tone[TONE_STEPS + 1];
    bcue_camera_sample *samples; /* height x width, of pixel centres */
    uint8_t *picture;            /* height x width x 3, edges smoothed */
    uint32_t *instance_map;
    bool *dirty;       /* per block: vehicles change something here */
    int *dirty_blocks; /* their indices, while a pass runs */
    /* the street without vehicles, for the frame and daylight below */
    bool have_street;
    bcue_camera_sample *street_samples;
    uint8_t *street_picture;
    bcue_frame frame;
    bcue_daylight daylight;
    bcue_light light;
    bcue_ray_target target; /* of the pass that runs */
};

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
static void make_tone_table(uint8_t tone[TONE_STEPS + 1])
{
    for (int i = 0; i <= TONE_STEPS; i++) {
        double root = (double)i / TONE_STEPS, x = 4.0 * root * root;
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
        !(config->field_of_view > 0.0 && config->field_of_view < BCUE_PI))
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
    size_t blocks = (size_t)blocks_across(made) * (size_t)blocks_down(made);
    made->dirty = bcue_calloc(blocks, sizeof *made->dirty);
    made->dirty_blocks = bcue_calloc(blocks, sizeof *made->dirty_blocks);
    bool ok = made->static_normals && made->samples && made->picture && made->street_samples &&
              made->street_picture && made->instance_map && made->dirty && made->dirty_blocks;
    made->model_normals = bcue_calloc(world->model_count, sizeof *made->model_normals);
    ok = ok && made->model_normals;
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
    free(camera->dirty);
    free(camera->dirty_blocks);
    free(camera);
}

/* Pixels per unit of tangent. */
static float focal_pixels(const bcue_camera *camera)
{
    return 0.5f * (float)camera->config.width / camera->tangent;
}

static bcue_float3 pixel_direction(const bcue_camera *camera, float column, float row)
{
    float focal = focal_pixels(camera);
    float left = (0.5f * (float)camera->config.width - column) / focal,
          up = (0.5f * (float)camera->config.height - row) / focal;
    const bcue_frame *f = &camera->frame;
    bcue_float3 d = {(float)f->forward.x + left * (float)f->left.x + up * (float)f->up.x,
                     (float)f->forward.y + left * (float)f->left.y + up * (float)f->up.y,
                     (float)f->forward.z + left * (float)f->left.z + up * (float)f->up.z};
    float scale = 1.0f / sqrtf(d.x * d.x + d.y * d.y + d.z * d.z);
    return (bcue_float3){d.x * scale, d.y * scale, d.z * scale};
}

/* A vehicle hides part of the sky from the road under and around it. */
static float sky_openness(const bcue_camera *camera, bcue_float3 position)
{
    size_t count;
    const bcue_instance *instances = bcue_ray_scene_instances(camera->scene, &count);
    const bcue_world *world = bcue_ray_scene_world(camera->scene);
    float open = 1.0f;
    for (size_t i = 0; i < count; i++) {
        const bcue_vehicle_model *model = &world->models[instances[i].model];
        float dx = position.x - (float)instances[i].position.x,
              dy = position.y - (float)instances[i].position.y;
        float reach = 0.5f * (float)(model->length_m + model->width_m) + 1.0f;
        if (fabsf(dx) > reach || fabsf(dy) > reach)
            continue;
        float c = (float)cos(instances[i].yaw), s = (float)sin(instances[i].yaw);
        float along = fabsf(c * dx + s * dy) - 0.5f * (float)model->length_m;
        float across = fabsf(c * dy - s * dx) - 0.5f * (float)model->width_m;
        float beyond_x = fmaxf(along + CONTACT_INSET_M, 0.0f),
              beyond_y = fmaxf(across + CONTACT_INSET_M, 0.0f);
        float gap = sqrtf(beyond_x * beyond_x + beyond_y * beyond_y);
        float hidden = 0.8f * fmaxf(0.0f, 1.0f - gap / (CONTACT_INSET_M + CONTACT_REACH_M));
        open = fminf(open, 1.0f - hidden);
    }
    return open;
}

static bcue_shading_point make_point(const bcue_camera *camera, const bcue_ray_packet *packet, int lane)
{
    const bcue_world *world = bcue_ray_scene_world(camera->scene);
    size_t count;
    const bcue_instance *instances = bcue_ray_scene_instances(camera->scene, &count);
    uint32_t triangle = packet->hit_triangle[lane], instance = packet->hit_instance[lane];
    float t = packet->far[lane];
    bcue_shading_point point = {
        .view = {packet->direction_x[lane], packet->direction_y[lane], packet->direction_z[lane]},
        .distance = t,
        .pixel_angle = 1.0f / focal_pixels(camera),
        .openness = 1.0f};
    point.position =
        (bcue_float3){packet->origin_x[lane] + t * point.view.x, packet->origin_y[lane] + t * point.view.y,
                      packet->origin_z[lane] + t * point.view.z};
    if (instance == BCUE_RAY_STATIC) {
        const bcue_triangle *hit = &world->statics.triangles[triangle];
        const bcue_object *object = &world->objects[hit->object];
        point.normal = camera->static_normals[triangle];
        point.material = bcue_world_material(world, hit->material);
        point.tint = (bcue_rgb){object->tint[0], object->tint[1], object->tint[2]};
        point.variant = object->variant;
        if (object->kind == BCUE_OBJECT_GROUND && camera->target == BCUE_RAY_ALL)
            point.openness = sky_openness(camera, point.position);
    } else {
        const bcue_instance *vehicle = &instances[instance];
        bcue_float3 n = camera->model_normals[vehicle->model][triangle];
        float c = (float)cos(vehicle->yaw), s = (float)sin(vehicle->yaw);
        point.normal = (bcue_float3){c * n.x - s * n.y, s * n.x + c * n.y, n.z};
        point.material =
            bcue_world_material(world, world->models[vehicle->model].mesh.triangles[triangle].material);
        point.tint = (bcue_rgb){vehicle->paint[0], vehicle->paint[1], vehicle->paint[2]};
        /* Low parts of a vehicle see less of the sky. */
        point.openness = fminf(1.0f, 0.55f + 0.5f * fmaxf(0.0f, point.position.z));
    }
    return point;
}

static void trace_shadows(const bcue_camera *camera, bcue_shading_point points[BCUE_RAY_LANES],
                          const bool hit[BCUE_RAY_LANES], int count)
{
    bcue_ray_packet shadow = {.count = 0};
    int lane_of[BCUE_RAY_LANES];
    bcue_float3 sun = camera->light.sun_direction;
    for (int i = 0; i < count; i++) {
        if (!hit[i])
            continue;
        const bcue_float3 n = points[i].normal;
        if (n.x * sun.x + n.y * sun.y + n.z * sun.z <= 0.0f)
            continue;
        int k = shadow.count++;
        lane_of[k] = i;
        float lift = SHADOW_OFFSET_M + 1e-5f * points[i].distance;
        shadow.origin_x[k] = points[i].position.x + lift * n.x;
        shadow.origin_y[k] = points[i].position.y + lift * n.y;
        shadow.origin_z[k] = points[i].position.z + lift * n.z;
        shadow.direction_x[k] = sun.x;
        shadow.direction_y[k] = sun.y;
        shadow.direction_z[k] = sun.z;
        shadow.near[k] = 0.0f;
        shadow.far[k] = FAR_M;
    }
    if (shadow.count == 0)
        return;
    bool blocked[BCUE_RAY_LANES];
    bcue_ray_occluded(camera->scene, camera->target, &shadow, blocked);
    for (int k = 0; k < shadow.count; k++)
        points[lane_of[k]].in_sun = !blocked[k];
}

static uint32_t surface_key(const bcue_camera *camera, const bcue_shading_point *point)
{
    uint32_t nx = (uint32_t)(int32_t)floorf(2.0f * point->normal.x + 2.5f),
             ny = (uint32_t)(int32_t)floorf(2.0f * point->normal.y + 2.5f);
    uint32_t nz = (uint32_t)(int32_t)floorf(2.0f * point->normal.z + 2.5f);
    uint32_t material = (uint32_t)(point->material - bcue_ray_scene_world(camera->scene)->materials);
    return (material << 16) | (nx << 8) | (ny << 4) | nz | (point->in_sun ? 1u << 12 : 0u);
}

/* Colour up to 16 picture positions. */
static void trace(const bcue_camera *camera, const float *columns, const float *rows, int count,
                  bcue_camera_sample *samples)
{
    bcue_ray_packet packet = {.count = count};
    for (int i = 0; i < count; i++) {
        bcue_float3 d = pixel_direction(camera, columns[i], rows[i]);
        packet.origin_x[i] = (float)camera->frame.origin.x;
        packet.origin_y[i] = (float)camera->frame.origin.y;
        packet.origin_z[i] = (float)camera->frame.origin.z;
        packet.direction_x[i] = d.x;
        packet.direction_y[i] = d.y;
        packet.direction_z[i] = d.z;
        packet.near[i] = 0.05f;
        packet.far[i] = FAR_M;
    }
    bcue_ray_intersect(camera->scene, camera->target, &packet);
    bcue_shading_point points[BCUE_RAY_LANES];
    bool hit[BCUE_RAY_LANES];
    for (int i = 0; i < count; i++) {
        hit[i] = packet.hit_triangle[i] != BCUE_RAY_MISS;
        if (hit[i])
            points[i] = make_point(camera, &packet, i);
    }
    trace_shadows(camera, points, hit, count);
    const bcue_street_config *street = &bcue_ray_scene_world(camera->scene)->street;
    for (int i = 0; i < count; i++) {
        if (hit[i]) {
            samples[i] =
                (bcue_camera_sample){bcue_shade(&camera->light, street, &points[i]), packet.hit_instance[i],
                                     surface_key(camera, &points[i]), points[i].distance};
        } else {
            bcue_float3 d = {packet.direction_x[i], packet.direction_y[i], packet.direction_z[i]};
            samples[i] = (bcue_camera_sample){bcue_shade_sky(&camera->light, d), BCUE_CAMERA_SKY, 0, FAR_M};
        }
    }
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
    trace(camera, columns, rows, count, samples);
    for (int i = 0; i < count; i++) {
        camera->samples[places[i]] = samples[i];
        camera->instance_map[places[i]] = samples[i].instance;
    }
}

static bool differs(const bcue_camera_sample *a, const bcue_camera_sample *b)
{
    float nearer = fminf(a->distance, b->distance);
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
    float root = sqrtf(0.25f * fmaxf(value, 0.0f));
    return camera->tone[(int)(fminf(root, 1.0f) * TONE_STEPS + 0.5f)];
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
        columns[i] = (float)xs[i / EDGE_SAMPLES] + offsets[i % EDGE_SAMPLES][0];
        rows[i] = (float)ys[i / EDGE_SAMPLES] + offsets[i % EDGE_SAMPLES][1];
    }
    trace(camera, columns, rows, pixels * EDGE_SAMPLES, samples);
    for (int i = 0; i < pixels; i++) {
        bcue_rgb mean = {0};
        for (int s = 0; s < EDGE_SAMPLES; s++) {
            bcue_rgb colour = samples[i * EDGE_SAMPLES + s].colour;
            /* One glint must not outshine the rest of the pixel. */
            mean.r += fminf(colour.r, 4.0f) / EDGE_SAMPLES;
            mean.g += fminf(colour.g, 4.0f) / EDGE_SAMPLES;
            mean.b += fminf(colour.b, 4.0f) / EDGE_SAMPLES;
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
    int blocks = blocks_across(camera) * blocks_down(camera);
    for (int b = 0; b < blocks; b++)
        if (camera->dirty[b])
            camera->dirty_blocks[count++] = b;
    camera->target = target;
    bcue_parallel_for(count, BLOCKS_PER_THREAD, trace_block, camera);
    bcue_parallel_for(count, BLOCKS_PER_THREAD, finish_block, camera);
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

/* Mark where the convex hull of some points can be seen. */
static void mark_hull(bcue_camera *camera, const bcue_vec3 *points, size_t count)
{
    double left = HUGE_VAL, right = -HUGE_VAL, top = HUGE_VAL, bottom = -HUGE_VAL;
    size_t behind = 0;
    for (size_t i = 0; i < count; i++) {
        double column, row;
        if (!bcue_camera_project(&camera->config, &camera->frame, points[i], &column, &row)) {
            behind++;
            continue;
        }
        left = fmin(left, column);
        right = fmax(right, column);
        top = fmin(top, row);
        bottom = fmax(bottom, row);
    }
    if (behind == count)
        return;
    if (behind > 0)
        mark_pixels(camera, 0.0, 0.0, (double)camera->config.width, (double)camera->config.height);
    else
        mark_pixels(camera, left, top, right, bottom);
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
    for (int i = 0; i < 8; i++) {
        bcue_vec3 corner = {i & 1 ? half_length : -half_length, i & 2 ? half_width : -half_width,
                            i & 4 ? height : -0.1};
        points[i] = bcue_vec3_add(frame.origin, bcue_frame_world(&frame, corner));
        double fall = (points[i].z + 0.2) / sun.z;
        points[8 + i] = bcue_vec3_sub(points[i], bcue_vec3_scale(sun, fall));
    }
    mark_hull(camera, points, 16);
}

/* Render the street without vehicles, unless it is there already. */
static void prepare_street(bcue_camera *camera, const bcue_frame *frame, const bcue_daylight *daylight)
{
    if (camera->have_street && memcmp(&camera->frame, frame, sizeof *frame) == 0 &&
        memcmp(&camera->daylight, daylight, sizeof *daylight) == 0)
        return;
    camera->frame = *frame;
    camera->daylight = *daylight;
    camera->light = bcue_light_make(daylight);
    memset(camera->dirty, 1,
           (size_t)blocks_across(camera) * (size_t)blocks_down(camera) * sizeof *camera->dirty);
    render_dirty(camera, BCUE_RAY_STREET_ONLY);
    size_t pixels = (size_t)camera->config.width * (size_t)camera->config.height;
    memcpy(camera->street_samples, camera->samples, pixels * sizeof *camera->samples);
    memcpy(camera->street_picture, camera->picture, pixels * 3);
    camera->have_street = true;
}

void bcue_camera_render(bcue_camera *camera, const bcue_frame *frame, const bcue_daylight *daylight,
                        uint8_t *rgb)
{
    prepare_street(camera, frame, daylight);
    size_t pixels = (size_t)camera->config.width * (size_t)camera->config.height, count;
    memcpy(camera->samples, camera->street_samples, pixels * sizeof *camera->samples);
    memcpy(camera->picture, camera->street_picture, pixels * 3);
    for (size_t i = 0; i < pixels; i++)
        camera->instance_map[i] = camera->samples[i].instance;
    memset(camera->dirty, 0,
           (size_t)blocks_across(camera) * (size_t)blocks_down(camera) * sizeof *camera->dirty);
    const bcue_instance *instances = bcue_ray_scene_instances(camera->scene, &count);
    for (size_t i = 0; i < count; i++)
        mark_vehicle(camera, &instances[i]);
    render_dirty(camera, BCUE_RAY_ALL);
    memcpy(rgb, camera->picture, pixels * 3);
}

void bcue_camera_render_all(bcue_camera *camera, const bcue_frame *frame, const bcue_daylight *daylight,
                            uint8_t *rgb)
{
    prepare_street(camera, frame, daylight);
    memset(camera->dirty, 1,
           (size_t)blocks_across(camera) * (size_t)blocks_down(camera) * sizeof *camera->dirty);
    render_dirty(camera, BCUE_RAY_ALL);
    memcpy(rgb, camera->picture, (size_t)camera->config.width * (size_t)camera->config.height * 3);
}

bool bcue_camera_project(const bcue_camera_config *config, const bcue_frame *frame, bcue_vec3 point,
                         double *column, double *row)
{
    bcue_vec3 local = bcue_frame_local(frame, bcue_vec3_sub(point, frame->origin));
    if (local.x <= 0.0)
        return false;
    double focal = 0.5 * (double)config->width / tan(0.5 * config->field_of_view);
    *column = 0.5 * (double)config->width - focal * local.y / local.x;
    *row = 0.5 * (double)config->height - focal * local.z / local.x;
    return true;
}

const uint32_t *bcue_camera_instance_map(const bcue_camera *camera)
{
    return camera->instance_map;
}
