#include "sensors/rgb_shade.h"

#include <math.h>

static bcue_rgb rgb(float r, float g, float b)
{
    return (bcue_rgb){r, g, b};
}
static bcue_rgb scaled(bcue_rgb a, float factor)
{
    return rgb(a.r * factor, a.g * factor, a.b * factor);
}
static bcue_rgb sum(bcue_rgb a, bcue_rgb b)
{
    return rgb(a.r + b.r, a.g + b.g, a.b + b.b);
}
static bcue_rgb product(bcue_rgb a, bcue_rgb b)
{
    return rgb(a.r * b.r, a.g * b.g, a.b * b.b);
}
static bcue_rgb mix(bcue_rgb a, bcue_rgb b, float share)
{
    return sum(scaled(a, 1.0f - share), scaled(b, share));
}
static float dot(bcue_float3 a, bcue_float3 b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}
static float clamp01(float value)
{
    return value < 0.0f ? 0.0f : value > 1.0f ? 1.0f : value;
}
static float smooth(float low, float high, float value)
{
    float t = clamp01((value - low) / (high - low));
    return t * t * (3.0f - 2.0f * t);
}

/* An integer hash (xorshift-multiply) of a lattice cell, as a number in [0, 1). */
static float cell_noise(int32_t x, int32_t y, uint32_t variant)
{
    uint32_t h = (uint32_t)x * 0x9e3779b1u ^ (uint32_t)y * 0x85ebca77u ^ variant * 0xc2b2ae3du;
    h = (h ^ (h >> 15)) * 0x2c1b3c6du;
    h = (h ^ (h >> 12)) * 0x297a2d39u;
    return (float)((h ^ (h >> 15)) >> 8) * (1.0f / 16777216.0f);
}

/* Lattice noise with smooth interpolation, [0, 1). */
static float value_noise(float x, float y, uint32_t variant)
{
    float fx = bcue_floor(x), fy = bcue_floor(y), u = x - fx, v = y - fy;
    int32_t i = (int32_t)fx, j = (int32_t)fy;
    u = u * u * (3.0f - 2.0f * u);
    v = v * v * (3.0f - 2.0f * v);
    float low = cell_noise(i, j, variant) * (1.0f - u) + cell_noise(i + 1, j, variant) * u;
    float high = cell_noise(i, j + 1, variant) * (1.0f - u) + cell_noise(i + 1, j + 1, variant) * u;
    return low * (1.0f - v) + high * v;
}

/* Integral of a pulse train that is 1 on [0, on) of every period. */
static float pulse_integral(float x, float period, float on)
{
    float cycles = bcue_floor(x / period), rest = x - cycles * period;
    return cycles * on + (rest < on ? rest : on);
}
/* Its mean over a window of width `filter` around x: pattern edges fade instead of flickering. */
static float pulse(float x, float period, float on, float filter)
{
    return (pulse_integral(x + 0.5f * filter, period, on) - pulse_integral(x - 0.5f * filter, period, on)) /
           filter;
}
/* The mean of the indicator of [low, high) over the window. */
static float stripe(float x, float low, float high, float filter)
{
    float from = bcue_max(low, x - 0.5f * filter), to = bcue_min(high, x + 0.5f * filter);
    return to > from ? (to - from) / filter : 0.0f;
}

/* How far a pixel reaches on the surface along the in-surface axis `axis`: distance x angle x sqrt(1 + (v.a /
 * v.n)^2). */
static float footprint(const bcue_shading_point *p, bcue_float3 axis)
{
    float across = dot(p->view, axis) / bcue_min(-0.02f, dot(p->view, p->normal));
    return bcue_max(1e-4f, p->distance * p->pixel_angle * sqrtf(1.0f + across * across));
}

