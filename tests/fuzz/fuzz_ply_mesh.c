#include "fuzz.h"
#include "formats/ply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bcue_ply_mesh mesh;
    bcue_error error = {{0}};
    bcue_status status = bcue_ply_mesh_decode(data, size, FUZZ_NAME, &mesh, &error);
    if (status != BCUE_OK) {
        fuzz_check_refusal(status, &error);
        fuzz_require(mesh.vertices == NULL && mesh.face_first == NULL && mesh.corners == NULL,
                     "a refused mesh has vertices", &error);
        return 0;
    }
    fuzz_require(mesh.vertex_count <= size && mesh.face_count <= size, "more vertices or faces than bytes",
                 &error);
    for (size_t face = 0; face < mesh.face_count; face++)
        fuzz_require(mesh.face_first[face + 1] >= mesh.face_first[face] + 3, "a face of fewer than 3 corners",
                     &error);
    for (size_t i = 0; i < mesh.face_first[mesh.face_count]; i++)
        fuzz_require(mesh.corners[i] < mesh.vertex_count, "a corner that is no vertex", &error);
    bcue_ply_mesh_free(&mesh);
    return 0;
}
