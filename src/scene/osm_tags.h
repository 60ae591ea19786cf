/* Tags of OpenStreetMap. Not for other rooms. */
#ifndef BCUE_SCENE_OSM_TAGS_H
#define BCUE_SCENE_OSM_TAGS_H

#include "scene/osm_document.h"

/* Take note of a tag of a way or relation, or of a node. What makes no sense is as if it were not there. */
void bcue_osm_way_tag(bcue_osm_tags *tags, const char *key, const char *value);
void bcue_osm_node_tag(bcue_osm_node *node, const char *key, const char *value);

#endif
