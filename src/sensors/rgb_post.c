#include "sensors/rgb_post.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"

/* `index` of the streams: rows of noise count from 1. */
enum { RAIN_STREAM = 0x40000000, SNOW_STREAM = 0x40000001 };
enum { BLUR_TAPS = 9, NOISE_ROWS_PER_THREAD = 64, GLOW_PIXELS = 64 };
/* The picture size that streaks, flakes and glows are told for. */
#define REFERENCE_HEIGHT 540.0

static uint8_t screen(uint8_t pixel, float light)
{
    float kept = 1.0f - bcue_min(bcue_max(light, 0.0f), 1.0f);
    return (uint8_t)(255.5f - (255.0f - (float)pixel) * kept);
}

static uint8_t blend(uint8_t pixel, float colour, float share)
{
    return (uint8_t)bcue_min(255.0f, (float)pixel + share * (colour - (float)pixel) + 0.5f);
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* The box around the visible pixels of a vehicle; empty: right < left. */
typedef struct box {
    int left, right, top, bottom;
} box;

/* Of all vehicles, in one pass over the picture; NULL: no memory. */
static box *visible_boxes(const bcue_picture_post *post, size_t count)
{
    const bcue_camera_config *c = post->config;
    box *boxes = bcue_calloc(count, sizeof *boxes);
    for (size_t i = 0; boxes && i < count; i++)
        boxes[i] = (box){c->width, -1, c->height, -1};
    for (int y = 0; boxes && y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            uint32_t instance = post->instance_map[(size_t)y * (size_t)c->width + (size_t)x];
            if (instance >= count)
                continue;
            box *b = &boxes[instance];
            b->left = x < b->left ? x : b->left;
            b->right = x > b->right ? x : b->right;
            b->top = y < b->top ? y : b->top;
            b->bottom = y;
        }
    return boxes;
}

static void blur_vehicle(const bcue_picture_post *post, uint32_t index, const bcue_instance *vehicle,
                         const box *visible, uint8_t *rgb)
{
    const bcue_camera_config *c = post->config;
    bcue_vec3 middle = bcue_vec3_add(vehicle->position, bcue_vec3_make(0, 0, 0.7));
    bcue_vec3 later = bcue_vec3_add(middle, bcue_vec3_scale(vehicle->velocity_mps, c->exposure_s));
    double x0, y0, x1, y1;
    if (visible->right < 0 || !bcue_camera_project(c, post->frame, middle, &x0, &y0) ||
        !bcue_camera_project(c, post->frame, later, &x1, &y1))
        return;
    double dx = x1 - x0, dy = y1 - y0, reach = hypot(dx, dy);
    if (reach < 0.5 || reach > 0.5 * (double)c->width)
        return;
    int left = visible->left, right = visible->right, top = visible->top, bottom = visible->bottom;
    int margin = (int)reach / 2 + 1, across[BLUR_TAPS], down[BLUR_TAPS];
    for (int tap = 0; tap < BLUR_TAPS; tap++) {
        double share = ((double)tap + 0.5) / BLUR_TAPS - 0.5;
        across[tap] = (int)floor(0.5 - share * dx);
        down[tap] = (int)floor(0.5 - share * dy);
    }
    for (int y = clamp(top - margin, 0, c->height - 1); y <= clamp(bottom + margin, 0, c->height - 1); y++)
        for (int x = clamp(left - margin, 0, c->width - 1); x <= clamp(right + margin, 0, c->width - 1);
             x++) {
            size_t here = (size_t)y * (size_t)c->width + (size_t)x;
            bool own = post->instance_map[here] == index;
            float sum[3] = {0};
            for (int tap = 0; tap < BLUR_TAPS; tap++) {
                int sx = clamp(x + across[tap], 0, c->width - 1);
                int sy = clamp(y + down[tap], 0, c->height - 1);
                size_t there = (size_t)sy * (size_t)c->width + (size_t)sx;
                size_t from = own || post->instance_map[there] == index ? there : here;
                for (int k = 0; k < 3; k++)
                    sum[k] += (float)post->scratch[3 * from + (size_t)k];
            }
            for (int k = 0; k < 3; k++)
                rgb[3 * here + (size_t)k] = (uint8_t)(sum[k] / BLUR_TAPS + 0.5f);
        }
}

void bcue_post_motion_blur(const bcue_picture_post *post, uint8_t *rgb)
{
    if (!(post->config->exposure_s > 0.0))
        return;
    size_t count;
    const bcue_instance *instances = bcue_ray_scene_instances(post->scene, &count);
    memcpy(post->scratch, rgb, 3 * (size_t)post->config->width * (size_t)post->config->height);
    box *boxes = visible_boxes(post, count);
    for (size_t i = 0; boxes && i < count; i++)
        blur_vehicle(post, (uint32_t)i, &instances[i], &boxes[i], rgb);
    free(boxes);
}

/* Is the lamp in sight of the camera? */
static bool in_sight(const bcue_picture_post *post, bcue_vec3 lamp)
{
    bcue_vec3 from = bcue_vec3_sub(post->frame->origin, lamp);
    double distance = bcue_vec3_norm(from);
    if (distance < 1.0)
        return false;
    /* From half a metre before the lamp: its housing does not hide it. */
    bcue_vec3 near = bcue_vec3_add(lamp, bcue_vec3_scale(from, 0.5 / distance));
    bcue_ray_packet ray = {.count = 1};
    ray.origin_x[0] = (float)near.x;
    ray.origin_y[0] = (float)near.y;
    ray.origin_z[0] = (float)near.z;
    ray.direction_x[0] = (float)(from.x / distance);
    ray.direction_y[0] = (float)(from.y / distance);
    ray.direction_z[0] = (float)(from.z / distance);
    ray.far[0] = (float)(distance - 0.6);
    bool blocked[BCUE_RAY_LANES];
    bcue_ray_occluded(post->scene, BCUE_RAY_ALL, &ray, blocked);
    return !blocked[0];
}

/* exp(-x^2 / (2 sigma^2)) at x, x + 1, ...: each is the one before times a ratio that itself shrinks by a
 * constant. */
static void fill_bell(double x, double sigma, float *values, int count)
{
    double scale = 1.0 / (2.0 * sigma * sigma), value = exp(-x * x * scale);
    double ratio = exp(-(2.0 * x + 1.0) * scale), shrink = exp(-2.0 * scale);
    for (int k = 0; k < count; k++) {
        values[k] = (float)value;
        value *= ratio;
        ratio *= shrink;
    }
}

static void add_glow(const bcue_picture_post *post, double column, double row, double sigma, float peak,
                     bcue_rgb colour, uint8_t *rgb)
{
    const bcue_camera_config *c = post->config;
    int reach = (int)(3.0 * sigma) + 1;
    int left = clamp((int)column - reach, 0, c->width), right = clamp((int)column + reach + 1, 0, c->width);
    for (int y = clamp((int)row - reach, 0, c->height); y < clamp((int)row + reach + 1, 0, c->height); y++) {
        double dy = (double)y + 0.5 - row;
        float line = peak * (float)exp(-dy * dy / (2.0 * sigma * sigma));
        for (int from = left; from < right; from += GLOW_PIXELS) {
            int count = right - from < GLOW_PIXELS ? right - from : GLOW_PIXELS;
            float across[GLOW_PIXELS];
            fill_bell((double)from + 0.5 - column, sigma, across, count);
            uint8_t *pixel = rgb + 3 * ((size_t)y * (size_t)c->width + (size_t)from);
            for (int k = 0; k < count; k++, pixel += 3) {
                float light = line * across[k];
                pixel[0] = screen(pixel[0], light * colour.r);
                pixel[1] = screen(pixel[1], light * colour.g);
                pixel[2] = screen(pixel[2], light * colour.b);
            }
        }
    }
}

void bcue_post_glow(const bcue_picture_post *post, const bcue_lamp_list *lamps, uint8_t *rgb)
{
    const bcue_camera_config *c = post->config;
    double focal = 0.5 * (double)c->width / tan(0.5 * c->field_of_view);
    double extinction = post->daylight->extinction_per_m, scale = (double)c->height / REFERENCE_HEIGHT;
    double dark = 0.25 + 0.75 * post->daylight->darkness;
    for (size_t i = 0; i < lamps->count; i++) {
        const bcue_lamp_light *light = &lamps->lights[i];
        bcue_vec3 place = {(double)light->position.x, (double)light->position.y, (double)light->position.z};
        double column, row;
        if (!bcue_camera_project(c, post->frame, place, &column, &row) || column < -50.0 ||
            column > (double)c->width + 50.0 || row < -50.0 || row > (double)c->height + 50.0)
            continue;
        bcue_vec3 d = bcue_vec3_sub(post->frame->origin, place);
        double distance = bcue_vec3_norm(d);
        bcue_float3 out = {(float)(d.x / distance), (float)(d.y / distance), (float)(d.z / distance)};
        float cone = light->cos_edge <= -1.0f ? 1.0f : 0.15f + 0.85f * bcue_lamp_cone(light, out);
        float facing = light->direction.x * out.x + light->direction.y * out.y + light->direction.z * out.z;
        if (light->cos_edge > 0.0f && facing < 0.0f)
            continue;
        float through = (float)exp(-extinction * distance);
        double core = fmax(0.9 * scale, (double)light->size_m * focal / distance);
        if (cone * through < 0.02f || !in_sight(post, place))
            continue;
        float bright = (float)dark * cone * fminf(1.0f, 0.25f + 0.02f * light->intensity);
        const bcue_rgb white = {fmaxf(light->colour.r, 0.8f), light->colour.g, light->colour.b};
        add_glow(post, column, row, core, fminf(1.0f, 1.6f * bright * through), white, rgb);
        double halo = core * 3.0 + 5.0 * scale + 900.0 * scale * fmin(extinction, 0.05);
        add_glow(post, column, row, halo, 0.30f * bright * sqrtf(through), light->colour, rgb);
    }
}

static void draw_streak(const bcue_camera_config *c, bcue_rng *rng, double scale, float colour, uint8_t *rgb)
{
    double x = bcue_rng_range(rng, 0.0, c->width), y = bcue_rng_range(rng, -20.0, c->height);
    double depth = bcue_rng_uniform(rng), length = scale * (8.0 + 26.0 * depth * depth);
    float share = (float)(0.07 + 0.17 * depth * depth);
    for (int step = 0; step < (int)length; step++) {
        int px = (int)(x + 0.12 * step), py = (int)(y + step);
        if (px < 0 || py < 0 || px >= c->width || py >= c->height)
            continue;
        uint8_t *pixel = rgb + 3 * ((size_t)py * (size_t)c->width + (size_t)px);
        for (int k = 0; k < 3; k++)
            pixel[k] = blend(pixel[k], colour, share);
    }
}

static void draw_flake(const bcue_camera_config *c, bcue_rng *rng, double scale, float colour, uint8_t *rgb)
{
    double x = bcue_rng_range(rng, 0.0, c->width), y = bcue_rng_range(rng, 0.0, c->height);
    double near = bcue_rng_uniform(rng), radius = scale * (0.6 + 2.2 * near * near * near);
    for (int py = (int)(y - radius); py <= (int)(y + radius); py++)
        for (int px = (int)(x - radius); px <= (int)(x + radius); px++) {
            double gap = hypot((double)px + 0.5 - x, (double)py + 0.5 - y);
            if (px < 0 || py < 0 || px >= c->width || py >= c->height || gap > radius + 0.5)
                continue;
            uint8_t *pixel = rgb + 3 * ((size_t)py * (size_t)c->width + (size_t)px);
            for (int k = 0; k < 3; k++)
                pixel[k] = blend(pixel[k], colour, (float)(0.75 * fmin(1.0, radius + 0.5 - gap)));
        }
}

void bcue_post_precipitation(const bcue_picture_post *post, uint8_t *rgb)
{
    const bcue_camera_config *c = post->config;
    const bcue_daylight *light = post->daylight;
    double scale = (double)c->height / REFERENCE_HEIGHT, area = scale * scale;
    double size = (double)c->width * (double)c->height / (960.0 * REFERENCE_HEIGHT * area);
    float colour = (float)(205.0 - 115.0 * light->darkness);
    bcue_rng rng = bcue_rng_make(post->seed, BCUE_RNG_CAMERA, post->episode, post->frame_index, RAIN_STREAM);
    for (int i = 0; i < (int)(1500.0 * light->rain * size); i++)
        draw_streak(c, &rng, scale, colour, rgb);
    rng = bcue_rng_make(post->seed, BCUE_RNG_CAMERA, post->episode, post->frame_index, SNOW_STREAM);
    for (int i = 0; i < (int)(1100.0 * light->snow * size); i++)
        draw_flake(c, &rng, scale, colour + 40.0f, rgb);
}

typedef struct noise_job {
    const bcue_picture_post *post;
    uint8_t *rgb;
    float sigma[256]; /* by level */
} noise_job;

/* The sum of the four bytes of a random word is nearly Gaussian: mean 510, deviation sqrt(4 x 65535 / 12). */
static float nearly_normal(uint32_t word)
{
    uint32_t sum = (word & 255u) + ((word >> 8) & 255u) + ((word >> 16) & 255u) + (word >> 24);
    return ((float)sum - 510.0f) * (1.0f / 147.8f);
}

static void add_noise_row(void *context, size_t row)
{
    const noise_job *job = context;
    const bcue_picture_post *post = job->post;
    size_t width = (size_t)post->config->width;
    uint8_t *pixels = job->rgb + 3 * row * width;
    bcue_rng rng =
        bcue_rng_make(post->seed, BCUE_RNG_CAMERA, post->episode, post->frame_index, (uint32_t)row + 1u);
    for (size_t i = 0; i < 3 * width; i++) {
        float value = (float)pixels[i] + job->sigma[pixels[i]] * nearly_normal(bcue_rng_u32(&rng));
        pixels[i] = (uint8_t)bcue_min(bcue_max(value + 0.5f, 0.0f), 255.0f);
    }
}

void bcue_post_noise(const bcue_picture_post *post, uint8_t *rgb)
{
    if (!(post->config->noise > 0.0))
        return;
    noise_job job = {.post = post, .rgb = rgb};
    /* Half of it in black, all of it from mid-grey on. */
    for (int level = 0; level < 256; level++)
        job.sigma[level] =
            (float)post->config->noise * 255.0f * sqrtf(0.25f + 1.5f * bcue_min((float)level / 255.0f, 0.5f));
    bcue_parallel_for((size_t)post->config->height, NOISE_ROWS_PER_THREAD, add_noise_row, &job);
}
