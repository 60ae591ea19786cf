/* The keys of a street's description. */
#include <stddef.h>
#include "world/scenery.h"

#define AT(member) offsetof(bcue_scenery_config, member)
#define ROAD(member) offsetof(bcue_scenery_road, member)
#define BUILDING(member) offsetof(bcue_scenery_building, member)
#define REAL(key, place, fallback_text, low, high, help_text)                                                \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_DOUBLE, .offset = (place), .fallback = (fallback_text),           \
        .minimum = (low), .maximum = (high), .help = (help_text)                                             \
    }
#define WHOLE(key, place, fallback_text, low, high, help_text)                                               \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_INT, .offset = (place), .fallback = (fallback_text),              \
        .minimum = (low), .maximum = (high), .help = (help_text)                                             \
    }
#define YES_NO(key, place, fallback_text, help_text)                                                         \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_BOOL, .offset = (place), .fallback = (fallback_text),             \
        .help = (help_text)                                                                                  \
    }
#define REALS(key, place, fallback_text, low, high, help_text)                                               \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_DOUBLE_LIST, .offset = (place), .fallback = (fallback_text),      \
        .minimum = (low), .maximum = (high), .help = (help_text)                                             \
    }
#define SECTION(key, table, help_text)                                                                       \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_SECTION, .offset = 0, .fields = (table), .help = (help_text)      \
    }
#define END                                                                                                  \
    {                                                                                                        \
        .name = NULL                                                                                         \
    }

static const char *const preset_names[] = {"custom", "2-lane", "3-lane", "generated", NULL};

static const bcue_config_field road_fields[] = {
    {.name = "name", .type = BCUE_CONFIG_STRING, .offset = ROAD(name), .help = "for messages"},
    {.name = "line_m",
     .type = BCUE_CONFIG_DOUBLE_LIST,
     .offset = ROAD(line_m),
     .minimum = -1e5,
     .maximum = 1e5,
     .required = true,
     .help = "x, y of the points of its middle line; roads that cross make crossings"},
    REAL("bend_radius_m", ROAD(bend_radius_m), "40", 15, 10000, "of the bends at the points between"),
    WHOLE("lanes_forward", ROAD(lanes_forward), "1", 1, 8,
          "in the direction of the line; traffic keeps right"),
    WHOLE("lanes_backward", ROAD(lanes_backward), "1", 0, 8, "against it; 0 = one-way"),
    REAL("lane_width_m", ROAD(lane_width_m), "3.5", 2.8, 6, "of each lane"),
    REAL("speed_limit_kmh", ROAD(speed_limit_kmh), "50", 5, 200, "of all lanes"),
    REAL("sidewalk_m", ROAD(sidewalk_m), "4", 2, 15, "width of the sidewalk on either side"),
    REAL("parking_m", ROAD(parking_m), "0", 0, 4, "width of a parking lane on either side; 0 = none"),
    END,
};
static const bcue_config_field building_fields[] = {
    {.name = "name", .type = BCUE_CONFIG_STRING, .offset = BUILDING(name), .help = "for messages"},
    {.name = "footprint_m",
     .type = BCUE_CONFIG_DOUBLE_LIST,
     .offset = BUILDING(footprint_m),
     .minimum = -1e5,
     .maximum = 1e5,
     .required = true,
     .help = "x, y of its corners, around it in either direction"},
    REAL("height_m", BUILDING(height_m), "15", 3.5, 500, "of the roof"),
    END,
};
/* These came after street-v1 was frozen: its streets have the defaults, and its configuration keeps its hash.
 */
