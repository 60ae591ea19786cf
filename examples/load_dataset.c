/* load_dataset FOLDER|CONFIG: open recordings and print what the samples are. */
#include <math.h>
#include <stdio.h>
#include "beamcue/dataset.h"

static void print_sample(const bcue_sample_view *sample)
{
    printf("%-16s episode %d, best beam %d", sample->id, sample->episode, sample->label);
    if (sample->power != NULL && sample->label >= 0)
        printf(" with %.1f dB", 10 * log10(sample->power[sample->label]));
    if (!isnan(sample->latitude_deg))
        printf(", vehicle at %.6f, %.6f", sample->latitude_deg, sample->longitude_deg);
    printf(", picture %s\n", sample->picture != NULL ? sample->picture : "missing");
}

int main(int argc, char **argv)
{
    bcue_dataset *dataset;
    bcue_error error;
    if (argc != 2) {
        fprintf(stderr, "usage: load_dataset FOLDER|CONFIG\n");
        return 2;
    }
    bcue_status status = bcue_dataset_load(argv[1], NULL, 0, NULL, &dataset, &error);
    if (status != BCUE_OK) {
        fprintf(stderr, "load_dataset: %s\n", error.text);
        return 1;
    }
    const size_t count = bcue_dataset_size(dataset);
    printf("%zu samples\n", count);
    for (size_t i = 0; i < count && status == BCUE_OK; i += count / 5 + 1) {
        bcue_sample_view sample;
        status = bcue_dataset_view(dataset, i, &sample, &error);
        if (status == BCUE_OK)
            print_sample(&sample);
    }
    bcue_dataset_close(dataset);
    return status == BCUE_OK ? 0 : 1;
}
