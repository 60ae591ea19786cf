#include "rays/radio_scene.h"

#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"
#include "rays/embree_parts.h"

/* The top level holds instances only, so that a frame rebuilds a handful of boxes. */
enum { STREET_INSTANCE = 0, FIRST_VEHICLE_INSTANCE = 1 };

struct bcue_radio_scene {
    const bcue_world *world;
    RTCDevice device;
    RTCScene street, top;
    RTCScene *models; /* one per model of the world; owned */
    bcue_vec3 centre; /* Embree's coordinates are relative to it */
    double clearance_m;
    bcue_instance *instances; /* the placed vehicles; owned */
    size_t count, capacity;
    bcue_placed_surface *surfaces; /* owned */
    size_t surface_count, surface_capacity;
    bcue_placed_wedge *wedges; /* owned */
    size_t wedge_count, wedge_capacity;
    size_t *first_surface; /* per placed vehicle; owned */
    size_t first_capacity;
    /* Of what stands still, and of the placed vehicles; owned. */
    bcue_box_tree surface_trees[2], wedge_trees[2];
    bcue_radio_group *groups; /* owned: the street's, then one per vehicle */
    size_t group_count, group_capacity, street_groups;
    uint32_t *grouped; /* owned: their surfaces */
    size_t grouped_capacity;
    bcue_box *boxes; /* scratch of place */
    size_t box_capacity;
};

static RTCScene make_shape_scene(RTCDevice device, const bcue_radio_shape *shape, bcue_vec3 origin)
{
    return bcue_embree_mesh_scene(device, &(bcue_embree_mesh){.vertices = shape->vertices,
                                                              .vertex_count = shape->vertex_count,
                                                              .triangles = shape->triangles,
                                                              .triangle_count = shape->triangle_count,
                                                              .stride = sizeof *shape->triangles,
                                                              .origin = origin});
}

static bcue_vec3 turned(bcue_vec3 v, double cosine, double sine)
{
    return bcue_vec3_make(cosine * v.x - sine * v.y, sine * v.x + cosine * v.y, v.z);
}

/* Do waves go through this material? */
static bool passes(const bcue_world *world, bcue_material_id material)
{
    return bcue_world_material(world, material)->radio.slab;
}

/* Append the surfaces and wedges of a shape that stands at `position`, turned by `yaw`. */
static bool place_shape(bcue_radio_scene *scene, const bcue_radio_shape *shape, uint32_t instance,
                        bcue_vec3 position, double yaw)
{
    size_t first = scene->surface_count;
    if (!bcue_grow((void **)&scene->surfaces, &scene->surface_capacity, first + shape->surface_count,
                   sizeof *scene->surfaces) ||
        !bcue_grow((void **)&scene->wedges, &scene->wedge_capacity, scene->wedge_count + shape->wedge_count,
                   sizeof *scene->wedges))
        return false;
    double c = cos(yaw), s = sin(yaw);
    const bcue_world *world = scene->world;
    for (size_t i = 0; i < shape->surface_count; i++) {
        const bcue_surface *from = &shape->surfaces[i];
        bcue_vec3 normal = turned(from->normal, c, s);
        scene->surfaces[scene->surface_count++] =
            (bcue_placed_surface){.normal = normal,
                                  .offset = from->offset + bcue_vec3_dot(normal, position),
                                  .middle = bcue_vec3_add(turned(from->middle, c, s), position),
                                  .axis_u = turned(from->axis_u, c, s),
                                  .axis_v = turned(from->axis_v, c, s),
                                  .half_u = from->half_u,
                                  .half_v = from->half_v,
                                  .rectangle = from->rectangle,
                                  .two_sided = from->two_sided || passes(world, from->material),
                                  .material = from->material,
                                  .surface = (uint32_t)i,
                                  .instance = instance};
    }
    for (size_t i = 0; i < shape->wedge_count; i++) {
        const bcue_wedge *from = &shape->wedges[i];
        bcue_placed_wedge *to = &scene->wedges[scene->wedge_count++];
        *to = (bcue_placed_wedge){.a = bcue_vec3_add(turned(from->a, c, s), position),
                                  .along = turned(from->along, c, s),
                                  .length_m = from->length_m,
                                  .exterior_angle = from->exterior_angle,
                                  .wedge = (uint32_t)i,
                                  .instance = instance};
        for (int face = 0; face < 2; face++) {
            uint32_t surface = from->surface[face];
            to->normal[face] = turned(from->normal[face], c, s);
            to->surface[face] = surface == BCUE_NO_SURFACE ? BCUE_NO_SURFACE : (uint32_t)(first + surface);
            to->material[face] =
                shape->surfaces[surface == BCUE_NO_SURFACE ? from->surface[0] : surface].material;
        }
    }
    return true;
}

