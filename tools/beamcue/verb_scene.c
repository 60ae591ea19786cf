#include <inttypes.h>
#include <stdlib.h>

#include "beamcue/scene.h"
#include "cli.h"

static void write_text(FILE *out, const bcue_scene_summary *s, const bcue_scene_options *options,
                       const char *glb)
{
    fprintf(out, "objects    %" PRIu64 " of %" PRIu64 " materials, from %" PRIu64 " files\n", s->objects,
            s->materials, s->files);
    fprintf(out, "triangles  %" PRIu64 ", %" PRIu64 " vertices\n", s->triangles, s->vertices);
    if (s->zero_area_triangles > 0)
        fprintf(out, "left out   %" PRIu64 " triangles without area\n", s->zero_area_triangles);
    if (s->open_objects > 0)
        fprintf(out, "open       %" PRIu64 " objects are no closed solids\n", s->open_objects);
    fprintf(out, "extent     %.1f .. %.1f m east, %.1f .. %.1f m north, %.1f .. %.1f m up\n", s->low_m[0],
            s->high_m[0], s->low_m[1], s->high_m[1], s->low_m[2], s->high_m[2]);
    if (s->latitude_deg != 0.0 || s->longitude_deg != 0.0)
        fprintf(out, "origin     %.6f, %.6f\n", s->latitude_deg, s->longitude_deg);
    if (s->skipped_buildings > 0)
        fprintf(out, "skipped    %" PRIu64 " buildings\n", s->skipped_buildings);
    if (s->lanes > 0)
        fprintf(out, "roads      %" PRIu64 " lanes and connectors, %" PRIu64 " traffic lights\n", s->lanes,
                s->signals);
    if (s->trees > 0)
        fprintf(out, "trees      %" PRIu64 "\n", s->trees);
    if (options->traffic != NULL)
        fprintf(out, "traffic    %" PRIu64 " vehicles in %.1f s, %" PRIu64 " overlaps\n", s->vehicles,
                s->traffic_s, s->overlaps);
    if (glb != NULL)
        fprintf(out, "glTF       %s, %.1f kB\n", glb, 1e-3 * (double)s->gltf_bytes);
}

static void write_member(FILE *out, const char *key, uint64_t value)
{
    fprintf(out, "\"%s\": %" PRIu64 ", ", key, value);
}

static void write_triple(FILE *out, const char *key, const double values[3])
{
    fprintf(out, "\"%s\": [", key);
    for (int i = 0; i < 3; i++) {
        fputs(i == 0 ? "" : ", ", out);
        bcue_cli_json_number(out, values[i]);
    }
    fputs("], ", out);
}

static void write_json(FILE *out, const bcue_scene_summary *s)
{
    fputc('{', out);
    write_member(out, "files", s->files);
    write_member(out, "objects", s->objects);
    write_member(out, "materials", s->materials);
    write_member(out, "vertices", s->vertices);
    write_member(out, "triangles", s->triangles);
    write_member(out, "zero_area_triangles", s->zero_area_triangles);
    write_member(out, "open_objects", s->open_objects);
    write_member(out, "skipped_buildings", s->skipped_buildings);
    write_member(out, "lanes", s->lanes);
    write_member(out, "signals", s->signals);
    write_member(out, "trees", s->trees);
    write_triple(out, "low_m", s->low_m);
    write_triple(out, "high_m", s->high_m);
    fputs("\"origin\": [", out);
    bcue_cli_json_number(out, s->latitude_deg);
    fputs(", ", out);
    bcue_cli_json_number(out, s->longitude_deg);
    fputs("], ", out);
    write_member(out, "vehicles", s->vehicles);
    write_member(out, "overlaps", s->overlaps);
    fputs("\"traffic_s\": ", out);
    bcue_cli_json_number(out, s->traffic_s);
    fprintf(out, ", \"gltf_bytes\": %" PRIu64 "}", s->gltf_bytes);
}

/* Numbers between commas; false: not exactly `count` of them. */
static bool take_numbers(const char *text, double *numbers, int count)
{
    for (int i = 0; i < count; i++) {
        char *end;
        numbers[i] = strtod(text, &end);
        if (end == text || *end != (i + 1 < count ? ',' : '\0'))
            return false;
        text = end + 1;
    }
    return true;
}