static const bcue_config_field generated_rsu_fields[] = {
    REAL("yaw_deg", AT(generated.rsu.yaw_deg), "0", 0, 85,
         "most that it is turned from straight across the road, to either side"),
    REAL("reach", AT(generated.rsu.reach), "0", 0, 0.3,
         "stands so much of the road's length from its middle, at most; 0 = up to 6 % before it"),
    REAL("back_m", AT(generated.rsu.back_m), "0", 0, 40,
         "stands behind the sidewalk, at most so far, with a free square before it"),
    YES_NO("either_side", AT(generated.rsu.either_side), "false", "north of the road too, not only south"),
    REAL("corner", AT(generated.rsu.corner), "0", 0, 1,
         "probability that it stands at a crossing, if there is one, and looks over it"),
    REAL("min_height_m", AT(generated.rsu.min_height_m), "5", 4, 100, "of camera, LiDAR and array, least"),
    REAL("max_height_m", AT(generated.rsu.max_height_m), "9", 4, 100, "of camera, LiDAR and array, most"),
    END,
};
static const bcue_config_field generated_fields[] = {
    REAL("length_m", AT(generated.length_m), "360", 160, 4000, "of the main road"),
    {.name = "lanes",
     .type = BCUE_CONFIG_INT_LIST,
     .offset = AT(generated.lanes),
     .fallback = "[1, 2, 3]",
     .minimum = 1,
     .maximum = 8,
     .help = "each way; each seed draws one of these"},
    REAL("curved", AT(generated.curved), "0.5", 0, 1, "probability that the main road bends"),
    REAL("crossing", AT(generated.crossing), "0.6", 0, 1,
         "probability of a road across, or one that ends at it"),
    REAL("max_bend_deg", AT(generated.max_bend_deg), "60", 5, 90, "sharpest bend"),
    {.name = "crossings",
     .type = BCUE_CONFIG_INT,
     .offset = AT(generated.crossings),
     .fallback = "1",
     .minimum = 1,
     .maximum = 2,
     .late = true,
     .help = "roads across, at most; each with the probability above"},
    {.name = "rsu",
     .type = BCUE_CONFIG_SECTION,
     .offset = 0,
     .fields = generated_rsu_fields,
     .late = true,
     .help = "the roadside unit, drawn anew on every street"},
    END,
};
static const bcue_config_field block_fields[] = {
    REAL("share", AT(blocks.share), "0.95", 0, 1, "of the fronts along the roads that are built on"),
    REAL("min_height_m", AT(blocks.min_height_m), "9", 5, 300, "lowest building"),
    REAL("max_height_m", AT(blocks.max_height_m), "26", 5, 300, "highest building"),
    REAL("min_width_m", AT(blocks.min_width_m), "14", 8, 200, "along the road, least"),
    REAL("max_width_m", AT(blocks.max_width_m), "28", 8, 200, "along the road, most"),
    REAL("min_depth_m", AT(blocks.min_depth_m), "11", 6, 200, "away from the road, least"),
    REAL("max_depth_m", AT(blocks.max_depth_m), "17", 6, 200, "away from the road, most"),
    REAL("setback_m", AT(blocks.setback_m), "1", 0.5, 100, "from the sidewalk to the fronts"),
    REAL("min_gap_m", AT(blocks.min_gap_m), "0.6", 0.3, 100, "between neighbours, least"),
    REAL("max_gap_m", AT(blocks.max_gap_m), "5", 0.3, 100, "between neighbours, most"),
    REAL("balconies", AT(blocks.balconies), "0.25", 0, 0.5, "share of the bays of the fronts with balconies"),
    REAL("recesses", AT(blocks.recesses), "0.6", 0, 1, "probability of a recessed entrance"),
    YES_NO("windows", AT(blocks.windows), "true",
           "draw windows, sills and cornices (seen, but not by radio waves)"),
    YES_NO("second_row", AT(blocks.second_row), "true", "higher buildings behind the first row"),
    END,
};
static const bcue_config_field furniture_fields[] = {
    REAL("tree_spacing_m", AT(furniture.tree_spacing_m), "13", 0, 500,
         "mean distance along the sidewalks; 0 = no trees"),
    REAL("min_tree_height_m", AT(furniture.min_tree_height_m), "4.5", 2, 40, "lowest tree"),
    REAL("max_tree_height_m", AT(furniture.max_tree_height_m), "8", 2, 40, "highest tree"),
    REAL("lamp_spacing_m", AT(furniture.lamp_spacing_m), "28", 0, 500, "between street lamps; 0 = none"),
    REAL("sign_spacing_m", AT(furniture.sign_spacing_m), "70", 0, 500, "between signs; 0 = none"),
    REAL("parked", AT(furniture.parked), "0.6", 0, 1, "share of the places of parking lanes that are taken"),
    WHOLE("bus_stops", AT(furniture.bus_stops), "1", 0, 10, "with a shelter, per side of a road"),
    END,
};
static const bcue_config_field bounds_fields[] = {
    REAL("x_low_m", AT(bounds.x_low_m), "0", -1e5, 1e5, "west"),
    REAL("x_high_m", AT(bounds.x_high_m), "0", -1e5, 1e5, "east"),
    REAL("y_low_m", AT(bounds.y_low_m), "0", -1e5, 1e5, "south"),
    REAL("y_high_m", AT(bounds.y_high_m), "0", -1e5, 1e5, "north"),
    END,
};
static const bcue_config_field rsu_fields[] = {
    REAL("x_m", AT(rsu.x_m), "0", -1e5, 1e5, "east"),
    REAL("y_m", AT(rsu.y_m), "0", -1e5, 1e5, "north"),
    REAL("z_m", AT(rsu.z_m), "6", 0.5, 500, "of camera, LiDAR and antenna array above the ground"),
    REAL("yaw_deg", AT(rsu.yaw_deg), "90", -360, 360, "where it faces: 0 = east, 90 = north"),
    REAL("camera_pitch_deg", AT(rsu.camera_pitch_deg), "-10", -89, 89, "positive looks up"),
    REAL("lidar_pitch_deg", AT(rsu.lidar_pitch_deg), "-10", -89, 89, "positive looks up"),
    REAL("radar_z_m", AT(rsu.radar_z_m), "5", 0.5, 500, "of the radar, at the same x and y"),
    REAL("radar_pitch_deg", AT(rsu.radar_pitch_deg), "0", -89, 89, "positive looks up"),
    END,
};

