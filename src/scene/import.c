#include "scene/import.h"

#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "scene/mitsuba_document.h"
#include "scene/model_import.h"
#include "scene/osm_import.h"
#include "scene/scene_builder.h"
#include "scene/xml_reader.h"

typedef enum scene_format { FORMAT_UNKNOWN, FORMAT_MITSUBA, FORMAT_OSM, FORMAT_MODEL } scene_format;

/* The root element of an XML file says what it is. */
typedef struct root_search {
    scene_format format;
} root_search;

static bcue_status on_root(void *context, const bcue_xml_element *element, bcue_error *error)
{
    root_search *search = context;
    if (strcmp(element->name, "scene") == 0)
        search->format = FORMAT_MITSUBA;
    else if (strcmp(element->name, "osm") == 0)
        search->format = FORMAT_OSM;
    else
        return bcue_xml_fail(element, error, "neither a Mitsuba scene (<scene>) nor OpenStreetMap (<osm>)");
    return BCUE_ERROR_CANCELLED; /* enough of the file is read */
}

static bcue_status find_format(const char *path, scene_format *format, bcue_error *error)
{
    static const char *const endings[] = {".obj", ".gltf", ".glb", ".ply"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (bcue_ends_with(path, endings[i])) {
            *format = FORMAT_MODEL;
            return BCUE_OK;
        }
    if (!bcue_ends_with(path, ".xml") && !bcue_ends_with(path, ".osm"))
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                         "%s: a scene is .xml (Mitsuba), .obj, .gltf, .glb, .ply or .osm", path);
    static const bcue_xml_handlers handlers = {on_root, NULL};
    root_search search = {.format = FORMAT_UNKNOWN};
    bcue_status status = bcue_xml_read(path, &handlers, &search, error);
    *format = search.format;
    return status == BCUE_ERROR_CANCELLED ? BCUE_OK : status;
}

bcue_status bcue_world_import(const char *path, const bcue_import_options *options, bcue_world *world,
                              bcue_import_report *report, bcue_error *error)
{
    scene_format format = FORMAT_UNKNOWN;
    BCUE_TRY(find_format(path, &format, error));
    bcue_scene_builder builder;
    BCUE_TRY(bcue_scene_begin(&builder, options, error));
    bcue_status status = format == FORMAT_MITSUBA ? bcue_mitsuba_import(path, &builder, error)
                         : format == FORMAT_MODEL ? bcue_model_import(path, &builder, error)
                                                  : bcue_osm_world_import(path, &builder, error);
    if (status != BCUE_OK) {
        bcue_scene_abandon(&builder);
        return status;
    }
    return bcue_scene_finish(&builder, path, world, report, error);
}
