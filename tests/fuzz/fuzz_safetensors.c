#include "fuzz.h"
#include "tensor/safetensors.h"

static void check_tensors(const bcue_safetensors *file, size_t size)
{
    bcue_error none = {{0}};
    size_t total = 0;
    for (size_t i = 0; i < bcue_safetensors_count(file); i++) {
        const bcue_tensor *tensor = bcue_safetensors_tensor(file, i);
        fuzz_require(bcue_safetensors_find(file, bcue_safetensors_name(file, i)) == tensor,
                     "a tensor is not found by its name", &none);
        fuzz_require((uintptr_t)tensor->data % bcue_dtype_size(tensor->dtype) == 0, "a tensor is not aligned",
                     &none);
        for (size_t k = 0; k < bcue_tensor_size(tensor); k++) {
            volatile uint8_t byte = ((const uint8_t *)tensor->data)[k];
            (void)byte;
        }
        total += bcue_tensor_size(tensor);
    }
    fuzz_require(total <= size, "more data than the file has", &none);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bcue_safetensors *file;
    bcue_error error = {{0}};
    bcue_status status = bcue_safetensors_open_memory(data, size, FUZZ_NAME, &file, &error);
    if (status != BCUE_OK) {
        fuzz_check_refusal(status, &error);
        return 0;
    }
    check_tensors(file, size);
    bcue_safetensors_close(file);
    return 0;
}