bcue_light bcue_light_make(const bcue_daylight *daylight)
{
    bcue_float3 sun = {(float)daylight->sun.x, (float)daylight->sun.y, (float)daylight->sun.z};
    float exposure = (float)daylight->exposure, cloud = (float)daylight->cloudiness;
    float warm = smooth(0.75f, 0.05f, sun.z), day = 1.0f - (float)daylight->darkness;
    /* Thick air scatters the sun's light: what it loses comes from all sides. */
    float direct = expf(-150.0f * (float)daylight->extinction_per_m);
    bcue_rgb noon = rgb(1.0f, 0.95f, 0.86f), evening = rgb(1.0f, 0.72f, 0.42f);
    bcue_light light = {.sun_direction = sun,
                        .glint = 3.0f * direct * (1.0f - smooth(0.55f, 1.0f, cloud)),
                        .cloudiness = cloud,
                        .darkness = (float)daylight->darkness,
                        .extinction = (float)daylight->extinction_per_m,
                        .wetness = (float)daylight->wetness,
                        .snow_cover = (float)daylight->snow_cover,
                        .headlights = daylight->headlights > 0.0};
    light.sun = scaled(mix(noon, evening, warm),
                       exposure * 2.3f * (1.0f - 0.75f * smooth(0.55f, 1.0f, cloud)) * day * direct);
    light.sky =
        scaled(mix(rgb(0.42f, 0.56f, 0.82f), rgb(0.66f, 0.69f, 0.74f), bcue_max(cloud, 1.0f - direct)),
               exposure * 0.85f * day);
    light.ground = scaled(rgb(0.30f, 0.27f, 0.23f), exposure * (0.35f + 0.65f * bcue_max(sun.z, 0.0f)) * day);
    bcue_rgb night = scaled(rgb(0.016f, 0.020f, 0.034f), exposure * light.darkness);
    light.sky = sum(light.sky, night);
    light.ground = sum(light.ground, scaled(night, 0.6f));
    bcue_rgb clear_haze = scaled(rgb(0.80f, 0.88f, 1.0f), light.sky.b);
    bcue_rgb thick = scaled(rgb(0.93f, 0.95f, 0.97f), light.sky.b);
    light.haze = mix(clear_haze, thick, 1.0f - direct);
    return light;
}

bcue_rgb bcue_shade_sky(const bcue_light *light, bcue_float3 direction)
{
    float up = bcue_max(direction.z, 0.0f);
    float level = light->sky.b; /* carries the exposure */
    bcue_rgb zenith = scaled(rgb(0.20f, 0.40f, 0.86f), level),
             horizon = scaled(rgb(0.86f, 0.95f, 1.05f), level);
    bcue_rgb colour = mix(horizon, zenith, sqrtf(smooth(0.0f, 0.75f, up)));
    float x = direction.x / (up + 0.12f), y = direction.y / (up + 0.12f);
    float lumps = 0.55f * value_noise(1.3f * x, 1.3f * y, 7u) + 0.30f * value_noise(2.9f * x, 2.9f * y, 8u) +
                  0.15f * value_noise(6.1f * x, 6.1f * y, 9u);
    float cover = smooth(1.0f - light->cloudiness - 0.12f, 1.0f - light->cloudiness + 0.22f, lumps);
    colour = mix(colour, scaled(rgb(1.12f, 1.12f, 1.13f), level), 0.85f * cover * smooth(0.0f, 0.12f, up));
    /* The layer of thick air is some hundred metres deep. */
    float hidden = 1.0f - expf(-light->extinction * 250.0f / (up + 0.05f));
    return mix(colour, light->haze, hidden);
}