static bcue_box box_of_surface(const bcue_placed_surface *s)
{
    bcue_vec3 u = s->axis_u, v = s->axis_v;
    bcue_vec3 reach = {fabs(u.x) * s->half_u + fabs(v.x) * s->half_v,
                       fabs(u.y) * s->half_u + fabs(v.y) * s->half_v,
                       fabs(u.z) * s->half_u + fabs(v.z) * s->half_v};
    return (bcue_box){bcue_vec3_sub(s->middle, reach), bcue_vec3_add(s->middle, reach)};
}

static bcue_box box_of_wedge(const bcue_placed_wedge *w)
{
    bcue_vec3 a = w->a, b = bcue_vec3_add(a, bcue_vec3_scale(w->along, w->length_m));
    return (bcue_box){{fmin(a.x, b.x), fmin(a.y, b.y), fmin(a.z, b.z)},
                      {fmax(a.x, b.x), fmax(a.y, b.y), fmax(a.z, b.z)}};
}

/* The trees over everything from these surfaces and wedges on. */
static bool make_trees(bcue_radio_scene *scene, int which, size_t first_surface, size_t first_wedge)
{
    size_t surfaces = scene->surface_count - first_surface, wedges = scene->wedge_count - first_wedge;
    size_t most = surfaces > wedges ? surfaces : wedges;
    if (!bcue_grow((void **)&scene->boxes, &scene->box_capacity, most, sizeof *scene->boxes))
        return false;
    for (size_t i = 0; i < surfaces; i++)
        scene->boxes[i] = box_of_surface(&scene->surfaces[first_surface + i]);
    if (!bcue_box_tree_make(&scene->surface_trees[which], scene->boxes, surfaces))
        return false;
    for (size_t i = 0; i < wedges; i++)
        scene->boxes[i] = box_of_wedge(&scene->wedges[first_wedge + i]);
    return bcue_box_tree_make(&scene->wedge_trees[which], scene->boxes, wedges);
}

enum { GROUP_M = 4 };

/* The largest subtrees that are not larger than GROUP_M, or leaves. */
static bool group_street(bcue_radio_scene *scene)
{
    const bcue_box_tree *tree = &scene->surface_trees[0];
    if (!bcue_grow((void **)&scene->groups, &scene->group_capacity, tree->node_count,
                   sizeof *scene->groups) ||
        !bcue_grow((void **)&scene->grouped, &scene->grouped_capacity, tree->count, sizeof *scene->grouped))
        return false;
    for (size_t i = 0; i < tree->count; i++)
        scene->grouped[i] = tree->order[i];
    for (size_t n = 0; tree->count > 0 && n < tree->node_count;) {
        const bcue_box_node *node = &tree->nodes[n];
        if (node->count == 0 && fmax(fmax(node->half.x, node->half.y), node->half.z) > 0.5 * GROUP_M) {
            n++;
            continue;
        }
        size_t end = node->skip < tree->node_count ? tree->nodes[node->skip].first : tree->count;
        scene->groups[scene->group_count++] =
            (bcue_radio_group){node->middle, node->half, node->first, (uint32_t)end - node->first};
        n = node->skip;
    }
    scene->street_groups = scene->group_count;
    return true;
}

