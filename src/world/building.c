#include "world/building.h"

#include <stdlib.h>
#include "base/memory.h"

#define GROUND_FLOOR_M 4.0
#define LEAST_STOREY_M 2.9
#define BALCONY_DEPTH_M 1.3
#define BALCONY_RAIL_M 1.1
#define RECESS_DEPTH_M 1.1
#define RECESS_HEIGHT_M 3.0
#define RECESS_WIDTH_M 2.6
#define CORNER_M 0.9 /* plain wall between a building's corner and its first bay */

enum { MAX_CUTS = 160, MAX_LEVELS = 160 };

/* A wall and where it is divided: at cuts[0] = 0 .. cuts[cut_count - 1] = its length. */
typedef struct wall {
    bcue_vec3 start, along, outward; /* unit */
    double length;
    bool front;
    double bay; /* width of a bay; 0 = too short for one */
    size_t bays;
    double first; /* where the first bay begins */
    double cuts[MAX_CUTS];
    size_t cut_count;
    bool balcony[MAX_CUTS]; /* per bay */
    size_t entrance;        /* bay with the recess; SIZE_MAX = none */
} wall;

typedef struct building {
    bcue_world *world;
    const bcue_building_spec *spec;
    uint32_t body, trim;
    bcue_material_id facade;
    double storey;
    size_t storeys; /* above the ground floor */
    double levels[MAX_LEVELS];
    size_t level_count;
    double sill, head, share; /* of a window: heights in its storey, width as a share of the bay */
} building;

/* A rectangle in front of a wall (behind it when `out` < 0): u along the wall, z up. */
static void panel(building *b, const wall *w, double u0, double u1, double z0, double z1, double out,
                  bcue_material_id material, uint32_t object)
{
    const double u[4] = {u0, u1, u1, u0}, z[4] = {z0, z0, z1, z1};
    bcue_vec3 corners[4];
    for (int i = 0; i < 4; i++) {
        corners[i] = bcue_vec3_add(
            w->start, bcue_vec3_add(bcue_vec3_scale(w->along, u[i]), bcue_vec3_scale(w->outward, out)));
        corners[i].z = z[i];
    }
    bcue_mesh_add_quad(&b->world->statics, corners, material, object);
}

/* The four sides and the front of a box that replaces a piece of wall: proud for out > 0, set back for out <
 * 0. */
static void box_on_wall(building *b, const wall *w, double u0, double u1, double z0, double z1, double out,
                        bcue_material_id material, bcue_material_id front, uint32_t object)
{
    bcue_vec3 p[8]; /* bit 0: u1, bit 1: z1, bit 2: at `out` */
    for (int i = 0; i < 8; i++) {
        p[i] = bcue_vec3_add(w->start, bcue_vec3_add(bcue_vec3_scale(w->along, i & 1 ? u1 : u0),
                                                     bcue_vec3_scale(w->outward, i & 4 ? out : 0.0)));
        p[i].z = i & 2 ? z1 : z0;
    }
    const bcue_vec3 faces[5][4] = {{p[4], p[5], p[7], p[6]},
                                   {p[0], p[1], p[5], p[4]},
                                   {p[6], p[7], p[3], p[2]},
                                   {p[0], p[4], p[6], p[2]},
                                   {p[5], p[1], p[3], p[7]}};
    for (int f = 0; f < 5; f++)
        bcue_mesh_add_quad(&b->world->statics, faces[f], f == 0 ? front : material, object);
}

static double bay_start(const wall *w, size_t bay)
{
    return w->first + (double)bay * w->bay;
}

/* Half the width that a balcony leaves free on either side of its bay. */
static double balcony_inset(const wall *w)
{
    return 0.12 * w->bay;
}

static void entrance_span(const wall *w, double *u0, double *u1)
{
    double middle = bay_start(w, w->entrance) + 0.5 * w->bay, half = 0.5 * fmin(RECESS_WIDTH_M, w->bay - 0.3);
    *u0 = middle - half;
    *u1 = middle + half;
}

static void add_cut(wall *w, double u)
{
    if (w->cut_count >= MAX_CUTS)
        return;
    size_t place = w->cut_count;
    while (place > 0 && w->cuts[place - 1] > u + 1e-6)
        place--;
    if (place > 0 && fabs(w->cuts[place - 1] - u) <= 1e-6)
        return;
    for (size_t i = w->cut_count++; i > place; i--)
        w->cuts[i] = w->cuts[i - 1];
    w->cuts[place] = u;
}