/* Storeys of windows; returns the wall's colour and, in *glass, how much of the pixel is window pane. */
static bcue_rgb facade(const bcue_shading_point *p, bcue_rgb wall, bool bricks, float *glass)
{
    bool faces_x = fabsf(p->normal.x) > fabsf(p->normal.y);
    bcue_float3 axis = faces_x ? (bcue_float3){0, 1, 0} : (bcue_float3){1, 0, 0};
    float u = (faces_x ? p->position.y : p->position.x) + 100.0f, z = p->position.z;
    float filter_u = footprint(p, axis), filter_z = footprint(p, (bcue_float3){0, 0, 1});
    float style = (float)(p->variant & 255u) / 255.0f, storey = 3.0f + 0.5f * style,
          pitch = 2.1f + 1.6f * style;
    float pane = 0.42f + 0.22f * (float)((p->variant >> 8) & 255u) / 255.0f, shop = 3.8f;
    if (bricks) {
        float joints = pulse(z, 0.3f, 0.05f, filter_z);
        wall = scaled(wall, 1.0f - 0.25f * joints);
    }
    if (z < shop) { /* shop windows between pillars, a sign band above them */
        float bay = pulse(u, 4.6f, 3.8f, filter_u);
        *glass = bay * stripe(z, 0.5f, 2.8f, filter_z);
        float band = bay * stripe(z, 3.0f, 3.6f, filter_z);
        int32_t shop_number = (int32_t)bcue_floor(u / 4.6f);
        bcue_rgb sign = rgb(0.15f + 0.5f * cell_noise(shop_number, 1, p->variant),
                            0.12f + 0.4f * cell_noise(shop_number, 2, p->variant),
                            0.12f + 0.45f * cell_noise(shop_number, 3, p->variant));
        return mix(wall, sign, band);
    }
    float up = z - shop, window = pulse(u, pitch, pane * pitch, filter_u);
    *glass = window * (pulse(up, storey, storey - 0.7f, filter_z) - pulse(up, storey, 0.9f, filter_z));
    float sill = pulse(u + 0.08f, pitch, pane * pitch + 0.16f, filter_u) *
                 (pulse(up, storey, 0.9f, filter_z) - pulse(up, storey, 0.74f, filter_z));
    float ledge = pulse(up + 0.12f, storey, 0.12f, filter_z);
    wall = mix(wall, rgb(0.75f, 0.72f, 0.66f), 0.6f * sill);
    return scaled(wall, 1.0f - 0.22f * ledge);
}

static bcue_rgb road(const bcue_street_config *street, const bcue_shading_point *p, bcue_rgb asphalt)
{
    float fx = footprint(p, (bcue_float3){1, 0, 0}), fy = footprint(p, (bcue_float3){0, 1, 0});
    float lane = (float)street->lane_width_m, y = p->position.y - (float)street->setback_m;
    float patches = value_noise(0.35f * p->position.x, 0.9f * p->position.y, 3u);
    float tracks = stripe(fmodf(y + 10.0f * lane, lane), 0.25f * lane, 0.75f * lane, fy);
    asphalt = scaled(asphalt, 0.82f + 0.28f * patches - 0.08f * tracks);
    float edges = stripe(y, 0.22f, 0.40f, fy) + stripe(y, 2.0f * lane - 0.40f, 2.0f * lane - 0.22f, fy);
    float centre = stripe(y, lane - 0.10f, lane + 0.10f, fy) * pulse(p->position.x + 400.0f, 6.0f, 3.0f, fx);
    return mix(asphalt, rgb(0.80f, 0.80f, 0.76f), clamp01(0.9f * edges + centre));
}

static bcue_rgb slabs(const bcue_shading_point *p, bcue_rgb colour)
{
    float fx = footprint(p, (bcue_float3){1, 0, 0}), fy = footprint(p, (bcue_float3){0, 1, 0});
    float joint =
        pulse(p->position.x + 400.0f, 1.0f, 0.05f, fx) + pulse(p->position.y + 400.0f, 1.0f, 0.05f, fy);
    float tone = value_noise(0.5f * p->position.x, 0.5f * p->position.y, 5u);
    return scaled(colour, (0.88f + 0.2f * tone) * (1.0f - 0.35f * clamp01(joint)));
}

static bcue_rgb speckle(const bcue_shading_point *p, bcue_rgb colour)
{
    float x = p->position.x + 1.8f * p->position.z, y = p->position.y + 1.4f * p->position.z;
    float coarse = value_noise(0.6f * x, 1.1f * y, 6u + p->variant),
          fine = value_noise(4.3f * x, 4.7f * y, 16u + p->variant);
    /* Fine grain fades where it is smaller than a pixel. */
    float visible = clamp01(1.0f - 3.0f * p->distance * p->pixel_angle);
    return scaled(colour, 0.78f + 0.25f * coarse + 0.35f * visible * (fine - 0.5f) + 0.06f);
}