/* `first`: of the vehicle's surfaces, the last of all. */
static bool group_vehicle(bcue_radio_scene *scene, size_t first)
{
    size_t end = scene->surface_count;
    if (!bcue_grow((void **)&scene->groups, &scene->group_capacity, scene->group_count + 1,
                   sizeof *scene->groups) ||
        !bcue_grow((void **)&scene->grouped, &scene->grouped_capacity, end, sizeof *scene->grouped))
        return false;
    bcue_box all = {{INFINITY, INFINITY, INFINITY}, {-INFINITY, -INFINITY, -INFINITY}};
    for (size_t i = first; i < end; i++) {
        bcue_box box = box_of_surface(&scene->surfaces[i]);
        all.low = bcue_vec3_make(fmin(all.low.x, box.low.x), fmin(all.low.y, box.low.y),
                                 fmin(all.low.z, box.low.z));
        all.high = bcue_vec3_make(fmax(all.high.x, box.high.x), fmax(all.high.y, box.high.y),
                                  fmax(all.high.z, box.high.z));
        scene->grouped[i] = (uint32_t)i;
    }
    if (first < end)
        scene->groups[scene->group_count++] = (bcue_radio_group){
            bcue_vec3_scale(bcue_vec3_add(all.low, all.high), 0.5),
            bcue_vec3_scale(bcue_vec3_sub(all.high, all.low), 0.5), (uint32_t)first, (uint32_t)(end - first)};
    return true;
}

static bcue_status build(bcue_radio_scene *scene, bcue_error *error)
{
    const bcue_world *world = scene->world;
    const bcue_radio_shape *radio = &world->radio;
    scene->device = bcue_embree_device();
    if (!scene->device)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED, "Embree cannot run on this CPU (error %d)",
                         (int)rtcGetDeviceError(NULL));
    scene->centre = bcue_vec3_scale(bcue_vec3_add(radio->low, radio->high), 0.5);
    double extent = 0.5 * bcue_vec3_norm(bcue_vec3_sub(radio->high, radio->low));
    scene->clearance_m = 1e-6 * fmax(extent, 1.0);
    scene->models = bcue_calloc(world->model_count, sizeof *scene->models);
    if (!scene->models || !place_shape(scene, radio, BCUE_RADIO_STATIC, (bcue_vec3){0}, 0.0) ||
        !make_trees(scene, 0, 0, 0) || !group_street(scene))
        return bcue_fail_memory(error, "the radio scene");
    for (size_t m = 0; m < world->model_count; m++) {
        scene->models[m] = make_shape_scene(scene->device, &world->models[m].radio, (bcue_vec3){0});
        if (!scene->models[m])
            return bcue_embree_failure(scene->device, "a vehicle", error);
    }
    scene->street = make_shape_scene(scene->device, radio, scene->centre);
    scene->top = bcue_embree_new_scene(scene->device, RTC_BUILD_QUALITY_MEDIUM);
    if (!scene->street || !scene->top ||
        !bcue_embree_attach(scene->device, scene->top, scene->street, (bcue_vec3){0}, 0.0, STREET_INSTANCE))
        return bcue_embree_failure(scene->device, "the street", error);
    rtcCommitScene(scene->top);
    if (rtcGetDeviceError(scene->device) != RTC_ERROR_NONE)
        return bcue_embree_failure(scene->device, "the scene", error);
    return BCUE_OK;
}

bcue_status bcue_radio_scene_create(const bcue_world *world, bcue_radio_scene **scene, bcue_error *error)
{
    bcue_radio_scene *made = bcue_calloc(1, sizeof *made);
    if (!made)
        return bcue_fail_memory(error, "the radio scene");
    made->world = world;
    bcue_status status = build(made, error);
    if (status != BCUE_OK) {
        bcue_radio_scene_destroy(made);
        return status;
    }
    *scene = made;
    return BCUE_OK;
}

