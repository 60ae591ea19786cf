#include "scene/osm_tags.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* The number at the start of a text; *rest is what follows it and blanks. */
static bool leading_number(const char *text, double *value, const char **rest)
{
    size_t size = strspn(text, "0123456789.+-");
    char word[32];
    if (size == 0 || size >= sizeof word)
        return false;
    memcpy(word, text, size);
    word[size] = '\0';
    if (!bcue_parse_double(word, value) || !isfinite(*value))
        return false;
    *rest = text + size + strspn(text + size, " ");
    return true;
}

bool bcue_osm_length(const char *text, double *metres)
{
    const char *rest;
    double value, inches;
    if (!leading_number(text, &value, &rest))
        return false;
    if (*rest == '\0' || strcmp(rest, "m") == 0) {
        *metres = value;
    } else if (strcmp(rest, "km") == 0) {
        *metres = 1000.0 * value;
    } else if (strcmp(rest, "ft") == 0) {
        *metres = 0.3048 * value;
    } else if (*rest == '\'') {
        const char *end;
        *metres = 0.3048 * value;
        if (rest[1] != '\0') {
            if (!leading_number(rest + 1 + strspn(rest + 1, " "), &inches, &end) || strcmp(end, "\"") != 0)
                return false;
            *metres += 0.0254 * inches;
        }
    } else {
        return false;
    }
    return true;
}

bool bcue_osm_speed(const char *text, double *mps)
{
    const char *rest;
    double value;
    if (!leading_number(text, &value, &rest) || value <= 0.0 || value > 300.0)
        return false;
    if (*rest == '\0' || strcmp(rest, "km/h") == 0)
        *mps = value / 3.6;
    else if (strcmp(rest, "mph") == 0)
        *mps = 0.44704 * value;
    else
        return false;
    return true;
}

static bool yes(const char *value)
{
    return strcmp(value, "no") != 0 && strcmp(value, "false") != 0 && strcmp(value, "0") != 0;
}

static bool one_of(const char *value, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(value, *words) == 0)
            return true;
    return false;
}

static void tag_length(const char *value, double low, double high, double *metres)
{
    double number;
    if (bcue_osm_length(value, &number) && number >= low && number <= high)
        *metres = number;
}

static void tag_count(const char *value, int most, int *count)
{
    const char *rest;
    double number;
    if (leading_number(value, &number, &rest) && number >= 1.0 && number <= (double)most)
        *count = (int)number;
}

static void tag_highway(bcue_osm_tags *tags, const char *value)
{
    static const struct {
        const char *name;
        bcue_osm_highway kind;
    } kinds[] = {{"motorway", BCUE_OSM_MOTORWAY},
                 {"trunk", BCUE_OSM_TRUNK},
                 {"primary", BCUE_OSM_PRIMARY},
                 {"secondary", BCUE_OSM_SECONDARY},
                 {"tertiary", BCUE_OSM_TERTIARY},
                 {"unclassified", BCUE_OSM_MINOR},
                 {"residential", BCUE_OSM_MINOR},
                 {"service", BCUE_OSM_SERVICE},
                 {"living_street", BCUE_OSM_SERVICE},
                 {"pedestrian", BCUE_OSM_WALK},
                 {"footway", BCUE_OSM_WALK},
                 {"path", BCUE_OSM_WALK},
                 {"steps", BCUE_OSM_WALK},
                 {"cycleway", BCUE_OSM_WALK}};
    tags->link = bcue_ends_with(value, "_link");
    size_t size = strlen(value) - (tags->link ? 5 : 0);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strlen(kinds[i].name) == size && strncmp(value, kinds[i].name, size) == 0)
            tags->highway = kinds[i].kind;
    /* Motorways run one way without saying so. */
    if (tags->highway == BCUE_OSM_MOTORWAY)
        tags->oneway = true;
}

static void tag_wall(bcue_osm_tags *tags, const char *value)
{
    static const struct {
        const char *name;
        bcue_osm_wall wall;
    } walls[] = {{"brick", BCUE_OSM_BRICK},        {"glass", BCUE_OSM_GLASS}, {"mirror", BCUE_OSM_GLASS},
                 {"metal", BCUE_OSM_METAL},        {"steel", BCUE_OSM_METAL}, {"wood", BCUE_OSM_WOOD},
                 {"timber_framing", BCUE_OSM_WOOD}};
    for (size_t i = 0; i < sizeof walls / sizeof walls[0]; i++)
        if (strcmp(value, walls[i].name) == 0)
            tags->wall = walls[i].wall;
}

