/* inspect_folder FOLDER [PAGE.html]: what is in a recording, on the terminal and as a page. */
#include <stdio.h>
#include "beamcue/dataset.h"

static void progress(void *cookie, const char *what, uint64_t done, uint64_t total)
{
    (void)cookie;
    fprintf(stderr, "\r%s %llu of %llu", what, (unsigned long long)done, (unsigned long long)total);
    if (done == total)
        fputc('\n', stderr);
}

int main(int argc, char **argv)
{
    const bcue_hooks hooks = {.progress = progress};
    bcue_report *report;
    bcue_error error;
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: inspect_folder FOLDER [PAGE.html]\n");
        return 2;
    }
    if (bcue_inspect(argv[1], NULL, 0, argc == 3 ? argv[2] : NULL, &hooks, &report, &error) != BCUE_OK) {
        fprintf(stderr, "inspect_folder: %s\n", error.text);
        return 1;
    }
    fputs(bcue_report_text(report), stdout);
    bcue_report_destroy(report);
    return 0;
}
