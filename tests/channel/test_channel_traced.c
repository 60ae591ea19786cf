/* Path finder and channel together: around the corner of a building, the sum of everything that is found does
   not jump where paths come and go. */
#include "channel/path_gain.h"
#include "check.h"
#include "rays/paths.h"

#define CARRIER 28e9
#define WAVELENGTH (BCUE_SPEED_OF_LIGHT / CARRIER)

typedef struct rig {
    bcue_world world;
    bcue_radio_scene *scene;
    bcue_channel *channel;
    bcue_path_list list;
    bcue_vec3 transmitter;
} rig;

/* A block so large that of its edges one counts: the upright one at x = y = 0. Air is where x < 0 or y < 0.
 */
static void set_up(rig *r, bcue_material_id material)
{
    bcue_error error = {0};
    *r = (rig){.transmitter = {-9.0, 4.0, 1.0}};
    CHECK_OK(bcue_world_make_plain(1.0, BCUE_MATERIAL_PAVING, &r->world, &error), error);
    /* The plain's ground out of the way, deep below. */
    for (size_t v = 0; v < r->world.statics.vertex_count; v++)
        r->world.statics.vertices[v].z -= 90.0;
    uint32_t object = bcue_world_add_object(&r->world, (bcue_object){.kind = BCUE_OBJECT_BUILDING});
    bcue_mesh_add_box(&r->world.statics, bcue_vec3_make(0, 0, -40), bcue_vec3_make(90, 90, 40), material,
                      object);
    bcue_radio_shape_free(&r->world.radio);
    CHECK_OK(bcue_radio_shape_make(&r->world.statics, r->world.statics.triangle_count, BCUE_WEDGE_MIN_TURN,
                                   &r->world.radio, &error),
             error);
    CHECK_OK(bcue_radio_scene_create(&r->world, &r->scene, &error), error);
    bcue_channel_config config = {.carrier_hz = CARRIER};
    CHECK_OK(bcue_channel_create(&r->world, &config, &r->channel, &error), error);
}

static void tear_down(rig *r)
{
    bcue_path_list_free(&r->list);
    bcue_channel_destroy(r->channel);
    bcue_radio_scene_destroy(r->scene);
    bcue_world_free(&r->world);
}

/* The receiver at an angle about the edge (0 along +x, pi/2 along +y), a little higher than the transmitter.
 */
static bcue_vec3 receiver_at(double angle)
{
    return bcue_vec3_make(7.0 * cos(angle), 7.0 * sin(angle), 3.0);
}

/* Sum of the vertical components; how many paths of which kind there are, as a number. */
static double complex field_at(rig *r, double angle, int *kinds)
{
    bcue_error error = {0};
    bcue_vec3 receiver = receiver_at(angle), rest = {0, 0, 0};
    bcue_path_options options = {.max_reflections = 1, .diffraction = true, .min_edge_m = 5.0 * WAVELENGTH};
    CHECK_OK(bcue_paths_find(r->scene, r->transmitter, &receiver, 1, &options, &r->list, NULL, &error),
             error);
    double complex sum = 0.0;
    *kinds = 0;
    for (size_t l = 0; l < r->list.count; l++) {
        bcue_path *path = &r->list.paths[l];
        bcue_tap tap;
        /* Other edges of the block are far away; what they add would come and go unmatched. */
        if (path->count == 1 && path->at[0].kind == BCUE_DIFFRACTION &&
            hypot(path->at[0].point.x, path->at[0].point.y) > 1e-6)
            continue;
        *kinds += path->count == 0 ? 1 : path->at[0].kind == BCUE_REFLECTION ? 10 : 100;
        CHECK_OK(bcue_channel_tap(r->channel, path, rest, rest, &tap, &error), error);
        sum += tap.gain.vv;
    }
    return sum;
}

static void around_a_corner(void)
{
    static const bcue_material_id materials[] = {BCUE_MATERIAL_FACADE, BCUE_MATERIAL_STEEL};
    for (int m = 0; m < 2; m++) {
        rig r;
        set_up(&r, materials[m]);
        int before, after, changes = 0, lit = 0, dark = 0;
        double worst = 0.0, free_space = WAVELENGTH / (4.0 * BCUE_PI * 16.97); /* behind the corner */
        field_at(&r, 0.51 * BCUE_PI, &before);
        for (double angle = 0.51 * BCUE_PI; angle < 1.99 * BCUE_PI; angle += 0.02) {
            field_at(&r, angle + 0.02, &after);
            CHECK(after >= 100); /* the edge is seen from everywhere */
            lit += after % 10;
            dark += after % 10 == 0;
            if (after != before) {
                double low = angle, high = angle + 0.02;
                while (high - low > 1e-7) {
                    int kinds;
                    double middle = 0.5 * (low + high);
                    field_at(&r, middle, &kinds);
                    if (kinds == before)
                        low = middle;
                    else
                        high = middle;
                }
                bool shadow = before % 10 != after % 10;
                /* The shadow of the direct path is Embree's, to a fraction of a millimetre: half the
                   free-space field on either side of that. A reflection ends to the last digit. */
                double beside = shadow ? 1e-4 : 0.0;
                double complex a = field_at(&r, low - beside, &before),
                               b = field_at(&r, high + beside, &after);
                worst = fmax(worst, (shadow ? fabs(cabs(a) - cabs(b)) : cabs(a - b)) / free_space);
                if (shadow)
                    CHECK_NEAR(cabs(b) / free_space, 0.5, 0.04);
                changes++;
                field_at(&r, angle + 0.02, &after);
            }
            before = after;
        }
        CHECK_AT(worst < 0.01, "largest jump %g of the free-space field", worst);
        CHECK_INT(changes, 2); /* the shadow of the direct path, the end of the reflected one */
        CHECK(lit > 30 && dark > 10);
        printf("material %d: %d boundaries, largest jump %.2g of free space\n", m, changes, worst);
        tear_down(&r);
    }
}

int main(void)
{
    RUN(around_a_corner);
    return check_summary();
}
