/* ONNX files: what is in them, read by a reader of its own, against what the onnx package of Python reads in
   the same files (tools/fixtures/make_onnx.py), which ONNX Runtime was found to run rightly. */
#include <stdlib.h>
#include "base/file.h"
#include "base/text.h"
#include "check.h"
#include "exchange/onnx_export.h"
#include "exchange_models.h"

typedef struct reader {
    const uint8_t *at, *end;
    bool bad;
} reader;

typedef struct field {
    int number, type;
    uint64_t value; /* of a varint, or of 32 bits */
    reader content; /* of bytes */
} field;

static uint64_t varint(reader *r)
{
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        if (r->at == r->end)
            break;
        const uint8_t byte = *r->at++;
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0)
            return value;
    }
    r->bad = true;
    r->at = r->end;
    return 0;
}

static bool next(reader *r, field *f)
{
    if (r->at == r->end)
        return false;
    const uint64_t tag = varint(r);
    *f = (field){.number = (int)(tag >> 3), .type = (int)(tag & 7)};
    if (f->type == 0) {
        f->value = varint(r);
    } else if (f->type == 2) {
        const uint64_t size = varint(r);
        if (size > (uint64_t)(r->end - r->at)) {
            r->bad = true;
            return false;
        }
        f->content = (reader){r->at, r->at + size, false};
        r->at += size;
    } else if (f->type == 5 && r->end - r->at >= 4) {
        for (int i = 0; i < 4; i++)
            f->value |= (uint64_t)*r->at++ << 8 * i;
    } else {
        r->bad = true;
    }
    return !r->bad;
}

static void text_of(bcue_text *out, const reader *r)
{
    bcue_text_append(out, r->at, (size_t)(r->end - r->at));
}

/* Everything of one kind within a message, joined by commas. */
static void joined(bcue_text *out, reader message, int number)
{
    bool first = true;
    for (field f; next(&message, &f);) {
        if (f.number != number)
            continue;
        if (!first)
            bcue_text_puts(out, ",");
        first = false;
        if (f.type == 2)
            text_of(out, &f.content);
        else
            bcue_text_printf(out, "%lld", (long long)f.value);
    }
}

static reader within(reader message, int number)
{
    reader found = {message.end, message.end, false};
    for (field f; next(&message, &f);) {
        if (f.number == number)
            found = f.content;
    }
    return found;
}

static uint64_t number_in(reader message, int number)
{
    uint64_t found = 0;
    for (field f; next(&message, &f);) {
        if (f.number == number)
            found = f.value;
    }
    return found;
}

static void tell_value(bcue_text *out, const char *what, reader value)
{
    bcue_text_printf(out, "%s ", what);
    joined(out, value, 1);
    bcue_text_puts(out, " (");
    reader shape = within(within(within(value, 2), 1), 2);
    bool first = true;
    for (field f; next(&shape, &f); first = false) {
        if (!first)
            bcue_text_puts(out, ",");
        joined(out, f.content, 1);
        joined(out, f.content, 2);
    }
    bcue_text_puts(out, ")\n");
}

static double magnitude(reader raw, bool whole)
{
    double sum = 0;
    while (raw.end - raw.at >= (whole ? 8 : 4)) {
        int64_t integer;
        float real;
        if (whole)
            memcpy(&integer, raw.at, 8);
        else
            memcpy(&real, raw.at, 4);
        sum += whole ? fabs((double)integer) : fabs((double)real);
        raw.at += whole ? 8 : 4;
    }
    return sum;
}

static void tell_tensor(bcue_text *out, reader tensor)
{
    const int type = (int)number_in(tensor, 2);
    bcue_text_puts(out, "tensor ");
    joined(out, tensor, 8);
    bcue_text_printf(out, " %d (", type);
    joined(out, tensor, 1);
    bcue_text_printf(out, ") %.5g\n", magnitude(within(tensor, 9), type == 7));
}

