#include "scene/scene_material.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "world/radio_material.h"

/* What a material of ITU-R P.2040-4 looks like here. Walls of masonry get windows, so that an imported city
   reads as one. */
typedef struct itu_look {
    const char *radio;
    float albedo[3]; /* linear RGB */
    float gloss;
    bcue_pattern pattern;
} itu_look;

static const itu_look looks[] = {
    {"vacuum", {0.9f, 0.9f, 0.9f}, 0.0f, BCUE_PATTERN_PLAIN},
    {"concrete", {0.48f, 0.47f, 0.44f}, 0.0f, BCUE_PATTERN_WINDOWS},
    {"brick", {0.46f, 0.20f, 0.13f}, 0.0f, BCUE_PATTERN_BRICKS},
    {"plasterboard", {0.75f, 0.74f, 0.70f}, 0.0f, BCUE_PATTERN_WINDOWS},
    {"wood", {0.36f, 0.22f, 0.11f}, 0.0f, BCUE_PATTERN_PLAIN},
    {"glass", {0.06f, 0.09f, 0.10f}, 0.9f, BCUE_PATTERN_PLAIN},
    {"ceiling_board", {0.75f, 0.75f, 0.72f}, 0.0f, BCUE_PATTERN_PLAIN},
    {"chipboard", {0.45f, 0.33f, 0.20f}, 0.0f, BCUE_PATTERN_PLAIN},
    {"plywood", {0.50f, 0.36f, 0.20f}, 0.0f, BCUE_PATTERN_PLAIN},
    {"marble", {0.66f, 0.62f, 0.55f}, 0.1f, BCUE_PATTERN_WINDOWS},
    {"floorboard", {0.40f, 0.28f, 0.16f}, 0.0f, BCUE_PATTERN_PLAIN},
    {"metal", {0.30f, 0.31f, 0.33f}, 0.4f, BCUE_PATTERN_PLAIN},
    {"asphalt_concrete", {0.10f, 0.10f, 0.105f}, 0.0f, BCUE_PATTERN_SPECKLE},
    {"very_dry_ground", {0.36f, 0.29f, 0.19f}, 0.0f, BCUE_PATTERN_SPECKLE},
    {"medium_dry_ground", {0.13f, 0.19f, 0.06f}, 0.0f, BCUE_PATTERN_SPECKLE},
    {"wet_ground", {0.09f, 0.13f, 0.05f}, 0.1f, BCUE_PATTERN_SPECKLE},
};
enum { LOOKS = sizeof looks / sizeof looks[0] };

static const itu_look *find_look(const char *radio)
{
    for (size_t i = 0; i < LOOKS; i++)
        if (strcmp(looks[i].radio, radio) == 0)
            return &looks[i];
    return NULL;
}

bool bcue_scene_itu_name(const char *name, char radio[48])
{
    bcue_radio_material material;
    bool known = bcue_radio_material_named(bcue_starts_with(name, "mat-") ? name + 4 : name, &material,
                                           NULL) == BCUE_OK;
    snprintf(radio, 48, "%s", known ? material.name : "");
    return known;
}

/* ---- the map ---- */

typedef struct map_entry {
    char *name, *radio;
    int model;
    double thickness_m, scattering, permittivity, conductivity_s_per_m;
    bcue_double_list colour;
} map_entry;

struct bcue_material_map {
    bcue_section_list entries;
    char *fallback;
    bcue_config *config;
};

enum { MODEL_SLAB, MODEL_HALF_SPACE };
static const char *const models[] = {"slab", "half-space", NULL};

