#include "simulate/sim_radio.h"

#include <math.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "simulate/sim_codebook.h"

#define DEGREE (BCUE_PI / 180.0)
/* Shorter edges do not diffract. */
#define EDGE_WAVELENGTHS 5.0
/* Below this no receiver sees anything: the floor of paper B. */
#define FLOOR_MW 1e-20

static void make_link(bcue_sim_radio *radio, double wavelength)
{
    const bcue_simulate_config *c = radio->config;
    bool paper = c->channel.mode == BCUE_LINK_PAPER;
    radio->link = (bcue_link_config){.bandwidth_hz = c->channel.bandwidth_hz,
                                     .subcarriers = (int)c->channel.subcarriers,
                                     .transmit_power_dbm = c->channel.transmit_power_dbm};
    radio->receiver = (bcue_receiver_config){.noise_floor_dbm = c->channel.noise_floor_dbm,
                                             .ripple_db = c->channel.ripple_db,
                                             .snapshots = (int)c->channel.snapshots};
    radio->options = (bcue_path_options){.max_reflections = (int)c->channel.reflections,
                                         .diffraction = c->channel.diffraction,
                                         .mixed = c->channel.diffraction && c->channel.reflections > 0,
                                         .min_edge_m = EDGE_WAVELENGTHS * wavelength,
                                         .max_transmissions = paper ? 0 : (int)c->channel.transmissions,
                                         .max_loss_db = paper ? 120.0 : c->channel.max_path_loss_db,
                                         .wavelength_m = wavelength};
}

bcue_status bcue_sim_radio_create(const bcue_simulate_config *config, const bcue_world *world,
                                  bcue_vec3 place, double azimuth, bcue_sim_radio *radio, bcue_error *error)
{
    *radio = (bcue_sim_radio){.config = config, .world = world};
    double wavelength = BCUE_SPEED_OF_LIGHT / config->channel.carrier_hz;
    radio->switches = bcue_link_mode_switches((bcue_link_mode)config->channel.mode);
    make_link(radio, wavelength);
    BCUE_TRY(
        bcue_sim_codebook_make(config, &radio->switches, wavelength, &radio->array, &radio->codebook, error));
    BCUE_TRY(bcue_radio_scene_create(world, &radio->scene, error));
    radio->unit = (bcue_link_receiver){
        .array = &radio->array,
        .codebook = &radio->codebook,
        .frame = bcue_link_switched_frame(&radio->switches, place, azimuth, config->array.tilt_deg * DEGREE),
        .transmits = true};
    size_t beams = radio->codebook.beams;
    radio->ripple = bcue_calloc(beams, sizeof *radio->ripple);
    radio->clean_mw = bcue_calloc(beams, sizeof *radio->clean_mw);
    radio->measured_mw = bcue_calloc(beams, sizeof *radio->measured_mw);
    if (!radio->ripple || !radio->clean_mw || !radio->measured_mw)
        return bcue_fail_memory(error, "the power per beam");
    bcue_receiver_ripple(&radio->receiver, (uint64_t)config->seed, beams, radio->ripple);
    return bcue_sim_radio_set_weather(radio, NULL, error);
}

void bcue_sim_radio_destroy(bcue_sim_radio *radio)
{
    for (size_t i = 0; i < radio->capacity; i++)
        bcue_path_list_free(&radio->lists[i]);
    free(radio->lists);
    free(radio->power_mw);
    free(radio->links);
    free(radio->ripple);
    free(radio->clean_mw);
    free(radio->measured_mw);
    bcue_link_rays_free(&radio->rays);
    bcue_channel_destroy(radio->channel);
    bcue_radio_scene_destroy(radio->scene);
    bcue_codebook_free(&radio->codebook);
    bcue_array_free(&radio->array);
    *radio = (bcue_sim_radio){0};
}

bcue_status bcue_sim_radio_set_weather(bcue_sim_radio *radio, const bcue_weather *weather, bcue_error *error)
{
    bcue_channel_config channel = {.carrier_hz = radio->config->channel.carrier_hz,
                                   .seed = (uint64_t)radio->config->seed};
    bcue_link_config link = radio->link;
    if (radio->config->channel.mode == BCUE_LINK_PAPER)
        bcue_link_apply_switches(&radio->switches, weather, &link, &channel);
    else
        channel.weather = weather;
    bcue_channel *made;
    BCUE_TRY(bcue_channel_create(radio->world, &channel, &made, error));
    bcue_channel_destroy(radio->channel);
    radio->channel = made;
    radio->link = link;
    return BCUE_OK;
}

