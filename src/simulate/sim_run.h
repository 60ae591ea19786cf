/* Inside the room: one run. Its scenes are set up one after the other (sim_run.c), each instant of an episode
   becomes a row and its files (sim_rows.c), and a manifest ends it (sim_manifest.c). */
#ifndef BCUE_SIMULATE_SIM_RUN_H
#define BCUE_SIMULATE_SIM_RUN_H

#include "base/text.h"
#include "beamcue/simulate.h"
#include "record/channel_file.h"
#include "sensors/gnss.h"
#include "simulate/output_tree.h"
#include "simulate/sim_plan.h"
#include "simulate/sim_radio.h"
#include "simulate/sim_scene.h"
#include "simulate/view.h"
#include "simulate/sim_stations.h"

/* What the output says about a scene. */
typedef struct bcue_sim_site {
    bool known; /* it was set up in this run */
    bcue_vec3 place, radar;
    double azimuth;
    double latitude_deg, longitude_deg; /* of the place */
    size_t beams;
} bcue_sim_site;

/* What an episode came to. */
typedef struct bcue_sim_tally {
    uint64_t samples, samples_blocked, frames_no_signal;
} bcue_sim_tally;

/* What the receiver of a vehicle said last. */
typedef struct bcue_sim_receiver {
    bcue_gnss gnss;
    bcue_sim_clock clock;
    uint64_t stepped; /* 1 + number of the measurement below; 0: none yet */
    bcue_gnss_fix fix;
} bcue_sim_receiver;

/* Everything of one run. */
typedef struct bcue_sim_run {
    const bcue_sim_plan *plan;
    const bcue_hooks *hooks;
    bcue_simulate_summary summary;
    bcue_simulate_options options;
    char config_hash[17];
    bcue_sim_site *sites; /* per scene */
    json_t *files;        /* of all finished episodes, once they are put together */
    bool told_materials;
    bool gone;   /* another process has put the run together */
    bool helped; /* one of the processes of options.jobs: a failure ends all of them */
    /* the scene that is set up */
    const bcue_sim_plan_scene *staged; /* NULL: none */
    const bcue_simulate_config *config;
    bcue_sim_scene scene;
    bcue_sim_radio radio;
    bcue_sim_sensors sensors;   /* of the RSU */
    bcue_sim_sensors carried;   /* of the transmitting vehicle */
    bcue_sim_stations stations; /* further RSUs */
    /* of the instant */
    bcue_instance *instances;
    uint32_t *ids;
    size_t *served; /* indices of the vehicles that count */
    size_t instance_count, served_count, instance_capacity, id_capacity, served_capacity;
    bcue_vec3 *fixes; /* of the served vehicles by GNSS; x NAN: none */
    size_t fix_capacity;
    bcue_view *view; /* while its episode runs */
    /* of the episode */
    bcue_sim_receiver *receivers; /* per track */
    bcue_sim_capture fix_capture; /* of the transmitting vehicle's fix at the instant */
    size_t receiver_capacity;
    bcue_channel_file *channel_file; /* NULL: none */
    bcue_sim_tally tally;
    bcue_text rows, truth; /* of scenario.csv and ground_truth.csv, without the column index */
    bcue_text nmea, scratch;
    bcue_output_tree tree;
} bcue_sim_run;

/* One instant of one episode. */
typedef struct bcue_sim_moment {
    const bcue_sim_episode *episode;
    bcue_sim_instant at;
    bool measured; /* it has power per beam (keep.power) */
} bcue_sim_moment;

bool bcue_sim_all_vehicles(const bcue_sim_run *run);

/* ---- sim_run.c ---- */
/* Set up a scene of the plan, unless it stands already. */
bcue_status bcue_sim_run_stage(bcue_sim_run *run, size_t index, bcue_error *error);
/* Begin an episode of the scene that stands, and simulate its frames one by one. */
bcue_status bcue_sim_run_begin(bcue_sim_run *run, uint32_t number, const bcue_sim_episode *episode,
                               bcue_error *error);
bcue_status bcue_sim_run_frame(bcue_sim_run *run, uint32_t number, const bcue_sim_episode *episode,
                               uint32_t frame, bcue_error *error);
/* Simulate one episode of the plan into the run's tree, rows and tally. */
bcue_status bcue_sim_run_episode(bcue_sim_run *run, uint32_t number, bcue_error *error);
void bcue_sim_run_free(bcue_sim_run *run);

/* ---- sim_share.c ---- */
/* Simulate the episodes that are this process's share and not finished yet. */
bcue_status bcue_sim_run_share(bcue_sim_run *run, bcue_error *error);

/* ---- sim_estimate.c ---- */
/* Fill the summary with what the run would come to. BCUE_ERROR_IO when the disk has no room for it. */
bcue_status bcue_sim_estimate(bcue_sim_run *run, bcue_error *error);
/* Bytes that may still be written, `used` being there already; INFINITY: not known. */
double bcue_sim_room(const bcue_sim_run *run, double used);

/* ---- sim_channel.c ---- */
/* The vehicle (its track) in the line of sight to served vehicle `v`, BCUE_NO_BLOCKER or BCUE_STATIC_BLOCKER.
 */
int32_t bcue_sim_blocker(const bcue_sim_run *run, size_t v);
/* The episode's HDF5 file, when the configuration wants one. */
bcue_status bcue_sim_channel_open(bcue_sim_run *run, uint32_t episode, bcue_error *error);
bcue_status bcue_sim_channel_add(bcue_sim_run *run, const bcue_sim_moment *now, bcue_error *error);
bcue_status bcue_sim_channel_close(bcue_sim_run *run, uint32_t episode, bcue_error *error);
void bcue_sim_channel_abandon(bcue_sim_run *run);

/* ---- sim_rows.c ---- */
/* The file that says where the RSU of a scene stands, and writing it. */
void bcue_sim_location_path(const bcue_sim_plan *plan, const bcue_sim_plan_scene *scene, char *path,
                            size_t size);
bcue_status bcue_sim_write_locations(bcue_sim_run *run, bcue_error *error);
/* What the receiver of a vehicle (index among the instances) says. */
bcue_gnss_fix bcue_sim_step_receiver(bcue_sim_run *run, const bcue_sim_moment *now, size_t index);
/* The files and rows of a sample. `fix`: of the transmitting vehicle. */
bcue_status bcue_sim_write_sample(bcue_sim_run *run, const bcue_sim_moment *now, const bcue_gnss_fix *fix,
                                  bcue_error *error);
/* The header lines of both tables, and their rows with the column index before them. */
bcue_status bcue_sim_write_tables(bcue_sim_run *run, bcue_error *error);

/* ---- sim_manifest.c ---- */
/* What is the same for two runs that give the same files. */
bcue_status bcue_sim_config_hash(const bcue_sim_plan *plan, char hash[17], bcue_error *error);
/* Write beamcue.yaml and, last of all files, manifest.json. */
bcue_status bcue_sim_write_manifest(bcue_sim_run *run, bcue_error *error);

#endif
