#include "channel/mode_table.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

enum { CORRECTED = 1, BEAMS = 152 };

typedef struct variant {
    bcue_link_switches switches;
    bcue_channel *channel; /* owned */
    bcue_link_config link;
    bcue_link_receiver receiver;
    size_t instants, dark, compared, same, lobes[3];
    double rss, loss;
    size_t chosen[BEAMS];
} variant;

struct bcue_mode_table {
    bcue_mode_table_config config;
    bcue_array array;
    bcue_codebook codebooks[2]; /* by bcue_codebook_normalisation */
    variant variants[BCUE_MODE_VARIANTS];
    double *power; /* vehicles x beams, grows */
    size_t power_capacity;
};

static bcue_link_switches switches_of(size_t index)
{
    if (index < 2)
        return bcue_link_mode_switches(index == CORRECTED ? BCUE_LINK_CORRECTED : BCUE_LINK_PAPER);
    size_t difference = (index - 2) % BCUE_DIFFERENCE_COUNT;
    bool from_paper = index >= 2 + (size_t)BCUE_DIFFERENCE_COUNT;
    bcue_link_switches switches = bcue_link_mode_switches(from_paper ? BCUE_LINK_PAPER : BCUE_LINK_CORRECTED);
    switches.paper[difference] = !switches.paper[difference];
    return switches;
}

static bcue_status make_variant(bcue_mode_table *table, const bcue_world *world, size_t index,
                                bcue_error *error)
{
    const bcue_mode_table_config *config = &table->config;
    variant *v = &table->variants[index];
    v->switches = switches_of(index);
    v->link = (bcue_link_config){.bandwidth_hz = config->bandwidth_hz,
                                 .subcarriers = config->subcarriers,
                                 .transmit_power_dbm = config->transmit_power_dbm};
    bcue_channel_config channel = {.carrier_hz = config->carrier_hz, .seed = config->seed};
    bcue_link_apply_switches(&v->switches, config->weather, &v->link, &channel);
    v->receiver = (bcue_link_receiver){
        .array = &table->array,
        .codebook = &table->codebooks[bcue_link_switched_normalisation(&v->switches)],
        .frame = bcue_link_switched_frame(&v->switches, config->place, config->azimuth, config->tilt),
        .transmits = config->transmits};
    return bcue_channel_create(world, &channel, &v->channel, error);
}

bcue_status bcue_mode_table_create(const bcue_world *world, const bcue_mode_table_config *config,
                                   bcue_mode_table **table, bcue_error *error)
{
    if (config->aggregation == BCUE_AGGREGATE_PROPORTIONAL_FAIR || !(config->carrier_hz > 0.0))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "the table of link modes takes mean-db, mean-linear or min and a carrier above 0, "
                         "not %s and %g Hz",
                         bcue_aggregation_name(config->aggregation), config->carrier_hz);
    bcue_mode_table *made = bcue_calloc(1, sizeof *made);
    if (!made)
        return bcue_fail_memory(error, "the table of link modes");
    made->config = *config;
    bcue_status status =
        bcue_array_make_ura(8, 8, 0.5 * BCUE_SPEED_OF_LIGHT / config->carrier_hz, &made->array, error);
    for (int n = 0; status == BCUE_OK && n < 2; n++)
        status = bcue_codebook_make_paper_b((bcue_codebook_normalisation)n, &made->codebooks[n], error);
    for (size_t v = 0; status == BCUE_OK && v < BCUE_MODE_VARIANTS; v++)
        status = make_variant(made, world, v, error);
    made->config.weather = NULL;
    if (status != BCUE_OK) {
        bcue_mode_table_destroy(made);
        return status;
    }
    *table = made;
    return BCUE_OK;
}

void bcue_mode_table_destroy(bcue_mode_table *table)
{
    if (!table)
        return;
    for (size_t v = 0; v < BCUE_MODE_VARIANTS; v++)
        bcue_channel_destroy(table->variants[v].channel);
    bcue_array_free(&table->array);
    bcue_codebook_free(&table->codebooks[0]);
    bcue_codebook_free(&table->codebooks[1]);
    free(table->power);
    free(table);
}

/* Aggregated value per beam under a variant; *lit: something arrives. */
static bcue_status beam_values(bcue_mode_table *table, const variant *v, const bcue_path_list *paths,
                               size_t vehicles, double *values, bool *lit, bcue_error *error)
{
    *lit = false;
    for (size_t i = 0; i < vehicles; i++) {
        double *power = table->power + i * BEAMS;
        BCUE_TRY(bcue_link_power(&v->link, v->channel, &v->receiver, &paths[i], power, error));
        *lit = *lit || power[bcue_best_beam(power, BEAMS)] > 0.0;
    }
    return bcue_aggregate(table->config.aggregation, table->power, vehicles, BEAMS, 0.0, values, error);
}

bcue_status bcue_mode_table_add(bcue_mode_table *table, const bcue_path_list *paths, size_t vehicles,
                                bcue_error *error)
{
    double truth[BEAMS], values[BEAMS];
    bool truth_lit, lit;
    if (vehicles == 0)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "there is no vehicle to choose a beam for");
    if (!bcue_grow((void **)&table->power, &table->power_capacity, vehicles * BEAMS, sizeof *table->power))
        return bcue_fail_memory(error, "the table of link modes");
    BCUE_TRY(beam_values(table, &table->variants[CORRECTED], paths, vehicles, truth, &truth_lit, error));
    size_t best = bcue_best_beam(truth, BEAMS);
    for (size_t i = 0; i < BCUE_MODE_VARIANTS; i++) {
        variant *v = &table->variants[i];
        BCUE_TRY(beam_values(table, v, paths, vehicles, values, &lit, error));
        v->instants++;
        if (!lit) {
            v->dark++;
            continue;
        }
        size_t choice = bcue_best_beam(values, BEAMS);
        v->chosen[choice]++;
        v->rss += values[choice];
        v->lobes[table->codebooks[0].lobes[choice] - 1]++;
        if (!truth_lit)
            continue;
        v->compared++;
        v->same += choice == best;
        v->loss += truth[best] - truth[choice];
    }
    return BCUE_OK;
}

const size_t *bcue_mode_table_histogram(const bcue_mode_table *table, size_t index)
{
    return table->variants[index].chosen;
}

bcue_mode_row bcue_mode_table_row(const bcue_mode_table *table, size_t index)
{
    const variant *v = &table->variants[index];
    bool from_paper = index == 0 || index >= 2 + (size_t)BCUE_DIFFERENCE_COUNT;
    double lit = (double)(v->instants - v->dark), compared = (double)v->compared;
    bcue_mode_row row = {.mode = from_paper ? "paper" : "corrected",
                         .difference = index < 2
                                           ? NULL
                                           : bcue_link_difference_name(
                                                 (bcue_link_difference)((index - 2) % BCUE_DIFFERENCE_COUNT)),
                         .instants = v->instants,
                         .dark = v->dark,
                         .mean_rss_dbm = lit > 0.0 ? v->rss / lit : NAN,
                         .same_share = compared > 0.0 ? (double)v->same / compared : NAN,
                         .mean_loss_db = compared > 0.0 ? v->loss / compared : NAN};
    for (int k = 0; k < 3; k++)
        row.lobe_share[k] = lit > 0.0 ? (double)v->lobes[k] / lit : NAN;
    return row;
}
