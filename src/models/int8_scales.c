#include "models/int8_scales.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "graph/fake_int8.h"

#define FIELD(member) offsetof(bcue_int8_scales, member)
const bcue_config_field bcue_int8_scales_fields[] = {
    {.name = "layers",
     .type = BCUE_CONFIG_STRING_LIST,
     .offset = FIELD(layers),
     .fallback = "[]",
     .help = "names of the weights of layers in 8 bits"},
    {.name = "scale",
     .type = BCUE_CONFIG_DOUBLE_LIST,
     .offset = FIELD(scale),
     .fallback = "[]",
     .minimum = 1e-30,
     .maximum = 1e30,
     .help = "for each: of its input"},
    {.name = "negative",
     .type = BCUE_CONFIG_INT_LIST,
     .offset = FIELD(negative),
     .fallback = "[]",
     .minimum = 0,
     .maximum = 1,
     .help = "for each: 1 when its input has a sign"},
    {.name = "method", .type = BCUE_CONFIG_STRING, .offset = FIELD(method), .help = "how they were found"},
    {.name = "windows",
     .type = BCUE_CONFIG_INT,
     .offset = FIELD(windows),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1e15,
     .help = "they were found with"},
    {.name = "episodes",
     .type = BCUE_CONFIG_INT,
     .offset = FIELD(episodes),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1e15,
     .help = "they were found with"},
    {.name = "epochs",
     .type = BCUE_CONFIG_INT,
     .offset = FIELD(epochs),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1e15,
     .late = true,
     .help = "the weights were then trained for with these roundings"},
    {.name = "data", .type = BCUE_CONFIG_STRING, .offset = FIELD(data), .help = "hash of the data set"},
    {0}};

bcue_status bcue_int8_scales_check(const bcue_int8_scales *scales, const char *name, bcue_error *error)
{
    if (scales->scale.count == scales->layers.count && scales->negative.count == scales->layers.count)
        return BCUE_OK;
    return bcue_fail(error, BCUE_ERROR_FORMAT,
                     "%s: it does not have one scale for each layer in 8 bits; make it again with 'beamcue "
                     "quantise'",
                     name);
}

const char *bcue_int8_layer_name(const bcue_graph *graph, int32_t index)
{
    const bcue_node *node = bcue_graph_node(graph, index);
    if (node->op != BCUE_OP_CONV2D && node->op != BCUE_OP_LINEAR)
        return NULL;
    const bcue_value_info *weight = bcue_graph_value(graph, node->input[1]);
    return weight->kind == BCUE_VALUE_PARAMETER ? weight->name : NULL;
}

static size_t find(const bcue_string_list *layers, const char *name)
{
    size_t i = 0;
    while (i < layers->count && strcmp(layers->items[i], name) != 0)
        i++;
    return i;
}

bcue_status bcue_int8_scales_check_layers(const bcue_int8_scales *scales, const bcue_graph *graph,
                                          const char *name, bcue_error *error)
{
    for (size_t i = 0; i < scales->layers.count; i++) {
        bool found = false;
        for (int32_t n = 0; !found && n < bcue_graph_node_count(graph); n++) {
            const char *layer = bcue_int8_layer_name(graph, n);
            found = layer != NULL && strcmp(layer, scales->layers.items[i]) == 0;
        }
        if (!found)
            return bcue_fail(
                error, BCUE_ERROR_FORMAT,
                "%s: '%s' is to compute in 8 bits, but it is no layer of this model; make it again "
                "with 'beamcue quantise'",
                name, scales->layers.items[i]);
    }
    return BCUE_OK;
}

bcue_status bcue_int8_scales_apply(const bcue_int8_scales *scales, const bcue_graph *graph,
                                   bcue_int8_input **inputs, bcue_error *error)
{
    const int32_t nodes = bcue_graph_node_count(graph);
    *inputs = bcue_calloc((size_t)nodes, sizeof **inputs);
    if (*inputs == NULL)
        return bcue_fail_memory(error, "scales");
    for (int32_t n = 0; n < nodes; n++) {
        const char *layer = bcue_int8_layer_name(graph, n);
        const size_t i = layer != NULL ? find(&scales->layers, layer) : scales->layers.count;
        if (i < scales->layers.count)
            (*inputs)[n] = (bcue_int8_input){(float)scales->scale.items[i], scales->negative.items[i] != 0};
    }
    return BCUE_OK;
}

bcue_status bcue_int8_scales_round(const bcue_int8_scales *scales, bcue_graph **graph, bcue_error *error)
{
    bcue_int8_input *inputs = NULL;
    bcue_graph *made;
    BCUE_TRY(bcue_int8_scales_apply(scales, *graph, &inputs, error));
    const bcue_status status = bcue_graph_fake_int8(*graph, inputs, &made, error);
    free(inputs);
    if (status != BCUE_OK)
        return status;
    bcue_graph_destroy(*graph);
    *graph = made;
    return BCUE_OK;
}