void bcue_radio_scene_destroy(bcue_radio_scene *scene)
{
    if (!scene)
        return;
    if (scene->top)
        rtcReleaseScene(scene->top);
    if (scene->street)
        rtcReleaseScene(scene->street);
    for (size_t m = 0; scene->models && m < scene->world->model_count; m++)
        if (scene->models[m])
            rtcReleaseScene(scene->models[m]);
    if (scene->device)
        rtcReleaseDevice(scene->device);
    free(scene->models);
    free(scene->instances);
    free(scene->surfaces);
    free(scene->wedges);
    free(scene->first_surface);
    free(scene->groups);
    free(scene->grouped);
    free(scene->boxes);
    for (int i = 0; i < 2; i++) {
        bcue_box_tree_free(&scene->surface_trees[i]);
        bcue_box_tree_free(&scene->wedge_trees[i]);
    }
    free(scene);
}

bcue_status bcue_radio_scene_place(bcue_radio_scene *scene, const bcue_instance *instances, size_t count,
                                   bcue_error *error)
{
    const bcue_world *world = scene->world;
    for (size_t i = 0; i < scene->count; i++)
        rtcDetachGeometry(scene->top, (unsigned)(FIRST_VEHICLE_INSTANCE + i));
    scene->count = 0;
    scene->surface_count = world->radio.surface_count;
    scene->wedge_count = world->radio.wedge_count;
    scene->group_count = scene->street_groups;
    if (!bcue_grow((void **)&scene->instances, &scene->capacity, count, sizeof *instances) ||
        !bcue_grow((void **)&scene->first_surface, &scene->first_capacity, count,
                   sizeof *scene->first_surface))
        return bcue_fail_memory(error, "the placed vehicles");
    for (size_t i = 0; i < count; i++) {
        const bcue_instance *at = &instances[i];
        if (at->model >= world->model_count)
            return bcue_fail(error, BCUE_ERROR_ARGUMENT, "vehicle %zu has model %u, but the world has %zu", i,
                             at->model, world->model_count);
        scene->first_surface[i] = scene->surface_count;
        if (!place_shape(scene, &world->models[at->model].radio, (uint32_t)i, at->position, at->yaw) ||
            !group_vehicle(scene, scene->first_surface[i]))
            return bcue_fail_memory(error, "the placed vehicles");
        if (!bcue_embree_attach(scene->device, scene->top, scene->models[at->model],
                                bcue_vec3_sub(at->position, scene->centre), at->yaw,
                                (unsigned)(FIRST_VEHICLE_INSTANCE + i)))
            return bcue_embree_failure(scene->device, "a placed vehicle", error);
        scene->instances[i] = *at;
        scene->count = i + 1;
    }
    if (!make_trees(scene, 1, world->radio.surface_count, world->radio.wedge_count))
        return bcue_fail_memory(error, "the placed vehicles");
    rtcCommitScene(scene->top);
    if (rtcGetDeviceError(scene->device) != RTC_ERROR_NONE)
        return bcue_embree_failure(scene->device, "the placed vehicles", error);
    return BCUE_OK;
}

const bcue_world *bcue_radio_scene_world(const bcue_radio_scene *scene)
{
    return scene->world;
}

const bcue_instance *bcue_radio_scene_instances(const bcue_radio_scene *scene, size_t *count)
{
    *count = scene->count;
    return scene->instances;
}

const bcue_placed_surface *bcue_radio_surfaces(const bcue_radio_scene *scene, size_t *count)
{
    *count = scene->surface_count;
    return scene->surfaces;
}

const bcue_placed_wedge *bcue_radio_wedges(const bcue_radio_scene *scene, size_t *count)
{
    *count = scene->wedge_count;
    return scene->wedges;
}

