/* The bound on the gain of a path, by which a search under max_loss_db leaves paths out, against the gains
   that the channel works out: none is above it, in random scenes of metal and of concrete. */
#include "base/rng.h"
#include "channel/path_gain.h"
#include "check.h"
#include "path_bound.h"

#define CARRIER_HZ 28e9

static void make(bcue_world *world, bcue_radio_scene **scene, uint32_t number)
{
    bcue_error error = {0};
    bcue_rng rng = bcue_rng_make(31, BCUE_RNG_TEST, number, 0, 0);
    bcue_material_id material = number % 2 ? BCUE_MATERIAL_STEEL : BCUE_MATERIAL_FACADE;
    CHECK_OK(bcue_world_make_plain(40.0, BCUE_MATERIAL_ASPHALT, world, &error), error);
    for (int i = 0; i < 5; i++) {
        uint32_t id = bcue_world_add_object(world, (bcue_object){.kind = BCUE_OBJECT_BUILDING});
        bcue_vec3 low = {bcue_rng_range(&rng, -20, 20), bcue_rng_range(&rng, -20, 20), 0.0};
        bcue_vec3 size = {bcue_rng_range(&rng, 1, 8), bcue_rng_range(&rng, 1, 8), bcue_rng_range(&rng, 2, 9)};
        bcue_mesh_add_box(&world->statics, low, bcue_vec3_add(low, size), material, id);
    }
    for (int i = 0; i < 3; i++) { /* sheets, with half planes around them */
        uint32_t id = bcue_world_add_object(world, (bcue_object){.kind = BCUE_OBJECT_SIGN});
        bcue_vec3 corner = {bcue_rng_range(&rng, -20, 20), bcue_rng_range(&rng, -20, 20), 1.0};
        double turn = bcue_rng_range(&rng, 0, 6.28);
        bcue_world_add_wall(world, corner, bcue_vec3_make(5 * cos(turn), 5 * sin(turn), 0),
                            bcue_vec3_make(0, 0, 4), material, id);
    }
    CHECK_OK(bcue_world_finish(world, "the test scene", &error), error);
    CHECK_OK(bcue_radio_scene_create(world, scene, &error), error);
}

static void no_gain_above_it(void)
{
    size_t bent = 0, mixed = 0;
    double tightest = 0.0;
    bcue_path_list list = {0};
    for (uint32_t number = 0; number < 60; number++) {
        bcue_world world;
        bcue_radio_scene *scene;
        bcue_channel *channel;
        bcue_error error = {0};
        make(&world, &scene, number);
        bcue_channel_config config = {.carrier_hz = CARRIER_HZ};
        CHECK_OK(bcue_channel_create(&world, &config, &channel, &error), error);
        double wavelength = bcue_channel_wavelength_m(channel);
        bcue_rng rng = bcue_rng_make(32, BCUE_RNG_TEST, number, 0, 0);
        bcue_vec3 tx = {bcue_rng_range(&rng, -25, 25), bcue_rng_range(&rng, -25, 25), 10.0},
                  rx = {bcue_rng_range(&rng, -25, 25), bcue_rng_range(&rng, -25, 25), 1.5};
        bcue_path_options options = {
            .max_reflections = 2, .diffraction = true, .mixed = true, .min_edge_m = 5.0 * wavelength};
        CHECK_OK(bcue_paths_find(scene, tx, &rx, 1, &options, &list, NULL, &error), error);
        for (size_t i = 0; i < list.count; i++) {
            const bcue_path *p = &list.paths[i];
            bcue_tap tap;
            CHECK_OK(bcue_channel_tap(channel, p, (bcue_vec3){0}, (bcue_vec3){0}, &tap, &error), error);
            double gain = bcue_jones_norm(&tap.gain), bound = path_bound(p, wavelength);
            CHECK_AT(gain <= bound * (1.0 + 1e-9),
                     "scene %u: gain %.2f dB above its bound %.2f dB (%d points)", number, 20.0 * log10(gain),
                     20.0 * log10(bound), p->count);
            for (int k = 0; k < p->count; k++)
                if (p->at[k].kind == BCUE_DIFFRACTION) {
                    bent++;
                    mixed += p->count == 2;
                    tightest = fmax(tightest, gain / bound);
                }
        }
        bcue_channel_destroy(channel);
        bcue_radio_scene_destroy(scene);
        bcue_world_free(&world);
    }
    bcue_path_list_free(&list);
    printf("%zu diffractions (%zu with a reflection), the nearest %.2f dB below its bound\n", bent, mixed,
           -20.0 * log10(tightest));
    CHECK(bent > 1000 && mixed > 300);
    CHECK(tightest > 0.25); /* and it is a bound worth having */
}

int main(void)
{
    RUN(no_gain_above_it);
    return check_summary();
}
