#include "scene/osm_document.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "scene/osm_tags.h"
#include "scene/xml_reader.h"

typedef enum osm_part { PART_NONE, PART_NODE, PART_WAY, PART_RELATION } osm_part;

typedef struct osm_reading {
    bcue_osm_document *document;
    osm_part part; /* whose inside is being read */
    bool left_out;
} osm_reading;

static bcue_status take_id(const bcue_xml_element *element, const char *name, int64_t *id, bcue_error *error)
{
    const char *text = "";
    BCUE_TRY(bcue_xml_required(element, name, &text, error));
    if (!bcue_parse_int64(text, id))
        return bcue_xml_fail(element, error, "%s=\"%.40s\" is not a whole number", name, text);
    return BCUE_OK;
}

/* Deleted in an editor's file. */
static bool is_deleted(const bcue_xml_element *element)
{
    const char *visible = bcue_xml_attribute(element, "visible"),
               *action = bcue_xml_attribute(element, "action");
    return (visible != NULL && strcmp(visible, "false") == 0) ||
           (action != NULL && strcmp(action, "delete") == 0);
}

static bcue_status open_node(osm_reading *reading, const bcue_xml_element *element, bcue_error *error)
{
    bcue_osm_document *document = reading->document;
    bcue_osm_node node = {0};
    BCUE_TRY(take_id(element, "id", &node.id, error));
    if (is_deleted(element)) {
        reading->left_out = true;
        return BCUE_OK;
    }
    BCUE_TRY(bcue_xml_number(element, "lat", -90.0, 90.0, &node.latitude_deg, error));
    BCUE_TRY(bcue_xml_number(element, "lon", -180.0, 180.0, &node.longitude_deg, error));
    if (!bcue_grow((void **)&document->nodes, &document->node_capacity, document->node_count + 1,
                   sizeof node))
        return bcue_fail_memory(error, element->file);
    document->nodes[document->node_count++] = node;
    return BCUE_OK;
}

static bcue_status open_way(osm_reading *reading, const bcue_xml_element *element, bcue_error *error)
{
    bcue_osm_document *document = reading->document;
    bcue_osm_way way = {.line = element->line, .first_ref = document->ref_count};
    BCUE_TRY(take_id(element, "id", &way.id, error));
    reading->left_out = is_deleted(element);
    if (!bcue_grow((void **)&document->ways, &document->way_capacity, document->way_count + 1, sizeof way))
        return bcue_fail_memory(error, element->file);
    document->ways[document->way_count++] = way;
    return BCUE_OK;
}

static bcue_status open_relation(osm_reading *reading, const bcue_xml_element *element, bcue_error *error)
{
    bcue_osm_document *document = reading->document;
    bcue_osm_relation relation = {.line = element->line, .first_member = document->member_count};
    BCUE_TRY(take_id(element, "id", &relation.id, error));
    reading->left_out = is_deleted(element);
    if (!bcue_grow((void **)&document->relations, &document->relation_capacity, document->relation_count + 1,
                   sizeof relation))
        return bcue_fail_memory(error, element->file);
    document->relations[document->relation_count++] = relation;
    return BCUE_OK;
}

static bcue_status take_bounds(osm_reading *reading, const bcue_xml_element *element, bcue_error *error)
{
    bcue_osm_document *document = reading->document;
    BCUE_TRY(bcue_xml_number(element, "minlat", -90.0, 90.0, &document->south_deg, error));
    BCUE_TRY(bcue_xml_number(element, "minlon", -180.0, 180.0, &document->west_deg, error));
    BCUE_TRY(bcue_xml_number(element, "maxlat", document->south_deg, 90.0, &document->north_deg, error));
    BCUE_TRY(bcue_xml_number(element, "maxlon", document->west_deg, 180.0, &document->east_deg, error));
    document->has_bounds = true;
    return BCUE_OK;
}

static bcue_status on_way_part(osm_reading *reading, const bcue_xml_element *element, bcue_error *error)
{
    bcue_osm_document *document = reading->document;
    bcue_osm_way *way = &document->ways[document->way_count - 1];
    if (strcmp(element->name, "nd") != 0)
        return BCUE_OK;
    int64_t ref = 0;
    BCUE_TRY(take_id(element, "ref", &ref, error));
    if (!bcue_grow((void **)&document->refs, &document->ref_capacity, document->ref_count + 1, sizeof ref))
        return bcue_fail_memory(error, element->file);
    document->refs[document->ref_count++] = ref;
    way->ref_count++;
    return BCUE_OK;
}

static bcue_status on_relation_part(osm_reading *reading, const bcue_xml_element *element, bcue_error *error)
{
    bcue_osm_document *document = reading->document;
    const char *type = "", *role = bcue_xml_attribute(element, "role");
    if (strcmp(element->name, "member") != 0)
        return BCUE_OK;
    BCUE_TRY(bcue_xml_required(element, "type", &type, error));
    if (strcmp(type, "way") != 0)
        return BCUE_OK;
    bcue_osm_member member = {.inner = role != NULL && strcmp(role, "inner") == 0};
    BCUE_TRY(take_id(element, "ref", &member.way, error));
    if (!bcue_grow((void **)&document->members, &document->member_capacity, document->member_count + 1,
                   sizeof member))
        return bcue_fail_memory(error, element->file);
    document->members[document->member_count++] = member;
    document->relations[document->relation_count - 1].member_count++;
    return BCUE_OK;
}

