/* Meshes of modelling programs: OBJ and glTF through Assimp, PLY through our own reader. Not for other rooms.
 */
#ifndef BCUE_SCENE_MODEL_IMPORT_H
#define BCUE_SCENE_MODEL_IMPORT_H

#include "beamcue/status.h"
#include "scene/scene_builder.h"
#include "scene/triangle_list.h"

/* Add a file to a builder: an object per mesh of each node. A PLY file is one object of the material "ply",
   or as its name says ("itu_glass.ply"). */
bcue_status bcue_model_import(const char *path, bcue_scene_builder *builder, bcue_error *error);
/* All triangles of an OBJ file, without its materials. On success the caller frees. */
bcue_status bcue_model_triangles_read(const char *path, bcue_triangle_list *list, bcue_error *error);

#endif
