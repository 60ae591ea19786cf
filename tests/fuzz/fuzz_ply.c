#include "fuzz.h"
#include "formats/ply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bcue_ply cloud;
    bcue_error error = {{0}};
    bcue_status status = bcue_ply_decode(data, size, FUZZ_NAME, &cloud, &error);
    if (status != BCUE_OK) {
        fuzz_check_refusal(status, &error);
        fuzz_require(cloud.points == NULL && cloud.intensity == NULL, "a refused cloud has points", &error);
        return 0;
    }
    fuzz_require(cloud.count <= size, "more points than bytes", &error);
    for (size_t i = 0; i < 3 * cloud.count; i++) {
        volatile double value = cloud.points[i];
        (void)value;
    }
    bcue_ply_free(&cloud);
    return 0;
}
