/* BeamTransFuser of any size against whole tensors that PyTorch computed in double
   (tools/peer/parity_beamtransfuser.py). Prints one table row per mode; exit 1 where a threshold is missed.
     parity_beamtransfuser REFERENCE.safetensors double|onednn */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "torch_parity.h"

static double now_s(void)
{
    struct timespec t;
    (void)timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void row(const char *engine, const char *mode, const parity_errors *e, double seconds, bool good)
{
    printf("| %s | %s | %.1e (%s) | %.1e | %.1e | %.1e | %.1e (%s) | %.1e | %d | %.0f | %s |\n", engine, mode,
           e->outputs, e->worst_output, e->loss, e->running, e->gradient_median, e->gradient_worst,
           e->worst_gradient, e->zero, e->compared, seconds, good ? "yes" : "NO");
    (void)fflush(stdout);
}

static bool in_double(const parity_errors *e)
{
    return e->outputs < 1e-8 && e->loss < 1e-8 && e->running < 1e-8 && e->gradient_worst < 1e-8 &&
           e->zero < 1e-12;
}

static bool in_single(const parity *p, const parity_errors *e, bool training)
{
    const double median = 2 * parity_torch_f32(p, true, "gradient_median");
    const bool outputs = e->outputs < 1e-5 && e->loss < 1e-5 && e->running < 1e-5 && e->zero < 1e-6;
    return outputs &&
           (training ? e->gradient_worst < 5e-2 && e->gradient_median < median : e->gradient_worst < 1e-3);
}

static bool check(const parity *p, const char *name, bcue_engine engine, bcue_dtype dtype)
{
    bool all = true;
    for (int mode = 0; mode < 3; mode++) {
        static const char *const modes[] = {"inference plan", "inference", "training"};
        bcue_error error = {""};
        parity_errors e;
        const double start = now_s();
        const bcue_status status = mode == 0 ? parity_infer(p, engine, dtype, &e, &error)
                                             : parity_run(p, engine, dtype, mode == 2, &e, &error);
        if (status != BCUE_OK) {
            fprintf(stderr, "%s\n", error.text);
            return false;
        }
        const bool good = dtype == BCUE_F64 ? in_double(&e) : in_single(p, &e, mode == 2);
        row(name, modes[mode], &e, now_s() - start, good);
        all = all && good;
    }
    return all;
}

int main(int argc, char **argv)
{
    bcue_error error = {""};
    parity p;
    if (argc != 3 || (strcmp(argv[2], "double") != 0 && strcmp(argv[2], "onednn") != 0)) {
        fprintf(stderr, "usage: parity_beamtransfuser REFERENCE.safetensors double|onednn\n");
        return 2;
    }
    if (parity_open(argv[1], &p, &error) != BCUE_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    const bool exact = strcmp(argv[2], "double") == 0;
    const bool good = exact ? check(&p, "plain C, double", BCUE_ENGINE_REFERENCE, BCUE_F64)
                            : check(&p, "oneDNN, f32", BCUE_ENGINE_ONEDNN, BCUE_F32);
    for (int training = 0; !exact && training < 2; training++)
        printf("| PyTorch, f32 | %s | %.1e | | | %.1e | %.1e | | | | |\n",
               training ? "training" : "inference", parity_torch_f32(&p, training != 0, "outputs"),
               parity_torch_f32(&p, training != 0, "gradient_median"),
               parity_torch_f32(&p, training != 0, "gradient_worst"));
    parity_close(&p);
    return good ? 0 : 1;
}
