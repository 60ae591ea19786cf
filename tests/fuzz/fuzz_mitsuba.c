#include "fuzz.h"
#include <math.h>
#include <string.h>
#include "scene/mitsuba_document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bcue_mitsuba_document document;
    bcue_error error = {{0}};
    bcue_status status = bcue_mitsuba_decode(data, size, FUZZ_NAME, &document, &error);
    if (status != BCUE_OK) {
        fuzz_check_refusal(status, &error);
        fuzz_require(document.shapes == NULL && document.materials == NULL, "a refused scene has shapes",
                     &error);
        return 0;
    }
    for (size_t i = 0; i < document.shape_count; i++) {
        const bcue_mitsuba_shape *shape = &document.shapes[i];
        fuzz_require(shape->id != NULL && shape->material != NULL, "a shape without id or material", &error);
        fuzz_require(shape->file != NULL || shape->kind == BCUE_MITSUBA_RECTANGLE ||
                         shape->kind == BCUE_MITSUBA_CUBE,
                     "a mesh without file", &error);
        for (int k = 0; k < 12; k++)
            fuzz_require(isfinite(shape->matrix[k]), "a transform that is no number", &error);
    }
    for (size_t i = 0; i < document.material_count; i++)
        fuzz_require(memchr(document.materials[i].name, '\0', sizeof document.materials[i].name) != NULL,
                     "a name without end", &error);
    bcue_mitsuba_free(&document);
    return 0;
}