static void lay_out_wall(const building *b, wall *w, bcue_rng *rng)
{
    double pitch = bcue_rng_range(rng, 2.9, 4.3);
    w->bays = w->length > 2.0 * CORNER_M + pitch ? (size_t)((w->length - 2.0 * CORNER_M) / pitch) : 0;
    if (w->bays > MAX_CUTS / 3)
        w->bays = MAX_CUTS / 3;
    w->bay = w->bays ? (w->length - 2.0 * CORNER_M) / (double)w->bays : 0.0;
    w->first = CORNER_M;
    w->entrance = SIZE_MAX;
    if (w->front && b->spec->recess && w->bays > 0 && b->spec->height_m > RECESS_HEIGHT_M + 0.5)
        w->entrance = w->bays / 2;
    add_cut(w, 0.0);
    add_cut(w, w->length);
    bool before = false;
    for (size_t i = 0; i < w->bays; i++) {
        /* Never two beside each other: their walls would touch. */
        bool wanted = bcue_rng_uniform(rng) < 2.0 * b->spec->balconies;
        w->balcony[i] = w->front && wanted && !before && b->storeys > 0 && i != w->entrance;
        before = w->balcony[i];
        if (w->balcony[i]) {
            add_cut(w, bay_start(w, i) + balcony_inset(w));
            add_cut(w, bay_start(w, i) + w->bay - balcony_inset(w));
        }
    }
    if (w->entrance != SIZE_MAX) {
        double u0, u1;
        entrance_span(w, &u0, &u1);
        add_cut(w, u0);
        add_cut(w, u1);
    }
}

static double storey_floor(const building *b, size_t storey)
{
    return GROUND_FLOOR_M + (double)storey * b->storey;
}

/* Is the piece of wall from u0, z0 a balcony's? */
static bool is_balcony(const building *b, const wall *w, double u0, double z0)
{
    if (b->storeys == 0 || z0 < GROUND_FLOOR_M - 0.01)
        return false;
    double storey = (z0 - GROUND_FLOOR_M) / b->storey, off = storey - floor(storey + 0.5);
    if (fabs(off) * b->storey > 1e-3 || floor(storey + 0.5) >= (double)b->storeys)
        return false;
    for (size_t i = 0; i < w->bays; i++)
        if (w->balcony[i] && fabs(u0 - bay_start(w, i) - balcony_inset(w)) < 1e-3)
            return true;
    return false;
}

static void build_wall(building *b, const wall *w)
{
    for (size_t i = 0; i + 1 < w->cut_count; i++)
        for (size_t k = 0; k + 1 < b->level_count; k++) {
            double u0 = w->cuts[i], u1 = w->cuts[i + 1], z0 = b->levels[k], z1 = b->levels[k + 1], e0 = 0,
                   e1 = 0;
            if (w->entrance != SIZE_MAX)
                entrance_span(w, &e0, &e1);
            if (is_balcony(b, w, u0, z0))
                box_on_wall(b, w, u0, u1, z0, z1, BALCONY_DEPTH_M, b->facade, b->facade, b->body);
            else if (w->entrance != SIZE_MAX && z0 < 0.01 && fabs(u0 - e0) < 1e-3)
                box_on_wall(b, w, u0, u1, z0, z1, -RECESS_DEPTH_M, b->facade, BCUE_MATERIAL_WINDOW, b->body);
            else
                panel(b, w, u0, u1, z0, z1, 0.0, b->facade, b->body);
        }
}

/* A window: frame, pane, a post in the middle, sill. */
static void window(building *b, const wall *w, double u0, double u1, double z0, double z1, bool sill)
{
    const double frame = 0.09;
    panel(b, w, u0 - frame, u1 + frame, z0 - frame, z1 + frame, 0.02, BCUE_MATERIAL_FRAME, b->trim);
    panel(b, w, u0, u1, z0, z1, 0.035, BCUE_MATERIAL_WINDOW, b->trim);
    double middle = 0.5 * (u0 + u1);
    panel(b, w, middle - 0.03, middle + 0.03, z0, z1, 0.045, BCUE_MATERIAL_FRAME, b->trim);
    if (sill)
        box_on_wall(b, w, u0 - 0.14, u1 + 0.14, z0 - 0.2, z0 - frame, 0.16, BCUE_MATERIAL_FRAME,
                    BCUE_MATERIAL_FRAME, b->trim);
}

static void shop_front(building *b, const wall *w, size_t bay)
{
    double u0 = bay_start(w, bay) + 0.2, u1 = u0 + w->bay - 0.4;
    panel(b, w, u0, u1, 0.45, 2.9, 0.03, BCUE_MATERIAL_WINDOW, b->trim);
    box_on_wall(b, w, u0, u1, 3.05, 3.6, 0.14, BCUE_MATERIAL_SIGN_BAND, BCUE_MATERIAL_SIGN_BAND, b->trim);
}