/* sRGB, 0..255, to linear. */
static float linear(unsigned byte)
{
    double c = (double)byte / 255.0;
    return (float)(c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
}

static void tag_colour(bcue_osm_tags *tags, const char *value)
{
    static const struct {
        const char *name;
        unsigned rgb;
    } names[] = {{"white", 0xf0f0f0},  {"black", 0x202020},  {"gray", 0x808080},   {"grey", 0x808080},
                 {"red", 0xb04038},    {"brown", 0x8b5a3c},  {"yellow", 0xe0c860}, {"beige", 0xe0d4b8},
                 {"orange", 0xd08040}, {"maroon", 0x802820}, {"tan", 0xd2b48c},    {"green", 0x608858},
                 {"blue", 0x5878a0},   {"pink", 0xe0b0a8},   {"silver", 0xc0c0c0}, {"lightgrey", 0xd0d0d0}};
    unsigned rgb = 0;
    bool known = false;
    if (value[0] == '#' && strlen(value) == 7 && strspn(value + 1, "0123456789abcdefABCDEF") == 6) {
        rgb = (unsigned)strtoul(value + 1, NULL, 16);
        known = true;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !known; i++)
        if (strcmp(value, names[i].name) == 0) {
            rgb = names[i].rgb;
            known = true;
        }
    if (!known)
        return;
    tags->has_colour = true;
    for (int c = 0; c < 3; c++)
        tags->colour[c] = linear(rgb >> (16 - 8 * c) & 0xff);
}

static void tag_building(bcue_osm_tags *tags, const char *value)
{
    static const char *const low[] = {"garage", "garages", "shed", "hut", "carport", "kiosk", "roof", NULL};
    tags->building = yes(value);
    tags->low_house = one_of(value, low);
}

void bcue_osm_way_tag(bcue_osm_tags *tags, const char *key, const char *value)
{
    if (strcmp(key, "building") == 0)
        tag_building(tags, value);
    else if (strcmp(key, "type") == 0)
        tags->multipolygon = strcmp(value, "multipolygon") == 0;
    else if (strcmp(key, "natural") == 0)
        tags->tree_row = strcmp(value, "tree_row") == 0;
    else if (strcmp(key, "highway") == 0)
        tag_highway(tags, value);
    else if (strcmp(key, "height") == 0 || strcmp(key, "building:height") == 0)
        tag_length(value, 0.5, 1000.0, &tags->height_m);
    else if (strcmp(key, "min_height") == 0)
        tag_length(value, 0.0, 1000.0, &tags->min_height_m);
    else if (strcmp(key, "building:levels") == 0)
        tag_length(value, 0.5, 200.0, &tags->levels);
    else if (strcmp(key, "building:min_level") == 0)
        tag_length(value, 0.0, 200.0, &tags->min_level);
    else if (strcmp(key, "building:material") == 0 || strcmp(key, "building:facade:material") == 0)
        tag_wall(tags, value);
    else if (strcmp(key, "building:colour") == 0 || strcmp(key, "building:color") == 0)
        tag_colour(tags, value);
    else if (strcmp(key, "width") == 0)
        tag_length(value, 1.0, 60.0, &tags->width_m);
    else if (strcmp(key, "maxspeed") == 0)
        (void)bcue_osm_speed(value, &tags->speed_mps);
    else if (strcmp(key, "lanes") == 0)
        tag_count(value, 16, &tags->lanes);
    else if (strcmp(key, "lanes:forward") == 0)
        tag_count(value, 16, &tags->lanes_forward);
    else if (strcmp(key, "lanes:backward") == 0)
        tag_count(value, 16, &tags->lanes_backward);
    else if (strcmp(key, "oneway") == 0) {
        tags->reverse = strcmp(value, "-1") == 0 || strcmp(value, "reverse") == 0;
        tags->oneway = tags->reverse || strcmp(value, "yes") == 0 || strcmp(value, "true") == 0 ||
                       strcmp(value, "1") == 0;
    } else if (strcmp(key, "junction") == 0 && strcmp(value, "roundabout") == 0)
        tags->oneway = true;
    else if (strcmp(key, "tunnel") == 0 || strcmp(key, "bridge") == 0)
        tags->bridge_or_tunnel = tags->bridge_or_tunnel || yes(value);
    else if (strcmp(key, "name") == 0)
        snprintf(tags->name, sizeof tags->name, "%s", value);
}

void bcue_osm_node_tag(bcue_osm_node *node, const char *key, const char *value)
{
    double metres;
    if (strcmp(key, "natural") == 0 && strcmp(value, "tree") == 0)
        node->point = BCUE_OSM_TREE;
    else if (strcmp(key, "highway") == 0 && strcmp(value, "traffic_signals") == 0)
        node->point = BCUE_OSM_SIGNALS;
    else if (strcmp(key, "highway") == 0 && strcmp(value, "street_lamp") == 0)
        node->point = BCUE_OSM_LAMP;
    else if (strcmp(key, "height") == 0 && bcue_osm_length(value, &metres) && metres >= 1.0 && metres <= 60.0)
        node->height_m = (float)metres;
    else if (strcmp(key, "diameter_crown") == 0 && bcue_osm_length(value, &metres) && metres >= 0.5 &&
             metres <= 40.0)
        node->crown_m = (float)metres;
}