static void tell_attribute(bcue_text *out, reader a)
{
    bcue_text_puts(out, " ");
    joined(out, a, 1);
    bcue_text_puts(out, "=");
    const uint64_t type = number_in(a, 20);
    if (type == 1) {
        const uint32_t bits = (uint32_t)number_in(a, 2);
        float real;
        memcpy(&real, &bits, 4);
        bcue_text_printf(out, "%.4g", (double)real);
    } else if (type == 2) {
        bcue_text_printf(out, "%lld", (long long)number_in(a, 3));
    } else {
        joined(out, a, type == 3 ? 4 : 8);
    }
}

static void tell_node(bcue_text *out, reader node)
{
    static const int order[] = {4, 3};
    bcue_text_puts(out, "node");
    for (int i = 0; i < 2; i++) {
        bcue_text_puts(out, " ");
        joined(out, node, order[i]);
    }
    bcue_text_puts(out, " (");
    joined(out, node, 1);
    bcue_text_puts(out, ") ");
    joined(out, node, 2);
    for (field f; next(&node, &f);) {
        if (f.number == 5)
            tell_attribute(out, f.content);
    }
    bcue_text_puts(out, "\n");
}

static void tell_all(bcue_text *out, reader graph, int number)
{
    for (field f; next(&graph, &f);) {
        if (f.number != number)
            continue;
        if (number == 1)
            tell_node(out, f.content);
        else if (number == 5)
            tell_tensor(out, f.content);
        else
            tell_value(out, number == 11 ? "input" : "output", f.content);
    }
}

static void tell(bcue_text *out, reader model)
{
    const reader graph = within(model, 7);
    bcue_text_printf(out, "model ir %d set %d by ", (int)number_in(model, 1),
                     (int)number_in(within(model, 8), 2));
    joined(out, model, 2);
    bcue_text_puts(out, " graph ");
    joined(out, graph, 2);
    bcue_text_puts(out, "\n");
    static const int order[] = {11, 5, 1, 12};
    for (int i = 0; i < 4; i++)
        tell_all(out, graph, order[i]);
    for (field f; next(&model, &f);) {
        if (f.number != 14)
            continue;
        bcue_text_puts(out, "metadata ");
        joined(out, f.content, 1);
        bcue_text_puts(out, "\n");
    }
}

static const bcue_exchange_model *named(const char *name)
{
    for (int i = 0; i < bcue_exchange_model_count; i++) {
        if (strcmp(bcue_exchange_models[i].name, name) == 0)
            return &bcue_exchange_models[i];
    }
    return NULL;
}

/* The first line that differs, which is easier to read than both texts. */
static void same_lines(const char *found, const char *expected)
{
    for (int line = 1; *found != '\0' || *expected != '\0'; line++) {
        const size_t a = strcspn(found, "\n"), b = strcspn(expected, "\n");
        CHECK_AT(a == b && memcmp(found, expected, a) == 0, "line %d is \"%.*s\", expected \"%.*s\"", line,
                 (int)a, found, (int)b, expected);
        if (a != b || memcmp(found, expected, a) != 0)
            return;
        found += a + (found[a] != '\0');
        expected += b + (expected[b] != '\0');
    }
}

static void structure_of(const char *name, int64_t batch)
{
    bcue_error error = {""};
    bcue_model_file model;
    char path[256];
    bcue_bytes written = {0}, golden = {0};
    CHECK_OK(bcue_exchange_model_make(named(name), &model, &error), error);
    CHECK_OK(bcue_onnx_write_model("exchange_test.onnx", &model, batch, &error), error);
    bcue_model_file_free(&model);
    CHECK_OK(bcue_file_read("exchange_test.onnx", 1 << 24, &written, &error), error);
    snprintf(path, sizeof path, BCUE_SOURCE_DIR "/tests/exchange/data/onnx-%s-%d.txt", name, (int)batch);
    CHECK_OK(bcue_file_read(path, 1 << 20, &golden, &error), error);
    bcue_text found = {0};
    tell(&found, (reader){written.data, written.data + written.size, false});
    CHECK(!found.failed);
    if (found.data != NULL && golden.data != NULL)
        same_lines(found.data, (const char *)golden.data);
    bcue_text_free(&found);
    bcue_bytes_free(&written);
    bcue_bytes_free(&golden);
    (void)remove("exchange_test.onnx");
}

