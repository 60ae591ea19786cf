/* Paths by brute force in double over a list of rectangles, written apart from src/rays: images of the
   receiver (not of the transmitter), edges by golden section (not in closed form), every triangle tried. */
#ifndef BCUE_TESTS_RAYS_BRUTE_H
#define BCUE_TESTS_RAYS_BRUTE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/vec3.h"

typedef struct brute_quad {
    bcue_vec3 corner[4];                         /* a rectangle, counter-clockwise from outside */
    bool closed;                                 /* part of a closed box: only its outside can be met */
    bcue_vec3 normal, along_width, along_height; /* by brute_prepare */
    double width, height;
} brute_quad;

typedef struct brute_edge {
    bcue_vec3 a, b;
    bcue_vec3 out; /* unit: into the middle of the air around the edge */
    int quad[2];   /* the faces; -1: none */
} brute_edge;

enum { BRUTE_QUADS = 40, BRUTE_EDGES = 100, BRUTE_PATHS = 4000, BRUTE_POINTS = 4 };

typedef struct brute_scene {
    brute_quad quads[BRUTE_QUADS];
    int quad_count;
    brute_edge edges[BRUTE_EDGES];
    int edge_count;
} brute_scene;

typedef struct brute_path {
    int count;
    bcue_vec3 point[BRUTE_POINTS];
    bool bend[BRUTE_POINTS]; /* a diffraction */
    double length;
    double margin; /* how far from any edge the decision was, metres; below the skip bound it may go either
                      way */
    bool exists;
} brute_path;

typedef struct brute_list {
    brute_path all[BRUTE_PATHS];
    int count;
} brute_list;

void brute_prepare(brute_quad *quad);
/* Everything with up to `reflections` reflections, and, if asked, one diffraction with up to one reflection
   on one side. Candidates that do not exist are listed only where the margin is below `skip`. */
void brute_paths(const brute_scene *scene, bcue_vec3 transmitter, bcue_vec3 receiver, int reflection_count,
                 bool diffraction, double skip, brute_list *list);
/* Is the open segment free? *margin: how far the nearest decision was from going the other way. */
bool brute_visible(const brute_scene *scene, bcue_vec3 a, bcue_vec3 b, double *margin);

#endif
