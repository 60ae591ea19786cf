/* Where the RSU of a generated street stands: by default as scenery_roads.c put it, on the southern sidewalk
   looking straight across; with generated.rsu elsewhere, in its own way on every street. */
#include "world/scenery_parts.h"

#define DEGREE (BCUE_PI / 180.0)
#define RIM_M 15.0      /* no RSU so near to where vehicles cease to count, */
#define AHEAD_M 80.0    /* nor one that looks beyond that so near before it */
#define FREE_SIDE_M 8.0 /* of the square before an RSU that stands back, to either side at least */

/* Drawn once, whatever is then made of it. */
typedef struct draws {
    bool corner, left;
    double along, turn, back, pick;
} draws;

static draws draw(const bcue_scenery *s)
{
    const bcue_scenery_config *c = s->config;
    bcue_rng rng = bcue_scenery_rng(s, 10, 0);
    draws d;
    d.corner = bcue_rng_uniform(&rng) < c->generated.rsu.corner;
    d.left = bcue_rng_uniform(&rng) < 0.5 && c->generated.rsu.either_side;
    d.along = bcue_rng_range(&rng, -1.0, 1.0) * c->generated.rsu.reach;
    d.turn = bcue_rng_range(&rng, -1.0, 1.0) * c->generated.rsu.yaw_deg * DEGREE;
    d.back = bcue_rng_uniform(&rng) * c->generated.rsu.back_m;
    d.pick = bcue_rng_uniform(&rng);
    return d;
}

static void stand(bcue_scenery *s, bcue_vec3 at, double yaw)
{
    bcue_site *site = &s->site;
    site->position = bcue_vec3_make(at.x, at.y, site->position.z);
    site->radar_position = bcue_vec3_make(at.x, at.y, site->radar_position.z);
    site->yaw = yaw;
}

/* A turn towards the end of the street becomes one to the other side. */
static double turn_inward(const bcue_scenery *s, bcue_vec3 place, double across, double turn)
{
    double ahead = place.x + AHEAD_M * cos(across + turn);
    return ahead > s->site.bounds.x_low && ahead < s->site.bounds.x_high ? turn : -turn;
}

/* At the outer corner of a sidewalk between two arms of a crossing, looking over it. False: there is none. */
static bool stand_at_corner(bcue_scenery *s, const draws *d)
{
    bcue_vec3 corners[4 * BCUE_MAX_ARMS], centres[4 * BCUE_MAX_ARMS];
    size_t count = 0;
    bcue_loops line = {0};
    for (size_t j = 0; j < s->plan.junction_count; j++)
        for (size_t i = 0; i < s->plan.junctions[j].arm_count && count < 4 * BCUE_MAX_ARMS; i++) {
            bool has_corner;
            bcue_loops_reset(&line);
            bcue_loops_begin(&line);
            bcue_junction_kerb(&s->plan, &s->plan.junctions[j], i, &line, &corners[count], &has_corner);
            centres[count] = s->plan.junctions[j].centre;
            const bcue_bounds *b = &s->site.bounds;
            bool inside =
                has_corner && corners[count].x > b->x_low + RIM_M && corners[count].x < b->x_high - RIM_M;
            count += inside;
        }
    s->reserved.failed = s->reserved.failed || line.failed;
    bcue_loops_free(&line);
    if (count == 0)
        return false;
    size_t chosen = (size_t)(d->pick * (double)count);
    bcue_vec3 in = bcue_vec3_unit(bcue_vec3_sub(centres[chosen], corners[chosen]));
    double most = 45.0 * DEGREE; /* both roads stay in view */
    bcue_vec3 place = bcue_vec3_add(corners[chosen], bcue_vec3_scale(in, 0.7));
    double over = atan2(in.y, in.x), turn = fmax(-most, fmin(most, d->turn));
    stand(s, place, over + turn_inward(s, place, over, turn));
    return true;
}

/* Where the next section of the main road begins, `*after` and `begins` being those of the one before (NULL:
   none yet). NULL: there is no other. The crossing between them counts with its width. */
