/* Inside the room: further roadside units of a scene, unit3, unit4, ...: each an array of its own that hears
   the same vehicles. */
#ifndef BCUE_SIMULATE_SIM_STATIONS_H
#define BCUE_SIMULATE_SIM_STATIONS_H

#include "base/text.h"
#include "simulate/output_tree.h"
#include "simulate/sim_radio.h"
#include "simulate/sim_scene.h"

typedef struct bcue_sim_station {
    bcue_simulate_config config; /* of the scene, with the tilt and noise of this unit */
    bcue_sim_radio radio;
    bcue_sim_sensors sensors; /* none unless the configuration says so */
    bcue_vec3 place;
    bool heard; /* at the last instant: something stands out of its noise */
} bcue_sim_station;

typedef struct bcue_sim_stations {
    bcue_sim_station *items;
    size_t count;
} bcue_sim_stations;

/* Those of the scene's configuration; `scene` must outlive them. Destroy them also after a failure. */
bcue_status bcue_sim_stations_create(const bcue_sim_scene *scene, bcue_sim_stations *stations,
                                     bcue_error *error);
void bcue_sim_stations_destroy(bcue_sim_stations *stations);
bcue_status bcue_sim_stations_set_weather(bcue_sim_stations *stations, const bcue_weather *weather,
                                          const bcue_daylight *light, bcue_error *error);
/* Trace from each to the vehicles that count, unless not `measured`, and write what it measures:
   unitK/mmWave_data/mmWave_power_E_F.txt, and once per scene unitK/GPS_data/gps_location[_SCENE].txt
   (`suffix`: "" or "_SCENE"). */
bcue_status bcue_sim_stations_write(bcue_sim_stations *stations, const bcue_sim_instant *at,
                                    const size_t *served, size_t served_count, bool measured,
                                    bcue_output_tree *tree, bcue_error *error);
/* Once per scene: unitK/GPS_data/gps_location[_SCENE].txt (`suffix`: "" or "_SCENE"); unit 1 stands at
   `first`, on earth at the given place. */
bcue_status bcue_sim_stations_write_places(const bcue_simulate_config *config, bcue_vec3 first,
                                           double latitude_deg, double longitude_deg, const char *suffix,
                                           bcue_output_tree *tree, bcue_error *error);
/* Columns of scenario.csv: unitK_pwr_60ghz, unitK_loc, unitK_beam, and unitK_rgb, ...; and their cells, each
   after a comma. */
void bcue_sim_stations_header(const bcue_simulate_config *config, bcue_text *out);
void bcue_sim_stations_cells(const bcue_sim_stations *stations, const bcue_sim_instant *at,
                             const char *suffix, bcue_text *out);

#endif