static int take_options(bcue_cli *cli, bcue_scene_options *options)
{
    double origin[2] = {0.0, 0.0};
    const char *place = bcue_cli_value(cli, "--origin"), *unit = bcue_cli_value(cli, "--unit");
    options->materials = bcue_cli_value(cli, "--materials");
    options->traffic = bcue_cli_value(cli, "--traffic");
    options->strict = bcue_cli_flag(cli, "--strict");
    options->y_up = bcue_cli_flag(cli, "--y-up");
    options->left_hand = bcue_cli_flag(cli, "--left-hand");
    options->traffic_geographic = bcue_cli_flag(cli, "--geographic");
    if (place != NULL) {
        if (!take_numbers(place, origin, 2) || !(origin[0] >= -90.0 && origin[0] <= 90.0) ||
            !(origin[1] >= -180.0 && origin[1] <= 180.0))
            return bcue_cli_usage(cli, "--origin %s: expected LAT,LON in degrees, like 48.137,11.575", place);
        options->has_origin = 1;
        options->latitude_deg = origin[0];
        options->longitude_deg = origin[1];
    }
    if (unit != NULL &&
        (!take_numbers(unit, &options->unit_m, 1) || !(options->unit_m > 0.0 && options->unit_m < 1e6)))
        return bcue_cli_usage(cli, "--unit %s: expected metres per unit of the file, like 0.01", unit);
    return BCUE_EXIT_DONE;
}

static int run(bcue_cli *cli)
{
    bcue_scene_options options_given = {0};
    bcue_scene_summary summary;
    bcue_error error = {""};
    const char *glb = bcue_cli_value(cli, "--glb");
    int usage = take_options(cli, &options_given);
    if (usage != BCUE_EXIT_DONE)
        return usage;
    const bcue_status status =
        bcue_scene_convert(cli->operands[0], &options_given, glb, bcue_cli_hooks(cli), &summary, &error);
    if (status != BCUE_OK)
        return bcue_cli_fail(cli, status, &error);
    bcue_cli_text answer;
    if (!bcue_cli_text_open(&answer))
        return bcue_cli_no_memory(cli);
    if (cli->json)
        write_json(answer.out, &summary);
    else
        write_text(answer.out, &summary, &options_given, glb);
    return bcue_cli_finish_text(cli, &answer, &glb, glb != NULL ? 1 : 0);
}

static const bcue_cli_option options[] = {
    {.name = "--glb", .value = "FILE", .help = "write the scene, and the traffic if any, as binary glTF"},
    {.name = "--traffic", .value = "FILE", .help = "vehicles from SUMO (sumo --fcd-output FILE)"},
    {.name = "--geographic", .help = "their places are longitude and latitude (--fcd-output.geo)"},
    {.name = "--materials", .value = "FILE", .help = "YAML that says what the scene's materials are"},
    {.name = "--origin",
     .value = "LAT,LON",
     .help = "OpenStreetMap: this place becomes (0, 0); else the middle"},
    {.name = "--left-hand", .help = "OpenStreetMap: traffic keeps left"},
    {.name = "--y-up", .help = "the file's y axis points up (glTF is turned anyway)"},
    {.name = "--unit", .value = "METRES", .help = "length of one unit of the file; 1 when absent"},
    {.name = "--strict", .help = "triangles without area, holes and unusable buildings are errors"},
    {.name = NULL}};

const bcue_cli_verb bcue_verb_scene = {
    .name = "scene",
    .purpose = "look at a scene of another program, and turn it into glTF",
    .operands = "FILE",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "FILE is Mitsuba XML as Sionna RT writes it (.xml), OBJ, glTF (.gltf, .glb), PLY\n"
             "with faces, or an OpenStreetMap extract (.osm, .xml). Shown are objects,\n"
             "triangles, extent, and of a map its roads and trees; warnings say what had to be\n"
             "left out. docs/import.md tells what is read of each.\n"
             "\n"
             "Examples:\n"
             "  beamcue scene munich/munich.xml\n"
             "  beamcue scene town.osm --traffic fcd.xml --geographic --glb town.glb\n"
             "\n"
             "Writes only the FILE of --glb.\n",
    .run = run,
};