/* Asphalt under the paint of the world's markings. */
static bcue_rgb marked_road(const bcue_markings *markings, const bcue_shading_point *p, bcue_rgb asphalt)
{
    float fx = footprint(p, (bcue_float3){1, 0, 0}), fy = footprint(p, (bcue_float3){0, 1, 0});
    float patches = value_noise(0.31f * p->position.x, 0.37f * p->position.y, 3u);
    asphalt = scaled(asphalt, 0.80f + 0.30f * patches);
    bool yellow;
    float cover = bcue_markings_cover(markings, p->position.x, p->position.y, fx, fy, &yellow);
    return mix(asphalt, yellow ? rgb(0.75f, 0.52f, 0.10f) : rgb(0.80f, 0.80f, 0.76f), 0.92f * cover);
}

static bcue_rgb courses(const bcue_shading_point *p, bcue_rgb wall)
{
    float joints = pulse(p->position.z, 0.3f, 0.05f, footprint(p, (bcue_float3){0, 0, 1}));
    return scaled(wall, 1.0f - 0.25f * joints);
}

static bcue_rgb surface_colour(const bcue_world *world, const bcue_shading_point *p, float *glass)
{
    const bcue_material *material = p->material;
    bcue_rgb colour = rgb(material->albedo[0], material->albedo[1], material->albedo[2]);
    if (material->tinted)
        colour = product(colour, p->tint);
    switch (material->pattern) {
    case BCUE_PATTERN_WINDOWS:
        return facade(p, colour, false, glass);
    case BCUE_PATTERN_BRICKS:
        return facade(p, colour, true, glass);
    case BCUE_PATTERN_ROAD:
        return world->markings.count > 0 ? marked_road(&world->markings, p, colour)
                                         : road(&world->street, p, colour);
    case BCUE_PATTERN_PANE:
        *glass = 1.0f;
        return colour;
    case BCUE_PATTERN_COURSES:
        return courses(p, colour);
    case BCUE_PATTERN_SLABS:
        return slabs(p, colour);
    case BCUE_PATTERN_SPECKLE:
        return speckle(p, colour);
    default:
        return colour;
    }
}

/* What a mirror-like surface shows: the sky above, darkened near the horizon by the houses around, the street
 * below. */
static bcue_rgb reflection(const bcue_light *light, bcue_float3 direction)
{
    bcue_rgb sky = bcue_shade_sky(light, direction);
    return mix(scaled(light->ground, 0.5f), sky, smooth(-0.05f, 0.35f, direction.z));
}

/* By night a third of the windows are lit, whole bays of shops more often. */
static bcue_rgb window_light(const bcue_light *light, const bcue_shading_point *p)
{
    if (!(light->darkness > 0.05f))
        return rgb(0, 0, 0);
    bool faces_x = fabsf(p->normal.x) > fabsf(p->normal.y);
    float u = (faces_x ? p->position.y : p->position.x) + 100.0f, z = p->position.z;
    bool shop = z < 3.8f;
    int32_t column = (int32_t)bcue_floor(u / (shop ? 4.6f : 3.2f)),
            storey = (int32_t)bcue_floor((z - 3.8f) / 3.2f);
    float draw = cell_noise(column, storey, p->variant + 77u);
    if (draw > (shop ? 0.6f : 0.28f))
        return rgb(0, 0, 0);
    float level = light->darkness * (0.25f + 0.55f * cell_noise(column, storey, p->variant + 78u));
    return scaled(mix(rgb(1.0f, 0.72f, 0.40f), rgb(0.85f, 0.92f, 1.0f),
                      cell_noise(storey, column, 5u) > 0.75f ? 1.0f : 0.0f),
                  level);
}

static bool looks_up(const bcue_shading_point *p)
{
    return p->normal.z > 0.9f && p->position.z < 0.6f && !p->vehicle;
}

