/* Point clouds and meshes from PLY files (Turk's Stanford polygon format 1.0): ASCII and binary of both byte
   orders, properties in any order and of any type, other elements (faces) before or after the vertices, list
   properties, comments, CRLF.

   What counts is the element "vertex" with scalar properties x, y and z, and intensity where there is one;
   the rest is walked over, so that a file that ends early or has something appended is noticed wherever the
   damage is. ASCII rows are one line each. An ASCII file that was cut inside its very last number is the one
   thing that cannot be told from a whole one. Errors: BCUE_ERROR_FORMAT, BCUE_ERROR_UNSUPPORTED (another
   version or type) with "name:line:" in the header and in ASCII data, "name: byte N:" in binary data;
   BCUE_ERROR_IO; BCUE_ERROR_MEMORY. Memory is at most 32 bytes for each 3 of the file, and with the faces of
   a mesh 12 for each byte. Any thread. */
#ifndef BCUE_FORMATS_PLY_H
#define BCUE_FORMATS_PLY_H

#include <stddef.h>
#include <stdint.h>
#include "base/file.h"
#include "beamcue/status.h"

typedef struct bcue_ply {
    size_t count;
    double *points;    /* owned: count x 3, in the file's unit and frame; nan where the file says so */
    double *intensity; /* owned: count values in the file's unit, or NULL when the file has none */
} bcue_ply;

/* `name` stands for the file in messages. On success the caller frees `cloud`; otherwise it is empty. */
bcue_status bcue_ply_decode(const void *data, size_t size, const char *name, bcue_ply *cloud,
                            bcue_error *error);
bcue_status bcue_ply_read(const char *path, bcue_ply *cloud, bcue_error *error);
void bcue_ply_free(bcue_ply *cloud); /* and make it empty; NULL is fine */

/* Vertices and polygons: the element "face" with a list property vertex_indices or vertex_index. Face i has
   the corners corners[face_first[i]] .. corners[face_first[i + 1] - 1], each below vertex_count and at least
   three of them; that they lie in a plane is not checked. */
typedef struct bcue_ply_mesh {
    size_t vertex_count, face_count;
    double *vertices;     /* owned: vertex_count x 3, as in bcue_ply */
    uint32_t *face_first; /* owned: face_count + 1 */
    uint32_t *corners;    /* owned: face_first[face_count] */
} bcue_ply_mesh;

/* The same for a mesh. A file without faces is an error. */
bcue_status bcue_ply_mesh_decode(const void *data, size_t size, const char *name, bcue_ply_mesh *mesh,
                                 bcue_error *error);
bcue_status bcue_ply_mesh_read(const char *path, bcue_ply_mesh *mesh, bcue_error *error);
void bcue_ply_mesh_free(bcue_ply_mesh *mesh); /* and make it empty; NULL is fine */

typedef enum bcue_ply_layout {
    BCUE_PLY_ASCII,  /* as scenarios 31-34 have it: double x, y, z with six decimals, ushort intensity */
    BCUE_PLY_BINARY, /* little endian, the same properties */
    BCUE_PLY_BINARY_FLOAT, /* little endian, float x, y, z: about half the size */
} bcue_ply_layout;

/* Intensity is written where the cloud has it, rounded and cut to 0..65535. The caller frees `bytes`. */
bcue_status bcue_ply_encode(const bcue_ply *cloud, bcue_ply_layout layout, bcue_bytes *bytes,
                            bcue_error *error);
bcue_status bcue_ply_write(const char *path, const bcue_ply *cloud, bcue_ply_layout layout,
                           bcue_error *error);

#endif