static const bcue_section *next_section(const bcue_scenery *s, const bcue_section *after, double *begins)
{
    size_t next = after ? (size_t)(after - s->plan.sections) + 1 : 0;
    while (next < s->plan.section_count && s->plan.sections[next].road != 0)
        next++;
    if (next == s->plan.section_count)
        return NULL;
    const bcue_section *section = &s->plan.sections[next];
    if (after) {
        double length = bcue_section_length(&s->plan, after);
        bcue_station end = bcue_section_at(&s->plan, after, length),
                     start = bcue_section_at(&s->plan, section, 0.0);
        *begins += length + bcue_vec3_norm(bcue_vec3_sub(start.centre, end.centre));
    }
    return section;
}

static double main_road_length(const bcue_scenery *s)
{
    double begins = 0.0, end = 0.0;
    for (const bcue_section *one = NULL; (one = next_section(s, one, &begins));)
        end = begins + bcue_section_length(&s->plan, one);
    return end;
}

/* The cross-section of the main road at `at` from its start, or the nearest one that is on no crossing. */
static bcue_station main_road_at(const bcue_scenery *s, double at, const bcue_section **section)
{
    double least = HUGE_VAL, within = 0.0, begins = 0.0;
    *section = s->plan.sections;
    for (const bcue_section *one = NULL; (one = next_section(s, one, &begins));) {
        double nearest = fmax(0.0, fmin(bcue_section_length(&s->plan, one), at - begins));
        if (fabs(at - begins - nearest) < least) {
            least = fabs(at - begins - nearest);
            within = nearest;
            *section = one;
        }
    }
    return bcue_section_at(&s->plan, *section, within);
}

/* A square without buildings from the road to a place behind it, wider where the RSU looks. */
static void free_square(bcue_scenery *s, bcue_vec3 place, bcue_vec3 towards_road, double back_m, double turn)
{
    bcue_vec3 left = {-towards_road.y, towards_road.x, 0.0};
    double wide = FREE_SIDE_M + back_m * tan(fmin(fabs(turn) + 25.0 * DEGREE, 70.0 * DEGREE));
    double to_left = turn > 0.0 ? wide : FREE_SIDE_M, to_right = turn > 0.0 ? FREE_SIDE_M : wide;
    bcue_vec3 behind = bcue_vec3_sub(place, bcue_vec3_scale(towards_road, 2.0));
    bcue_vec3 before = bcue_vec3_add(place, bcue_vec3_scale(towards_road, back_m));
    bcue_loops_begin(&s->reserved);
    bcue_loops_add(&s->reserved, bcue_vec3_add(behind, bcue_vec3_scale(left, 2.0)));
    bcue_loops_add(&s->reserved, bcue_vec3_sub(behind, bcue_vec3_scale(left, 2.0)));
    bcue_loops_add(&s->reserved, bcue_vec3_sub(before, bcue_vec3_scale(left, to_right)));
    bcue_loops_add(&s->reserved, bcue_vec3_add(before, bcue_vec3_scale(left, to_left)));
    bcue_loops_close(&s->reserved);
}

void bcue_scenery_place_rsu(bcue_scenery *s)
{
    const bcue_scenery_config *c = s->config;
    bool stays = c->generated.rsu.corner == 0.0 && c->generated.rsu.reach == 0.0 &&
                 c->generated.rsu.yaw_deg == 0.0 && c->generated.rsu.back_m == 0.0 &&
                 !c->generated.rsu.either_side;
    if (c->preset != BCUE_SCENERY_GENERATED || stays)
        return;
    const draws d = draw(s);
    if (d.corner && stand_at_corner(s, &d))
        return;
    double at = s->site.position.x + 0.5 * c->generated.length_m;
    if (c->generated.rsu.reach > 0.0)
        at = main_road_length(s) * (0.5 + d.along);
    const bcue_section *section;
    const bcue_station station = main_road_at(s, at, &section);
    double edge = (d.left ? section->left_m : section->right_m) + s->plan.roads[0].sidewalk_m;
    bcue_vec3 across = bcue_vec3_unit(station.across);
    bcue_vec3 towards_road = d.left ? bcue_vec3_scale(across, -1.0) : across;
    bcue_vec3 place = bcue_station_point(&station, (d.left ? 1.0 : -1.0) * (edge - 0.5 + d.back));
    double straight = atan2(towards_road.y, towards_road.x), turn = turn_inward(s, place, straight, d.turn);
    if (!bcue_bounds_contain(&s->site.bounds, place.x, place.y))
        return; /* a short street with crossings leaves no such place */
    stand(s, place, straight + turn);
    if (d.back > 0.0)
        free_square(s, place, towards_road, d.back, turn);
}
