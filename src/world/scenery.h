/* The street builder: from a description (scenery_config.h reads it from YAML) to a world with roads, lots,
   buildings, trees, lamps, signs, bus stops and parked cars. What the description leaves open is drawn from
   the seed, so that one description gives as many streets as there are seeds. */
#ifndef BCUE_WORLD_SCENERY_H
#define BCUE_WORLD_SCENERY_H

#include "base/config.h"
#include "world/world.h"

typedef enum bcue_scenery_preset {
    BCUE_SCENERY_CUSTOM,     /* the roads of the description */
    BCUE_SCENERY_TWO_LANE,   /* paper B's scene: two lanes each way, and a crossing */
    BCUE_SCENERY_THREE_LANE, /* paper B's scene: three lanes each way, and two crossings */
    BCUE_SCENERY_GENERATED,  /* roads drawn from the seed */
} bcue_scenery_preset;

typedef struct bcue_scenery_road {
    char *name;
    bcue_double_list line_m; /* x, y pairs */
    double bend_radius_m;
    int64_t lanes_forward, lanes_backward;
    double lane_width_m, speed_limit_kmh, sidewalk_m, parking_m;
} bcue_scenery_road;

typedef struct bcue_scenery_building {
    char *name;
    bcue_double_list footprint_m; /* x, y pairs, in either direction */
    double height_m;
} bcue_scenery_building;

typedef struct bcue_scenery_config {
    int preset;
    bcue_section_list roads;     /* of bcue_scenery_road */
    bcue_section_list buildings; /* of bcue_scenery_building; those below come beside them */
    bcue_double_list open_m; /* rectangles x_low, x_high, y_low, y_high without drawn buildings and trees */
    double corner_radius_m, margin_m;
    bool traffic_lights;
    struct {
        double length_m;
        bcue_int_list lanes;     /* each way; one is drawn */
        double curved, crossing; /* probabilities */
        double max_bend_deg;
        int64_t crossings; /* at most */
        struct {
            double yaw_deg, corner, reach, back_m, min_height_m, max_height_m;
            bool either_side;
        } rsu;
    } generated;
    struct {
        double share; /* of the fronts that are built on */
        double min_height_m, max_height_m, min_width_m, max_width_m, min_depth_m, max_depth_m;
        double setback_m, min_gap_m, max_gap_m;
        double balconies, recesses;
        bool windows, second_row;
    } blocks;
    struct {
        double tree_spacing_m, lamp_spacing_m, sign_spacing_m;
        double min_tree_height_m, max_tree_height_m;
        double parked;     /* share of the parking places */
        int64_t bus_stops; /* per road side and crossing-free stretch longer than 60 m, at most */
    } furniture;
    struct {
        double x_low_m, x_high_m, y_low_m, y_high_m;
    } bounds; /* all 0: everywhere */
    struct {
        double x_m, y_m, z_m, yaw_deg, camera_pitch_deg, lidar_pitch_deg, radar_z_m, radar_pitch_deg;
    } rsu;
} bcue_scenery_config;

extern const bcue_config_field bcue_scenery_fields[];

/* Where a road side unit stands and looks: poses in the world frame, radians. */
typedef struct bcue_site {
    bcue_vec3 position; /* of camera, LiDAR and array */
    double yaw, camera_pitch, lidar_pitch;
    bcue_vec3 radar_position; /* the same x, y */
    double radar_pitch;
    bcue_bounds bounds;
} bcue_site;

/* Build the world of a seed, and say where its RSU is. Errors name the part ("building 2 (tower)") and what
   is wrong. On success the caller frees the world. */
bcue_status bcue_scenery_make(const bcue_scenery_config *config, uint64_t seed, bcue_world *world,
                              bcue_site *site, bcue_error *error);
/* A preset with all defaults; free nothing. */
bcue_status bcue_scenery_make_preset(bcue_scenery_preset preset, uint64_t seed, bcue_world *world,
                                     bcue_site *site, bcue_error *error);
const char *bcue_scenery_preset_name(bcue_scenery_preset preset);

/* The solid object that holds a point (walls of buildings around it): its index, or UINT32_MAX. */
uint32_t bcue_world_inside(const bcue_world *world, bcue_vec3 point);

#endif