/* Rain darkens the ground and makes it mirror, in puddles most; snow covers what looks up. */
static bcue_rgb weather_surface(const bcue_light *light, const bcue_shading_point *p, bcue_rgb albedo,
                                float *gloss)
{
    if (light->wetness > 0.0f && looks_up(p)) {
        float puddle = smooth(0.45f, 0.75f, value_noise(0.35f * p->position.x, 0.8f * p->position.y, 21u));
        albedo = scaled(albedo, 1.0f - 0.45f * light->wetness);
        *gloss = bcue_max(*gloss, light->wetness * (0.35f + 0.6f * puddle));
    }
    if (light->snow_cover > 0.0f) {
        float patches = value_noise(0.5f * p->position.x, 0.5f * p->position.y, 22u);
        float share = light->snow_cover * smooth(0.35f, 0.75f, p->normal.z) *
                      smooth(0.0f, 0.5f, 1.3f * light->snow_cover + 0.4f * patches - 0.35f);
        if (p->vehicle)
            share *= 0.5f;
        albedo = mix(albedo, rgb(0.82f, 0.84f, 0.88f), share);
        *gloss *= 1.0f - share;
    }
    return albedo;
}

static bcue_rgb lamp_glow(const bcue_light *light, const bcue_shading_point *p)
{
    if (!light->headlights)
        return rgb(0, 0, 0);
    if (p->lamp == BCUE_VEHICLE_HEADLAMP)
        return rgb(2.2f, 2.1f, 1.9f);
    return p->lamp == BCUE_VEHICLE_TAIL_LAMP ? rgb(1.3f, 0.05f, 0.03f) : rgb(0, 0, 0);
}

/* Mirror image of the surroundings and of the sun, over `colour`. */
static bcue_rgb add_mirror(const bcue_light *light, const bcue_shading_point *p, float gloss, bool pane,
                           bcue_rgb colour)
{
    float slant = clamp01(-dot(p->view, p->normal)), grazing = 1.0f - slant;
    float mirror = gloss * (0.06f + 0.94f * grazing * grazing * grazing * grazing * grazing);
    float twice = 2.0f * dot(p->view, p->normal);
    bcue_float3 out = {p->view.x - twice * p->normal.x, p->view.y - twice * p->normal.y,
                       p->view.z - twice * p->normal.z};
    colour =
        sum(scaled(colour, 1.0f - mirror), scaled(reflection(light, out), mirror * (pane ? 1.6f : 1.0f)));
    float glint = dot(out, light->sun_direction);
    if (p->in_sun && glint > 0.97f)
        colour = sum(colour, scaled(light->sun, light->glint * gloss * smooth(0.97f, 1.0f, glint)));
    return sum(colour, scaled(p->lamp_glint, 2.5f * gloss));
}

bcue_rgb bcue_shade(const bcue_light *light, const bcue_world *world, const bcue_shading_point *p)
{
    float glass = 0.0f, gloss = p->material->gloss;
    bcue_rgb albedo = surface_colour(world, p, &glass);
    albedo = weather_surface(light, p, albedo, &gloss);
    float facing = bcue_max(0.0f, dot(p->normal, light->sun_direction)), upward = 0.5f + 0.5f * p->normal.z;
    bcue_rgb irradiance = scaled(mix(light->ground, light->sky, upward), p->openness);
    if (p->in_sun)
        irradiance = sum(irradiance, scaled(light->sun, facing));
    irradiance = sum(irradiance, p->lamps);
    bcue_rgb colour = product(albedo, irradiance);
    if (glass > 0.0f) {
        bcue_rgb pane = sum(product(rgb(0.05f, 0.06f, 0.07f), irradiance), window_light(light, p));
        colour = mix(colour, pane, glass);
        gloss = 0.9f * glass;
    }
    if (gloss > 0.0f)
        colour = add_mirror(light, p, gloss, glass > 0.0f, colour);
    colour = sum(sum(colour, lamp_glow(light, p)), p->shine);
    float haze = 1.0f - expf(-p->distance * (1.0f / 700.0f + light->extinction));
    return mix(colour, light->haze, haze);
}
