/* From points on surfaces and edges to a path: is the way free, and what does it look like at each point? */
#include "base/memory.h"
#include "rays/path_search.h"

enum { MOST_PIERCED = 4 };

/* The pierced surfaces of all legs of a path; leg i ends at step i (the last one at the receiver). */
typedef struct pierced_legs {
    bcue_pierced at[BCUE_PATH_MAX_INTERACTIONS + 1][MOST_PIERCED];
    size_t count[BCUE_PATH_MAX_INTERACTIONS + 1];
    size_t total;
} pierced_legs;

static bcue_vec3 lifted(const bcue_search *s, const bcue_step *step, int leg)
{
    return bcue_vec3_add(step->point, bcue_vec3_scale(step->lift[leg], s->clearance_m));
}

static void leg_ends(const bcue_search *s, bcue_vec3 receiver, const bcue_step *steps, int count, int leg,
                     bcue_vec3 *from, bcue_vec3 *to)
{
    *from = leg == 0 ? s->transmitter : lifted(s, &steps[leg - 1], 1);
    *to = leg == count ? receiver : lifted(s, &steps[leg], 0);
}

static bool walk(const bcue_search *s, bcue_vec3 receiver, const bcue_step *steps, int count,
                 pierced_legs *legs)
{
    const bcue_path_options *o = s->options;
    size_t most = (size_t)o->max_transmissions;
    if (o->max_interactions > 0 && count + (int)most > o->max_interactions) {
        if (count > o->max_interactions)
            return false;
        most = (size_t)(o->max_interactions - count);
    }
    legs->total = 0;
    for (int i = count; i >= 0; i--) { /* the receiver's leg differs most from path to path */
        bcue_vec3 from, to;
        leg_ends(s, receiver, steps, count, i, &from, &to);
        legs->count[i] = 0;
        if (bcue_radio_visible(s->scene, from, to))
            continue;
        if (most == legs->total ||
            !bcue_radio_pierced(s->scene, from, to, legs->at[i], most - legs->total, &legs->count[i]))
            return false;
        legs->total += legs->count[i];
    }
    return (size_t)count + legs->total <= BCUE_PATH_MAX_INTERACTIONS;
}

static void describe_surface(const bcue_search *s, uint32_t index, bcue_vec3 in, bcue_interaction *to)
{
    const bcue_placed_surface *surface = &s->surfaces[index];
    bool front = bcue_vec3_dot(in, surface->normal) < 0.0;
    to->normal = front ? surface->normal : bcue_vec3_scale(surface->normal, -1.0);
    to->material = to->material_n = surface->material;
    to->surface = surface->surface;
    to->instance = surface->instance;
}

/* The part of a leg, as shares of it, that lies inside a canopy; false: none. */
static bool inside_canopy(const bcue_canopy *canopy, bcue_vec3 from, bcue_vec3 to, double share[2])
{
    bcue_vec3 o = bcue_vec3_sub(from, canopy->centre), d = bcue_vec3_sub(to, from), h = canopy->half_axes;
    o = bcue_vec3_make(o.x / h.x, o.y / h.y, o.z / h.z);
    d = bcue_vec3_make(d.x / h.x, d.y / h.y, d.z / h.z);
    double a = bcue_vec3_dot(d, d), b = bcue_vec3_dot(o, d), c = bcue_vec3_dot(o, o) - 1.0,
           root = b * b - a * c;
    if (!(root > 0.0))
        return false;
    root = sqrt(root);
    share[0] = fmax(0.0, (-b - root) / a);
    share[1] = fmin(1.0, (-b + root) / a);
    return share[0] < share[1];
}

enum { MOST_CANOPIES = 64 };

