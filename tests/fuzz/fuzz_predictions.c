#include "fuzz.h"
#include "learn/predictions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bcue_predictions predictions;
    bcue_error error = {{0}};
    bcue_status status = bcue_predictions_decode(data, size, FUZZ_NAME, &predictions, &error);
    if (status != BCUE_OK) {
        fuzz_check_refusal(status, &error);
        return 0;
    }
    const bcue_scored_set set = bcue_predictions_view(&predictions, true, 0);
    fuzz_require(bcue_scored_set_check(&set, &error) == BCUE_OK,
                 "predictions that were read cannot be scored", &error);
    bcue_predictions_free(&predictions);
    return 0;
}