#define ENTRY(member) offsetof(map_entry, member)
static const bcue_config_field entry_fields[] = {
    {.name = "name",
     .type = BCUE_CONFIG_STRING,
     .offset = ENTRY(name),
     .required = true,
     .help = "material of the file; * stands for any characters"},
    {.name = "radio",
     .type = BCUE_CONFIG_STRING,
     .offset = ENTRY(radio),
     .help = "ITU-R P.2040 material; absent: permittivity and conductivity_s_per_m"},
    {.name = "model",
     .type = BCUE_CONFIG_CHOICE,
     .offset = ENTRY(model),
     .fallback = "slab",
     .choices = models,
     .help = "slab: waves pass through its thickness; half-space: they stay inside"},
    {.name = "thickness_m",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = ENTRY(thickness_m),
     .fallback = "0.1",
     .minimum = 1e-6,
     .maximum = 100.0,
     .help = "of the slab, m"},
    {.name = "scattering",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = ENTRY(scattering),
     .fallback = "0",
     .maximum = 1.0,
     .help = "scattering coefficient S"},
    {.name = "permittivity",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = ENTRY(permittivity),
     .fallback = "1",
     .minimum = 1.0,
     .maximum = 1e4,
     .help = "relative permittivity, without radio"},
    {.name = "conductivity_s_per_m",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = ENTRY(conductivity_s_per_m),
     .fallback = "0",
     .maximum = 1e9,
     .help = "conductivity, S/m, without radio"},
    {.name = "colour",
     .type = BCUE_CONFIG_DOUBLE_LIST,
     .offset = ENTRY(colour),
     .maximum = 1.0,
     .help = "linear red, green, blue, 0 to 1; absent: as the radio material looks"},
    {0},
};
static const bcue_config_field map_fields[] = {
    {.name = "materials",
     .type = BCUE_CONFIG_SECTION_LIST,
     .offset = offsetof(bcue_material_map, entries),
     .fields = entry_fields,
     .item_size = sizeof(map_entry),
     .help = "what the materials of the file are; the first that fits counts"},
    {.name = "fallback",
     .type = BCUE_CONFIG_STRING,
     .offset = offsetof(bcue_material_map, fallback),
     .help = "ITU-R P.2040 material of whatever is not named; absent: an error"},
    {0},
};

static bcue_status unknown_material(const char *where, const char *name, bcue_error *error)
{
    const char *known[32];
    size_t count = 0;
    while (count < 32 && (known[count] = bcue_radio_material_class(count)) != NULL)
        count++;
    const char *plain = bcue_starts_with(name, "mat-") ? name + 4 : name;
    plain += bcue_starts_with(plain, "itu_") || bcue_starts_with(plain, "itu-") ? 4 : 0;
    const char *nearest = bcue_nearest_word(plain, known, count);
    return bcue_fail(error, BCUE_ERROR_DATA,
                     "%s: \"%.48s\" is no material of ITU-R P.2040%s%s%s; name one (concrete, brick, "
                     "plasterboard, wood, glass, marble, metal, asphalt_concrete, medium_dry_ground, ...) or "
                     "say in a material map what it is",
                     where, name, nearest != NULL ? " (did you mean \"" : "", nearest != NULL ? nearest : "",
                     nearest != NULL ? "\"?)" : "");
}

static bcue_status check_map(bcue_material_map *map, bcue_error *error)
{
    const map_entry *entries = map->entries.items;
    char radio[48], key[64];
    for (size_t i = 0; i < map->entries.count; i++) {
        snprintf(key, sizeof key, "materials.%zu.radio", i);
        if (entries[i].radio != NULL && !bcue_scene_itu_name(entries[i].radio, radio)) {
            (void)unknown_material(bcue_config_where(map->config, key), entries[i].radio, error);
            return BCUE_ERROR_CONFIG;
        }
        snprintf(key, sizeof key, "materials.%zu.colour", i);
        if (entries[i].colour.count != 0 && entries[i].colour.count != 3)
            return bcue_config_fail(map->config, error, key, "%zu numbers; a colour has 3",
                                    entries[i].colour.count);
    }
    if (map->fallback != NULL && !bcue_scene_itu_name(map->fallback, radio)) {
        (void)unknown_material(bcue_config_where(map->config, "fallback"), map->fallback, error);
        return BCUE_ERROR_CONFIG;
    }
    return BCUE_OK;
}

bcue_status bcue_material_map_read(const char *path, bcue_material_map **map, bcue_error *error)
{
    *map = NULL;
    bcue_material_map *made = bcue_calloc(1, sizeof *made);
    if (made == NULL)
        return bcue_fail_memory(error, path);
    bcue_config *config = NULL;
    bcue_status status = bcue_config_read(path, NULL, 0, map_fields, made, &config, error);
    if (status == BCUE_OK) {
        made->config = config;
        status = check_map(made, error);
    }
    if (status != BCUE_OK) {
        bcue_material_map_destroy(made);
        return status;
    }
    *map = made;
    return BCUE_OK;
}