/* Metres of a leg inside the union of the canopies. */
static double foliage(const bcue_world *world, bcue_vec3 from, bcue_vec3 to)
{
    double parts[MOST_CANOPIES][2], total = 0.0, reached = 0.0;
    size_t count = 0;
    for (size_t i = 0; i < world->canopy_count && count < MOST_CANOPIES; i++) {
        double share[2];
        if (!inside_canopy(&world->canopies[i], from, to, share))
            continue;
        size_t place = count++;
        for (; place > 0 && parts[place - 1][0] > share[0]; place--) {
            parts[place][0] = parts[place - 1][0];
            parts[place][1] = parts[place - 1][1];
        }
        parts[place][0] = share[0];
        parts[place][1] = share[1];
    }
    for (size_t i = 0; i < count; i++) {
        total += fmax(0.0, parts[i][1] - fmax(parts[i][0], reached));
        reached = fmax(reached, parts[i][1]);
    }
    return total > 0.0 ? total * bcue_vec3_norm(bcue_vec3_sub(to, from)) : 0.0;
}

/* Face 0 is the one from which the incident wave is seen under the smaller angle. */
static void describe_wedge(const bcue_search *s, uint32_t index, bcue_vec3 in, bcue_interaction *to)
{
    const bcue_placed_wedge *wedge = &s->wedges[index];
    bcue_vec3 back = bcue_vec3_scale(in, -1.0), t0 = bcue_vec3_cross(wedge->normal[0], wedge->along);
    double angle = atan2(bcue_vec3_dot(back, wedge->normal[0]), bcue_vec3_dot(back, t0));
    if (angle < 0.0)
        angle += 2.0 * BCUE_PI;
    int first = angle > 0.5 * wedge->exterior_angle;
    to->normal = wedge->normal[first];
    to->normal_n = wedge->normal[1 - first];
    to->edge = first ? bcue_vec3_scale(wedge->along, -1.0) : wedge->along;
    to->wedge_n = wedge->exterior_angle / BCUE_PI;
    to->material = wedge->material[first];
    to->material_n = wedge->material[1 - first];
    to->surface = wedge->wedge;
    to->instance = wedge->instance;
}

/* Write interaction number *at of the path. */
static void describe(const bcue_search *s, const bcue_step *step, bcue_vec3 from, bcue_path *path)
{
    bcue_interaction *to = &path->at[path->count++];
    *to = (bcue_interaction){.kind = step->kind, .point = step->point};
    bcue_vec3 in = bcue_vec3_unit(bcue_vec3_sub(step->point, from));
    if (step->kind == BCUE_DIFFRACTION) {
        describe_wedge(s, step->index, in, to);
    } else if (step->kind == BCUE_SCATTERING) {
        const bcue_placed_patch *patch = &s->patches[step->index];
        describe_surface(s, patch->surface, in, to);
        to->surface = patch->patch;
        to->area_m2 = patch->area_m2;
    } else
        describe_surface(s, step->index, in, to);
    to->velocity_mps = bcue_radio_velocity(s->scene, to->instance);
}

bool bcue_path_emit(const bcue_search *s, bcue_vec3 receiver, const bcue_step *steps, int count,
                    bcue_path_list *list)
{
    pierced_legs legs = {0};
    if (!walk(s, receiver, steps, count, &legs))
        return true;
    if (!bcue_grow((void **)&list->paths, &list->capacity, list->count + 1, sizeof *list->paths))
        return false;
    bcue_path *path = &list->paths[list->count++];
    path->count = 0;
    path->length_m = path->foliage_m = 0.0;
    path->transmitter = s->transmitter;
    path->receiver = receiver;
    const bcue_world *world = bcue_radio_scene_world(s->scene);
    bcue_vec3 from = s->transmitter, to;
    for (int leg = 0; leg <= count; leg++) {
        to = leg == count ? receiver : steps[leg].point;
        for (size_t i = 0; i < legs.count[leg]; i++) {
            const bcue_step through = {
                .kind = BCUE_TRANSMISSION, .index = legs.at[leg][i].surface, .point = legs.at[leg][i].point};
            describe(s, &through, from, path);
        }
        if (leg < count)
            describe(s, &steps[leg], from, path);
        bcue_vec3 span = bcue_vec3_sub(to, from);
        path->length_m += bcue_vec3_norm(span);
        path->foliage_m += foliage(world, from, to);
        if (leg == 0)
            path->departure = bcue_vec3_unit(span);
        if (leg == count)
            path->arrival = bcue_vec3_unit(bcue_vec3_scale(span, -1.0));
        from = to;
    }
    return true;
}
