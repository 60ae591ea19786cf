#include "fuzz.h"
#include "formats/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bcue_image image;
    bcue_error error = {{0}};
    bcue_status status = bcue_jpeg_decode(data, size, FUZZ_NAME, size % 2 == 0 ? 3 : 1, &image, &error);
    if (status != BCUE_OK) {
        fuzz_check_refusal(status, &error);
        fuzz_require(image.pixels == NULL, "a refused picture has pixels", &error);
    } else {
        fuzz_require(bcue_image_check(&image, &error) == BCUE_OK, "a picture was read that cannot be written",
                     &error);
    }
    bcue_image_free(&image);
    return 0;
}