static void dress_wall(building *b, const wall *w)
{
    double half = 0.5 * b->share * w->bay;
    for (size_t i = 0; i < w->bays; i++) {
        double middle = bay_start(w, i) + 0.5 * w->bay;
        if (w->front && i != w->entrance)
            shop_front(b, w, i);
        for (size_t s = 0; s < b->storeys; s++) {
            double floor_z = storey_floor(b, s);
            if (w->balcony[i]) /* a door behind the rail */
                window(b, w, middle - half, middle + half, floor_z + BALCONY_RAIL_M + 0.12, floor_z + b->head,
                       false);
            else
                window(b, w, middle - half, middle + half, floor_z + b->sill, floor_z + b->head, true);
        }
    }
    box_on_wall(b, w, 0.0, w->length, GROUND_FLOOR_M - 0.32, GROUND_FLOOR_M - 0.1, 0.12, BCUE_MATERIAL_FRAME,
                BCUE_MATERIAL_FRAME, b->trim);
}

static void add_level(building *b, double z)
{
    size_t place = b->level_count;
    if (b->level_count >= MAX_LEVELS)
        return;
    while (place > 0 && b->levels[place - 1] > z + 1e-6)
        place--;
    if (place > 0 && fabs(b->levels[place - 1] - z) <= 1e-6)
        return;
    for (size_t i = b->level_count++; i > place; i--)
        b->levels[i] = b->levels[i - 1];
    b->levels[place] = z;
}

static void lay_out_levels(building *b, const wall *walls)
{
    add_level(b, 0.0);
    add_level(b, b->spec->height_m);
    bool balconies = false;
    for (size_t i = 0; i < b->spec->corner_count; i++) {
        for (size_t k = 0; k < walls[i].bays; k++)
            balconies = balconies || walls[i].balcony[k];
        if (walls[i].entrance != SIZE_MAX)
            add_level(b, RECESS_HEIGHT_M);
    }
    for (size_t s = 0; balconies && s < b->storeys; s++) {
        add_level(b, storey_floor(b, s));
        add_level(b, storey_floor(b, s) + BALCONY_RAIL_M);
    }
}

static void add_parapet(building *b, const wall *w)
{
    double top = b->spec->height_m;
    const double out = 0.06, in = -0.28;
    bcue_vec3 corners[8]; /* bit 0 along, bit 1 inward, bit 2 up */
    for (int i = 0; i < 8; i++) {
        double u = i & 1 ? w->length + out : -out;
        corners[i] = bcue_vec3_add(w->start, bcue_vec3_add(bcue_vec3_scale(w->along, u),
                                                           bcue_vec3_scale(w->outward, i & 2 ? in : out)));
        corners[i].z = i & 4 ? top + 0.55 : top - 0.25;
    }
    const bcue_material_id all[6] = {BCUE_MATERIAL_FRAME, BCUE_MATERIAL_FRAME, BCUE_MATERIAL_FRAME,
                                     BCUE_MATERIAL_FRAME, BCUE_MATERIAL_FRAME, BCUE_MATERIAL_FRAME};
    bcue_mesh_add_hexahedron(&b->world->statics, corners, all, b->trim);
}

/* The roof with its divided rim, and on larger four-cornered ones a machine room that stands in a hole of it.
 */
static void add_roof(building *b, const bcue_loops *outline, size_t loop, bcue_rng *rng)
{
    bcue_loops roof = {0};
    size_t count;
    const bcue_vec3 *rim = bcue_loops_get(outline, loop, &count);
    bcue_loops_begin(&roof);
    for (size_t i = 0; i < count; i++)
        bcue_loops_add(&roof, rim[i]);
    double scale = bcue_rng_range(rng, 0.2, 0.35), up = bcue_rng_range(rng, 2.2, 3.2),
           height = b->spec->height_m;
    if (b->spec->corner_count == 4 && bcue_outline_area(rim, count) > 120.0) {
        bcue_vec3 middle = {0}, corners[4];
        for (int i = 0; i < 4; i++)
            middle = bcue_vec3_add(middle, bcue_vec3_scale(b->spec->footprint[i], 0.25));
        bcue_loops_begin(&roof);
        for (int i = 3; i >= 0; i--) {
            corners[i] =
                bcue_vec3_add(middle, bcue_vec3_scale(bcue_vec3_sub(b->spec->footprint[i], middle), scale));
            bcue_loops_add(&roof, corners[i]);
        }
        for (int i = 0; i < 4; i++) {
            bcue_vec3 p = corners[i], q = corners[(i + 1) % 4];
            const bcue_vec3 side[4] = {
                {p.x, p.y, height}, {q.x, q.y, height}, {q.x, q.y, height + up}, {p.x, p.y, height + up}};
            bcue_mesh_add_quad(&b->world->statics, side, BCUE_MATERIAL_ROOF, b->body);
            corners[i].z = height + up;
        }
        for (int i = 0; i < 4; i++)
            corners[i].z = height + up;
        bcue_mesh_add_quad(&b->world->statics, corners, BCUE_MATERIAL_ROOF, b->body);
    }
    bcue_loops_to_mesh(&roof, height, &b->world->statics, BCUE_MATERIAL_ROOF, b->body);
    bcue_loops_free(&roof);
}