static bcue_status reserve(bcue_sim_radio *radio, size_t count, bcue_error *error)
{
    if (count <= radio->capacity)
        return BCUE_OK;
    bcue_path_list *lists = bcue_calloc(count, sizeof *lists);
    double *power = bcue_calloc(count * radio->codebook.beams, sizeof *power);
    bcue_link_summary *links = bcue_calloc(count, sizeof *links);
    if (!lists || !power || !links) {
        free(lists);
        free(power);
        free(links);
        return bcue_fail_memory(error, "the links of all vehicles");
    }
    for (size_t i = 0; i < radio->capacity; i++)
        lists[i] = radio->lists[i];
    free(radio->lists);
    free(radio->power_mw);
    free(radio->links);
    radio->lists = lists;
    radio->power_mw = power;
    radio->links = links;
    radio->capacity = count;
    return BCUE_OK;
}

static bcue_status find_paths(bcue_sim_radio *radio, const bcue_instance *instances, const size_t *served,
                              size_t count, bcue_error *error)
{
    bcue_vec3 *antennas = bcue_calloc(count, sizeof *antennas);
    if (!antennas)
        return bcue_fail_memory(error, "the vehicles' antennas");
    for (size_t v = 0; v < count; v++)
        antennas[v] = bcue_instance_antenna(radio->world, &instances[served[v]]);
    bcue_status status = bcue_paths_find(radio->scene, radio->unit.frame.origin, antennas, count,
                                         &radio->options, radio->lists, NULL, error);
    free(antennas);
    return status;
}

bcue_status bcue_sim_radio_trace(bcue_sim_radio *radio, const bcue_instance *instances, size_t instance_count,
                                 const size_t *served, size_t count, bcue_error *error)
{
    const bcue_vec3 still = {0, 0, 0};
    radio->vehicles = 0;
    BCUE_TRY(bcue_radio_scene_place(radio->scene, instances, instance_count, error));
    if (count == 0)
        return BCUE_OK;
    BCUE_TRY(reserve(radio, count, error));
    BCUE_TRY(find_paths(radio, instances, served, count, error));
    for (size_t v = 0; v < count; v++) {
        BCUE_TRY(bcue_link_trace(&radio->link, radio->channel, &radio->unit, &radio->lists[v], still,
                                 instances[served[v]].velocity_mps, &radio->rays, error));
        radio->links[v] = bcue_link_summarise(&radio->rays);
        BCUE_TRY(bcue_link_beam_power(&radio->link, &radio->unit, &radio->rays,
                                      radio->power_mw + v * radio->codebook.beams, error));
    }
    radio->vehicles = count;
    return BCUE_OK;
}

bcue_status bcue_sim_radio_aggregate(bcue_sim_radio *radio, bcue_error *error)
{
    size_t beams = radio->codebook.beams;
    if (radio->vehicles == 1) { /* as it is, without the floor */
        for (size_t b = 0; b < beams; b++)
            radio->clean_mw[b] = radio->power_mw[b];
        return BCUE_OK;
    }
    bcue_aggregation how = (bcue_aggregation)radio->config->channel.aggregate;
    double noise_mw = pow(10.0, 0.1 * radio->config->channel.noise_floor_dbm);
    BCUE_TRY(bcue_aggregate(how, radio->power_mw, radio->vehicles, beams, noise_mw, radio->clean_mw, error));
    /* Proportional fairness has no unit of power: its values stand for themselves. */
    for (size_t b = 0; how != BCUE_AGGREGATE_PROPORTIONAL_FAIR && b < beams; b++)
        radio->clean_mw[b] = pow(10.0, 0.1 * radio->clean_mw[b]);
    return BCUE_OK;
}

bool bcue_sim_radio_measure(bcue_sim_radio *radio, uint32_t episode, uint32_t frame)
{
    size_t beams = radio->codebook.beams;
    if (!radio->config->channel.measured) {
        double most = 0.0;
        for (size_t b = 0; b < beams; b++) {
            radio->measured_mw[b] = radio->clean_mw[b];
            most = fmax(most, radio->clean_mw[b]);
        }
        return most > 1.001 * FLOOR_MW;
    }
    if (!bcue_receiver_detects(&radio->receiver, radio->ripple, radio->clean_mw, beams))
        return false;
    bcue_rng rng = bcue_rng_make((uint64_t)radio->config->seed, BCUE_RNG_CHANNEL, episode, frame, 0);
    bcue_receiver_measure(&radio->receiver, radio->ripple, radio->clean_mw, beams, &rng, radio->measured_mw);
    return true;
}