bool bcue_radio_contains(const bcue_radio_scene *scene, size_t index, bcue_vec3 point)
{
    const double rim_m = 1e-9;
    const bcue_placed_surface *s = &scene->surfaces[index];
    bcue_vec3 from = bcue_vec3_sub(point, s->middle);
    if (fabs(bcue_vec3_dot(from, s->axis_u)) > s->half_u + rim_m ||
        fabs(bcue_vec3_dot(from, s->axis_v)) > s->half_v + rim_m)
        return false;
    if (s->rectangle)
        return true;
    if (s->instance == BCUE_RADIO_STATIC)
        return bcue_radio_surface_contains(&scene->world->radio, s->surface, point);
    const bcue_instance *at = &scene->instances[s->instance];
    bcue_vec3 local = turned(bcue_vec3_sub(point, at->position), cos(at->yaw), -sin(at->yaw));
    return bcue_radio_surface_contains(&scene->world->models[at->model].radio, s->surface, local);
}

bool bcue_radio_passes(const bcue_radio_scene *scene, size_t index)
{
    return passes(scene->world, scene->surfaces[index].material);
}

bcue_vec3 bcue_radio_velocity(const bcue_radio_scene *scene, uint32_t instance)
{
    return instance == BCUE_RADIO_STATIC ? (bcue_vec3){0} : scene->instances[instance].velocity_mps;
}

bool bcue_radio_surfaces_within(const bcue_radio_scene *scene, const bcue_half_space *region, size_t count,
                                bcue_index_list *found)
{
    return bcue_box_tree_query(&scene->surface_trees[0], region, count, 0, found) &&
           bcue_box_tree_query(&scene->surface_trees[1], region, count,
                               (uint32_t)scene->world->radio.surface_count, found);
}

bool bcue_radio_wedges_within(const bcue_radio_scene *scene, const bcue_half_space *region, size_t count,
                              bcue_index_list *found)
{
    return bcue_box_tree_query(&scene->wedge_trees[0], region, count, 0, found) &&
           bcue_box_tree_query(&scene->wedge_trees[1], region, count,
                               (uint32_t)scene->world->radio.wedge_count, found);
}

const bcue_radio_group *bcue_radio_groups(const bcue_radio_scene *scene, size_t *count,
                                          const uint32_t **surfaces)
{
    *count = scene->group_count;
    *surfaces = scene->grouped;
    return scene->groups;
}

double bcue_radio_clearance_m(const bcue_radio_scene *scene)
{
    return scene->clearance_m;
}

static struct RTCRay ray_from(const bcue_radio_scene *scene, bcue_vec3 origin, bcue_vec3 unit, double near,
                              double far)
{
    return (struct RTCRay){.org_x = (float)(origin.x - scene->centre.x),
                           .org_y = (float)(origin.y - scene->centre.y),
                           .org_z = (float)(origin.z - scene->centre.z),
                           .dir_x = (float)unit.x,
                           .dir_y = (float)unit.y,
                           .dir_z = (float)unit.z,
                           .tnear = (float)near,
                           .tfar = (float)far,
                           .mask = UINT32_MAX};
}

bool bcue_radio_visible(const bcue_radio_scene *scene, bcue_vec3 a, bcue_vec3 b)
{
    bcue_vec3 along = bcue_vec3_sub(b, a);
    double length = bcue_vec3_norm(along), clearance = scene->clearance_m;
    if (length <= 2.0 * clearance)
        return true;
    struct RTCIntersectContext context;
    rtcInitIntersectContext(&context);
    struct RTCRay ray =
        ray_from(scene, a, bcue_vec3_scale(along, 1.0 / length), clearance, length - clearance);
    rtcOccluded1(scene->top, &context, &ray);
    return ray.tfar >= 0.0f;
}

/* The placed surface of a hit. */
static uint32_t surface_of_hit(const bcue_radio_scene *scene, unsigned instance, unsigned triangle)
{
    if (instance == STREET_INSTANCE)
        return scene->world->radio.triangles[triangle].surface;
    size_t vehicle = instance - FIRST_VEHICLE_INSTANCE;
    const bcue_radio_shape *shape = &scene->world->models[scene->instances[vehicle].model].radio;
    return (uint32_t)scene->first_surface[vehicle] + shape->triangles[triangle].surface;
}

