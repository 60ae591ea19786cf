#include "engine/row_linear.h"

#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/parallel.h"
#include "graph/int8_layer.h"

enum { OUTPUTS = BCUE_ROW_OUTPUTS, WORTH_A_THREAD = 1 << 20 /* weights */ };

static size_t blocks_of(int64_t outputs)
{
    return ((size_t)outputs + OUTPUTS - 1) / OUTPUTS;
}

static size_t width_of(bcue_weight_bits bits)
{
    return bits == BCUE_WEIGHTS_INT8 ? sizeof(int8_t) : sizeof(uint16_t);
}

static size_t block_bytes(bcue_weight_bits bits, int64_t inputs)
{
    return (size_t)inputs * OUTPUTS * width_of(bits);
}

size_t bcue_row_linear_bytes(bcue_weight_bits bits, int64_t inputs, int64_t outputs)
{
    return blocks_of(outputs) * (block_bytes(bits, inputs) + OUTPUTS * sizeof(float));
}

static float *scales_of(bcue_weight_bits bits, int64_t inputs, int64_t outputs, const void *packed)
{
    return (float *)((uintptr_t)packed + blocks_of(outputs) * block_bytes(bits, inputs));
}

/* ---- packing ---- */

static uint16_t upper_half(float value)
{
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    return (uint16_t)((word + 0x7FFFU + (word >> 16 & 1U)) >> 16);
}

static void pack_bf16(const float *weight, int64_t inputs, int64_t outputs, uint16_t *packed)
{
    for (int64_t o = 0; o < outputs; o++) {
        uint16_t *block = packed + o / OUTPUTS * inputs * OUTPUTS + o % OUTPUTS;
        for (int64_t i = 0; i < inputs; i++)
            block[i * OUTPUTS] = upper_half(weight[o * inputs + i]);
    }
}

static bool pack_int8(const float *weight, int64_t inputs, int64_t outputs, int8_t *packed, float *scale)
{
    int8_t *row = bcue_calloc((size_t)inputs, sizeof *row);
    if (row == NULL)
        return false;
    for (int64_t o = 0; o < outputs; o++) {
        const bcue_tensor one = {.dtype = BCUE_F32,
                                 .shape = bcue_shape_of(1, inputs),
                                 .data = (void *)(uintptr_t)(weight + o * inputs)};
        int8_t *block = packed + o / OUTPUTS * inputs * OUTPUTS + o % OUTPUTS;
        bcue_quantise_weight(&one, row, &scale[o]);
        for (int64_t i = 0; i < inputs; i++)
            block[i * OUTPUTS] = row[i];
    }
    free(row);
    return true;
}

bool bcue_row_linear_pack(bcue_weight_bits bits, const float *weight, int64_t inputs, int64_t outputs,
                          void *packed)
{
    float *scale = scales_of(bits, inputs, outputs, packed);
    memset(packed, 0, bcue_row_linear_bytes(bits, inputs, outputs));
    for (int64_t o = 0; o < outputs; o++)
        scale[o] = 1;
    if (bits == BCUE_WEIGHTS_INT8)
        return pack_int8(weight, inputs, outputs, packed, scale);
    pack_bf16(weight, inputs, outputs, packed);
    return true;
}

/* ---- running ---- */

static void plain_bf16(const void *block, const bcue_row_entry *entries, size_t count, float *sums)
{
    const uint16_t *weights = block;
    memset(sums, 0, OUTPUTS * sizeof *sums);
    for (size_t e = 0; e < count; e++)
        for (size_t o = 0; o < OUTPUTS; o++) {
            const uint32_t word = (uint32_t)weights[(size_t)entries[e].input * OUTPUTS + o] << 16;
            float weight;
            memcpy(&weight, &word, sizeof weight);
            sums[o] += entries[e].value * weight;
        }
}

static void plain_int8(const void *block, const bcue_row_entry *entries, size_t count, float *sums)
{
    const int8_t *weights = block;
    memset(sums, 0, OUTPUTS * sizeof *sums);
    for (size_t e = 0; e < count; e++)
        for (size_t o = 0; o < OUTPUTS; o++)
            sums[o] += entries[e].value * (float)weights[(size_t)entries[e].input * OUTPUTS + o];
}

static bcue_row_block *kernel_of(bcue_weight_bits bits, bcue_cpu_level level)
{
    const bool bytes = bits == BCUE_WEIGHTS_INT8;
#ifdef BCUE_X86_KERNELS
    if (level >= BCUE_CPU_AVX512)
        return bytes ? bcue_row_int8_avx512 : bcue_row_bf16_avx512;
    if (level >= BCUE_CPU_AVX2)
        return bytes ? bcue_row_int8_avx2 : bcue_row_bf16_avx2;
#else
    (void)level;
#endif
    return bytes ? plain_int8 : plain_bf16;
}

typedef struct row_job {
    const bcue_row_linear *layer;
    bcue_row_block *kernel;
    const bcue_row_entry *entries;
    size_t count;
    const float *scale;
    float *y;
} row_job;

static void run_block(void *context, size_t block)
{
    const row_job *job = context;
    const bcue_row_linear *layer = job->layer;
    const size_t first = block * OUTPUTS, left = (size_t)layer->outputs - first;
    float sums[OUTPUTS];
    job->kernel((const unsigned char *)layer->packed + block * block_bytes(layer->bits, layer->inputs),
                job->entries, job->count, sums);
    for (size_t o = 0; o < OUTPUTS && o < left; o++) {
        const float sum =
            sums[o] * job->scale[first + o] + (layer->bias != NULL ? layer->bias[first + o] : 0.0F);
        job->y[first + o] = layer->relu && !(sum > 0) ? 0 : sum;
    }
}

void bcue_row_linear_run(const bcue_row_linear *layer, bcue_cpu_level level, const float *x,
                         bcue_row_entry *entries, float *y)
{
    row_job job = {.layer = layer,
                   .kernel = kernel_of(layer->bits, level),
                   .entries = entries,
                   .scale = scales_of(layer->bits, layer->inputs, layer->outputs, layer->packed),
                   .y = y};
    for (int64_t i = 0; i < layer->inputs; i++) {
        entries[job.count] = (bcue_row_entry){(int32_t)i, x[i]};
        job.count += x[i] < 0 || x[i] > 0 || x[i] != x[i];
    }
    const size_t work = job.count * OUTPUTS + 1;
    bcue_parallel_for(blocks_of(layer->outputs), WORTH_A_THREAD / work + 1, run_block, &job);
}
