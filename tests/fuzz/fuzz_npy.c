#include "fuzz.h"
#include "formats/npy.h"

static void check_round_trip(const bcue_npy *array)
{
    bcue_bytes bytes;
    bcue_npy again;
    bcue_error error = {{0}};
    fuzz_require(bcue_npy_encode(array, &bytes, &error) == BCUE_OK,
                 "an array was read that cannot be written", &error);
    fuzz_require(bcue_npy_decode(bytes.data, bytes.size, FUZZ_NAME, &again, &error) == BCUE_OK,
                 "a written array cannot be read", &error);
    fuzz_require(again.type == array->type && again.rank == array->rank &&
                     memcmp(again.shape, array->shape, sizeof again.shape) == 0 &&
                     memcmp(again.data, array->data, array->count * bcue_npy_type_size(array->type)) == 0,
                 "an array changed by being written", &error);
    bcue_npy_free(&again);
    bcue_bytes_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bcue_npy array;
    bcue_error error = {{0}};
    bcue_status status = bcue_npy_decode(data, size, FUZZ_NAME, &array, &error);
    if (status != BCUE_OK) {
        fuzz_check_refusal(status, &error);
        return 0;
    }
    fuzz_require(array.count * bcue_npy_type_size(array.type) <= size, "more data than the file has", &error);
    for (size_t i = 0; i < array.count; i++) {
        volatile double value = bcue_npy_get(&array, i);
        (void)value;
    }
    check_round_trip(&array);
    bcue_npy_free(&array);
    return 0;
}