bool bcue_radio_pierced(const bcue_radio_scene *scene, bcue_vec3 a, bcue_vec3 b, bcue_pierced *pierced,
                        size_t capacity, size_t *count)
{
    bcue_vec3 along = bcue_vec3_sub(b, a);
    double length = bcue_vec3_norm(along), clearance = scene->clearance_m, reached = clearance;
    *count = 0;
    if (length <= 2.0 * clearance)
        return true;
    bcue_vec3 unit = bcue_vec3_scale(along, 1.0 / length);
    struct RTCIntersectContext context;
    rtcInitIntersectContext(&context);
    while (reached < length - clearance) {
        struct RTCRayHit query = {.ray = ray_from(scene, a, unit, reached, length - clearance)};
        query.hit.geomID = query.hit.instID[0] = RTC_INVALID_GEOMETRY_ID;
        rtcIntersect1(scene->top, &context, &query);
        if (query.hit.geomID == RTC_INVALID_GEOMETRY_ID)
            return true;
        uint32_t index = surface_of_hit(scene, query.hit.instID[0], query.hit.primID);
        const bcue_placed_surface *s = &scene->surfaces[index];
        double step = bcue_vec3_dot(unit, s->normal), hit = (double)query.ray.tfar;
        if (*count == capacity || !passes(scene->world, s->material))
            return false;
        /* The exact crossing, where the plane is not met edge-on. */
        if (fabs(step) > 1e-6)
            hit = (s->offset - bcue_vec3_dot(s->normal, a)) / step;
        if (*count == 0 || pierced[*count - 1].surface != index)
            pierced[(*count)++] = (bcue_pierced){bcue_vec3_add(a, bcue_vec3_scale(unit, hit)), index};
        reached = fmax((double)query.ray.tfar, reached) + 0.5 * clearance;
    }
    return true;
}

/* Embree reads 16 lanes; the mask says which of them count. The coherent flag is never set: Embree 3.13's
   coherent traversal does not end on packets of parallel rays. */
void bcue_radio_intersect(const bcue_radio_scene *scene, bcue_radio_packet *packet)
{
    struct RTCIntersectContext context;
    rtcInitIntersectContext(&context);
    _Alignas(64) struct RTCRayHit16 rays;
    _Alignas(64) int valid[BCUE_RADIO_LANES];
    memset(&rays, 0, sizeof rays);
    for (int i = 0; i < packet->count; i++) {
        rays.ray.org_x[i] = (float)(packet->origin[i].x - scene->centre.x);
        rays.ray.org_y[i] = (float)(packet->origin[i].y - scene->centre.y);
        rays.ray.org_z[i] = (float)(packet->origin[i].z - scene->centre.z);
        rays.ray.dir_x[i] = (float)packet->direction[i].x;
        rays.ray.dir_y[i] = (float)packet->direction[i].y;
        rays.ray.dir_z[i] = (float)packet->direction[i].z;
        rays.ray.tnear[i] = (float)scene->clearance_m;
        rays.ray.tfar[i] = INFINITY;
        rays.ray.mask[i] = UINT32_MAX;
    }
    for (int i = 0; i < BCUE_RADIO_LANES; i++) {
        valid[i] = i < packet->count ? -1 : 0;
        rays.hit.geomID[i] = rays.hit.instID[0][i] = RTC_INVALID_GEOMETRY_ID;
    }
    rtcIntersect16(valid, scene->top, &context, &rays);
    for (int i = 0; i < packet->count; i++) {
        bool hit = rays.hit.geomID[i] != RTC_INVALID_GEOMETRY_ID;
        packet->distance[i] = (double)rays.ray.tfar[i];
        packet->surface[i] =
            hit ? surface_of_hit(scene, rays.hit.instID[0][i], rays.hit.primID[i]) : BCUE_NO_SURFACE;
    }
}