void bcue_material_map_destroy(bcue_material_map *map)
{
    if (map == NULL)
        return;
    bcue_config_destroy(map->config);
    free(map);
}

/* Does `name` fit a pattern in which * stands for any characters? */
static bool fits(const char *pattern, const char *name)
{
    const char *star = NULL, *resume = NULL;
    while (*name != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            resume = name;
        } else if (*pattern == *name) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star + 1;
            name = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static void apply_entry(const map_entry *entry, bcue_scene_material *material)
{
    material->radio[0] = '\0';
    material->custom = entry->radio == NULL;
    if (entry->radio != NULL)
        (void)bcue_scene_itu_name(entry->radio, material->radio);
    material->permittivity = entry->permittivity;
    material->conductivity = entry->conductivity_s_per_m;
    material->slab = entry->model == MODEL_SLAB;
    material->thickness_m = entry->thickness_m;
    material->scattering = entry->scattering;
    for (size_t c = 0; c < 3 && entry->colour.count == 3; c++)
        material->colour[c] = (float)entry->colour.items[c];
    material->has_colour = material->has_colour || entry->colour.count == 3;
}

/* ---- to the world ---- */

static bcue_status make_material(const bcue_scene_material *from, bcue_material *made, bcue_error *error)
{
    *made = (bcue_material){.albedo = {0.5f, 0.5f, 0.5f}};
    bcue_radio_material *radio = &made->radio;
    if (from->custom) {
        /* eta' = a f^b and sigma = c f^d, the same at every frequency. */
        *radio = (bcue_radio_material){.a = from->permittivity,
                                       .c = from->conductivity,
                                       .min_hz = 1.0,
                                       .max_hz = 1e12,
                                       .lobe_exponent = 4};
        snprintf(radio->name, sizeof radio->name, "%s", from->name);
    } else {
        BCUE_TRY(bcue_radio_material_named(from->radio, radio, error));
    }
    radio->slab = from->slab;
    radio->thickness_m = from->slab ? from->thickness_m : 0.0;
    radio->scattering = from->scattering;
    radio->cross_polarisation = from->cross_polarisation;
    snprintf(made->name, sizeof made->name, "%s", from->name);
    const itu_look *look = from->custom ? NULL : find_look(from->radio);
    if (look != NULL) {
        memcpy(made->albedo, look->albedo, sizeof made->albedo);
        made->gloss = look->gloss;
        made->pattern = look->pattern;
    }
    if (from->has_colour)
        memcpy(made->albedo, from->colour, sizeof made->albedo);
    return bcue_radio_material_check(radio, error);
}

bcue_status bcue_scene_material_resolve(const bcue_material_map *map, const bcue_scene_material *material,
                                        const char *file, bcue_material *made, bcue_error *error)
{
    bcue_scene_material resolved = *material;
    const map_entry *entries = map != NULL ? map->entries.items : NULL;
    bool mapped = false;
    for (size_t i = 0; map != NULL && i < map->entries.count && !mapped; i++) {
        mapped = fits(entries[i].name, material->name);
        if (mapped)
            apply_entry(&entries[i], &resolved);
    }
    if (!mapped && map != NULL && map->fallback != NULL && !resolved.custom && resolved.radio[0] == '\0')
        (void)bcue_scene_itu_name(map->fallback, resolved.radio);
    if (!resolved.custom && resolved.radio[0] == '\0') {
        char where[256];
        if (material->line > 0)
            snprintf(where, sizeof where, "%.200s:%zu", file, material->line);
        else
            snprintf(where, sizeof where, "%.200s", file);
        return unknown_material(where, material->name, error);
    }
    bcue_status status = make_material(&resolved, made, error);
    return status == BCUE_OK ? BCUE_OK : bcue_fail_context(error, BCUE_ERROR_DATA, "%s", file);
}