const bcue_config_field bcue_scenery_fields[] = {
    {.name = "preset",
     .type = BCUE_CONFIG_CHOICE,
     .offset = AT(preset),
     .fallback = "custom",
     .choices = preset_names,
     .help = "2-lane and 3-lane bring their own roads, bounds and RSU; generated draws the roads"},
    {.name = "roads",
     .type = BCUE_CONFIG_SECTION_LIST,
     .offset = AT(roads),
     .fields = road_fields,
     .item_size = sizeof(bcue_scenery_road),
     .help = "of a custom street"},
    {.name = "buildings",
     .type = BCUE_CONFIG_SECTION_LIST,
     .offset = AT(buildings),
     .fields = building_fields,
     .item_size = sizeof(bcue_scenery_building),
     .help = "that stand at given places, beside those that blocks draws"},
    REALS("open_m", AT(open_m), "[]", -1e5, 1e5, "rectangles x_low, x_high, y_low, y_high that stay free"),
    REAL("corner_radius_m", AT(corner_radius_m), "6", 0.5, 30, "of the kerbs at crossings"),
    REAL("margin_m", AT(margin_m), "150", 20, 5000, "of ground around all roads"),
    YES_NO("traffic_lights", AT(traffic_lights), "true", "at crossings of three or more arms"),
    SECTION("generated", generated_fields, "roads of the preset generated"),
    SECTION("blocks", block_fields, "buildings along the roads, drawn from the seed"),
    SECTION("furniture", furniture_fields, "trees, lamps, signs, bus stops, parked cars"),
    SECTION("bounds", bounds_fields, "vehicles count inside; all 0: everywhere"),
    SECTION("rsu", rsu_fields, "the roadside unit"),
    END,
};

const char *bcue_scenery_preset_name(bcue_scenery_preset preset)
{
    return (int)preset >= 0 && preset <= BCUE_SCENERY_GENERATED ? preset_names[preset] : "?";
}