static bcue_status on_part(osm_reading *reading, const bcue_xml_element *element, bcue_error *error)
{
    bcue_osm_document *document = reading->document;
    if (reading->left_out || reading->part == PART_NONE)
        return BCUE_OK;
    if (strcmp(element->name, "tag") == 0) {
        const char *key = "", *value = "";
        BCUE_TRY(bcue_xml_required(element, "k", &key, error));
        BCUE_TRY(bcue_xml_required(element, "v", &value, error));
        if (reading->part == PART_NODE)
            bcue_osm_node_tag(&document->nodes[document->node_count - 1], key, value);
        else
            bcue_osm_way_tag(reading->part == PART_WAY
                                 ? &document->ways[document->way_count - 1].tags
                                 : &document->relations[document->relation_count - 1].tags,
                             key, value);
        return BCUE_OK;
    }
    if (reading->part == PART_WAY)
        return on_way_part(reading, element, error);
    return reading->part == PART_RELATION ? on_relation_part(reading, element, error) : BCUE_OK;
}

static bcue_status on_osm_start(void *context, const bcue_xml_element *element, bcue_error *error)
{
    osm_reading *reading = context;
    if (element->depth == 1)
        return strcmp(element->name, "osm") == 0
                   ? BCUE_OK
                   : bcue_xml_fail(element, error, "the root of OpenStreetMap is <osm>");
    if (element->depth > 2)
        return element->depth == 3 ? on_part(reading, element, error) : BCUE_OK;
    reading->part = PART_NONE;
    reading->left_out = false;
    if (strcmp(element->name, "node") == 0) {
        reading->part = PART_NODE;
        return open_node(reading, element, error);
    }
    if (strcmp(element->name, "way") == 0) {
        reading->part = PART_WAY;
        return open_way(reading, element, error);
    }
    if (strcmp(element->name, "relation") == 0) {
        reading->part = PART_RELATION;
        return open_relation(reading, element, error);
    }
    return strcmp(element->name, "bounds") == 0 ? take_bounds(reading, element, error) : BCUE_OK;
}

/* A relation that is no building does not stay; nor does what was deleted. */
static bcue_status on_osm_end(void *context, const bcue_xml_element *element, bcue_error *error)
{
    (void)error;
    osm_reading *reading = context;
    bcue_osm_document *document = reading->document;
    if (element->depth != 2)
        return BCUE_OK;
    if (reading->part == PART_WAY && reading->left_out)
        document->ref_count = document->ways[--document->way_count].first_ref;
    if (reading->part == PART_RELATION) {
        const bcue_osm_relation *relation = &document->relations[document->relation_count - 1];
        if (reading->left_out || !relation->tags.building || !relation->tags.multipolygon) {
            document->member_count = relation->first_member;
            document->relation_count--;
        }
    }
    reading->part = PART_NONE;
    return BCUE_OK;
}

/* ---- ids to indices ---- */

typedef struct id_place {
    int64_t id;
    size_t index;
} id_place;

static int by_node_id(const void *a, const void *b)
{
    int64_t x = ((const bcue_osm_node *)a)->id, y = ((const bcue_osm_node *)b)->id;
    return x < y ? -1 : x > y;
}

static int by_id(const void *a, const void *b)
{
    const id_place *p = a, *q = b;
    return p->id < q->id ? -1 : p->id > q->id ? 1 : p->index < q->index ? -1 : p->index > q->index;
}

static int64_t find_node(const bcue_osm_document *document, int64_t id)
{
    size_t low = 0, high = document->node_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (document->nodes[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < document->node_count && document->nodes[low].id == id ? (int64_t)low : -1;
}

static int64_t find_place(const id_place *places, size_t count, int64_t id)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (places[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && places[low].id == id ? (int64_t)places[low].index : -1;
}

static bcue_status resolve(bcue_osm_document *document, const char *name, bcue_error *error)
{
    if (document->node_count > 0)
        qsort(document->nodes, document->node_count, sizeof *document->nodes, by_node_id);
    for (size_t i = 1; i < document->node_count; i++)
        if (document->nodes[i].id == document->nodes[i - 1].id)
            return bcue_fail(error, BCUE_ERROR_DATA, "%s: node %lld is there twice", name,
                             (long long)document->nodes[i].id);
    for (size_t i = 0; i < document->ref_count; i++)
        document->refs[i] = find_node(document, document->refs[i]);
    id_place *places = bcue_calloc(document->way_count, sizeof *places);
    if (places == NULL)
        return bcue_fail_memory(error, name);
    for (size_t i = 0; i < document->way_count; i++)
        places[i] = (id_place){document->ways[i].id, i};
    qsort(places, document->way_count, sizeof *places, by_id);
    for (size_t i = 0; i < document->member_count; i++)
        document->members[i].way = find_place(places, document->way_count, document->members[i].way);
    free(places);
    return BCUE_OK;
}

static bcue_status decode_osm(const void *data, size_t size, const char *name, bcue_osm_document *document,
                              bcue_error *error)
{
    static const bcue_xml_handlers handlers = {on_osm_start, on_osm_end};
    *document = (bcue_osm_document){0};
    osm_reading reading = {.document = document};
    bcue_status status = data != NULL ? bcue_xml_decode(data, size, name, &handlers, &reading, error)
                                      : bcue_xml_read(name, &handlers, &reading, error);
    if (status == BCUE_OK)
        status = resolve(document, name, error);
    if (status != BCUE_OK)
        bcue_osm_free(document);
    return status;
}

bcue_status bcue_osm_decode(const void *data, size_t size, const char *name, bcue_osm_document *document,
                            bcue_error *error)
{
    return decode_osm(size > 0 ? data : "", size, name, document, error);
}

bcue_status bcue_osm_read(const char *path, bcue_osm_document *document, bcue_error *error)
{
    return decode_osm(NULL, 0, path, document, error);
}

void bcue_osm_free(bcue_osm_document *document)
{
    free(document->nodes);
    free(document->ways);
    free(document->refs);
    free(document->relations);
    free(document->members);
    *document = (bcue_osm_document){0};
}