static void free_batch(void)
{
    structure_of("fusion-gru", 0);
}

static void fixed_batch(void)
{
    structure_of("beamtransfuser-projected", 2);
}

/* The latent numbers are an input with a value, so that they may be left out. */
static void generators(void)
{
    static const int stand_ins[] = {BCUE_STAND_IN_GENERATED, BCUE_STAND_IN_MAP};
    const unsigned radar = 1U << BCUE_INPUT_RADAR;
    bcue_error error = {""};
    bcue_model_file model;
    CHECK_OK(bcue_exchange_generators_make(BCUE_PRIOR_LEARNED, &model, &error), error);
    for (int i = 0; i < 2; i++) {
        bcue_bytes written = {0};
        bcue_text found = {0};
        CHECK_OK(bcue_onnx_write_gap("exchange_gap.onnx", &model, radar, stand_ins[i], 0, &error), error);
        CHECK_OK(bcue_file_read("exchange_gap.onnx", 1 << 24, &written, &error), error);
        tell(&found, (reader){written.data, written.data + written.size, false});
        CHECK_CONTAINS(found.data, "input latent (draws,5)\n");
        CHECK_CONTAINS(found.data, "tensor latent 1 (1,5) 0\n");
        CHECK_CONTAINS(found.data, "input camera (batch,2,3,64,64)\n");
        CHECK(strstr(found.data, "input radar") == NULL);
        CHECK_CONTAINS(found.data,
                       i == 0 ? "output logits (batch,11)\n" : "output made.radar (batch,2,2,64,96)\n");
        bcue_text_free(&found);
        bcue_bytes_free(&written);
        (void)remove("exchange_gap.onnx");
    }
    CHECK_STATUS(bcue_onnx_write_gap("exchange_gap.onnx", &model, 0, stand_ins[0], 0, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_onnx_write_gap("exchange_gap.onnx", &model, 15, stand_ins[0], 0, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "some, not all, of the modalities");
    model.completion->target = BCUE_TARGET_FEATURE;
    CHECK_STATUS(bcue_onnx_write_gap("exchange_gap.onnx", &model, radar, stand_ins[1], 0, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "no generator of this kind (it generates: feature)");
    CHECK(!bcue_path_exists("exchange_gap.onnx"));
    bcue_model_file_free(&model);
}

static void refusals(void)
{
    bcue_error error = {""};
    bcue_model_file model;
    CHECK_OK(bcue_exchange_model_make(named("position-mlp"), &model, &error), error);
    model.config.kind = BCUE_MODEL_POSITION_LUT;
    CHECK_STATUS(bcue_onnx_write_model("exchange_refused.onnx", &model, 1, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "position-lut is a table, not a network");
    CHECK(!bcue_path_exists("exchange_refused.onnx"));
    model.config.kind = BCUE_MODEL_POSITION_MLP;
    char *name = model.weights.names[0];
    model.weights.names[0] = (char[]){"nobody"};
    CHECK_STATUS(bcue_onnx_write_model("exchange_refused.onnx", &model, 1, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "weight 'input.weight' is missing");
    model.weights.names[0] = name;
    bcue_model_file_free(&model);
    /* a loss is nothing to export */
    bcue_graph *graph = bcue_graph_create();
    const bcue_shape shape = bcue_shape_of(2, 3), labels = bcue_shape_of(2);
    const bcue_value x = bcue_graph_input(graph, "x", BCUE_F32, &shape),
                     label = bcue_graph_input(graph, "label", BCUE_I32, &labels);
    bcue_graph_output(graph, "loss", bcue_graph_cross_entropy(graph, "loss", x, label, BCUE_NO_VALUE, 0));
    const bcue_weights none = {0};
    const bcue_onnx_source source = {.graph = graph, .weights = &none, .name = "loss"};
    bcue_text out = {0};
    CHECK_STATUS(bcue_onnx_encode(&source, &out, &error), BCUE_ERROR_DATA);
    bcue_text_free(&out);
    bcue_graph_destroy(graph);
}

int main(void)
{
    RUN(free_batch);
    RUN(fixed_batch);
    RUN(generators);
    RUN(refusals);
    return check_summary();
}