static void choose_looks(building *b, bcue_rng *rng)
{
    /* Plaster, stone and brick, linear RGB. */
    static const float tones[][3] = {{0.62f, 0.50f, 0.36f}, {0.55f, 0.36f, 0.25f}, {0.50f, 0.50f, 0.48f},
                                     {0.68f, 0.63f, 0.52f}, {0.36f, 0.15f, 0.10f}, {0.42f, 0.47f, 0.52f},
                                     {0.60f, 0.42f, 0.32f}, {0.32f, 0.20f, 0.14f}, {0.70f, 0.68f, 0.62f}};
    uint32_t tone = bcue_rng_below(rng, sizeof tones / sizeof tones[0]);
    bcue_object body = {.kind = BCUE_OBJECT_BUILDING, .variant = bcue_rng_u32(rng)}, trim = body;
    for (int c = 0; c < 3; c++)
        body.tint[c] = tones[tone][c] * (float)bcue_rng_range(rng, 0.85, 1.15);
    static const float signs[][3] = {{0.45f, 0.05f, 0.04f}, {0.04f, 0.12f, 0.35f}, {0.05f, 0.22f, 0.09f},
                                     {0.50f, 0.38f, 0.06f}, {0.08f, 0.08f, 0.09f}, {0.30f, 0.05f, 0.22f}};
    uint32_t sign = bcue_rng_below(rng, sizeof signs / sizeof signs[0]);
    for (int c = 0; c < 3; c++)
        trim.tint[c] = signs[sign][c];
    trim.decoration = true;
    b->body = bcue_world_add_object(b->world, body);
    b->trim = bcue_world_add_object(b->world, trim);
    b->facade = tone == 4 || tone == 7 ? BCUE_MATERIAL_BRICK_WALL : BCUE_MATERIAL_WALL;
    b->sill = bcue_rng_range(rng, 0.75, 1.05);
    b->head = bcue_rng_range(rng, 2.35, 2.6);
    b->share = bcue_rng_range(rng, 0.38, 0.66);
}

void bcue_building_add(bcue_world *world, const bcue_building_spec *spec, bcue_rng *rng, bcue_loops *outline)
{
    building b = {.world = world, .spec = spec};
    choose_looks(&b, rng);
    double above = spec->height_m - GROUND_FLOOR_M - 0.4, wanted = bcue_rng_range(rng, 3.0, 3.5);
    b.storeys = above >= LEAST_STOREY_M ? (size_t)(above / wanted + 0.3) : 0;
    if (b.storeys > 0)
        b.storey = above / (double)b.storeys;
    if (b.storeys > 0 && b.storey < LEAST_STOREY_M)
        b.storey = above / (double)--b.storeys;
    if (b.storeys > (MAX_LEVELS - 4) / 2)
        b.storeys = (MAX_LEVELS - 4) / 2;
    wall *walls = bcue_calloc(spec->corner_count, sizeof *walls);
    if (!walls) {
        world->statics.failed = true;
        return;
    }
    size_t loop = outline->loop_count;
    bcue_loops_begin(outline);
    for (size_t i = 0; i < spec->corner_count; i++) {
        wall *w = &walls[i];
        bcue_vec3 p = spec->footprint[i], q = spec->footprint[(i + 1) % spec->corner_count];
        w->start = bcue_vec3_make(p.x, p.y, 0.0);
        bcue_vec3 side = bcue_vec3_make(q.x - p.x, q.y - p.y, 0.0);
        w->length = bcue_vec3_norm(side);
        w->along = bcue_vec3_unit(side);
        w->outward = bcue_vec3_make(w->along.y, -w->along.x, 0.0);
        w->front = i < 32 && (spec->front >> i & 1u);
        lay_out_wall(&b, w, rng);
        for (size_t c = 0; c + 1 < w->cut_count; c++)
            bcue_loops_add(outline, bcue_vec3_add(w->start, bcue_vec3_scale(w->along, w->cuts[c])));
    }
    lay_out_levels(&b, walls);
    for (size_t i = 0; i < spec->corner_count; i++) {
        build_wall(&b, &walls[i]);
        if (spec->windows) {
            dress_wall(&b, &walls[i]);
            add_parapet(&b, &walls[i]);
        }
    }
    if (!outline->failed)
        add_roof(&b, outline, loop, rng);
    free(walls);
}
