#include "beamcue/model.h"
#include "cli.h"

static int run(bcue_cli *cli)
{
    bcue_export_options wanted = {.onnx_path = bcue_cli_value(cli, "--onnx"),
                                  .onnx_missing = bcue_cli_value(cli, "--missing"),
                                  .safetensors_path = bcue_cli_value(cli, "--safetensors"),
                                  .half_path = bcue_cli_value(cli, "--half"),
                                  .c_header_path = bcue_cli_value(cli, "--c-header")};
    bcue_report *report = NULL;
    bcue_error error = {""};
    const int usage = bcue_cli_whole(cli, "--batch", 0, 65536, &wanted.onnx_batch);
    if (usage != BCUE_EXIT_DONE)
        return usage;
    if (wanted.onnx_path == NULL && wanted.safetensors_path == NULL && wanted.half_path == NULL &&
        wanted.c_header_path == NULL)
        return bcue_cli_usage(cli, "give at least one of --onnx, --safetensors, --half and --c-header");
    if (wanted.onnx_path == NULL && bcue_cli_value(cli, "--batch") != NULL)
        return bcue_cli_usage(cli, "--batch goes with --onnx");
    if (wanted.onnx_path == NULL && wanted.onnx_missing != NULL)
        return bcue_cli_usage(cli, "--missing goes with --onnx");
    const bcue_status status = bcue_export_model(cli->operands[0], &wanted, &report, &error);
    return bcue_cli_finish_call(cli, status, report, &error);
}

static const bcue_cli_option options[] = {
    {.name = "--onnx", .value = "FILE.onnx", .help = "the network as ONNX, operator set 18"},
    {.name = "--batch", .value = "N", .help = "windows at a time in the ONNX file; default 0, any number"},
    {.name = "--missing",
     .value = "SENSOR,...",
     .help =
         "also what answers without these sensors, of a model with a\ngenerator for them (beamcue complete)"},
    {.name = "--safetensors", .value = "FILE", .help = "the weights by their PyTorch names"},
    {.name = "--half",
     .value = "FILE",
     .help = "the model with its matrices in half precision: half the size,\nread by every other command"},
    {.name = "--c-header",
     .value = "FILE.h",
     .help = "the model (at most 2 MB) as a C array, for programs without\na file system"},
    {.name = NULL}};

const bcue_cli_verb bcue_verb_export = {
    .name = "export",
    .purpose = "write a model for other runtimes, for PyTorch or into a C program",
    .operands = "MODEL.safetensors",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "ONNX files have the inputs camera, lidar, radar (windows, frames, channels, rows,\n"
             "columns) and position (windows, fixes, 2) as the model needs them, prepared as\n"
             "'beamcue info' says, and the output logits, one score per beam. docs/export.md\n"
             "has the names of the weights and a program around a C array.\n"
             "\n"
             "Of a model with a generator of missing sensors ('beamcue complete') --onnx also\n"
             "writes FILE-without-SENSOR.onnx for every set of sensors in whose place the model\n"
             "file wants the generator: the network without them. Its input latent (draws,\n"
             "numbers) is z, drawn from N(0, 1); left out, it is the mean, as 'predict' has it.\n"
             "A generator of maps becomes FILE-map-without-SENSOR.onnx; what it makes goes into\n"
             "FILE.onnx.\n"
             "\n"
             "Example:\n"
             "  beamcue export out/demo_fusion/model-seed1.safetensors --onnx fusion.onnx\n"
             "\n"
             "Writes only the files named, and those beside FILE.onnx.\n",
    .run = run,
};
